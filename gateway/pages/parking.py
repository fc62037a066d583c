"""``/parking``: the zones, who is parked until when, and what a day brought (services.md section 8).

The pages are whole without scripts. Where scripts run, ``countdown.js`` counts down by the operator's clock
and asks for the page again; it knows the ids and the ``data-`` attributes of the templates.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from heapq import nsmallest
from types import MappingProxyType
from typing import Final

from fastapi import APIRouter, Response

from gateway.clock import MICROSECONDS, ClockMode, ClockView
from gateway.http.context import Api, UseApi
from gateway.http.problems import not_found
from gateway.http.reconciliation import span_of
from gateway.pages import words
from gateway.pages.forms import Form
from gateway.pages.layout import PageRoute, following, go, page, part
from handlers.base.plates import read_plate
from handlers.base.profile_parking import ParkingZone
from storage.parking_model import ParkingSession, ParkingState
from storage.parking_views import AreaRevenue, ParkingFilter
from storage.reads import Reads

router = APIRouter(prefix="/parking", include_in_schema=False, route_class=PageRoute)

CARS_SHOWN: Final = 200
PARKINGS_SHOWN: Final = 20
_MS_US: Final = 1_000
#: As a browser's field for a day sends it.
_DAY: Final = re.compile(r"2\d{3}-\d\d-\d\d")
STATES: Final[Mapping[ParkingState, str]] = MappingProxyType(
    {
        ParkingState.ASKED: "Waits for confirmation",
        ParkingState.PAYING: "Waits for the bank",
        ParkingState.RUNNING: "Parked",
        ParkingState.REMINDED: "Parked, the driver is reminded",
        ParkingState.ENDED: "Over",
        ParkingState.STOPPED: "Stopped by the driver",
        ParkingState.CANCELLED: "Cancelled",
        ParkingState.LAPSED: "Not confirmed in time",
    }
)


@dataclass(frozen=True, slots=True)
class ShownClock:
    """The operator's clock as the script needs it: ``zone_s`` is what local time is ahead of UTC."""

    at: datetime
    now_ms: int
    runs: str
    zone_s: int

    @classmethod
    def of(cls, view: ClockView, api: Api) -> "ShownClock":
        """As it stands now."""
        at = words.moment(view.now_us, api.operator.timezone)
        ahead = at.utcoffset()
        runs = "true" if view.mode is ClockMode.REAL else "false"
        return cls(at, view.now_us // _MS_US, runs, int(ahead.total_seconds()) if ahead else 0)


@dataclass(frozen=True, slots=True)
class Row:
    """A car that is parked; ``left`` as it is shown first, ``ends_ms`` what the script counts down to."""

    plate: str
    area: str
    msisdn: str
    until: datetime
    ends_ms: int
    left: str

    @classmethod
    def of(cls, each: ParkingSession, now_us: int, api: Api) -> "Row":
        """With what is left of its time."""
        until = words.moment(each.ends_us, api.operator.timezone)
        left = remaining(each.ends_us - now_us)
        return cls(each.plate, each.area, each.msisdn, until, each.ends_us // _MS_US, left)


@dataclass(frozen=True, slots=True)
class ShownZone:
    """A zone with the cars in it now, and what a day brought: parkings, and tiyn with VAT."""

    number: str
    area: str
    street: str
    cars: int
    parkings: int
    taken_tiyn: int


@dataclass(frozen=True, slots=True)
class Past:
    """A parking of a car, whatever became of it; ``began`` and ``until`` are None where it never ran."""

    asked: datetime
    area: str
    msisdn: str
    state: str
    began: datetime | None
    until: datetime | None
    cost: str

    @classmethod
    def of(cls, each: ParkingSession, api: Api) -> "Past":
        """One that was over has a cost, one that runs not yet."""
        zone = api.operator.timezone
        until_us = (each.ended_us or each.ends_us) if each.began_us else 0
        return cls(
            words.moment(each.asked_us, zone),
            each.area,
            each.msisdn,
            STATES[each.state],
            words.moment(each.began_us, zone) if each.began_us else None,
            words.moment(until_us, zone) if until_us else None,
            words.money(each.charge_tiyn) if each.began_us and not each.is_open else "–",
        )


def remaining(left_us: int) -> str:
    """``1:05:09``: hours, minutes, seconds; a begun second is a whole one, as in ``countdown.js``."""
    seconds = max(0, -(-left_us // MICROSECONDS))
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


# -- all zones, and one ----------------------------------------------------------------------------


@router.get("")
async def show_parking(api: UseApi, day: str = "") -> Response:
    """The zones, the cars whose time ends first, and the revenue of a day."""
    return await _zones_page(api, day)


@router.get("/countdown.js")
async def get_script() -> Response:
    """What counts down."""
    return part("countdown.js", "text/javascript")


@router.get("/plates")
async def find_plate(plate: str = "") -> Response:
    """On to the car that is meant, or the form again."""
    form = Form({"plate": plate})
    if plate:
        found = read_plate(form.shown("plate"))
        if found is not None:
            return go(f"/parking/plates/{found}")
        form.note("plate", "This is no plate. Write it like 123AAA02 or A111AAA.")
    return page("parking_plate.html", 422 if form.errors else 200, form=form, plate="")


@router.get("/plates/{plate}")
async def show_plate(plate: str, api: UseApi) -> Response:
    """Where a car is parked, and its last parkings."""
    known = read_plate(plate)
    if known is None:
        raise not_found("plate of this form")
    if known != plate:
        return go(f"/parking/plates/{known}")
    wanted = ParkingFilter(plate=plate, limit=PARKINGS_SHOWN)
    found = await api.operator.read(lambda reads: reads.parking_sessions(wanted))
    view = api.operator.clock()
    return following(
        page(
            "parking_plate.html",
            form=Form({"plate": plate}),
            plate=plate,
            clock=ShownClock.of(view, api),
            row=next((Row.of(each, view.now_us, api) for each in found if each.is_running), None),
            history=[Past.of(each, api) for each in found],
            limit=PARKINGS_SHOWN,
        )
    )


@router.get("/{area}")
async def show_zone(area: str, api: UseApi, day: str = "") -> Response:
    """The same of one zone."""
    return await _zones_page(api, day, area)


async def _zones_page(api: Api, day: str, area: str | None = None) -> Response:
    """All zones, or the one ``area``; a day that is none is noted, and today's revenue shown."""
    view = api.operator.clock()
    today = words.moment(view.now_us, api.operator.timezone).date()
    form = Form({"day": day or today.isoformat()})
    shown = _day(form) or today
    span = span_of(shown, api.operator.timezone)
    found = await api.operator.read(lambda reads: _find(reads, area, span))
    zones = _zones(api, found)
    zone = next((each for each in zones if each.number == area), None)
    if area and zone is None:
        raise not_found("parking zone of that number")
    address = f"/parking/{area}" if area else "/parking"
    cars = found.cars.get(area, 0) if area else sum(found.cars.values())
    answer = page(
        "parking_zone.html" if area else "parking.html",
        422 if form.errors else 200,
        form=form,
        again=f"{address}?day={shown}" if day else address,
        clock=ShownClock.of(view, api),
        zones=zones,
        zone=zone,
        rows=[Row.of(each, view.now_us, api) for each in found.running],
        total=max(cars, len(found.running)),  # one may have come between the two queries
        day_shown=words.day(shown),
    )
    return following(answer)


@dataclass(frozen=True, slots=True)
class _Found:
    """What the store knows: at most ``CARS_SHOWN`` cars, how many there are by area, what a day brought."""

    running: Sequence[ParkingSession]
    cars: Mapping[str, int]
    taken: Mapping[str, AreaRevenue]


def _find(reads: Reads, area: str | None, day_us: tuple[int, int]) -> _Found:
    revenue = {each.area: each for each in reads.parking_revenue(*day_us)}
    counts = reads.parking_counts()
    return _Found(_next_to_end(reads, [area] if area else counts), counts, revenue)


def _next_to_end(reads: Reads, areas: Iterable[str]) -> list[ParkingSession]:
    """Area by area, as an index has them: all at once would be a walk through every car that is parked."""
    running = (each for area in areas for each in reads.parking_now(area, CARS_SHOWN))
    return nsmallest(CARS_SHOWN, running, key=lambda each: (each.ends_us, each.id))


def _zones(api: Api, found: _Found) -> list[ShownZone]:
    """Those of the profile, and behind them those that it no longer has, as long as they have something."""
    known = api.operator.profile.parking_zones
    gone = sorted((found.cars.keys() | found.taken.keys()) - known.keys())
    return [_zone(number, known.get(number), found) for number in (*known, *gone)]


def _zone(number: str, zone: ParkingZone | None, found: _Found) -> ShownZone:
    cars, taken = found.cars.get(number, 0), found.taken.get(number)
    name, block = (zone.name, zone.block) if zone else ("no longer a zone", "")
    if taken is None:
        return ShownZone(number, name, block, cars, 0, 0)
    return ShownZone(number, name, block, cars, taken.sessions, taken.charge_tiyn)


def _day(form: Form) -> date | None:
    """The day that was typed; None after noting what is wrong."""
    typed = form.shown("day")
    try:
        if _DAY.fullmatch(typed):
            return date.fromisoformat(typed)
    except ValueError:  # like 2026-02-30
        pass
    form.note("day", "This is no day. Write it like 2026-03-01.")
    return None
