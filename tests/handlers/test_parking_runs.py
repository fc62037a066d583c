"""Parking by the clock: late jobs, down time, the bank's other answers, crossings."""

import pytest

from handlers.bank_desk import ResolveTransaction, SetBehaviour
from handlers.base.bank import Verdict
from handlers.base.cards import Manner
from handlers.base.command import Channel
from handlers.base.outcome import Outcome
from handlers.parking_runs import SERVICE
from storage.model import Job
from storage.parking_model import ParkingState
from storage.store import Store
from tests.handlers.conftest import ALIYA, Desk
from tests.handlers.parking_talk import (
    PLATE,
    START,
    confirm,
    heard,
    money,
    open_of,
    park,
    park_ready,
    register,
    say,
    session,
    talk,
)

KZT = 100
HOUR_S = 3600


@pytest.fixture(autouse=True)
def driver(desk: Desk) -> None:
    """Aliya, who may park, with a card."""
    park_ready(desk, ALIYA)
    desk.bind_card(balance_kzt=1_000)


def behave(desk: Desk, mode: Manner) -> None:
    """How the bank answers from now on."""
    desk.run(SetBehaviour(origin=desk.origin(Channel.API, ""), mode=mode))


def fire_all(desk: Desk) -> list[str]:
    """The gateway was down: whatever is due runs now, in order, and the clock stands where it is."""
    said: list[str] = []
    now_us = desk.now_us
    while jobs := desk.do(lambda uow, _: uow.jobs.due(now_us, 1)):
        outcome = desk.do(lambda uow, context: desk._fire(jobs[0], uow, context))
        said += heard([outcome])
    return said


# -- down time -------------------------------------------------------------------------------------


@pytest.mark.parametrize("down_s", [HOUR_S, HOUR_S + 1, 10 * HOUR_S])
def test_down_time_across_the_end_costs_no_more_and_reminds_nobody(desk: Desk, down_s: int) -> None:
    """A reminder never comes after the end; the charge is that of the time paid for."""
    parked = park(desk, f"1001*{PLATE}*1")
    desk.wait(down_s)
    assert fire_all(desk) == [f"7757: Parking 1001, {PLATE} is over. It cost 100 KZT."]
    ended = session(desk, parked.id)
    assert (ended.state, ended.ended_us, ended.charge_tiyn) == (
        ParkingState.ENDED,
        ended.ends_us,
        100 * KZT,
    )
    assert money(desk) == (400 * KZT, 0, 0, 0)


def test_a_reminder_that_is_late_comes_while_there_is_time(desk: Desk) -> None:
    park(desk)
    desk.wait(HOUR_S - 1)
    assert [line[-18:] for line in fire_all(desk)] == ["o extend, send X*1"]


@pytest.mark.parametrize("at_s", [600, 3000, HOUR_S])
def test_a_crash_at_each_due_time_changes_nothing(desk: Desk, tmp_path: object, at_s: int) -> None:
    """The store is closed when the moment has come and nothing has run; then all of it happens once."""
    park(desk)
    say(desk, "X*1")
    desk.wait(at_s)
    desk.store.close()
    desk.store = Store.open(f"sqlite:///{tmp_path}/desk.db")
    told = fire_all(desk) + heard(desk.advance(HOUR_S - at_s))
    assert [line.split(" ")[1] for line in told].count("Parking") == (1 if at_s == HOUR_S else 2)
    assert money(desk) == (400 * KZT, 0, 0, 0)
    assert fire_all(desk) == []


def test_jobs_of_what_is_over_or_was_never_there_do_nothing(desk: Desk) -> None:
    parked = park(desk)
    talk(desk, "S")
    for kind in ("parking.lapsed", "parking.reminder", "parking.ended"):
        for session_id in (parked.id, "none"):
            job = Job(kind=kind, key="k", due_us=desk.now_us, payload={"session": session_id})

            def run(uow: object, context: object, job: Job = job) -> Outcome:
                return SERVICE.jobs[job.kind](job, uow, context)  # type: ignore[arg-type]  # as the desk hands them

            assert desk.do(run) == Outcome()


@pytest.mark.parametrize("kind", ["parking.lapsed", "parking.reminder", "parking.ended"])
def test_a_job_that_comes_before_its_time_does_nothing(desk: Desk, kind: str) -> None:
    parked = park(desk)
    say(desk, "X*1")
    job = Job(kind=kind, key="k", due_us=desk.now_us, payload={"session": parked.id})
    assert desk.do(lambda uow, context: SERVICE.jobs[kind](job, uow, context)) == Outcome()


def test_a_stop_cancels_reminder_and_end(desk: Desk) -> None:
    park(desk)
    talk(desk, "S")
    assert desk.advance(2 * HOUR_S) == []


def test_an_extension_that_is_not_confirmed_is_told(desk: Desk) -> None:
    park(desk)
    say(desk, "X*1")
    assert heard(desk.advance(600)) == [
        f"7701: The extension for {PLATE} was not confirmed in time. It stays parked until 14.03 13:00."
    ]
    assert money(desk) == (400 * KZT, 0, 100 * KZT, 100 * KZT)


# -- the bank's other answers ----------------------------------------------------------------------


def test_where_the_bank_does_not_pay_nobody_parks(desk: Desk) -> None:
    behave(desk, Manner.ERROR)
    register(desk)
    paying = park(desk)
    (told,) = heard(desk.advance(5))
    assert told.startswith(f"7701: The bank did not pay 100 KZT for {PLATE}. No money was taken. Code: ")
    assert session(desk, paying.id).state is ParkingState.CANCELLED
    assert money(desk) == (500 * KZT, 0, 0, 0)
    assert say(desk, START).word == "ok"


def test_where_the_bank_is_silent_nobody_parks_and_late_money_is_kept(desk: Desk) -> None:
    """What comes after the operator has stopped waiting is on the parking account, and told."""
    behave(desk, Manner.NEVER)
    register(desk)
    paying = park(desk)
    (told,) = heard(desk.advance(60))
    assert told.startswith(f"7701: The bank has not answered about 100 KZT for {PLATE}")
    assert open_of(desk) == ()
    approved = ResolveTransaction(
        origin=desk.origin(Channel.API, ""), code=paying.card_code, verdict=Verdict.APPROVED
    )
    desk.run(approved)
    (told,) = heard(desk.advance(1))
    assert told.startswith(f"7701: 100 KZT from your card came too late for {PLATE}.")
    assert money(desk) == (500 * KZT, 0, 100 * KZT, 0)
    assert "100 KZT from your parking account" in talk(desk, START)


def test_an_answer_that_comes_twice_counts_once(desk: Desk) -> None:
    behave(desk, Manner.TWICE)
    register(desk)
    park(desk)
    assert len(heard(desk.advance(10))) == 1
    assert money(desk) == (500 * KZT, 0, 100 * KZT, 100 * KZT)


def test_an_extension_that_the_bank_does_not_pay_leaves_the_parking(desk: Desk) -> None:
    register(desk)
    park(desk)
    desk.advance(5)
    behave(desk, Manner.ERROR)
    say(desk, "X*1")
    confirm(desk)
    (told,) = heard(desk.advance(5))
    assert told.startswith("7701: The bank did not pay")
    (running,) = open_of(desk)
    assert (running.hours, running.asked_hours) == (1, 0)
    assert money(desk) == (500 * KZT, 0, 100 * KZT, 100 * KZT)


@pytest.mark.parametrize("ends_by", ["S", "time"])
def test_an_extension_whose_money_comes_after_the_end_is_kept_for_the_next_time(
    desk: Desk, ends_by: str
) -> None:
    register(desk)
    park(desk)
    desk.advance(HOUR_S - 1 if ends_by == "time" else 60)
    behave(desk, Manner.LATE)
    say(desk, "X*1")
    confirm(desk)
    if ends_by == "S":
        behave(desk, Manner.USUAL)
        assert "is stopped: 1 min" in talk(desk, "S")
    told = heard(desk.advance(300))
    assert "came too late" in told[-1]
    assert money(desk)[2:] == ((100 if ends_by == "time" else 100 * 2 - 1.67) * KZT, 0)


def test_a_card_that_is_disabled_meanwhile_does_not_pay(desk: Desk) -> None:
    register(desk)
    park(desk)
    desk.sms("8080", "09 1234")
    (told,) = heard(desk.advance(5))
    assert told.startswith("7701: The bank did not pay")
    assert money(desk) == (500 * KZT, 0, 0, 0)
