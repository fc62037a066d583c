"""Messages and the promises to deliver them."""

import pytest

from storage.errors import Broken
from storage.model import Direction, MessageState
from storage.store import Store
from storage.views import MessageFilter
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
