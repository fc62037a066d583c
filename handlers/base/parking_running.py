"""A parking that is paid for: it begins, is extended, and ends, each with its money, jobs and words.

Services.md section 8. What leads to it is a confirmation at 7701, or the bank's answer; what ends it is its
time, or its driver.
"""

from typing import Final

from handlers.base.context import Context
from handlers.base.outcome import Outcome, Text
from handlers.base.parking_money import (
    charge,
    free_tiyn,
    hold,
    release,
)
from handlers.base.parking_question import (
    by_7757,
    changed,
    is_extension_asked,
    lapse_key,
    session_job,
    without_extension,
)
from handlers.base.parking_states import US_PER_HOUR, Happens, reminder_us, step
from rating.money import Money
from rating.parking_price import hours_tiyn
from storage.model import Job, parking_account
from storage.parking_model import ParkingSession, ParkingState
from storage.unit_of_work import UnitOfWork

#: Its payload names the ``msisdn`` of the driver too.
JOB_REMINDER: Final = "parking.reminder"
JOB_ENDED: Final = "parking.ended"


def begin(session: ParkingSession, paid_seq: int | None, uow: UnitOfWork, context: Context) -> Outcome:
    """Its whole price is on the parking account now: hold it in one, and let the time run.

    ``paid_seq`` is the entry that brought the money. Result: the ParkingSession.
    """
    session = session._replace(
        state=step(session.state, Happens.PAID),
        main_hold="",
        parking_hold=_whole_hold(session, session.price_tiyn, uow, context),
        began_us=context.now_us,
        ends_us=context.now_us + session.hours * US_PER_HOUR,
    )
    return _goes_on(session, "parking.started", paid_seq, uow, context)


def extend(session: ParkingSession, paid_seq: int | None, uow: UnitOfWork, context: Context) -> Outcome:
    """The price of the extension is on the parking account too: hold all of it, and run so much longer.

    Where its driver was reminded, the new end is worth a reminder again. Result: the ParkingSession.
    """
    hours = session.asked_hours
    price_tiyn = session.price_tiyn + hours_tiyn(session.per_hour_tiyn, hours)
    session = without_extension(session, uow)
    session = session._replace(
        state=step(session.state, Happens.EXTENDED),
        hours=session.hours + hours,
        price_tiyn=price_tiyn,
        parking_hold=_whole_hold(session, price_tiyn, uow, context),
        ends_us=session.ends_us + hours * US_PER_HOUR,
    )
    return _goes_on(session, "parking.extended", paid_seq, uow, context)


def _whole_hold(session: ParkingSession, price_tiyn: int, uow: UnitOfWork, context: Context) -> str:
    """One hold of the whole price on the parking account, in the place of the one that is there."""
    release((session.parking_hold,), uow)
    return hold(session.id, parking_account(session.msisdn), price_tiyn, uow, context)


def _goes_on(
    session: ParkingSession, text_id: str, paid_seq: int | None, uow: UnitOfWork, context: Context
) -> Outcome:
    uow.parking.put(session)
    uow.jobs.put(session_job(JOB_ENDED, _end_key(session), session.ends_us, session))
    remind_us = reminder_us(context.now_us, session.ends_us, context.profile.parking_reminder_s)
    if remind_us:
        put_reminder(session, remind_us, uow)
    params = {"area": session.area, "plate": session.plate, "at": context.at(session.began_us)}
    params |= _what_next(session, uow, context)
    return Outcome(
        replies=(by_7757(Text(text_id, params), session.msisdn, context),),
        events=(changed(session),),
        journal_seq=paid_seq,
        result=session,
    )


def put_reminder(session: ParkingSession, remind_us: int, uow: UnitOfWork) -> None:
    """The job that reminds of the end, in the place of the one that is there."""
    payload: dict[str, str | int] = {"session": session.id, "msisdn": session.msisdn}
    uow.jobs.put(Job(kind=JOB_REMINDER, key=_reminder_key(session), due_us=remind_us, payload=payload))


def _what_next(session: ParkingSession, uow: UnitOfWork, context: Context) -> dict[str, object]:
    """Until when it runs, and what stops and extends it: with its plate where others of the driver's run."""
    is_only = sum(each.is_running for each in uow.parking.of(session.msisdn)) == 1
    return {
        "until": context.at(session.ends_us),
        "stop": "S" if is_only else f"S {session.plate}",
        "extend": "X*1" if is_only else f"X*1*{session.plate}",
    }


def remind(session: ParkingSession, uow: UnitOfWork, context: Context) -> Outcome:
    """The end is near. After the end there is nothing to remind of, so the message goes no further then."""
    session = session._replace(state=step(session.state, Happens.REMINDER))
    uow.parking.put(session)
    params = {"area": session.area, "plate": session.plate, **_what_next(session, uow, context)}
    text = Text("parking.reminder", params)
    told = by_7757(text, session.msisdn, context, expires_us=session.ends_us)
    return Outcome(replies=(told,), events=(changed(session),))


def finish(session: ParkingSession, happens: Happens, uow: UnitOfWork, context: Context) -> Outcome:
    """STOP: now; END: when its time was over, however late that is noticed. Result: the ParkingSession.

    The minutes are charged, and what is left is free on the parking account. An extension that was asked is
    asked no longer; one that the bank is working on brings its money to the parking account.
    """
    ended_us = min(context.now_us, session.ends_us)
    if happens is Happens.STOP:
        uow.jobs.cancel(_end_key(session))
        _leave(session, uow)
    if session.state is ParkingState.RUNNING:
        uow.jobs.cancel(_reminder_key(session))
    is_unanswered = is_extension_asked(session)
    if session.asked_hours:
        uow.jobs.cancel(lapse_key(session))
        session = without_extension(session, uow)
    cost = charge(session, ended_us, uow, context)
    session = session._replace(
        state=step(session.state, happens),
        parking_hold="",
        ended_us=ended_us,
        charge_tiyn=cost.charge_tiyn,
        journal_seq=cost.journal_seq,
    )
    uow.parking.put(session)
    return Outcome(
        replies=(by_7757(_farewell(session, cost.minutes, is_unanswered, uow), session.msisdn, context),),
        events=(changed(session),),
        journal_seq=cost.journal_seq,
        result=session,
    )


def _leave(session: ParkingSession, uow: UnitOfWork) -> None:
    """Its driver says that the car leaves: whatever a camera sees later is another stay."""
    seen = uow.fines.sighting(session.plate)
    if seen is not None and seen.area == session.area:
        uow.fines.see(seen._replace(area=""))


def _farewell(session: ParkingSession, minutes: int, is_unanswered: bool, uow: UnitOfWork) -> Text:
    """What it cost, and after a stop what is left for the next time; that nobody confirmed an extension."""
    params = {
        "area": session.area,
        "plate": session.plate,
        "count": minutes,
        "amount": Money(session.charge_tiyn),
        "balance": Money(free_tiyn(parking_account(session.msisdn), uow)),
    }
    text = Text("parking.stopped" if session.state is ParkingState.STOPPED else "parking.ended", params)
    return Text("parking.not_extended", {"farewell": text}) if is_unanswered else text


def _end_key(session: ParkingSession) -> str:
    return f"{JOB_ENDED}:{session.id}"


def _reminder_key(session: ParkingSession) -> str:
    return f"{JOB_REMINDER}:{session.id}"
