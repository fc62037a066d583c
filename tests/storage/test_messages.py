"""Messages and the promises to deliver them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import Broken
from storage.model import (
    FIRST_POSITION,
    POSITION_MASK,
    Between,
    Direction,
    MessageState,
    priority_of,
    ranked,
)
from storage.store import Store
from storage.unit_of_work import UnitOfWork
from storage.views import MessageFilter
from tests.storage.databases import Database
from tests.storage.rows import ALIYA, BOLAT, HOUR_US, NOW_US, message, promise, work

_LANE = f"handset:{ALIYA}"


@pytest.fixture
def waiting(store: Store) -> Store:
    """Three messages wait for one handset, one for another."""
    with work(store) as uow:
        for number in (1, 2, 3):
            uow.messages.add(message(f"mt{number}"), promise(f"mt{number}", expires_us=NOW_US + number))
        uow.messages.add(message("mt4", destination=BOLAT), promise("mt4", f"handset:{BOLAT}"))
    return store


def test_a_message_comes_back_as_it_went_in(store: Store) -> None:
    with work(store) as uow:
        promised = uow.messages.add(message("mt1"), promise("mt1"))
        assert uow.messages.get("mt1") == message("mt1")
    view = store.reads.message("mt1")
    assert view is not None
    assert (view.message, view.outbox) == (message("mt1"), promised)
    with work(store) as uow:
        assert uow.messages.get("mt1") == message("mt1")
        assert uow.messages.get("mt9") is None
    assert store.reads.message("mt9") is None


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("a\x00b", "a\u2400b"),
        ("half \ud83d", "half \ufffd"),
        ("\ud83d\ude00 made of halves", "\U0001f600 made of halves"),
        ("line\nline\ttab \u200d\u202e", "line\nline\ttab \u200d\u202e"),
        ("", ""),
    ],
)
def test_what_no_database_keeps_in_a_text_becomes_a_visible_sign(store: Store, said: str, kept: str) -> None:
    """A message is never lost for the characters that are in it."""
    with work(store) as uow:
        uow.messages.add(message("mt1")._replace(text=said), promise("mt1"))
    assert [found.text for found in store.reads.messages(MessageFilter())] == [kept]


def test_a_message_changed_and_ended_in_one_transaction_keeps_its_reason(waiting: Store) -> None:
    with work(waiting) as uow:
        before, promised = uow.messages.get("mt1"), uow.messages.promise("mt1")
        assert before is not None
        assert promised is not None
        uow.messages.amend(before._replace(text="new"), promised)
        uow.messages.finish("mt1", MessageState.DELETED, error="cancelled", error_code=7)
    view = waiting.reads.message("mt1")
    assert view is not None
    ended = view.message
    assert (ended.text, ended.state, ended.error, ended.error_code) == (
        "new",
        MessageState.DELETED,
        "cancelled",
        7,
    )


def test_long_messages_are_not_kept_at_hand(store: Store) -> None:
    """Twenty thousand of 64 K would take more memory than there is."""
    with work(store) as uow:
        uow.messages.add(message("mt1")._replace(pdus=bytes(4097)), promise("mt1"))
        uow.messages.add(message("mt2"), promise("mt2"))
    assert list(store._recent) == ["mt2"]
    with work(store) as uow:
        grown, promised = uow.messages.get("mt2"), uow.messages.promise("mt2")
        assert grown is not None
        assert promised is not None
        uow.messages.amend(grown._replace(pdus=bytes(4097)), promised)
    assert list(store._recent) == []


def test_promises_wait_in_their_lane_in_the_order_in_which_they_were_made(waiting: Store) -> None:
    assert [o.message_id for o in waiting.reads.pending([_LANE])] == ["mt1", "mt2", "mt3"]
    assert [o.message_id for o in waiting.reads.pending(None)] == ["mt1", "mt2", "mt3", "mt4"]
    assert [o.message_id for o in waiting.reads.pending([_LANE], limit=1)] == ["mt1"]
    first = waiting.reads.pending([_LANE], limit=1)[0]
    later = waiting.reads.pending([_LANE], after=first.position)
    assert [o.message_id for o in later] == ["mt2", "mt3"]
    assert waiting.reads.pending([]) == []
    assert waiting.reads.pending_lanes("handset:") == [_LANE, f"handset:{BOLAT}"]
    assert waiting.reads.pending_lanes("account:") == []


def test_a_finished_message_has_no_promise_and_stays_finished(waiting: Store) -> None:
    """The first final state counts; a late word changes nothing."""
    with work(waiting, NOW_US + HOUR_US) as uow:
        uow.messages.finish("mt1", MessageState.DELIVERED)
        uow.messages.finish("mt1", MessageState.EXPIRED, error="late")
    with work(waiting) as uow:
        uow.messages.finish("mt1", MessageState.UNDELIVERABLE, error="later")
        uow.messages.retry("mt1", due_us=5, error="later")
    view = waiting.reads.message("mt1")
    assert view is not None
    assert view.outbox is None
    assert (view.message.state, view.message.error) == (MessageState.DELIVERED, "")
    assert view.message.updated_us == NOW_US + HOUR_US
    assert [o.message_id for o in waiting.reads.pending([_LANE])] == ["mt2", "mt3"]


def test_an_end_that_was_not_read_first_is_seen_by_what_follows(waiting: Store) -> None:
    """In the same unit of work, and without undoing what was final before."""
    with work(waiting) as uow:
        uow.messages.finish("mt1", MessageState.EXPIRED)
    with work(waiting) as uow:
        for number in ("mt1", "mt2", "mt9"):
            uow.messages.finish_unread(number, MessageState.DELIVERED)
        states = [found.state for name in ("mt1", "mt2") if (found := uow.messages.get(name))]
        assert states == [MessageState.EXPIRED, MessageState.DELIVERED]
        uow.messages.finish("mt2", MessageState.UNDELIVERABLE)
        uow.messages.retry("mt2", due_us=5, error="late")
        assert [o.message_id for o in uow.messages.promises(_LANE)] == ["mt3"]
        with pytest.raises(ValueError, match="not final"):
            uow.messages.finish_unread("mt3", MessageState.ENROUTE)
    view = waiting.reads.message("mt2")
    assert view is not None
    assert (view.message.state, view.message.error, view.outbox) == (MessageState.DELIVERED, "", None)
    assert waiting.reads.message("mt9") is None


def test_a_retry_counts_and_moves_the_due_time_but_not_the_place(waiting: Store) -> None:
    with work(waiting) as uow:
        uow.messages.retry("mt1", due_us=NOW_US + 9, error="ESME_RX_T_APPN")
        uow.messages.retry("mt1", due_us=NOW_US + 10, error="again")
    view = waiting.reads.message("mt1")
    assert view is not None
    assert view.outbox is not None
    assert (view.outbox.attempts, view.outbox.due_us) == (2, NOW_US + 10)
    assert (view.message.attempts, view.message.error) == (2, "again")
    assert view.message.state is MessageState.ENROUTE
    assert waiting.reads.pending([_LANE])[0].message_id == "mt1"


def test_retry_then_finish_in_one_batch_ends_finished(waiting: Store) -> None:
    with work(waiting) as uow:
        uow.messages.retry("mt1", due_us=NOW_US + 9, error="busy")
        uow.messages.finish("mt1", MessageState.DELIVERED)
    assert [o.message_id for o in waiting.reads.pending([_LANE])] == ["mt2", "mt3"]


def test_a_message_made_and_finished_in_one_batch_leaves_no_promise(store: Store) -> None:
    with work(store) as uow:
        uow.messages.add(message("mt1"), promise("mt1"))
        uow.messages.retry("mt1", due_us=NOW_US + 9, error="busy")
        uow.messages.finish("mt1", MessageState.DELIVERED)
        uow.messages.add(message("mt2"), promise("mt2"))
        uow.messages.retry("mt2", due_us=NOW_US + 9, error="busy")
    assert [(o.message_id, o.attempts) for o in store.reads.pending()] == [("mt2", 1)]
    view = store.reads.message("mt1")
    assert view is not None
    assert (view.message.state, view.message.attempts) == (MessageState.DELIVERED, 1)


def test_a_waiting_message_needs_a_promise_and_a_final_one_must_not_have_one(store: Store) -> None:
    with work(store) as uow:
        with pytest.raises(ValueError, match="outbox"):
            uow.messages.add(message("mt1"))
        with pytest.raises(ValueError, match="outbox"):
            uow.messages.add(message("mt1", state=MessageState.DELIVERED), promise("mt1"))
        with pytest.raises(ValueError, match="not final"):
            uow.messages.finish("mt1", MessageState.ENROUTE)
        with pytest.raises(Broken):
            uow.messages.finish("mt1", MessageState.DELIVERED)
        with pytest.raises(Broken):
            uow.messages.retry("mt1", due_us=1, error="")


def test_a_message_id_is_used_once(waiting: Store) -> None:
    with waiting.begin(now_us=NOW_US, wall_us=NOW_US) as uow:
        uow.messages.add(message("mt1"), promise("mt1"))
        with pytest.raises(Broken):
            uow.commit()


def test_promises_that_ran_out_come_oldest_end_first(waiting: Store) -> None:
    """Finished ones are no longer among them, new ones are."""
    with work(waiting) as uow:
        assert [o.message_id for o in uow.messages.expired(NOW_US + 2, 9)] == ["mt1", "mt2"]
        assert [o.message_id for o in uow.messages.expired(NOW_US + 3, 1)] == ["mt1"]
        assert uow.messages.next_expiry_us(NOW_US + 2) == NOW_US + 3
        uow.messages.finish("mt1", MessageState.EXPIRED)
        uow.messages.finish("mt3", MessageState.EXPIRED)
        uow.messages.add(message("mt5"), promise("mt5", expires_us=NOW_US))
        assert [o.message_id for o in uow.messages.expired(NOW_US + 3, 9)] == ["mt5", "mt2"]
        assert uow.messages.next_expiry_us(NOW_US + 2) == NOW_US + HOUR_US
        assert uow.messages.next_expiry_us(NOW_US + HOUR_US) is None


def test_messages_are_listed_newest_first_by_any_end_and_state(store: Store) -> None:
    final = MessageState.DELIVERED
    with work(store) as uow:
        for number in range(3):
            at = NOW_US + number
            came = message(
                f"mo{number}", Direction.MO, final, source=ALIYA, destination="9393", created_us=at
            )
            uow.messages.add(came)
            uow.messages.add(message(f"mt{number}", created_us=at), promise(f"mt{number}"))
        uow.messages.add(message("self", Direction.MO, final, source=BOLAT, destination=BOLAT))

    def ids(**wanted: object) -> list[str]:
        return [found.id for found in store.reads.messages(MessageFilter(**wanted))]  # type: ignore[arg-type]  # any of them

    assert ids(msisdn=ALIYA) == ["mt2", "mo2", "mt1", "mo1", "mt0", "mo0"]
    assert ids(msisdn=ALIYA, limit=2) == ["mt2", "mo2"]
    assert ids(msisdn=BOLAT) == ["self"]
    assert ids(source=ALIYA) == ["mo2", "mo1", "mo0"]
    assert ids(destination=ALIYA) == ["mt2", "mt1", "mt0"]
    assert ids(source="9393", destination=ALIYA, state=MessageState.ENROUTE) == ["mt2", "mt1", "mt0"]
    assert ids(state=final) == ["self", "mo2", "mo1", "mo0"]
    assert ids(msisdn=ALIYA, since_us=NOW_US + 2) == ["mt2", "mo2"]
    assert ids(msisdn=ALIYA, source="9393", limit=1) == ["mt2"]
    assert ids(source="nobody") == []
    assert len(ids()) == 7


def test_one_message_shows_what_it_cost_and_caused(lived_in: Store) -> None:
    view = lived_in.reads.message("mo1")
    assert view is not None
    assert [(p.account, p.amount_tiyn, p.balance_after_tiyn) for p in view.postings] == [
        ("voucher_liability:batch1", -50_000, 100_000),
        (f"main:{ALIYA}", 50_000, 100_000),
    ]
    assert [reply.id for reply in view.replies] == ["mt1"]
    assert view.outbox is None


# -- priorities ------------------------------------------------------------------------------------


def test_a_more_urgent_promise_comes_first_and_equals_in_their_order(database: Database) -> None:
    """Also after a restart, from which on numbers go on where they were."""
    store = database.open()
    with work(store) as uow:
        for number, priority in enumerate((0, 3, 1, 3, 0)):
            uow.messages.add(message(f"a{number}"), promise(f"a{number}"), priority=priority)
        assert [o.message_id for o in uow.messages.promises(_LANE)] == ["a1", "a3", "a2", "a0", "a4"]
    store.close()
    store = database.open()
    with work(store) as uow:
        for number, priority in enumerate((0, 3)):
            uow.messages.add(message(f"b{number}"), promise(f"b{number}"), priority=priority)
    order = ["a1", "a3", "b1", "a2", "a0", "a4", "b0"]
    rows = store.reads.pending([_LANE])
    assert [o.message_id for o in rows] == order
    for at, row in enumerate(rows):
        behind = store.reads.pending([_LANE], after=row.position)
        assert [o.message_id for o in behind] == order[at + 1 :]
    store.close()


@pytest.mark.parametrize("priority", range(4))
@given(position=st.integers(1, POSITION_MASK))
def test_a_position_keeps_both_its_number_and_its_priority(priority: int, position: int) -> None:
    made = ranked(position, priority)
    assert (priority_of(made), made & POSITION_MASK) == (priority, position)
    assert made > FIRST_POSITION
    assert made >= -(1 << 63)


# -- what waits for its time -----------------------------------------------------------------------

_SCHEDULED = f"scheduled:{_LANE}"


def scheduled(uow: UnitOfWork, message_id: str, priority: int = 0) -> None:
    state = MessageState.SCHEDULED
    uow.messages.add(message(message_id, state=state), promise(message_id, _SCHEDULED), priority=priority)


@pytest.mark.parametrize("committed", [True, False])
def test_a_scheduled_message_is_released_to_the_end_of_its_lane(store: Store, committed: bool) -> None:
    with work(store) as uow:
        scheduled(uow, "mt1")
        uow.messages.add(message("mt2"), promise("mt2"))
        if not committed:
            uow.messages.release("mt1", _LANE)
    if committed:
        with work(store, NOW_US + HOUR_US) as uow:
            assert [o.message_id for o in uow.messages.promises(_SCHEDULED)] == ["mt1"]
            released = uow.messages.release("mt1", _LANE)
            assert released is not None
            assert (released.lane, released.due_us) == (_LANE, NOW_US + HOUR_US)
            assert uow.messages.promise("mt1") == released
    assert [o.message_id for o in store.reads.pending([_LANE])] == ["mt2", "mt1"]
    assert store.reads.pending([_SCHEDULED]) == []
    view = store.reads.message("mt1")
    assert view is not None
    assert view.message.state is MessageState.ENROUTE


def test_an_urgent_message_is_released_before_those_that_wait(store: Store) -> None:
    with work(store) as uow:
        scheduled(uow, "mt1", 2)
        uow.messages.add(message("mt2"), promise("mt2"))
    with work(store) as uow:
        uow.messages.release("mt1", _LANE, priority=2)
    assert [o.message_id for o in store.reads.pending([_LANE])] == ["mt1", "mt2"]


def test_only_what_is_scheduled_is_released(waiting: Store) -> None:
    with work(waiting) as uow:
        scheduled(uow, "gone")
        uow.messages.finish("gone", MessageState.DELETED)
        for message_id in ("gone", "mt1", "nobody"):
            assert uow.messages.release(message_id, _LANE) is None


def test_a_position_given_at_a_release_is_not_given_again_after_a_restart(database: Database) -> None:
    """It is in no message's row, only in the outbox."""
    store = database.open()
    with work(store) as uow:
        scheduled(uow, "mt1", 3)
    with work(store) as uow:
        released = uow.messages.release("mt1", _LANE, priority=3)
    store.close()
    store = database.open()
    with work(store) as uow:
        new = uow.messages.add(message("mt2"), promise("mt2"), priority=3)
    assert released is not None
    assert new is not None
    assert new.position > released.position
    store.close()


# -- what is changed while it waits ----------------------------------------------------------------


@pytest.mark.parametrize("committed", [True, False])
def test_an_amended_message_has_its_new_content_and_promise(store: Store, committed: bool) -> None:
    new = message("mt1")._replace(text="new\x00", parts=2, data_coding=8, encoding="UCS-2", pdus=b"p")
    new = new._replace(registered_delivery=1)
    with work(store) as uow:
        promised = uow.messages.add(message("mt1"), promise("mt1"))
        assert promised is not None
        changed = promised._replace(payload=b"new", expires_us=NOW_US + 5, receipt_to="app1")
        if not committed:
            uow.messages.amend(new, changed)
    if committed:
        with work(store, NOW_US + 1) as uow:
            uow.messages.amend(new, changed)
            assert uow.messages.promise("mt1") == changed
            assert uow.messages.promises(_LANE) == [changed]
            assert uow.messages.expired(NOW_US + 5, 9) == [changed]
            assert uow.messages.next_expiry_us(0) == NOW_US + 5
    view = store.reads.message("mt1")
    assert view is not None
    updated_us = NOW_US + committed
    assert view.message == new._replace(text="new\u2400", updated_us=updated_us)
    assert view.outbox == changed


def test_a_final_message_cannot_be_amended_nor_made_final_so(waiting: Store) -> None:
    with work(waiting) as uow:
        promised = uow.messages.promise("mt1")
        assert promised is not None
        with pytest.raises(Broken):
            uow.messages.amend(message("mt1", state=MessageState.DELETED), promised)
        uow.messages.finish("mt1", MessageState.DELIVERED)
        with pytest.raises(Broken):
            uow.messages.amend(message("mt1"), promised)
        with pytest.raises(Broken):
            uow.messages.amend(message("nobody"), promised)


def test_what_is_amended_and_then_finished_leaves_no_promise(waiting: Store) -> None:
    with work(waiting) as uow:
        promised = uow.messages.promise("mt1")
        assert promised is not None
        uow.messages.amend(message("mt1")._replace(text="new"), promised)
        uow.messages.finish("mt1", MessageState.DELETED, error="cancelled", error_code=7)
        assert uow.messages.promise("mt1") is None
    view = waiting.reads.message("mt1")
    assert view is not None
    assert (view.message.state, view.message.error_code, view.outbox) == (MessageState.DELETED, 7, None)


def test_what_is_amended_and_then_tried_again_keeps_both(waiting: Store) -> None:
    """In either order within one unit of work."""
    for message_id, first in (("mt1", "amend"), ("mt2", "retry")):
        with work(waiting) as uow:
            if first == "retry":
                uow.messages.retry(message_id, due_us=NOW_US + 9, error="busy", error_code=31)
            promised = uow.messages.promise(message_id)
            known = uow.messages.get(message_id)
            assert promised is not None
            assert known is not None
            uow.messages.amend(known._replace(text="new"), promised._replace(payload=b"new"))
            if first == "amend":
                uow.messages.retry(message_id, due_us=NOW_US + 9, error="busy", error_code=31)
        view = waiting.reads.message(message_id)
        assert view is not None
        assert view.outbox is not None
        assert (view.outbox.payload, view.outbox.due_us, view.outbox.attempts) == (b"new", NOW_US + 9, 1)
        assert (view.message.text, view.message.attempts, view.message.error_code) == ("new", 1, 31)


# -- which messages are meant ----------------------------------------------------------------------


def test_an_id_names_its_message_and_all_recipients_of_a_submit_multi(store: Store) -> None:
    base, other = "19834ea94549fff437f1b7bb1b9052e4", "19834ea94549fff537f1b7bb1b9052e4"
    with work(store) as uow:
        for message_id in (f"{base}-001", f"{base}-002", other):
            uow.messages.add(message(message_id), promise(message_id))
    with work(store) as uow:
        new = message(f"{base}-003")
        uow.messages.add(new, promise(new.id))

        def ids(prefix: str) -> list[str]:
            return [found.id for found in uow.messages.named(prefix)]

        assert ids(base) == [f"{base}-001", f"{base}-002", f"{base}-003"]
        assert ids(base[:16]) == ids(base)
        assert ids(other) == ids(other[:16]) == [other]
        assert ids("0" * 32) == []


def test_what_waits_for_a_sender_is_found_in_its_lanes_in_order(store: Store) -> None:
    with work(store) as uow:
        for number in range(3):
            uow.messages.add(message(f"mt{number}"), promise(f"mt{number}"), priority=number)
        uow.messages.add(message("other", source="6000"), promise("other"))
        scheduled(uow, "later")
    with work(store) as uow:
        uow.messages.finish("mt1", MessageState.DELETED)
        uow.messages.add(message("new"), promise("new"))
        sent = message("mt0")
        between = Between(sent.account, "9393", sent.destination)
        found = uow.messages.waiting((_LANE, _SCHEDULED), between)
        assert [each.id for each, _ in found] == ["mt2", "mt0", "later", "new"]
        assert all(each.id == promised.message_id for each, promised in found)
        assert uow.messages.waiting((), between) == []
        assert uow.messages.waiting((_LANE,), between._replace(destination="elsewhere")) == []
        assert uow.messages.waiting((_LANE,), between._replace(service_type="WAP")) == []
        first = uow.messages.first_waiting((_LANE, _SCHEDULED), between, {"mt2", "mt0"})
        assert first is not None
        assert first.id == "later"
        assert uow.messages.first_waiting((_LANE,), between, {"mt2", "mt0", "new"}) is None


def test_error_codes_are_kept_however_a_message_ends(waiting: Store) -> None:
    with work(waiting) as uow:
        uow.messages.finish("mt1", MessageState.EXPIRED, error="late", error_code=0x80046)
        uow.messages.finish_unread("mt2", MessageState.UNDELIVERABLE, error="gone", error_code=0x30006)
        seen = uow.messages.get("mt2")
        assert seen is not None
        assert seen.error_code == 0x30006
        uow.messages.retry("mt3", due_us=NOW_US, error="busy", error_code=0x3001F)
    codes = {each.id: each.error_code for each in waiting.reads.messages(MessageFilter())}
    assert codes == {"mt1": 0x80046, "mt2": 0x30006, "mt3": 0x3001F, "mt4": 0}
