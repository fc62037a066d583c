"""Parking's back office: who is registered on the portal, and what the cameras see (services.md section 8).

The first 15 minutes on a place are for paying; who stays longer and has not paid is fined, once for each
stay. Reached by the control API only.
"""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from handlers.base.command import Command
from handlers.base.context import Context
from handlers.base.email_address import is_email
from handlers.base.outcome import Event, FieldError, Letter, Outcome, Text, decline, refuse_fields
from handlers.base.plates import read_plate
from handlers.base.profile_parking import ParkingZone
from handlers.base.service import Service
from rating.money import Money
from rating.msisdn import Msisdn
from rating.parking_price import price_at
from rating.subscriber import Language
from storage.model import Subscriber
from storage.needs import Needs
from storage.parking_model import (
    Driver,
    Fine,
    FineState,
    ParkingSession,
    ParkingState,
    PaymentMethod,
    Sighting,
)
from storage.unit_of_work import UnitOfWork

NAME: Final = "parking_desk"
EVENT_REGISTERED: Final = "parking.registered"
EVENT_FINED: Final = "parking.fined"
PLATES_MAX: Final = 10
#: The service that is paid at; a letter names its short code.
_PAID_AT: Final = "parking"
_US: Final = 1_000_000
_MINUTE_S: Final = 60


class Verdict(StrEnum):
    """What a camera is told of a car."""

    PAID = "paid"
    GRACE = "grace"
    FINED = "fined"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterDriver(Command):
    """What a subscriber chose on the parking portal, in place of what was chosen before."""

    msisdn: Msisdn
    method: PaymentMethod = PaymentMethod.MAIN
    email: str = ""
    plates: tuple[str, ...] = ()
    privileged: bool = False


@dataclass(frozen=True, slots=True)
class DriverRegistered:
    """The result: the driver, and whether they were registered just now."""

    driver: Driver
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportCar(Command):
    """A camera sees a car on a place."""

    area: str
    plate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CarSeen:
    """The result. ``until_us`` is when what is paid, or the time for paying, ends; 0 for a fine."""

    verdict: Verdict
    sighting: Sighting
    until_us: int = 0
    fine: Fine | None = None
    is_new_fine: bool = False


# -- the portal ------------------------------------------------------------------------------------


def register(command: RegisterDriver, uow: UnitOfWork, context: Context) -> Outcome:  # noqa: ARG001 - one shape
    """Result: DriverRegistered."""
    if uow.subscribers.get(command.msisdn) is None:
        return decline("subscriber.unknown")
    plates = tuple(map(read_plate, command.plates))
    wrong = _wrong_fields(command, plates)
    if wrong:
        return refuse_fields("driver.invalid", wrong)
    driver = Driver(
        msisdn=command.msisdn,
        method=command.method,
        email=command.email,
        plates=tuple(dict.fromkeys(plate for plate in plates if plate)),
        privileged=command.privileged,
    )
    taken = next((plate for plate in driver.plates if _is_others(plate, driver, uow)), None)
    if taken is not None:
        return decline("driver.plate_taken", plate=taken)
    is_new = uow.drivers.get(driver.msisdn) is None
    uow.drivers.put(driver)
    event = Event(kind=EVENT_REGISTERED, data={"msisdn": driver.msisdn, "method": driver.method.value})
    return Outcome(events=(event,), result=DriverRegistered(driver, is_new))


def _wrong_fields(command: RegisterDriver, plates: tuple[str | None, ...]) -> tuple[FieldError, ...]:
    wrong = []
    if command.email and not is_email(command.email):
        wrong.append(FieldError("email", Text("driver.email")))
    if len(plates) > PLATES_MAX:
        wrong.append(FieldError("plates", Text("driver.plates", {"count": PLATES_MAX})))
    wrong += [
        FieldError(f"plates.{place}", Text("driver.plate")) for place, plate in enumerate(plates) if not plate
    ]
    return tuple(wrong)


def _is_others(plate: str, driver: Driver, uow: UnitOfWork) -> bool:
    owner = uow.drivers.of_plate(plate)
    return owner is not None and owner.msisdn != driver.msisdn


# -- the cameras -----------------------------------------------------------------------------------


def report(command: ReportCar, uow: UnitOfWork, context: Context) -> Outcome:
    """Result: CarSeen. A fine is written to the car's owner, where there is an address."""
    zone, plate = context.profile.parking_zones.get(command.area), read_plate(command.plate)
    if zone is None or plate is None:
        return refuse_fields("camera.invalid", _unseen(zone, plate))
    stay = _stay(plate, zone.number, uow, context)
    session = uow.parking.by_plate(plate)
    if session is not None and _is_paid(session, zone, context):
        return _noted(CarSeen(verdict=Verdict.PAID, sighting=stay, until_us=session.ends_us), uow)
    until_us = _pay_until_us(stay, session, context)
    if stay.fine_id:
        fine = uow.fines.get(stay.fine_id)
        return _noted(CarSeen(verdict=Verdict.FINED, sighting=stay, fine=fine), uow)
    if context.now_us <= until_us:
        return _noted(CarSeen(verdict=Verdict.GRACE, sighting=stay, until_us=until_us), uow)
    return _fined(stay, zone, uow, context)


def _unseen(zone: ParkingZone | None, plate: str | None) -> tuple[FieldError, ...]:
    area = () if zone is not None else (FieldError("area", Text("camera.area")),)
    return area if plate is not None else (*area, FieldError("plate", Text("camera.plate")))


def _stay(plate: str, area: str, uow: UnitOfWork, context: Context) -> Sighting:
    """The stay that goes on, or a new one: on another place, after the car was not seen for long, or
    after its driver has stopped a parking here (``handlers.base.parking_running``).
    """
    seen, now_us = uow.fines.sighting(plate), context.now_us
    gap_us = context.profile.parking_stay_s * _US
    if seen is None or seen.area != area or now_us - seen.last_us > gap_us:
        return Sighting(plate, area, first_us=now_us, last_us=now_us)
    return seen._replace(last_us=now_us)


def _is_paid(session: ParkingSession, zone: ParkingZone, context: Context) -> bool:
    """Paid on this place. What ends at this moment has ended, whether its job has run or not."""
    return session.is_running and session.area == zone.number and context.now_us < session.ends_us


def _pay_until_us(stay: Sighting, session: ParkingSession | None, context: Context) -> int:
    """The last moment at which nothing is due yet.

    Who has confirmed waits for the bank, no longer than that may take.
    """
    until_us = stay.first_us + context.profile.parking_grace_s * _US
    if session is None or session.state is not ParkingState.PAYING or session.area != stay.area:
        return until_us
    return max(until_us, context.now_us + context.profile.bank_answer_timeout_s * _US)


def _noted(seen: CarSeen, uow: UnitOfWork) -> Outcome:
    uow.fines.see(seen.sighting)
    return Outcome(result=seen)


def _fined(stay: Sighting, zone: ParkingZone, uow: UnitOfWork, context: Context) -> Outcome:
    driver = uow.drivers.of_plate(stay.plate)
    fine = _fine(stay, driver, context)
    uow.fines.add(fine)
    stay = stay._replace(fine_id=fine.id)
    uow.fines.see(stay)
    owner = uow.subscribers.get(driver.msisdn) if driver is not None else None
    event = Event(kind=EVENT_FINED, data={"fine": fine.id, "plate": fine.plate, "area": fine.area})
    return Outcome(
        events=(event,),
        letters=(_letter(fine, zone, owner, context),) if fine.letter_id else (),
        result=CarSeen(verdict=Verdict.FINED, sighting=stay, fine=fine, is_new_fine=True),
    )


def _fine(stay: Sighting, driver: Driver | None, context: Context) -> Fine:
    email = _address(stay.plate, driver, context)
    return Fine(
        id=context.new_id(),
        plate=stay.plate,
        area=stay.area,
        at_us=context.now_us,
        amount_tiyn=price_at(context.profile.parking_prices, context.now_us).fine_tiyn,
        first_us=stay.first_us,
        email=email,
        letter_id=context.new_id() if email else "",
        state=FineState.ISSUED if email else FineState.UNADDRESSED,
    )


def _address(plate: str, driver: Driver | None, context: Context) -> str:
    """As the driver registered it, else as the register of vehicles has it."""
    if driver is not None and driver.email:
        return driver.email
    return context.profile.parking_owner_email.replace("{plate}", plate)


def _letter(fine: Fine, zone: ParkingZone, owner: Subscriber | None, context: Context) -> Letter:
    """In the owner's language, or where nobody knows that in every one."""
    facts: dict[str, object] = {
        "number": fine.id,
        "amount": Money(fine.amount_tiyn),
        "plate": fine.plate,
        "area": zone.number,
        "place": f"{zone.name}, {zone.block}",
        "since": _moment(fine.first_us, context),
        "at": _moment(fine.at_us, context),
        "count": context.profile.parking_grace_s // _MINUTE_S,
        "code": context.profile.sms_code_of(_PAID_AT),
    }
    return Letter(
        id=fine.letter_id,
        to=fine.email,
        subject=Text("fine.subject", {"plate": fine.plate}),
        body=Text("fine.letter", facts),
        languages=tuple(Language) if owner is None else (owner.language,),
    )


def _moment(us: int, context: Context) -> str:
    """With its year: a letter is kept."""
    return f"{context.at(us):%d.%m.%Y %H:%M}"


def _needs_register(command: RegisterDriver, context: Context) -> Needs:  # noqa: ARG001 - one shape
    return Needs(msisdns=frozenset({command.msisdn}))


def _needs_report(command: ReportCar, context: Context) -> Needs:  # noqa: ARG001 - one shape
    plate = read_plate(command.plate)
    return Needs() if plate is None else Needs(parking_plates=frozenset({plate}))


SERVICE: Final = Service(
    name=NAME,
    handlers=MappingProxyType({RegisterDriver: register, ReportCar: report}),
    needs=MappingProxyType({RegisterDriver: _needs_register, ReportCar: _needs_report}),
)
