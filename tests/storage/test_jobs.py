"""Due work: replaceable by key, in order of due time, then of id."""

from storage.model import Job
from storage.store import Store
from tests.storage.rows import work


def job(key: str, due_us: int, kind: str = "remind") -> Job:
    """A job with something in its payload."""
    return Job(kind=kind, key=key, due_us=due_us, payload={"to": "77011234567", "n": due_us})


def keys(jobs: list[Job]) -> list[str]:
    """The jobs' keys, in their order."""
    return [each.key for each in jobs]


def test_jobs_are_due_in_order_of_time_then_of_adding(store: Store) -> None:
    with work(store) as uow:
        for key, due_us in (("late", 30), ("b", 20), ("a", 20), ("early", 10)):
            uow.jobs.put(job(key, due_us))
        assert uow.jobs.earliest_put_us == 10
        assert keys(uow.jobs.due(20, 9)) == ["early", "b", "a"]
    assert store.reads.next_due_us() == 10
    with work(store) as uow:
        assert uow.jobs.earliest_put_us is None
        found = uow.jobs.due(20, 9)
        assert keys(found) == ["early", "b", "a"]
        assert found[0].payload == {"to": "77011234567", "n": 10}
        assert keys(uow.jobs.due(99, 2)) == ["early", "b"]
        assert uow.jobs.due(9, 9) == []


def test_a_job_is_found_by_its_key_until_it_is_cancelled_or_done(store: Store) -> None:
    with work(store) as uow:
        for key in ("a", "b"):
            uow.jobs.put(job(key, 10))
        found = uow.jobs.get("a")
        assert found is not None
        assert found.payload == job("a", 10).payload
    with work(store) as uow:
        stored = uow.jobs.get("b")
        assert stored is not None
        assert (stored.key, stored.due_us) == ("b", 10)
        uow.jobs.cancel("a")
        uow.jobs.done(stored)
        assert [uow.jobs.get(key) for key in ("a", "b", "c")] == [None, None, None]


def test_a_job_put_again_under_its_key_moves(store: Store) -> None:
    """Stored or not; the old due time is forgotten and the place in the order is the new one."""
    with work(store) as uow:
        uow.jobs.put(job("a", 10))
        uow.jobs.put(job("b", 20))
    with work(store) as uow:
        uow.jobs.put(job("a", 30))
        uow.jobs.put(job("a", 20, "other"))
        assert keys(uow.jobs.due(20, 9)) == ["b", "a"]
    with work(store) as uow:
        found = uow.jobs.due(99, 9)
        assert [(each.key, each.due_us, each.kind) for each in found] == [
            ("b", 20, "remind"),
            ("a", 20, "other"),
        ]


def test_a_cancelled_job_is_gone_and_an_unknown_key_is_no_error(store: Store) -> None:
    with work(store) as uow:
        uow.jobs.put(job("a", 10))
        uow.jobs.put(job("b", 10))
    with work(store) as uow:
        uow.jobs.cancel("a")
        uow.jobs.cancel("nothing")
        uow.jobs.put(job("c", 10))
        uow.jobs.cancel("c")
        assert keys(uow.jobs.due(99, 9)) == ["b"]
    with work(store) as uow:
        assert keys(uow.jobs.due(99, 9)) == ["b"]


def test_a_cancelled_job_can_be_put_again(store: Store) -> None:
    with work(store) as uow:
        uow.jobs.put(job("a", 10))
    with work(store) as uow:
        uow.jobs.cancel("a")
        uow.jobs.put(job("a", 40))
    assert store.reads.next_due_us() == 40


def test_a_job_that_is_done_is_gone_unless_it_was_put_again(store: Store) -> None:
    """A handler that schedules its own next run does so before the loop marks the old one done."""
    with work(store) as uow:
        uow.jobs.put(job("once", 10))
        uow.jobs.put(job("daily", 10))
        uow.jobs.put(job("new", 10))
    with work(store) as uow:
        for due in uow.jobs.due(10, 2):
            if due.key == "daily":
                uow.jobs.put(job("daily", 20))
            uow.jobs.done(due)
        uow.jobs.put(job("inside", 10))
        (inside,) = [due for due in uow.jobs.due(10, 9) if due.key == "inside"]
        uow.jobs.done(inside)
        assert keys(uow.jobs.due(99, 9)) == ["new", "daily"]
    with work(store) as uow:
        assert keys(uow.jobs.due(99, 9)) == ["new", "daily"]


def test_there_is_no_next_due_time_without_jobs(store: Store) -> None:
    assert store.reads.next_due_us() is None
