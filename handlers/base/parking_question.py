"""What 7701 asks a driver: to pay for a parking, or for more of one (services.md section 8).

A driver is asked one thing at a time. Its money is held while it is asked, and free again when it is not
confirmed: in time, by another answer, or because something else is asked instead.
"""

from typing import Final, NamedTuple

from handlers.base.context import Context
from handlers.base.outcome import Event, Outcome, Reply, Text
from handlers.base.parking_money import Parts, held_tiyn, release
from handlers.base.parking_states import Happens, step
from handlers.base.schedule import midnight_us
from rating.money import Money
from rating.msisdn import Msisdn
from rating.parking_price import hours_tiyn
from storage.bank_model import Card, CardState
from storage.model import Job
from storage.parking_model import ParkingSession, ParkingState, PaymentMethod
from storage.unit_of_work import UnitOfWork

#: The services whose short codes parking writes from: 7757 tells, 7701 asks.
PARKING: Final = "parking"
PARKING_CONFIRM: Final = "parking_confirm"
#: Nobody has confirmed in time. Payload: ``{"session": id}``, as that of every job of a session, and the id
#: of the ``card`` that was named, where one was.
JOB_LAPSED: Final = "parking.lapsed"
#: The bank's answer about a card's money. Payload: as in ``handlers.base.bank``.
JOB_ANSWER: Final = "parking.answer"
EVENT_ASKED: Final = "parking.asked"
EVENT_CHANGED: Final = "parking.changed"


class Question(NamedTuple):
    """What is asked: ``hours`` more of ``session``, or its first ones; their price in ``parts``.

    It is good until ``by_us``, operator time in microseconds.
    """

    session: ParkingSession
    is_extension: bool
    hours: int
    parts: Parts
    by_us: int


def question_of(msisdn: Msisdn, uow: UnitOfWork) -> Question | None:
    """What the subscriber is asked, be its time over or not; None for nothing."""
    found = (asked_of(session, uow) for session in uow.parking.of(msisdn))
    return next((question for question in found if question is not None), None)


def asked_of(session: ParkingSession, uow: UnitOfWork) -> Question | None:
    """What is asked about this session."""
    if session.state is ParkingState.ASKED:
        parts = Parts(session.from_parking_tiyn, session.from_main_tiyn)
        return Question(session, False, session.hours, parts, session.confirm_by_us)
    if is_extension_asked(session):
        return Question(session, True, session.asked_hours, extension_parts(session, uow), session.ask_by_us)
    return None


def is_extension_asked(session: ParkingSession) -> bool:
    """True while its driver is to confirm an extension."""
    return session.is_running and session.asked_hours > 0 and session.ask_by_us > 0


def is_extension_paying(session: ParkingSession) -> bool:
    """True where an extension is confirmed and the bank has not answered."""
    return session.is_running and session.asked_hours > 0 and session.ask_by_us == 0


def is_paying(session: ParkingSession) -> bool:
    """True where something is confirmed, and the bank has not answered."""
    return session.state is ParkingState.PAYING or is_extension_paying(session)


def extension_parts(session: ParkingSession, uow: UnitOfWork) -> Parts:
    """Where the price of its extension comes from."""
    parking_tiyn = held_tiyn(session.ask_parking_hold, uow)
    return Parts(parking_tiyn, hours_tiyn(session.per_hour_tiyn, session.asked_hours) - parking_tiyn)


def held_by(question: Question, uow: UnitOfWork) -> tuple[int, int]:
    """What it holds on the main balance and on the parking account, in tiyn."""
    session = question.session
    if question.is_extension:
        return held_tiyn(session.ask_main_hold, uow), held_tiyn(session.ask_parking_hold, uow)
    return held_tiyn(session.main_hold, uow), held_tiyn(session.parking_hold, uow)


def withdraw(question: Question, happens: Happens, uow: UnitOfWork) -> ParkingSession:
    """It is asked no longer: its money is free.

    A parking that has not begun is over: REFUSED by its driver, or UNANSWERED. Returns what became of it.
    """
    session = question.session
    uow.jobs.cancel(lapse_key(session))
    if question.is_extension:
        session = without_extension(session, uow)
    else:
        release((session.main_hold, session.parking_hold), uow)
        session = session._replace(state=step(session.state, happens), main_hold="", parking_hold="")
    uow.parking.put(session)
    return session


def lapse(question: Question, uow: UnitOfWork, context: Context) -> Outcome:
    """Nobody has confirmed in time: the money is free, and 7701 says so."""
    withdrawn = withdraw(question, Happens.UNANSWERED, uow)
    text_id = "parking.more_lapsed" if question.is_extension else "parking.lapsed"
    text = Text(text_id, {"plate": withdrawn.plate, "until": context.at(withdrawn.ends_us)})
    return Outcome(replies=(by_7701(text, withdrawn.msisdn, context),), events=(changed(withdrawn),))


def call_off(session: ParkingSession, happens: Happens, uow: UnitOfWork) -> ParkingSession:
    """What the bank works on will not begin: FAILED, or REFUSED by its driver. Returns what became of it.

    The parking account's part is free. The card's money comes there too, should the bank still pay.
    """
    release((session.parking_hold,), uow)
    session = session._replace(state=step(session.state, happens), parking_hold="")
    uow.parking.put(session)
    return session


def without_extension(session: ParkingSession, uow: UnitOfWork) -> ParkingSession:
    """The same session with no extension asked; the caller stores it."""
    release((session.ask_main_hold, session.ask_parking_hold), uow)
    return session._replace(asked_hours=0, ask_by_us=0, ask_main_hold="", ask_parking_hold="")


def ask(question: Question, replaces: bool, uow: UnitOfWork, context: Context) -> Reply:
    """The request for confirmation from 7701, and the job that ends its time."""
    session = question.session
    card = card_of(session.msisdn, uow) if _is_by_card(question) else None
    job = session_job(JOB_LAPSED, lapse_key(session), question.by_us, session)
    uow.jobs.put(job._replace(payload={**job.payload, "card": card.id}) if card else job)
    params = {
        "area": session.area,
        "plate": session.plate,
        "count": question.hours,
        "cost": _cost(question, card),
        "until": context.at(question.by_us),
    }
    text = Text("parking.ask_more" if question.is_extension else "parking.ask", params)
    if replaces:
        text = Text("parking.ask_instead", {"request": text})
    return by_7701(text, session.msisdn, context, expires_us=question.by_us)


def _is_by_card(question: Question) -> bool:
    return question.parts.rest_tiyn > 0 and question.session.method is PaymentMethod.CARD


def is_card_named(question: Question, card: Card, uow: UnitOfWork) -> bool:
    """Whether this is the card that was named when it was asked: the ``1`` is for that one only."""
    job = uow.jobs.get(lapse_key(question.session))
    return job is not None and job.payload.get("card") == card.id


def _cost(question: Question, card: Card | None) -> Text:
    """What it costs, and from where; both parts where there are two."""
    parts, session = question.parts, question.session
    params: dict[str, object] = {"amount": Money(parts.price_tiyn)}
    if not parts.rest_tiyn:
        return Text("parking.cost_parking", params)
    if parts.parking_tiyn:
        params |= {"used": Money(parts.parking_tiyn), "rest": Money(parts.rest_tiyn)}
    if session.method is PaymentMethod.MAIN:
        return Text("parking.cost_both" if parts.parking_tiyn else "parking.cost_main", params)
    params["card"] = card.last4 if card else ""
    return Text("parking.cost_both_card" if parts.parking_tiyn else "parking.cost_card", params)


def card_of(msisdn: Msisdn, uow: UnitOfWork) -> Card | None:
    """The card that pays: the one of the subscriber's that can which was connected first."""
    return next((card for card in uow.cards.of(msisdn) if card.state is CardState.ACTIVE), None)


def is_over_limit(msisdn: Msisdn, amount_tiyn: int, uow: UnitOfWork, context: Context) -> bool:
    """Whether with this amount the subscriber's cards would pay more than they may on one day."""
    paid_tiyn = uow.cards.paid_since(msisdn, midnight_us(context.now))
    return paid_tiyn + amount_tiyn > context.profile.bank_daily_limit_tiyn


def lapse_key(session: ParkingSession) -> str:
    """The key of the job that ends a question's time."""
    return f"{JOB_LAPSED}:{session.id}"


def session_job(kind: str, key: str, due_us: int, session: ParkingSession) -> Job:
    """A job about a session."""
    return Job(kind=kind, key=key, due_us=due_us, payload={"session": session.id})


def by_7701(text: Text, to: Msisdn, context: Context, *, expires_us: int = 0) -> Reply:
    """An SMS that can be answered with a confirmation, or is about one."""
    sender = context.profile.sms_code_of(PARKING_CONFIRM)
    return Reply(text=text, to=to, sender=sender, by_sms=True, expires_us=expires_us)


def by_7757(text: Text, to: Msisdn, context: Context, *, expires_us: int = 0) -> Reply:
    """An SMS that tells of a parking."""
    sender = context.profile.sms_code_of(PARKING)
    return Reply(text=text, to=to, sender=sender, by_sms=True, expires_us=expires_us)


def changed(session: ParkingSession) -> Event:
    """What became of a session, for whoever watches."""
    data = {
        "session": session.id,
        "msisdn": session.msisdn,
        "area": session.area,
        "plate": session.plate,
        "state": session.state.value,
    }
    return Event(kind=EVENT_ASKED if session.state is ParkingState.ASKED else EVENT_CHANGED, data=data)
