"""What the writer keeps of open calls comes back from the database, whatever became of the writer."""

import pytest

from storage.call_model import Call
from storage.errors import CommitUnknown
from storage.store import Store
from tests.storage.call_rows import call, call_a_little, leg, over, ringing, turn
from tests.storage.databases import Database
from tests.storage.rows import ALIYA, BOLAT, NOW_US, work

THIRD = "77031234567"


def begin(store: Store, *calls: Call) -> None:
    with work(store) as uow:
        for each in calls:
            uow.calls.add(each)


def texts(store: Store, call_id: str = "call1") -> list[tuple[int, str]]:
    """What was said, with the numbers of the turns."""
    view = store.reads.call(call_id)
    assert view is not None
    return [(each.number, each.text) for each in view.turns]


def test_open_calls_are_there_after_the_store_was_opened_again_without_their_scripts(
    database: Database,
) -> None:
    """In the order of their beginnings, and their turns go on; where they stood in a flow nobody knows."""
    before = database.open()
    first = ringing()._replace(began_us=NOW_US + 9)
    second = call("call2", leg("call2", msisdn=THIRD, script="at the menu"), caller=THIRD)
    done = over(call("call3", leg("call3", msisdn="77041234567")))
    begin(before, first, second, done)
    with work(before) as uow:
        uow.calls.said(turn("one"))
    before.close()
    after = database.open()
    with work(after) as uow:
        assert uow.calls.open() == (second.with_leg(second.legs[0]._replace(script=None)), first)
        assert uow.calls.of(BOLAT) == first
        uow.calls.said(turn("two"))
    assert texts(after) == [(1, "one"), (2, "two")]
    after.close()


def test_a_reset_leaves_no_call_in_the_database_or_in_memory(store: Store) -> None:
    call_a_little(store)
    store.reset()
    with work(store) as uow:
        assert (uow.calls.open(), uow.calls.of(ALIYA)) == ((), None)
    assert store.reads.call("call1") is None
    begin(store, ringing())


@pytest.mark.parametrize("is_there", [True, False])
def test_scripts_outlast_a_commit_of_which_nobody_knows_what_became(
    store: Store, monkeypatch: pytest.MonkeyPatch, is_there: bool
) -> None:
    """Whether it took place or not: the leg stands where the database says that it does."""
    begin(store, call("call1", leg(script="before")))
    commit = store._driver.commit

    def unknown() -> None:
        (commit if is_there else store._driver.rollback)()
        raise CommitUnknown("the line broke")

    with monkeypatch.context() as patch, store.begin(now_us=NOW_US, wall_us=NOW_US) as uow:
        patch.setattr(store._driver, "commit", unknown)
        uow.calls.said(turn("heard"))
        uow.calls.put(call("call1", leg(script="after")))
        with pytest.raises(CommitUnknown):
            uow.commit()
    with work(store) as uow:
        (found,) = uow.calls.open()
        assert found.legs[0].script == ("after" if is_there else "before")
        uow.calls.said(turn("next"))
    assert texts(store) == ([(1, "heard"), (2, "next")] if is_there else [(1, "next")])
