"""Due work: in order, each at its own operator time, once; a faulty job stops no other."""

import pytest

from gateway.clock import LATEST_US, ClockError, ClockMode
from gateway.work import Advance, Fired, Result, RunDue, SetClock, Stepped
from storage.errors import CommitUnknown, StoreUnavailable
from storage.model import Job
from storage.unit_of_work import UnitOfWork
from tests.gateway.stand import ALIYA, BOLAT, START_US, LogLines, S, Stand, pdus_of


@pytest.fixture
def stand(stand: Stand) -> Stand:
    """The stand with a virtual clock."""
    stand.run(SetClock(ClockMode.VIRTUAL, START_US))
    return stand


def job(kind: str, key: str, after_s: int, **payload: str | int) -> Job:
    return Job(kind=f"drill.{kind}", key=key, due_us=START_US + after_s * S, payload=payload)


def advance(stand: Stand, seconds: int) -> Result:
    return stand.one(Advance(stand.clock.now_us() + seconds * S))


def keys(result: Result) -> list[str]:
    assert isinstance(result.value, tuple)
    return [each.key for each in result.value if isinstance(each, Fired)]


def noted(result: Result) -> list[tuple[object, int]]:
    """The events of jobs: key, and the seconds after the start at which each ran."""
    return [(e.data["key"], (int(str(e.data["now_us"])) - START_US) // S) for e in result.events]


def test_jobs_fire_in_the_order_of_their_times_then_of_their_making(stand: Stand) -> None:
    stand.put(job("note", "late", 30), job("note", "b", 10), job("note", "a", 10), job("note", "soon", 5))
    result = advance(stand, 60)
    assert keys(result) == ["soon", "b", "a", "late"]
    assert result.value == (
        Fired("drill.note", "soon", START_US + 5 * S),
        Fired("drill.note", "b", START_US + 10 * S),
        Fired("drill.note", "a", START_US + 10 * S),
        Fired("drill.note", "late", START_US + 30 * S),
    )


def test_each_job_runs_at_its_own_operator_time(stand: Stand) -> None:
    stand.put(job("note", "a", 10), job("note", "b", 20))
    result = advance(stand, 3600)
    assert noted(result) == [("a", 10), ("b", 20)]
    assert all(event.data["now_us"] == event.data["uow_now_us"] for event in result.events)
    assert stand.clock.now_us() == START_US + 3600 * S


def test_a_job_fires_once(stand: Stand) -> None:
    stand.put(job("note", "a", 10))
    assert keys(advance(stand, 10)) == ["a"]
    assert keys(advance(stand, 10)) == []
    assert keys(stand.one(RunDue())) == []


def test_a_job_a_microsecond_ahead_does_not_fire(stand: Stand) -> None:
    stand.put(job("note", "a", 10))
    assert keys(stand.one(Advance(START_US + 10 * S - 1))) == []
    assert keys(stand.one(Advance(START_US + 10 * S))) == ["a"]


def test_a_job_that_sets_another_before_the_target_has_it_fired_too(stand: Stand) -> None:
    stand.put(job("chain", "c", 60, left=3), job("note", "between", 90))
    result = advance(stand, 3600)
    assert noted(result) == [("c", 60), ("between", 90), ("c", 120), ("c", 180)]


def test_a_job_set_beyond_the_target_waits_and_is_told(stand: Stand) -> None:
    stand.put(job("chain", "c", 60, left=3))
    result = advance(stand, 119)
    assert noted(result) == [("c", 60)]
    assert result.due_us == START_US + 120 * S


def test_a_faulty_job_is_struck_off_without_harm_to_its_neighbours(stand: Stand, logged: LogLines) -> None:
    stand.put(job("note", "a", 10), job("faulty", "bad", 10), job("note", "b", 10), job("note", "c", 20))
    assert keys(advance(stand, 60)) == ["a", "b", "c"]
    (line,) = [each for each in logged if each["event"] == "job.failed"]
    assert (line["kind"], line["key"]) == ("drill.faulty", "bad")
    assert keys(advance(stand, 60)) == []


@pytest.mark.parametrize("error", [StoreUnavailable("disk"), CommitUnknown("disk")])
def test_a_job_is_not_struck_off_because_the_store_was_away(
    stand: Stand, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    stand.put(job("note", "a", 10))
    failures = [error, error]
    commit = UnitOfWork.commit

    def sometimes(uow: UnitOfWork) -> None:
        if failures:
            raise failures.pop()
        commit(uow)

    monkeypatch.setattr(UnitOfWork, "commit", sometimes)
    with pytest.raises(type(error)):
        stand.run(Advance(START_US + 60 * S))
    failures.clear()
    assert keys(advance(stand, 60)) == ["a"]


def test_the_replies_of_a_job_become_messages(stand: Stand) -> None:
    stand.subscribe()
    stand.put(job("remind", "r", 10, to=ALIYA))
    (row,) = advance(stand, 60).outboxes
    (pdu,) = pdus_of([row])
    assert (row.lane, pdu.source.addr) == (f"handset:{ALIYA}", "6000")
    assert stand.message(row.message_id).created_us == START_US + 10 * S


def test_run_due_fires_what_is_due_now_and_tells_what_comes_next(stand: Stand) -> None:
    stand.put(job("note", "a", 10), job("note", "b", 100))
    stand.clock.move_to(START_US + 50 * S)
    result = stand.one(RunDue())
    assert keys(result) == ["a"]
    assert result.due_us == START_US + 100 * S


def slices(stand: Stand, monkeypatch: pytest.MonkeyPatch, *, each_look_us: int) -> list[int]:
    """How many jobs each slice fires until none is due, on a machine where time passes like that."""

    def wall() -> int:
        stand.wall_us += each_look_us
        return stand.wall_us

    monkeypatch.setattr(stand.clock, "wall", wall)
    fired = []
    while (result := stand.one(RunDue())).due_us is not None:
        fired.append(len(keys(result)))
        assert result.due_us == START_US
    return [*fired, len(keys(result))]


def test_what_is_due_at_once_runs_in_slices_that_leave_nothing_out(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand.put(*(job("note", f"{number:03}", 0) for number in range(500)))
    assert slices(stand, monkeypatch, each_look_us=5_000) == [64] * 7 + [52]


def test_a_slice_has_more_jobs_on_a_quick_machine_and_fewer_on_a_slow_one(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand.put(*(job("note", f"{number:03}", 0) for number in range(300)))
    assert slices(stand, monkeypatch, each_look_us=0) == [64, 96, 128, 12]
    stand.put(*(job("note", f"{number:03}", 0) for number in range(400)))
    assert slices(stand, monkeypatch, each_look_us=S) == [160, 128, 96, 16]


def test_more_jobs_at_one_moment_than_fit_a_transaction_all_fire(stand: Stand) -> None:
    stand.put(*(job("note", f"k{number:03d}", 10) for number in range(300)))
    assert keys(advance(stand, 10)) == [f"k{number:03d}" for number in range(300)]


def test_jobs_and_the_clock_outlive_a_restart(stand: Stand) -> None:
    stand.put(job("note", "a", 10), job("note", "b", 20))
    advance(stand, 15)
    stand.wall_us += 12_345 * S
    stand.restart()
    assert stand.clock.now_us() == START_US + 15 * S
    result = advance(stand, 15)
    assert noted(result) == [("b", 20)]


def test_the_clock_does_not_go_back_by_advancing(stand: Stand) -> None:
    (result,) = stand.run(Advance(START_US - 1))
    assert isinstance(result.error, ClockError)
    assert stand.clock.now_us() == START_US


def test_an_advance_wakes_the_lanes_whose_attempts_are_due(stand: Stand) -> None:
    payload: dict[str, str | int] = {"lane": f"handset:{BOLAT}"}
    stand.put(Job(kind="deliver", key="deliver:x", due_us=START_US + 30 * S, payload=payload))
    assert advance(stand, 29).wake == ()
    assert advance(stand, 1).wake == (f"handset:{BOLAT}",)


def test_a_month_passes_in_one_advance_with_nothing_to_do(stand: Stand) -> None:
    result = advance(stand, 31 * 86_400)
    assert result.value == ()
    assert result.due_us is None


@pytest.mark.parametrize("at_least", [False, True])
def test_the_clock_ends_where_a_year_could_not_be_shown(stand: Stand, *, at_least: bool) -> None:
    (result,) = stand.run(Advance(LATEST_US + 1, at_least))
    assert isinstance(result.error, ClockError)
    assert stand.clock.now_us() == START_US


def test_an_advance_in_steps_stops_where_something_is_to_be_delivered(stand: Stand) -> None:
    """So that it can be, before time goes on; what leads to no message needs no step of its own."""
    later = (job("note", "c", 10), job("note", "d", 20))
    stand.put(job("note", "a", 5), job("remind", "b", 10, to=ALIYA), *later)
    until_us = START_US + 60 * S
    first = stand.one(Advance(until_us, in_steps=True))
    assert isinstance(first.value, Stepped)
    assert ([each.key for each in first.value.fired], first.value.is_done) == (["a", "b", "c"], False)
    assert (stand.clock.now_us(), first.value.until_us) == (START_US + 10 * S, until_us)
    last = stand.one(Advance(until_us, at_least=True, in_steps=True))
    assert isinstance(last.value, Stepped)
    assert ([each.key for each in last.value.fired], last.value.is_done) == (["d"], True)
    assert stand.clock.now_us() == until_us
