"""Shapes of parking: sessions, places, drivers, cameras, fines, revenue."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated

from pydantic import BaseModel, Field, StrictBool

from gateway.http.context import Api
from gateway.http.schemas import Body, ShownAmount, ShownMoment, shown
from handlers.base.profile_parking import ParkingZone
from handlers.parking_desk import CarSeen, Verdict
from storage.parking_model import Driver, Fine, FineState, ParkingSession, ParkingState, PaymentMethod
from storage.parking_views import AreaRevenue

#: As it is typed; the service judges it.
Plate = Annotated[str, Field(max_length=40, examples=["123AAA02"])]
Area = Annotated[str, Field(max_length=10, examples=["1001"])]


class SightingReport(Body):
    """``POST /parking/camera``."""

    area: Area
    plate: Plate


class Registration(Body):
    """``PUT /parking/drivers/{msisdn}``: what is left out is as if nobody had registered."""

    method: PaymentMethod = PaymentMethod.MAIN
    email: Annotated[str, Field(max_length=254)] = ""
    plates: Annotated[tuple[Plate, ...], Field(max_length=100)] = ()
    privileged: StrictBool = False


class ShownDriver(BaseModel):
    """Who is registered on the parking portal."""

    msisdn: str
    method: PaymentMethod
    email: str
    plates: list[str]
    privileged: bool


class ShownFine(BaseModel):
    """A fine; ``letter`` is the id of its letter, null where nobody knows where to write."""

    id: str
    plate: str
    area: str
    amount: ShownAmount
    since: ShownMoment
    at: ShownMoment
    state: FineState
    email: str
    letter: str | None


class ShownSighting(BaseModel):
    """What a camera is told. ``until`` is null where there is a fine."""

    verdict: Verdict
    area: str
    plate: str
    since: ShownMoment
    until: ShownMoment | None
    fine: ShownFine | None


class AskedExtension(BaseModel):
    """An extension that waits for its confirmation; ``confirm_by`` is null where it waits for the bank."""

    hours: int
    confirm_by: ShownMoment | None


class ShownParking(BaseModel):
    """A parking session. Moments are null for what has not happened.

    ``from_parking`` and ``from_main`` are the parts of the first payment, the second one from the card where
    that is the ``method``. ``charge`` is what the parking cost in the end.
    """

    id: str
    msisdn: str
    area: str
    plate: str
    state: ParkingState
    hours: int
    price: ShownAmount
    per_hour: ShownAmount
    tariff_version: str
    method: PaymentMethod
    from_parking: ShownAmount
    from_main: ShownAmount
    card_transaction: str | None
    asked: ShownMoment
    confirm_by: ShownMoment
    began: ShownMoment | None
    ends: ShownMoment | None
    ended: ShownMoment | None
    extension: AskedExtension | None
    charge: ShownAmount | None
    journal_seq: int | None


class Parked(BaseModel):
    """A car that is parked and paid for."""

    id: str
    plate: str
    msisdn: str
    until: ShownMoment


class ShownZone(BaseModel):
    """A paid place, how many ``cars`` are parked there now, and which, the next to end first."""

    area: str
    name: str
    block: str
    cars: int
    parked: list[Parked]


class ShownAreaRevenue(BaseModel):
    """What the sessions that ended on the day cost, with VAT and without."""

    area: str
    sessions: int
    charge: ShownAmount
    net: ShownAmount
    vat: ShownAmount


class ShownRevenue(BaseModel):
    """``GET /parking/revenue``: every place of the profile, the ones without revenue too."""

    day: date
    charge: ShownAmount
    net: ShownAmount
    vat: ShownAmount
    areas: list[ShownAreaRevenue]


def show_driver(driver: Driver) -> ShownDriver:
    """The registration as the API shows it."""
    return ShownDriver(
        msisdn=driver.msisdn,
        method=driver.method,
        email=driver.email,
        plates=list(driver.plates),
        privileged=driver.privileged,
    )


def show_fine(fine: Fine, api: Api) -> ShownFine:
    """The fine as the API shows it."""
    return ShownFine(
        id=fine.id,
        plate=fine.plate,
        area=fine.area,
        amount=shown(fine.amount_tiyn),
        since=api.show(fine.first_us),
        at=api.show(fine.at_us),
        state=fine.state,
        email=fine.email,
        letter=fine.letter_id or None,
    )


def show_sighting(seen: CarSeen, api: Api) -> ShownSighting:
    """What the camera is told."""
    return ShownSighting(
        verdict=seen.verdict,
        area=seen.sighting.area,
        plate=seen.sighting.plate,
        since=api.show(seen.sighting.first_us),
        until=_moment(seen.until_us, api),
        fine=show_fine(seen.fine, api) if seen.fine is not None else None,
    )


def show_parking(session: ParkingSession, api: Api) -> ShownParking:
    """The session as the API shows it."""
    extension = None
    if session.is_running and session.asked_hours:
        extension = AskedExtension(hours=session.asked_hours, confirm_by=_moment(session.ask_by_us, api))
    return ShownParking(
        id=session.id,
        msisdn=session.msisdn,
        area=session.area,
        plate=session.plate,
        state=session.state,
        hours=session.hours,
        price=shown(session.price_tiyn),
        per_hour=shown(session.per_hour_tiyn),
        tariff_version=session.version,
        method=session.method,
        from_parking=shown(session.from_parking_tiyn),
        from_main=shown(session.from_main_tiyn),
        card_transaction=session.card_code or None,
        asked=api.show(session.asked_us),
        confirm_by=api.show(session.confirm_by_us),
        began=_moment(session.began_us, api),
        ends=_moment(session.ends_us, api),
        ended=_moment(session.ended_us, api),
        extension=extension,
        charge=None if session.journal_seq is None else shown(session.charge_tiyn),
        journal_seq=session.journal_seq,
    )


def show_zone(zone: ParkingZone, cars: int, sessions: Iterable[ParkingSession], api: Api) -> ShownZone:
    """The place with (the first of) its sessions."""
    parked = [
        Parked(id=each.id, plate=each.plate, msisdn=each.msisdn, until=api.show(each.ends_us))
        for each in sessions
    ]
    return ShownZone(area=zone.number, name=zone.name, block=zone.block, cars=cars, parked=parked)


def show_revenue(day: date, zones: Iterable[str], earned: Iterable[AreaRevenue]) -> ShownRevenue:
    """The day's sums: the places of the profile in its order, then any that it has no more."""
    found = {each.area: each for each in earned}
    for area in zones:
        found.setdefault(area, AreaRevenue(area=area, sessions=0, charge_tiyn=0, net_tiyn=0))
    rows = sorted(found.values(), key=lambda each: each.area)
    return ShownRevenue(
        day=day,
        charge=shown(sum(each.charge_tiyn for each in rows)),
        net=shown(sum(each.net_tiyn for each in rows)),
        vat=shown(sum(each.vat_tiyn for each in rows)),
        areas=[
            ShownAreaRevenue(
                area=each.area,
                sessions=each.sessions,
                charge=shown(each.charge_tiyn),
                net=shown(each.net_tiyn),
                vat=shown(each.vat_tiyn),
            )
            for each in rows
        ],
    )


def _moment(us: int, api: Api) -> str | None:
    return api.show(us) if us else None
