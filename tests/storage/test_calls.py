"""Calls in the store: open ones are in memory, what ends is kept, and a handset is in one at a time."""

import pytest
from sqlalchemy.exc import IntegrityError

from storage.call_model import Call, Cause, LegState
from storage.errors import Broken
from storage.store import Store
from tests.storage.call_rows import COST_TIYN, call, call_a_little, charge, join, leg, over, ringing, turn
from tests.storage.databases import Database
from tests.storage.rows import ALIYA, BOLAT, NOW_US, open_subscriber, work

THIRD = "77031234567"


def begin(store: Store, *calls: Call) -> None:
    with work(store) as uow:
        for each in calls:
            uow.calls.add(each)


def stored(store: Store, call_id: str = "call1") -> Call:
    """As the database knows it."""
    view = store.reads.call(call_id)
    assert view is not None
    return view.call


def texts(store: Store, call_id: str = "call1") -> list[tuple[int, str]]:
    """What was said, with the numbers of the turns."""
    view = store.reads.call(call_id)
    assert view is not None
    return [(each.number, each.text) for each in view.turns]


def test_an_open_call_is_found_by_id_and_by_each_handset_that_is_in_it(store: Store) -> None:
    """At once in its own unit of work, and in those after the commit."""
    for wanted in (ringing(), None):
        with work(store) as uow:
            if wanted is not None:
                assert (uow.calls.get("call1"), uow.calls.of(ALIYA), uow.calls.open()) == (None, None, ())
                uow.calls.add(wanted)
            assert uow.calls.get("call1") == uow.calls.of(ALIYA) == uow.calls.of(BOLAT) == ringing()
            assert uow.calls.of(THIRD) is None  # type: ignore[arg-type]  # any text will do
            assert uow.calls.open() == (ringing(),)
    assert stored(store) == ringing()


def test_a_leg_that_was_released_is_in_the_call_no_more_and_its_handset_is_free(store: Store) -> None:
    begin(store, ringing())
    caller, called = ringing().legs
    gone = called._replace(state=LegState.RELEASED, ended_us=NOW_US + 5, cause="rejected")
    alone = ringing().with_leg(gone)
    other = call("call2", leg("call2", msisdn=BOLAT), caller=BOLAT, called=ALIYA)
    with work(store) as uow:
        uow.calls.put(alone)
        assert uow.calls.of(BOLAT) is None
        uow.calls.add(other)
        assert uow.calls.of(BOLAT) == other
    with work(store) as uow:
        assert (uow.calls.of(ALIYA), uow.calls.of(BOLAT)) == (alone, other)
    assert (stored(store), stored(store, "call2")) == (alone, other)
    assert stored(store).legs == (caller, gone)


def test_a_call_that_ended_is_open_no_more_and_all_of_it_is_kept(store: Store) -> None:
    begin(store, ringing())
    done = over(ringing(), Cause.REJECTED)
    with work(store) as uow:
        uow.calls.put(done)
        assert (uow.calls.get("call1"), uow.calls.of(ALIYA), uow.calls.open()) == (None, None, ())
        with pytest.raises(Broken, match="is not open"):
            uow.calls.put(done)
    with work(store) as uow:
        assert (uow.calls.get("call1"), uow.calls.of(BOLAT), uow.calls.open()) == (None, None, ())
    assert stored(store) == done


def test_a_whole_call_fits_one_unit_of_work(store: Store) -> None:
    """With its money: begun, joined, charged and ended, and the next one of the same handsets."""
    with work(store) as uow:
        open_subscriber(uow, BOLAT)
        uow.calls.add(ringing())
        uow.calls.said(turn("first"))
        done = charge(uow, join(uow, ringing()))
        uow.calls.said(turn("last"))
        uow.calls.add(ringing("call2"))
        assert uow.calls.open() == (ringing("call2"),)
    assert stored(store) == done
    assert texts(store) == [(1, "first"), (2, "last")]


def test_what_becomes_of_a_call_is_written_and_how_it_began_stays(store: Store) -> None:
    call_a_little(store)
    paid, going = stored(store, "call1"), stored(store, "call3")
    assert (paid.charge_tiyn, paid.payer, paid.name, paid.duration_s) == (COST_TIYN, BOLAT, "Әлия ₸ 🙂", 24)
    assert [each.state for each in going.legs] == [LegState.BRIDGED] * 2
    with work(store) as uow:
        assert uow.calls.of(BOLAT) == going


def test_a_call_may_be_for_another_number_in_the_end(store: Store) -> None:
    """What was dialled may say who is called only later; also when it ends with that."""
    begin(store, call("call1", called=""), call("call2", leg("call2", msisdn=BOLAT), caller=BOLAT, called=""))
    with work(store) as uow:
        uow.calls.put(call("call1", called=THIRD))
        second = call("call2", leg("call2", msisdn=BOLAT), caller=BOLAT, called=THIRD)
        uow.calls.put(over(second, Cause.NO_ROUTE))
    assert stored(store).called == stored(store, "call2").called == THIRD


@pytest.mark.parametrize("known", [True, False])
def test_a_handset_is_in_one_call_at_a_time(store: Store, known: bool) -> None:
    """Whether the other call is of this unit of work or of an earlier one; nothing has changed then."""
    late = call("call2", leg("call2", msisdn=THIRD), caller=THIRD, called=BOLAT)
    begin(store, late, *([] if known else [ringing()]))
    with work(store) as uow:
        if known:
            uow.calls.add(ringing())
        with pytest.raises(Broken, match="is in another call"):
            uow.calls.add(call("call3"))
        with pytest.raises(Broken, match="is in another call"):
            uow.calls.put(late.with_leg(leg("call2", 2, msisdn=BOLAT)))
        assert uow.calls.get("call3") is None
        assert uow.calls.of(BOLAT) == ringing()
        assert uow.calls.get("call2") == late


@pytest.mark.parametrize(
    "wrong",
    [
        call("call9"),
        ringing()._replace(caller=BOLAT),
        ringing()._replace(service="other"),
        ringing()._replace(way="*133"),
        ringing()._replace(began_us=0),
        ringing()._replace(legs=ringing().legs[:1]),
        ringing()._replace(ended="hangup"),
        ringing().with_leg(leg("call1", 3)),
    ],
    ids=["unknown", "caller", "service", "way", "beginning", "a leg less", "left open", "in it twice"],
)
def test_what_cannot_become_of_a_call_is_refused(store: Store, wrong: Call) -> None:
    begin(store, ringing())
    with work(store) as uow:
        with pytest.raises(Broken):
            uow.calls.put(wrong)
        assert uow.calls.get("call1") == ringing()
    assert stored(store) == ringing()


def test_a_leg_keeps_its_handset(breakable: Store) -> None:
    begin(breakable, call())
    with breakable.begin(now_us=NOW_US, wall_us=NOW_US) as uow:
        uow.calls.put(call("call1", leg("call1", msisdn=BOLAT)))
        with pytest.raises(Broken, match="another handset"):
            uow.commit()
    with work(breakable) as uow:
        assert uow.calls.get("call1") == call()


def test_a_call_is_added_once(store: Store) -> None:
    begin(store, call())
    with work(store) as uow, pytest.raises(Broken, match="call1 already"):
        uow.calls.add(call())


def test_turns_are_numbered_by_call_across_units_of_work(store: Store) -> None:
    begin(store, call(), call("call2", leg("call2", msisdn=BOLAT), caller=BOLAT))
    with work(store) as uow:
        uow.calls.said(turn("a"))
        uow.calls.said(turn("b", "call2"))
        uow.calls.said(turn("c"))
    with work(store) as uow:
        uow.calls.said(turn("d", number=7))
        uow.calls.said(turn("e"))
        uow.calls.put(over(call()))
        uow.calls.said(turn("f"))
    assert texts(store) == [(1, "a"), (2, "c"), (7, "d"), (8, "e"), (9, "f")]
    assert texts(store, "call2") == [(1, "b")]


def test_nothing_is_said_on_a_call_that_is_not_open(store: Store) -> None:
    begin(store, over(call()))
    with work(store) as uow:
        for call_id in ("call1", "call9"):
            with pytest.raises(Broken, match="is not open"):
                uow.calls.said(turn(call_id=call_id))


@pytest.mark.parametrize("said", ["Имя\nΩ", "NUL\0", "half \ud83d", "🙂"])
def test_words_that_a_database_cannot_keep_are_kept_with_a_sign_in_place(store: Store, said: str) -> None:
    shown = said.replace("\0", "\u2400").replace("\ud83d", "\ufffd")
    with work(store) as uow:
        uow.calls.add(call(name=said))
        uow.calls.said(turn(said))
    assert texts(store) == [(1, shown)]
    assert stored(store).name == shown


def test_a_unit_of_work_that_fails_leaves_nothing(store: Store) -> None:
    begin(store, call("call1", called=""))
    with store.begin(now_us=NOW_US, wall_us=NOW_US) as uow:
        uow.calls.put(over(call("call1", called="")))
        uow.calls.add(ringing("call2"))
        uow.calls.said(turn())
    with work(store) as uow:
        assert uow.calls.open() == (call("call1", called=""),)
        assert uow.calls.of(BOLAT) is None
        uow.calls.said(turn("first"))
    assert texts(store) == [(1, "first")]


def test_a_step_of_a_call_reads_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(store, ringing())
    with work(store) as uow, monkeypatch.context() as patch:
        patch.setattr(store._driver, "lookup", None)
        patch.setattr(store._driver, "query", None)
        found = uow.calls.of(BOLAT)
        assert found is not None
        uow.calls.put(over(found))
        uow.calls.said(turn())
        uow.calls.add(ringing("call2"))


def test_only_what_changed_is_written_and_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A leg that rings is one row; where it stands in a flow is none."""
    begin(store, ringing())
    written: list[tuple[str, int]] = []
    real = store._driver.write

    def write(how: object, rows: list[object]) -> int:
        written.append((how.table.name, len(rows)))  # type: ignore[attr-defined]  # a Write
        return real(how, rows)  # type: ignore[arg-type]  # as it came

    monkeypatch.setattr(store._driver, "write", write)
    caller, called = ringing().legs
    with work(store) as uow:
        for state in (LegState.ANSWERED, LegState.PROMPTING):
            uow.calls.put(ringing().with_leg(called._replace(state=state)))
    assert written == [("call_leg", 1)]
    with work(store) as uow:
        found = uow.calls.get("call1")
        assert found is not None
        uow.calls.put(found.with_leg(caller._replace(script="elsewhere")))
    assert written == [("call_leg", 1)]


def test_many_at_once_are_written_whole(store: Store) -> None:
    """More than share one statement."""
    many = [
        call(f"c{n:03}", leg(f"c{n:03}", msisdn=f"7702{n:07}"), caller=f"7702{n:07}", began_us=NOW_US + n)
        for n in range(100)
    ]
    begin(store, *many)
    with work(store) as uow:
        for each in many[:50]:
            uow.calls.put(over(each))
            uow.calls.said(turn(call_id=each.id))
        assert len(uow.calls.open()) == 50
    with work(store) as uow:
        assert uow.calls.open() == tuple(many[50:])
    assert [stored(store, each.id) for each in many[:50]] == list(map(over, many[:50]))


_REFUSED = {
    "a handset in two calls": "UPDATE call_leg SET msisdn = '77011234567' WHERE state <> 'released'",
    "a call that ended and changes": "UPDATE call SET charge = charge + 1 WHERE id = 'call1'",
    "a call that ended and is open again": "UPDATE call SET ended = '' WHERE id = 'call2'",
    "a caller that is another": "UPDATE call SET caller = '77780000000' WHERE id = 'call3'",
    "a leg that was released and is open again": (
        "UPDATE call_leg SET state = 'offered' WHERE call_id = 'call2'"
    ),
    "a leg in no state": "UPDATE call_leg SET state = 'lost' WHERE call_id = 'call3'",
    "a leg of no call": (
        "INSERT INTO call_leg VALUES ('call9', 1, '77780000000', 'mo', 'offered', 0, 0, 0, 0, 0, '', 0)"
    ),
    "a cost without its entry": "UPDATE call SET charge = 5 WHERE id = 'call3'",
    "an entry that is not there": "UPDATE call SET charge = 5, journal_seq = 99 WHERE id = 'call3'",
    "less than no time": "UPDATE call SET duration_s = -1 WHERE id = 'call3'",
    "words that are others": "UPDATE call_turn SET text = 'x'",
    "words that are gone": "DELETE FROM call_turn",
    "a leg that is gone": "DELETE FROM call_leg",
    "a call that is gone": "DELETE FROM call WHERE id = 'call3'",
}


@pytest.mark.parametrize("statement", _REFUSED.values(), ids=_REFUSED.keys())
def test_the_database_refuses(store: Store, database: Database, statement: str) -> None:
    """Each by a constraint or a trigger, and the invariants still hold afterwards."""
    call_a_little(store)
    with pytest.raises(IntegrityError):
        database.tamper(statement)
