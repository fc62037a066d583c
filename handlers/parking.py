"""Almaty parking, 7757: start, stop, extend (services.md section 8).

``AREA*PLATE*HOURS``, ``S [PLATE]``, ``X*HOURS[*PLATE]``. For what costs something 7701 asks a confirmation,
which is answered there (``handlers.parking_confirm``).
"""

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from handlers.base.access import Access, gate
from handlers.base.command import Command
from handlers.base.context import Context
from handlers.base.grammar import Rule
from handlers.base.outcome import Outcome, Text, refuse, reply
from handlers.base.parking_asking import Refused, ask_for
from handlers.base.parking_money import free_tiyn
from handlers.base.parking_question import (
    PARKING,
    PARKING_CONFIRM,
    asked_of,
    by_7757,
    call_off,
    changed,
    is_paying,
    lapse,
)
from handlers.base.parking_running import finish
from handlers.base.parking_states import Happens, confirm_by_us
from handlers.base.plates import read_plate
from handlers.base.service import Service
from rating.money import Money
from rating.msisdn import Msisdn
from rating.parking_price import hours_tiyn, price_at
from storage.model import Subscriber, parking_account
from storage.needs import Needs
from storage.parking_model import ParkingSession, ParkingState, PaymentMethod
from storage.unit_of_work import UnitOfWork

NAME: Final = PARKING
#: So many plates or parkings are named in one message.
_NAMED_MAX: Final = 5
_MINUTE_S: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class StartParking(Command):
    """Park a car. ``place`` is what was typed: area, plate, hours."""

    place: tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendParking(Command):
    """Park longer. ``more`` is what was typed: hours, and the plate where there are several."""

    more: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StopParking(Command):
    """Stop at once. ``plate`` is as typed, "" for the only one there is."""

    plate: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowParkings(Command):
    """Which parkings run, and what is free on the parking account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HowToPark(Command):
    """What to send where."""


_ADMIT: Final = gate(Access(allow_roaming=False))
#: To stop costs nothing more, so nobody has to pay on for a debt; to look costs nothing at all.
_ADMIT_FREE: Final = gate(Access(allow_blocked_outgoing=True, allow_debt=True, allow_negative=True))


# -- start -----------------------------------------------------------------------------------------


def start(command: StartParking, uow: UnitOfWork, context: Context) -> Outcome:
    """Hold the price and ask for confirmation, or say why not. Result: the ParkingSession."""
    driver = _ADMIT(command.origin, uow)
    if isinstance(driver, Outcome):
        return driver
    area, typed_plate, typed_hours = command.place
    plate, hours = read_plate(typed_plate), _hours(typed_hours, context)
    refused = _misread(driver, area, plate, hours, context)
    if refused is not None or plate is None:
        return _refuse(refused or Refused.BAD_PLATE, context)
    session = _new(driver.msisdn, area, plate, hours, uow, context)
    over = _make_room(session.plate, uow, context)
    told = _occupied(session, uow, context) or ask_for(session, hours, uow, context)
    return replace(told, replies=(*over.replies, *told.replies), events=(*over.events, *told.events))


def _misread(
    driver: Subscriber, area: str, plate: str | None, hours: int, context: Context
) -> Refused | None:
    if driver.brand not in context.profile.parking_brands:
        return Refused.BRAND
    if area not in context.profile.parking_zones:
        return Refused.UNKNOWN_AREA
    if plate is None:
        return Refused.BAD_PLATE
    return None if hours else Refused.BAD_HOURS


def _hours(typed: str, context: Context) -> int:
    """Whole hours from 1 to the most at a time; 0 for anything else."""
    is_number = typed.isascii() and typed.isdigit() and len(typed) <= len("168")
    hours = int(typed) if is_number else 0
    return hours if hours <= context.profile.parking_hours_max else 0


def _refuse(refused: Refused, context: Context) -> Outcome:
    zones = context.profile.parking_zones
    return refuse(refused.value, count=context.profile.parking_hours_max, first=min(zones), last=max(zones))


def _new(
    msisdn: Msisdn, area: str, plate: str, hours: int, uow: UnitOfWork, context: Context
) -> ParkingSession:
    """What will be asked; where its price comes from is not decided yet."""
    price = price_at(context.profile.parking_prices, context.now_us)
    return ParkingSession(
        id=context.new_id(),
        msisdn=msisdn,
        area=area,
        plate=plate,
        state=ParkingState.ASKED,
        hours=hours,
        asked_us=context.now_us,
        confirm_by_us=confirm_by_us(context.now_us, context.profile.parking_confirm_s),
        version=price.version,
        per_hour_tiyn=price.per_hour_tiyn,
        price_tiyn=hours_tiyn(price.per_hour_tiyn, hours),
        method=_method_of(msisdn, uow),
    )


def _method_of(msisdn: Msisdn, uow: UnitOfWork) -> PaymentMethod:
    """What the portal says now."""
    registered = uow.drivers.get(msisdn)
    return registered.method if registered else PaymentMethod.MAIN


def _make_room(plate: str, uow: UnitOfWork, context: Context) -> Outcome:
    """What is over on the plate, and its job is late: it ends now, and whose it was is told."""
    other = uow.parking.by_plate(plate)
    if other is None:
        return Outcome()
    if other.is_running and other.ends_us <= context.now_us:
        return finish(other, Happens.END, uow, context)
    question = asked_of(other, uow)
    is_over = question is not None and not question.is_extension and question.by_us <= context.now_us
    return lapse(question, uow, context) if question and is_over else Outcome()


def _occupied(session: ParkingSession, uow: UnitOfWork, context: Context) -> Outcome | None:
    """Another session of the plate; whose it is only its driver learns. An own question gives way."""
    other = uow.parking.by_plate(session.plate)
    if other is None:
        return None
    if other.msisdn != session.msisdn:
        minutes = context.profile.parking_confirm_s // _MINUTE_S
        return refuse(Refused.TAKEN.value, plate=session.plate, count=minutes)
    if other.is_running:
        until = context.at(other.ends_us)
        return refuse(Refused.PARKED.value, plate=other.plate, area=other.area, until=until)
    if other.state is ParkingState.PAYING:
        return refuse(Refused.PAYING.value, plate=other.plate)
    return None


# -- stop and extend -------------------------------------------------------------------------------


def stop(command: StopParking, uow: UnitOfWork, context: Context) -> Outcome:
    """The minutes are charged, the rest stays on the parking account. Result: the ParkingSession.

    While the bank still works on its price it will not begin; what the bank pays is kept for the next one.
    """
    driver = _ADMIT_FREE(command.origin, uow)
    if isinstance(driver, Outcome):
        return driver
    session = _meant(driver.msisdn, command.plate, Refused.NOTHING_RUNNING, uow, context)
    if isinstance(session, Outcome):
        return session
    if session.state is ParkingState.PAYING:
        session = call_off(session, Happens.REFUSED, uow)
        told = by_7757(Text("parking.called_off", {"plate": session.plate}), session.msisdn, context)
        return Outcome(replies=(told,), events=(changed(session),), result=session)
    return finish(session, Happens.STOP, uow, context)


def extend(command: ExtendParking, uow: UnitOfWork, context: Context) -> Outcome:
    """Hold the price of the extension and ask for confirmation, or say why not. Result: the ParkingSession.

    It costs an hour what the parking cost when it was asked for, and is paid from what the portal says now.
    """
    driver = _ADMIT(command.origin, uow)
    if isinstance(driver, Outcome):
        return driver
    typed_hours, *typed_plate = command.more
    hours = _hours(typed_hours, context)
    if typed_plate and read_plate(typed_plate[0]) is None:
        return _refuse(Refused.BAD_PLATE, context)
    if not hours:
        return _refuse(Refused.BAD_HOURS, context)
    session = _meant(driver.msisdn, "".join(typed_plate), Refused.OVER, uow, context)
    if isinstance(session, Outcome):
        return session
    if is_paying(session):
        return refuse(Refused.PAYING.value, plate=session.plate)
    return ask_for(session._replace(method=_method_of(session.msisdn, uow)), hours, uow, context)


def _meant(
    msisdn: Msisdn, typed_plate: str, none: Refused, uow: UnitOfWork, context: Context
) -> ParkingSession | Outcome:
    """The one that is meant: it runs, or the bank works on it. Else why it is not told, ``none`` for none."""
    plate = read_plate(typed_plate) if typed_plate else None
    if typed_plate and plate is None:
        return _refuse(Refused.BAD_PLATE, context)
    going = [each for each in uow.parking.of(msisdn) if _goes(each, context)]
    if not going:
        return refuse(none.value)
    meant = [each for each in going if plate in (None, each.plate)]
    if not meant:
        return refuse(Refused.NOT_YOURS.value, plate=plate)
    return meant[0] if len(meant) == 1 else refuse(Refused.WHICH_PLATE.value, lines=_plates(meant))


def _goes(session: ParkingSession, context: Context) -> bool:
    """What ends at this moment has ended, whether its job has run or not."""
    is_running = session.is_running and context.now_us < session.ends_us
    return is_running or session.state is ParkingState.PAYING


def _plates(sessions: list[ParkingSession]) -> tuple[str, ...]:
    return tuple(each.plate for each in sessions[:_NAMED_MAX])


# -- by menu ---------------------------------------------------------------------------------------


def show(command: ShowParkings, uow: UnitOfWork, context: Context) -> Outcome:
    """One line for each parking that runs."""
    driver = _ADMIT_FREE(command.origin, uow)
    if isinstance(driver, Outcome):
        return driver
    running = [each for each in uow.parking.of(driver.msisdn) if each.is_running]
    balance = Money(free_tiyn(parking_account(driver.msisdn), uow))
    if not running:
        return reply("parking.none", balance=balance)
    lines = tuple(_line(each, context) for each in running[:_NAMED_MAX])
    return reply("parking.mine", lines=lines, balance=balance)


def _line(session: ParkingSession, context: Context) -> Text:
    params = {"area": session.area, "plate": session.plate, "until": context.at(session.ends_us)}
    return Text("parking.line", params)


def how(command: HowToPark, uow: UnitOfWork, context: Context) -> Outcome:
    """What to send where, and what an hour costs now."""
    driver = _ADMIT_FREE(command.origin, uow)
    if isinstance(driver, Outcome):
        return driver
    if driver.brand not in context.profile.parking_brands:
        return _refuse(Refused.BRAND, context)
    price = price_at(context.profile.parking_prices, context.now_us)
    code, confirm_at = map(context.profile.sms_code_of, (PARKING, PARKING_CONFIRM))
    return reply("parking.how", amount=Money(price.per_hour_tiyn), parking=code, confirm=confirm_at)


# -- the service -----------------------------------------------------------------------------------


def _needs_start(command: StartParking, context: Context) -> Needs:  # noqa: ARG001 - one shape for all services
    msisdn, plate = command.origin.msisdn, read_plate(command.place[1])
    return Needs(
        msisdns=frozenset({msisdn}),
        parking_msisdns=frozenset({msisdn}),
        parking_plates=frozenset({plate} if plate else ()),
    )


def _needs_driver(command: Command, context: Context) -> Needs:  # noqa: ARG001 - one shape for all services
    msisdn = command.origin.msisdn
    return Needs(msisdns=frozenset({msisdn}), parking_msisdns=frozenset({msisdn}))


SERVICE: Final = Service(
    name=NAME,
    sms=(
        Rule("S", StopParking),
        # The Cyrillic letter that looks like this one begins the Russian word for it.
        Rule("C", StopParking),
        Rule("{plate:parking_stop}", StopParking),
        Rule("S {plate:typed_rest}", StopParking),
        Rule("C {plate:typed_rest}", StopParking),
        Rule("{more:parking_more}", ExtendParking),
        Rule("{place:parking_place}", StartParking),
    ),
    usage="parking.usage",
    handlers=MappingProxyType(
        {StartParking: start, StopParking: stop, ExtendParking: extend, ShowParkings: show, HowToPark: how}
    ),
    needs=MappingProxyType(
        {
            StartParking: _needs_start,
            StopParking: _needs_driver,
            ExtendParking: _needs_driver,
            ShowParkings: _needs_driver,
        }
    ),
)
