"""The lists of collect calls: kept in the order in which they were filled; only differences are written."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from rating.msisdn import Msisdn
from storage.call_model import CollectList, CollectLists
from storage.collect import _compare, kept_of
from storage.errors import Broken
from storage.needs import Needs
from storage.store import Store
from tests.storage.databases import Database
from tests.storage.rows import ALIYA, BOLAT, NOW_US, work

NUMBERS = [Msisdn(f"7703{number:07}") for number in range(60)]
EMPTY = CollectLists(owner=ALIYA)
FILLED = CollectLists(
    owner=ALIYA,
    active=CollectList.WHITE,
    black=(NUMBERS[2], NUMBERS[0]),
    white=(BOLAT,),
    friends=(NUMBERS[1], BOLAT, NUMBERS[0]),
)


def keep(store: Store, *many: CollectLists) -> None:
    with work(store) as uow:
        for lists in many:
            uow.collect.put(lists)


def test_who_never_filled_a_list_has_empty_ones_and_the_black_list_active(store: Store) -> None:
    with work(store) as uow:
        assert uow.collect.lists(ALIYA) == EMPTY
    assert store.reads.collect_lists(ALIYA) == EMPTY
    assert EMPTY.active is CollectList.BLACK


def test_lists_are_kept_in_order_each_for_its_owner(store: Store) -> None:
    """The same number may be on several lists."""
    others = CollectLists(owner=BOLAT, black=(ALIYA,))
    with work(store) as uow:
        uow.collect.put(FILLED)
        assert uow.collect.lists(ALIYA) == FILLED
        uow.collect.put(others)
    with work(store) as uow:
        assert (uow.collect.lists(ALIYA), uow.collect.lists(BOLAT)) == (FILLED, others)
    assert (store.reads.collect_lists(ALIYA), store.reads.collect_lists(BOLAT)) == (FILLED, others)


def test_what_was_chosen_outlasts_empty_lists(store: Store) -> None:
    white = replace(EMPTY, active=CollectList.WHITE)
    keep(store, white)
    assert store.reads.collect_lists(ALIYA) == white
    keep(store, EMPTY)
    assert store.reads.collect_lists(ALIYA) == EMPTY


def test_the_last_of_several_changes_in_a_unit_of_work_counts(store: Store) -> None:
    keep(store, FILLED)
    keep(store, EMPTY, replace(FILLED, white=()), replace(FILLED, black=(*FILLED.black, NUMBERS[9])))
    expected = replace(FILLED, black=(NUMBERS[2], NUMBERS[0], NUMBERS[9]))
    assert store.reads.collect_lists(ALIYA) == expected


def test_full_lists_come_and_go_at_once(store: Store) -> None:
    """More than share one statement, and of two owners."""
    full = [CollectLists(owner=owner, black=tuple(NUMBERS), white=tuple(NUMBERS)) for owner in (ALIYA, BOLAT)]
    keep(store, *full)
    assert [store.reads.collect_lists(owner) for owner in (ALIYA, BOLAT)] == full
    keep(store, EMPTY, replace(full[1], black=tuple(NUMBERS[:1])))
    assert store.reads.collect_lists(ALIYA) == EMPTY
    assert store.reads.collect_lists(BOLAT) == replace(full[1], black=tuple(NUMBERS[:1]))


def test_only_differences_are_written(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(store, FILLED)
    written: list[list[object]] = []
    monkeypatch.setattr(store._driver, "write", lambda _, rows: written.append(rows))
    keep(store, replace(FILLED, black=(NUMBERS[0], NUMBERS[3])))
    assert written == [[(ALIYA, "black", NUMBERS[2])], [(3, ALIYA, "black", NUMBERS[3])]]
    written.clear()
    keep(store, FILLED)
    assert written == []


_LISTS = st.lists(st.sampled_from(NUMBERS[:8]), unique=True).map(tuple)


@given(before=_LISTS, after=_LISTS)
def test_the_differences_make_one_list_of_the_other(
    before: tuple[Msisdn, ...], after: tuple[Msisdn, ...]
) -> None:
    """Whatever moved: deleting and putting these rows yields what was wanted, in its order."""
    places: dict[tuple[str, str], int] = {
        ("black", number): position for position, number in enumerate(before, start=1)
    }
    removed: list[tuple[object, ...]] = []
    added: list[tuple[object, ...]] = []
    _compare(places, replace(EMPTY, black=after), removed, added)
    rows: dict[object, int] = {(ALIYA, *key): place for key, place in places.items()}
    for gone in removed:
        del rows[gone]
    rows.update({row[1:]: row[0] for row in added})  # type: ignore[misc]  # the position comes first
    made = [(*key, place) for key, place in rows.items()]  # type: ignore[misc]  # keys are tuples
    assert kept_of(ALIYA, made, None).lists.black == after


@pytest.mark.parametrize(
    "wrong",
    [
        replace(EMPTY, active=CollectList.FRIENDS),
        replace(EMPTY, black=(BOLAT, BOLAT)),
        replace(EMPTY, friends=(ALIYA,)),
    ],
    ids=["friends active", "a number twice", "one's own"],
)
def test_what_is_no_list_is_refused(store: Store, wrong: CollectLists) -> None:
    with work(store) as uow:
        with pytest.raises(Broken):
            uow.collect.put(wrong)
        assert uow.collect.lists(ALIYA) == EMPTY


def test_the_lists_of_a_batch_are_read_at_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also that there are none."""
    keep(store, FILLED)
    with work(store) as uow, monkeypatch.context() as patch:
        uow.prefetch(Needs(collect_lists=frozenset({ALIYA, BOLAT})))
        patch.setattr(store._driver, "lookup", None)
        assert uow.collect.lists(ALIYA) == FILLED
        assert uow.collect.lists(BOLAT) == CollectLists(owner=BOLAT)


def test_a_unit_of_work_that_fails_and_a_reset_leave_nothing(store: Store) -> None:
    with store.begin(now_us=NOW_US, wall_us=NOW_US) as uow:
        uow.collect.put(FILLED)
    assert store.reads.collect_lists(ALIYA) == EMPTY
    keep(store, FILLED)
    store.reset()
    assert store.reads.collect_lists(ALIYA) == EMPTY


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE collect_entry SET list = 'grey'",
        "UPDATE collect_entry SET msisdn = owner",
        "UPDATE collect_choice SET active = 'friends'",
    ],
)
def test_the_database_refuses(store: Store, database: Database, statement: str) -> None:
    keep(store, FILLED)
    with pytest.raises(IntegrityError):
        database.tamper(statement)
