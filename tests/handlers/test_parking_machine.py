"""Whatever two drivers do and whenever: money is conserved, nothing is negative, reminders come in time."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.bank_desk import SetBehaviour
from handlers.base.cards import Manner
from handlers.base.command import Channel
from handlers.base.outcome import Outcome
from rating.parking_price import cost_tiyn, started_minutes
from rating.subscriber import Language
from storage.check import check
from storage.model import AccountKind, AccountRef, main_account, parking_account
from storage.parking_model import ParkingSession, ParkingState
from tests.handlers.conftest import ALIYA, CATALOG, Desk
from tests.handlers.parking_talk import BOLAT, OTHER_PLATE, PLATE, open_of, park_ready, register

US = 1_000_000
#: Who, what they send, how long nothing happens then, how the bank answers, and whether the jobs of that time
#: come only after what is sent next.
Step = tuple[str, tuple[tuple[str, str], ...], int, Manner, bool]
#: What is sent at one moment, each to its code.
MOVES: list[tuple[tuple[str, str], ...]] = [
    (("7757", f"1001*{PLATE}*1"), ("7701", "1")),
    (("7757", f"1002*{PLATE}*2"), ("7701", "1")),
    (("7757", f"1003*{OTHER_PLATE}*1"), ("7701", "1")),
    (("7757", f"1003*{OTHER_PLATE}*1"),),
    (("7757", f"1001*{PLATE}*1"),),
    (("7757", "S"),),
    (("7757", f"S {PLATE}"),),
    (("7757", "X*1"),),
    (("7757", "X*1"), ("7701", "1")),
    (("7757", f"X*2*{OTHER_PLATE}"), ("7701", "1")),
    (("7701", "1"),),
    (("7701", "no"),),
]
#: Around every due time: confirmation and reminder (10 minutes), the bank's answer, the end (hours).
WAITS_S = [0, 1, 4, 59, 60, 61, 299, 590, 599, 600, 601, 2_999, 3_000, 3_001, 3_599, 3_600, 3_601, 7_200]
#: The bank pays mostly; else it fails, is silent, or answers after the operator has stopped waiting.
MANNERS = [*[Manner.USUAL] * 3, Manner.ERROR, Manner.NEVER, Manner.LATE]
STEPS = st.tuples(
    st.sampled_from([ALIYA, BOLAT]),
    st.sampled_from(MOVES),
    st.sampled_from(WAITS_S),
    st.sampled_from(MANNERS),
    st.sampled_from([False, False, True]),
)


@pytest.fixture
def drivers(desk: Desk) -> Desk:
    """Two drivers with enough for all examples; Bolat pays by card."""
    park_ready(desk, ALIYA, 100_000)
    park_ready(desk, BOLAT, 10)
    desk.bind_card(BOLAT, balance_kzt=100_000)
    register(desk, msisdn=BOLAT)
    return desk


def accounts() -> Iterator[AccountRef]:
    """Where the drivers' money can be."""
    for msisdn in (ALIYA, BOLAT):
        yield main_account(msisdn)
        yield parking_account(msisdn)


def total_tiyn(desk: Desk) -> int:
    """All that parking moves money between, in the operator's book."""
    clearing = AccountRef(AccountKind.BANK_CLEARING, "halyk")
    earned = (AccountRef(AccountKind.REVENUE, "parking"), AccountRef(AccountKind.VAT_PAYABLE), clearing)
    return sum(map(desk.account, (*accounts(), *earned)))


def said(outcomes: list[Outcome]) -> list[str]:
    """In English."""
    return [CATALOG.render(reply.text, Language.EN) for each in outcomes for reply in each.replies]


def begun_for(outcomes: list[Outcome]) -> set[str]:
    """Whose parking began."""
    replies = [reply for each in outcomes for reply in each.replies]
    return {str(reply.to) for reply in replies if reply.text.id == "parking.started"}


def all_sessions(desk: Desk, seen: dict[str, None]) -> list[ParkingSession]:
    """Every session that was ever seen, as it is now."""
    for msisdn in (ALIYA, BOLAT):
        seen.update(dict.fromkeys(each.id for each in open_of(desk, msisdn)))
    found = desk.do(lambda uow, _: [uow.parking.get(number) for number in seen])
    return [each for each in found if each is not None]


def assert_money_is_right(desk: Desk, before_tiyn: int) -> None:
    """Nothing is made, lost, or owed."""
    assert total_tiyn(desk) == before_tiyn
    balances = desk.do(lambda uow, _: [uow.ledger.balance(account) for account in accounts()])
    assert all(each is None or (each.available_tiyn >= 0 and each.held_tiyn >= 0) for each in balances)


def assert_charged_right(session: ParkingSession) -> None:
    """What is over cost its minutes at its own price, and never more than what was paid."""
    if session.state in {ParkingState.ENDED, ParkingState.STOPPED}:
        minutes = started_minutes(session.began_us, session.ended_us)
        assert session.charge_tiyn == cost_tiyn(session.per_hour_tiyn, minutes) <= session.price_tiyn
        assert session.began_us <= session.ended_us <= session.ends_us
    else:
        assert session.charge_tiyn == 0


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEPS, max_size=14))
def test_two_drivers_at_any_time(drivers: Desk, steps: list[Step]) -> None:
    """One desk for all examples: each goes on from where nothing is open any more."""
    desk, seen, before_tiyn = drivers, dict[str, None](), total_tiyn(drivers)
    has_nothing: set[str] = set()
    for msisdn, move, wait_s, manner, is_late in (*steps, (ALIYA, MOVES[-1], 86_400, Manner.USUAL, False)):
        desk.run(SetBehaviour(origin=desk.origin(Channel.API, ""), mode=manner))
        for code, text in move:
            answer = desk.sms(code, text, msisdn)
            assert isinstance(answer, Outcome)
            (has_nothing.add if answer.word == "parking.nothing_running" else has_nothing.discard)(msisdn)
            all_sessions(desk, seen)
        if is_late:
            desk.wait(wait_s)
        else:
            assert not has_nothing & begun_for(desk.advance(wait_s))
        assert_money_is_right(desk, before_tiyn)
    for session in all_sessions(desk, seen):
        assert not session.is_open
        assert_charged_right(session)
    assert [finding for finding in check(desk.store.reads) if not finding.ok] == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(1, 3),
    st.lists(st.tuples(st.integers(0, 7_200), st.integers(1, 2)), max_size=3),
    st.none() | st.integers(0, 7_200),
)
def test_one_reminder_for_each_end_and_none_after_it(
    drivers: Desk, hours: int, extensions: list[tuple[int, int]], stop_s: int | None
) -> None:
    """A parking, extended now and then, and stopped or left to its end; time is an input."""
    desk = drivers
    top_up(desk)
    desk.sms("7757", f"1001*{PLATE}*{hours}", ALIYA)
    desk.sms("7701", "1", ALIYA)
    (running,) = desk.do(lambda uow, _: uow.parking.of(ALIYA))
    reminders: list[tuple[int, int]] = []
    for wait_s, more in extensions:
        reminders += go_on(desk, wait_s, running.id)
        desk.sms("7757", f"X*{more}", ALIYA)
        desk.sms("7701", "1", ALIYA)
    if stop_s is not None:
        reminders += go_on(desk, stop_s, running.id)
        desk.sms("7757", "S", ALIYA)
    reminders += go_on(desk, 86_400, running.id)
    over = desk.do(lambda uow, _: uow.parking.get(running.id))
    assert over is not None
    assert_charged_right(over)
    ends = [ends_us for _, ends_us in reminders]
    assert len(set(ends)) == len(ends), "one for each end"
    # A stop can come at the very moment of the reminder, and after it.
    assert all(ends_us - 600 * US == at_us <= over.ended_us for at_us, ends_us in reminders)
    if over.state is ParkingState.ENDED:
        assert ends[-1:] == [over.ends_us], "of the last end it was reminded"


def go_on(desk: Desk, seconds: int, session_id: str) -> list[tuple[int, int]]:
    """When reminders came in this time, and of which end."""
    found, until_us = [], desk.now_us + seconds * US
    while jobs := desk.do(lambda uow, _: uow.jobs.due(until_us, 1)):
        told = said(desk.advance((jobs[0].due_us - desk.now_us) / US))
        session = desk.do(lambda uow, _: uow.parking.get(session_id))
        assert session is not None
        found += [(desk.now_us, session.ends_us) for line in told if "ends at" in line]
    desk.now_us = until_us
    return found


def top_up(desk: Desk) -> None:
    """Enough for one more example."""
    desk.redeem(desk.cards(1, 1000)[0])
