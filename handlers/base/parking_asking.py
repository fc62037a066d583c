"""Asking for hours of parking: is their price there, and where; it is held, and 7701 asks for a confirmation.

Services.md section 8; the same for a parking and for more of one. Called in the writer, in a unit of work.
"""

from enum import StrEnum

from handlers.base.context import Context
from handlers.base.outcome import Outcome, refuse
from handlers.base.parking_money import Parts, free_tiyn, hold, split
from handlers.base.parking_question import (
    Question,
    ask,
    card_of,
    changed,
    held_by,
    is_over_limit,
    question_of,
    withdraw,
)
from handlers.base.parking_states import Happens, confirm_by_us
from rating.money import Money
from rating.parking_price import hours_tiyn
from storage.model import main_account, parking_account
from storage.parking_model import ParkingSession, PaymentMethod
from storage.unit_of_work import UnitOfWork


class Refused(StrEnum):
    """Why 7757 refuses, after the refusals of ``access``. The members' order is the precedence.

    Each command meets those that concern it.
    """

    BRAND = "parking.brand"
    UNKNOWN_AREA = "parking.unknown_area"
    BAD_PLATE = "parking.bad_plate"
    BAD_HOURS = "parking.bad_hours"
    PARKED = "parking.parked"
    TAKEN = "parking.taken"
    NOTHING_RUNNING = "parking.nothing_running"
    OVER = "parking.over"
    NOT_YOURS = "parking.not_yours"
    WHICH_PLATE = "parking.which_plate"
    PAYING = "parking.paying"
    NOT_ENOUGH = "parking.not_enough"
    NO_CARD = "parking.no_card"
    CARD_LIMIT = "parking.card_limit"


def ask_for(session: ParkingSession, hours: int, uow: UnitOfWork, context: Context) -> Outcome:
    """Ask for these hours where their price is there; what was asked before is asked no longer then.

    ``session`` is a new one, or one that runs.
    """
    before = question_of(session.msisdn, uow)
    parts = _parts(session, hours, before, uow, context)
    if isinstance(parts, Outcome):
        return parts
    if before:
        withdrawn = withdraw(before, Happens.REFUSED, uow)
        if withdrawn.id == session.id:
            session = withdrawn._replace(method=session.method)
        elif withdrawn.plate == session.plate:
            # Or one who never confirms could keep the plate from others for good.
            session = session._replace(confirm_by_us=before.by_us)
    put = _put_extension if session.is_running else _put_start
    question = put(session, hours, parts, uow, context)
    request = ask(question, before is not None, uow, context)
    return Outcome(replies=(request,), events=(changed(question.session),), result=question.session)


def _parts(
    session: ParkingSession, hours: int, before: Question | None, uow: UnitOfWork, context: Context
) -> Parts | Outcome:
    """Where the price comes from, or that it is not there. What the question ``before`` holds can be used."""
    main, parking = main_account(session.msisdn), parking_account(session.msisdn)
    held_main_tiyn, held_parking_tiyn = held_by(before, uow) if before else (0, 0)
    price_tiyn = hours_tiyn(session.per_hour_tiyn, hours)
    parts = split(price_tiyn, free_tiyn(parking, uow) + held_parking_tiyn)
    if session.method is PaymentMethod.CARD:
        return _cannot_pay(session, parts.rest_tiyn, uow, context) or parts
    # Below zero the main balance has nothing, and what it lacks is not the parking's.
    missing_tiyn = parts.rest_tiyn - max(0, free_tiyn(main, uow) + held_main_tiyn)
    if missing_tiyn <= 0:
        return parts
    return refuse(Refused.NOT_ENOUGH.value, amount=Money(price_tiyn), missing=Money(missing_tiyn))


def _cannot_pay(session: ParkingSession, rest_tiyn: int, uow: UnitOfWork, context: Context) -> Outcome | None:
    """Why no card pays this rest: what 7701 would refuse for sure is not asked."""
    if not rest_tiyn:
        return None
    if card_of(session.msisdn, uow) is None:
        return refuse(Refused.NO_CARD.value)
    if is_over_limit(session.msisdn, rest_tiyn, uow, context):
        return refuse(Refused.CARD_LIMIT.value, most=Money(context.profile.bank_daily_limit_tiyn))
    return None


def _hold(session: ParkingSession, parts: Parts, uow: UnitOfWork, context: Context) -> tuple[str, str]:
    """The holds on the main balance and on the parking account; a card's money the bank holds later."""
    msisdn, by_card = session.msisdn, session.method is PaymentMethod.CARD
    main_tiyn = 0 if by_card else parts.rest_tiyn
    main_hold = hold(session.id, main_account(msisdn), main_tiyn, uow, context)
    return main_hold, hold(session.id, parking_account(msisdn), parts.parking_tiyn, uow, context)


def _put_start(
    session: ParkingSession, hours: int, parts: Parts, uow: UnitOfWork, context: Context
) -> Question:
    main_hold, parking_hold = _hold(session, parts, uow, context)
    session = session._replace(
        main_hold=main_hold,
        parking_hold=parking_hold,
        from_main_tiyn=parts.rest_tiyn,
        from_parking_tiyn=parts.parking_tiyn,
    )
    uow.parking.add(session)
    return Question(session, False, hours, parts, session.confirm_by_us)


def _put_extension(
    session: ParkingSession, hours: int, parts: Parts, uow: UnitOfWork, context: Context
) -> Question:
    main_hold, parking_hold = _hold(session, parts, uow, context)
    by_us = confirm_by_us(context.now_us, context.profile.parking_confirm_s, session.ends_us)
    session = session._replace(
        asked_hours=hours, ask_by_us=by_us, ask_main_hold=main_hold, ask_parking_hold=parking_hold
    )
    uow.parking.put(session)
    return Question(session, True, hours, parts, by_us)
