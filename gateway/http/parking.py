"""``/parking``: sessions, places, the portal's drivers, cameras, fines, and what a day has earned."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AfterValidator, Field

from gateway.http.context import Api, PathMsisdn, UseApi
from gateway.http.parking_schemas import (
    Registration,
    ShownDriver,
    ShownFine,
    ShownParking,
    ShownRevenue,
    ShownSighting,
    ShownZone,
    SightingReport,
    show_driver,
    show_fine,
    show_parking,
    show_revenue,
    show_sighting,
    show_zone,
)
from gateway.http.problems import not_found
from gateway.http.reconciliation import Day, span_of
from gateway.http.schemas import Moment, Number
from gateway.http.waiting import Wait, found_within
from handlers.base.plates import read_plate
from handlers.parking_desk import CarSeen, DriverRegistered, RegisterDriver, ReportCar
from storage.parking_views import FineFilter, ParkingFilter
from storage.reads import Reads

router = APIRouter(prefix="/parking", tags=["parking"])


def _plate(text: str) -> str:
    plate = read_plate(text)
    if plate is None:
        raise ValueError("is no registration plate; write it like A111AAA or 123AAA02")
    return plate


PlateQuery = Annotated[str, Field(max_length=40), AfterValidator(_plate)]
AreaQuery = Annotated[str, Field(max_length=10, pattern="^[0-9]+$")]
Limit = Annotated[int, Query(ge=1, le=1000)]
WaitQuery = Annotated[Wait, Query(description="block until one matches: 5s, at most 60s")]


# -- sessions and places ---------------------------------------------------------------------------


async def _filter(
    *,
    msisdn: Annotated[Number | None, Query()] = None,
    area: Annotated[AreaQuery | None, Query()] = None,
    plate: Annotated[PlateQuery | None, Query()] = None,
    is_open: Annotated[bool | None, Query(alias="open")] = None,
    since: Annotated[Moment | None, Query(description="asked for at or after this operator time")] = None,
    limit: Limit = 100,
) -> ParkingFilter:
    return ParkingFilter(msisdn=msisdn, area=area, plate=plate, is_open=is_open, since_us=since, limit=limit)


@router.get("/sessions")
async def list_sessions(
    api: UseApi, wanted: Annotated[ParkingFilter, Depends(_filter)], wait: WaitQuery = 0.0
) -> list[ShownParking]:
    """Sessions, newest first. With ``wait`` once one matches, else empty after that time."""
    found = await found_within(wait, api.operator, lambda reads: reads.parking_sessions(wanted))
    return [show_parking(each, api) for each in found]


@router.get("/sessions/{session_id}")
async def get_session(session_id: str, api: UseApi) -> ShownParking:
    """One session."""
    is_id = session_id.isalnum()
    session = await api.operator.read(lambda reads: reads.parking_session(session_id)) if is_id else None
    if session is None:
        raise not_found("parking session of that id")
    return show_parking(session, api)


@router.get("/zones")
async def list_zones(api: UseApi, limit: Limit = 100) -> list[ShownZone]:
    """The paid places, and who is parked there: at most ``limit`` cars of each, the next to end first."""
    return await api.operator.read(lambda reads: _zones(reads, limit, api))


def _zones(reads: Reads, limit: int, api: Api) -> list[ShownZone]:
    cars = reads.parking_counts()
    return [
        show_zone(zone, cars.get(zone.number, 0), reads.parking_now(zone.number, limit), api)
        for zone in api.operator.profile.parking_zones.values()
    ]


@router.get("/revenue")
async def get_revenue(day: Day, api: UseApi) -> ShownRevenue:
    """What the sessions that ended on that day cost, for each place and together."""
    begins_us, ends_us = span_of(day, api.operator.timezone)
    earned = await api.operator.read(lambda reads: reads.parking_revenue(begins_us, ends_us))
    return show_revenue(day, api.operator.profile.parking_zones, earned)


# -- the portal ------------------------------------------------------------------------------------


@router.put("/drivers/{msisdn}", responses={201: {"model": ShownDriver}})
async def put_driver(msisdn: PathMsisdn, body: Registration, response: Response, api: UseApi) -> ShownDriver:
    """What a subscriber chose on the portal: 201 for a new driver, 200 in place of what was chosen before."""
    command = RegisterDriver(
        origin=api.origin(),
        msisdn=msisdn,
        method=body.method,
        email=body.email,
        plates=body.plates,
        privileged=body.privileged,
    )
    registered = (await api.done(command)).outcome.result
    assert isinstance(registered, DriverRegistered)  # noqa: S101 (what its handler promises)
    if registered.is_new:
        response.status_code = 201
    return show_driver(registered.driver)


@router.get("/drivers/{msisdn}")
async def get_driver(msisdn: PathMsisdn, api: UseApi) -> ShownDriver:
    """What the subscriber chose; 404 for one who is not registered, and pays from the main balance."""
    driver = await api.operator.read(lambda reads: reads.parking_driver(msisdn))
    if driver is None:
        raise not_found(f"registered driver {msisdn}")
    return show_driver(driver)


# -- cameras and fines -----------------------------------------------------------------------------


@router.post("/camera")
async def report_car(body: SightingReport, api: UseApi) -> ShownSighting:
    """A camera sees a car on a place: is it paid for, has it still time for that, or is it fined?"""
    command = ReportCar(origin=api.origin(), area=body.area.strip(), plate=body.plate)
    seen = (await api.done(command)).outcome.result
    assert isinstance(seen, CarSeen)  # noqa: S101 (what its handler promises)
    return show_sighting(seen, api)


@router.get("/fines")
async def list_fines(
    *,
    api: UseApi,
    plate: Annotated[PlateQuery | None, Query()] = None,
    area: Annotated[AreaQuery | None, Query()] = None,
    since: Annotated[Moment | None, Query(description="at or after this operator time")] = None,
    limit: Limit = 100,
    wait: WaitQuery = 0.0,
) -> list[ShownFine]:
    """Fines, newest first."""
    wanted = FineFilter(plate=plate, area=area, since_us=since, limit=limit)
    found = await found_within(wait, api.operator, lambda reads: reads.fines(wanted))
    return [show_fine(each, api) for each in found]


@router.get("/fines/{fine_id}")
async def get_fine(fine_id: str, api: UseApi) -> ShownFine:
    """One fine."""
    fine = await api.operator.read(lambda reads: reads.fine(fine_id)) if fine_id.isalnum() else None
    if fine is None:
        raise not_found("fine of that id")
    return show_fine(fine, api)
