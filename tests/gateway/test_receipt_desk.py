"""Who hears how a message ended: which ends, once or not, in which format, when and in which order."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.clock import ClockMode
from gateway.config import Account, DeliverWith, ReceiptOrder
from gateway.smpp.codec import decode
from gateway.smpp.constants import EsmClass
from gateway.smpp.pdus import DataSm, DeliverSm
from gateway.smpp.tlv import Tag
from gateway.work import Advance, Delivery, Result, SetClock, Settle
from storage.check import check
from storage.model import MessageState, Outbox
from tests.gateway.stand import ALIYA, APP, BOLAT, HANDSET, S, Stand, pdus_of

ENDS = (
    MessageState.DELIVERED,
    MessageState.EXPIRED,
    MessageState.DELETED,
    MessageState.UNDELIVERABLE,
    MessageState.REJECTED,
)
DELAY_S = 60


class Open:
    """Stands with an account as the test wants it; all invariants hold at the end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.stands: list[Stand] = []

    def __call__(self, app: Account = APP, handset: Account = HANDSET) -> Stand:
        stand = Stand(self._folder, (handset, app))
        stand.run(SetClock(ClockMode.VIRTUAL, None))
        self.stands.append(stand)
        return stand


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Open]:
    opened = Open(tmp_path)
    yield opened
    for stand in opened.stands:
        assert [finding for finding in check(stand.store.reads) if not finding.ok] == []
        stand.store.close()


def sent(stand: Stand, registered_delivery: int, text: str = "hello") -> str:
    return stand.accepted(stand.from_app(text, registered_delivery=registered_delivery)).message_id


def end(stand: Stand, *message_ids: str, state: MessageState = MessageState.DELIVERED) -> Result:
    """As the dispatcher tells it: with a receipt where the promise says that one is wanted."""
    rows = {row.message_id: row for row in stand.store.reads.pending()}
    deliveries = (
        Delivery(each, rows[each].lane, state, receipt=bool(rows[each].receipt_to)) for each in message_ids
    )
    return stand.one(Settle(tuple(deliveries)))


def retry(stand: Stand, message_id: str) -> Result:
    later = Delivery(
        message_id, f"handset:{ALIYA}", MessageState.ENROUTE, "busy", retry_s=30, error_code=0x3001F
    )
    return stand.one(Settle((later,)))


def advance(stand: Stand, seconds: float) -> list[Outbox]:
    return list(stand.one(Advance(stand.clock.now_us() + round(seconds * S))).outboxes)


def about(rows: list[Outbox]) -> list[object]:
    return [pdu.tlv(Tag.RECEIPTED_MESSAGE_ID) for pdu in pdus_of(rows)]


# -- which -----------------------------------------------------------------------------------------


@pytest.mark.conformance(
    "registered_delivery.RECEIPT", "registered_delivery.RECEIPT_FINAL", "registered_delivery.RECEIPT_FAILURE"
)
@pytest.mark.parametrize("state", ENDS)
@pytest.mark.parametrize("asked", range(0x20))
def test_registered_delivery_says_which_ends_are_told(gateway: Open, asked: int, state: MessageState) -> None:
    """SMPP 3.4 section 5.2.17: 1 all, 2 failures; 3 success (SMPP 5.0 section 4.7.21)."""
    stand = gateway()
    rows = end(stand, sent(stand, asked), state=state).outboxes
    arrived = state is MessageState.DELIVERED
    wanted = {0: False, 1: True, 2: not arrived, 3: arrived}[asked & 3]
    assert len(rows) == wanted
    for pdu in pdus_of(rows):
        assert pdu.esm_class == EsmClass.DELIVERY_RECEIPT


@pytest.mark.conformance("registered_delivery.INTERMEDIATE")
@pytest.mark.parametrize("asked", range(0x20))
def test_an_intermediate_notification_comes_once_and_only_to_who_asked(gateway: Open, asked: int) -> None:
    stand = gateway()
    message_id = sent(stand, asked)
    first, second = retry(stand, message_id), retry(stand, message_id)
    assert len(first.outboxes) == bool(asked & 0x10)
    assert second.outboxes == ()
    for pdu in pdus_of(first.outboxes):
        assert pdu.esm_class == EsmClass.INTERMEDIATE_NOTIFICATION
        assert b"stat:ENROUTE err:031" in pdu.short_message
        assert pdu.tlv(Tag.MESSAGE_STATE) == 1


def test_a_receipt_is_the_last_word_also_after_an_intermediate_one(gateway: Open) -> None:
    stand = gateway()
    message_id = sent(stand, 0x11)
    retry(stand, message_id)
    (pdu,) = pdus_of(end(stand, message_id).outboxes)
    assert b"stat:DELIVRD err:000" in pdu.short_message
    again = Delivery(message_id, f"handset:{ALIYA}", MessageState.REJECTED, receipt=True)
    assert stand.one(Settle((again,))).outboxes == ()


def test_of_an_account_that_was_taken_out_of_the_configuration_nobody_is_told(gateway: Open) -> None:
    stand = gateway()
    message_id = sent(stand, 1)
    stand.accounts = (HANDSET,)
    stand.restart()
    assert end(stand, message_id).outboxes == ()
    assert stand.state(message_id) is MessageState.DELIVERED


def test_a_receipt_asks_for_no_receipt(gateway: Open) -> None:
    stand = gateway()
    (row,) = end(stand, sent(stand, 1)).outboxes
    assert row.receipt_to == ""
    assert end(stand, row.message_id, state=MessageState.UNDELIVERABLE).outboxes == ()


# -- how -------------------------------------------------------------------------------------------


def test_a_receipt_goes_back_the_way_of_its_account_in_its_format(gateway: Open) -> None:
    stand = gateway(replace(APP, receipt_format="decimal"))
    message_id = sent(stand, 1)
    (row,) = end(stand, message_id).outboxes
    (pdu,) = pdus_of([row])
    shown = str(int(message_id, 16))
    assert pdu.short_message.startswith(f"id:{shown} ".encode())
    assert pdu.tlv(Tag.RECEIPTED_MESSAGE_ID) == shown
    assert (pdu.source.addr, pdu.destination.addr, row.lane) == (ALIYA, "1234", "account:app1")


def test_an_account_of_data_sm_gets_its_receipts_by_data_sm(gateway: Open) -> None:
    stand = gateway(replace(APP, deliver_with=DeliverWith.DATA_SM))
    message_id = sent(stand, 1)
    (row,) = end(stand, message_id).outboxes
    pdu = decode(row.payload)
    assert isinstance(pdu, DataSm)
    assert pdu.esm_class == EsmClass.DELIVERY_RECEIPT
    assert pdu.tlv(Tag.RECEIPTED_MESSAGE_ID) == message_id
    assert bytes(pdu.tlv_bytes(Tag.MESSAGE_PAYLOAD) or b"").startswith(f"id:{message_id}".encode())


def test_a_handset_gets_its_receipt_as_a_message_from_the_receiver(gateway: Open) -> None:
    stand = gateway()
    message_id = stand.accepted(stand.sms("hi", BOLAT, registered_delivery=1)).message_id
    (row,) = end(stand, message_id).outboxes
    pdu = decode(row.payload)
    assert isinstance(pdu, DeliverSm)
    assert (pdu.source.addr, pdu.destination.addr, row.lane) == (BOLAT, ALIYA, f"handset:{ALIYA}")
    assert pdu.esm_class == EsmClass.DELIVERY_RECEIPT


# -- when ------------------------------------------------------------------------------------------


def delayed(order: ReceiptOrder) -> Account:
    return replace(APP, receipt_delay_s=DELAY_S, receipt_order=order)


def test_a_delayed_receipt_waits_its_time_on_the_operators_clock(gateway: Open) -> None:
    stand = gateway(delayed(ReceiptOrder.SUBMITTED))
    message_id = sent(stand, 1)
    assert end(stand, message_id).outboxes == ()
    assert stand.state(message_id) is MessageState.DELIVERED
    assert advance(stand, DELAY_S - 1) == []
    rows = advance(stand, 1)
    assert about(rows) == [message_id]
    assert [row.lane for row in rows] == ["account:app1"]


def test_a_delayed_receipt_survives_a_restart(gateway: Open) -> None:
    stand = gateway(delayed(ReceiptOrder.SUBMITTED))
    message_id = sent(stand, 1)
    end(stand, message_id)
    stand.restart()
    assert about(advance(stand, DELAY_S)) == [message_id]


def test_a_delayed_receipt_does_not_expire_while_it_waits(gateway: Open) -> None:
    validity_s = 3 * 86_400
    stand = gateway(replace(APP, receipt_delay_s=validity_s + 60))
    message_id = sent(stand, 1)
    end(stand, message_id)
    assert about(advance(stand, validity_s + 60)) == [message_id]


@pytest.mark.parametrize("together", [True, False])
def test_receipts_in_the_order_submitted_come_in_that_order(gateway: Open, together: bool) -> None:
    stand = gateway(delayed(ReceiptOrder.SUBMITTED))
    ids = [sent(stand, 1, str(number)) for number in range(6)]
    for group in [ids] if together else [[each] for each in ids]:
        end(stand, *group)
        advance(stand, 1)
    assert about(advance(stand, 2 * DELAY_S)) == ids


@pytest.mark.parametrize("together", [True, False])
def test_reversed_receipts_come_the_last_one_first(gateway: Open, together: bool) -> None:
    """Within one span of the delay; the clock stands at the beginning of one."""
    stand = gateway(delayed(ReceiptOrder.REVERSED))
    ids = [sent(stand, 1, str(number)) for number in range(6)]
    for group in [ids] if together else [[each] for each in ids]:
        end(stand, *group)
        assert advance(stand, 1) == []
    assert about(advance(stand, 3 * DELAY_S)) == ids[::-1]


def test_shuffled_receipts_all_come_between_once_and_twice_the_delay(gateway: Open) -> None:
    stand = gateway(delayed(ReceiptOrder.SHUFFLED))
    ids = [sent(stand, 1, str(number)) for number in range(12)]
    end(stand, *ids)
    assert advance(stand, DELAY_S - 1) == []
    came = about(advance(stand, DELAY_S + 1))
    assert sorted(map(str, came)) == sorted(ids)
    assert came != ids
