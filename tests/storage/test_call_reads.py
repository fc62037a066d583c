"""What the control API reads of calls."""

from typing import Any

import pytest
from sqlalchemy import event

from storage.call_model import Call, Cause
from storage.call_views import CallFilter
from storage.store import Store
from tests.storage.call_rows import COST_TIYN, call, call_a_little, leg, over, ringing, turn
from tests.storage.rows import ALIYA, BOLAT, NOW_US, work

BACK = over(
    call("back", leg("back", msisdn=BOLAT), caller=BOLAT, called=ALIYA, began_us=NOW_US + 1), Cause.BUSY
)
VOUCHER = over(call("v", service="scratch_cards", called="9393", way="9393", began_us=NOW_US + 2))
OPEN = ringing("open")._replace(began_us=NOW_US + 3)
OLD = over(call("old"))


@pytest.fixture
def called(store: Store) -> Store:
    """Four calls, a microsecond apart; the last is open."""
    with work(store) as uow:
        for each in (OPEN, VOUCHER, OLD, BACK):
            uow.calls.add(each)
    return store


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (CallFilter(), [OPEN, VOUCHER, BACK, OLD]),
        (CallFilter(limit=None), [OPEN, VOUCHER, BACK, OLD]),
        (CallFilter(limit=2), [OPEN, VOUCHER]),
        (CallFilter(msisdn=BOLAT), [OPEN, BACK, OLD]),
        (CallFilter(msisdn=BOLAT, limit=1), [OPEN]),
        (CallFilter(msisdn="77780000000"), []),
        (CallFilter(caller=BOLAT), [BACK]),
        (CallFilter(called=BOLAT), [OPEN, OLD]),
        (CallFilter(called="9393"), [VOUCHER]),
        (CallFilter(service="scratch_cards"), [VOUCHER]),
        (CallFilter(ended="busy"), [BACK]),
        (CallFilter(is_open=True), [OPEN]),
        (CallFilter(is_open=False), [VOUCHER, BACK, OLD]),
        (CallFilter(since_us=NOW_US + 2), [OPEN, VOUCHER]),
        (CallFilter(msisdn=ALIYA, service="collect_call", is_open=False, since_us=NOW_US + 1), [BACK]),
    ],
)
def test_calls_come_newest_first_with_their_legs(
    called: Store, wanted: CallFilter, expected: list[Call]
) -> None:
    assert called.reads.calls(wanted) == expected


def test_the_legs_of_all_calls_are_one_query(called: Store) -> None:
    asked: list[Any] = []
    event.listen(called.reads._engine, "before_cursor_execute", lambda *say: asked.append(say[2]))
    assert len(called.reads.calls(CallFilter())) == 4
    assert len([each for each in asked if "call_leg" in each]) == 1


def test_one_call_has_what_happened_on_it_and_what_it_cost(store: Store) -> None:
    call_a_little(store)
    view = store.reads.call("call1")
    assert view is not None
    assert (view.call.id, len(view.call.legs), view.call.charge_tiyn) == ("call1", 2, COST_TIYN)
    assert view.turns == (turn("Назовите имя", number=1),)
    assert [(each.account, each.amount_tiyn) for each in view.postings] == [
        (f"main:{BOLAT}", -COST_TIYN),
        ("revenue:calls", COST_TIYN),
    ]
    free = store.reads.call("call2")
    assert free is not None
    assert (free.turns, free.postings) == ((), ())
    assert store.reads.call("call9") is None


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (CallFilter(msisdn=ALIYA), "call_caller_ix"),
        (CallFilter(msisdn=ALIYA), "call_called_ix"),
        (CallFilter(caller=ALIYA), "call_caller_ix"),
        (CallFilter(called=ALIYA), "call_called_ix"),
        (CallFilter(is_open=True), "call_open_ix"),
        (CallFilter(), "call_began_us_ix"),
        (CallFilter(since_us=NOW_US), "call_began_us_ix"),
    ],
)
def test_calls_come_from_an_index(store: Store, wanted: CallFilter, index: str) -> None:
    """There will be millions, and a few are asked for."""
    if store.dialect != "sqlite":
        pytest.skip("PostgreSQL reads small tables as a whole")
    plans: list[str] = []

    def explain(_: object, cursor: Any, said: str, values: Any, *__: object) -> None:
        if not plans and "FROM call" in said:
            plans.extend(row[3] for row in cursor.execute(f"EXPLAIN QUERY PLAN {said}", values).fetchall())

    event.listen(store.reads._engine, "before_cursor_execute", explain)
    store.reads.calls(wanted)
    assert any(index in step for step in plans), plans
    assert not any(step.startswith("SCAN call") and "INDEX" not in step for step in plans), plans
