"""submit_multi: recipients once each, lists resolved, partial failures told, one id for all."""

from dataclasses import replace
from typing import Any

import pytest

from gateway.config import DEMO_ACCOUNTS
from gateway.content import Rejected
from gateway.message_ids import number_of
from gateway.multi import OCTETS_MAX, RECIPIENTS_MAX, Multi
from gateway.smpp import pdus
from gateway.smpp.constants import CommandStatus as St
from gateway.smpp.pdus import Address, DistributionList, SubmitMulti, UnsuccessSme
from gateway.smpp.tlv import Tag, Tlv
from rating.subscriber import Status
from storage.model import MessageState
from tests.gateway.smsc import Client, Smsc
from tests.gateway.stand import ALAN, ALIYA, APP, BOLAT, Stand

LISTS = {
    "staff": (ALIYA, BOLAT),
    "night": (BOLAT, ALAN),
    "many": tuple(str(77_010_000_000 + number) for number in range(RECIPIENTS_MAX)),
}


def to(number: str) -> Address:
    return Address(1, 1, number)


def multi(*destinations: str | Address, source: str = "1234", **fields: Any) -> SubmitMulti:
    """Names in lower case are lists."""
    made = tuple(
        DistributionList(each) if isinstance(each, str) and each.isalpha() else each for each in destinations
    )
    good = tuple(to(each) if isinstance(each, str) else each for each in made)
    fields.setdefault("short_message", b"hello")
    return SubmitMulti(9, source=Address(addr=source), destinations=good, **fields)


@pytest.fixture
def reader(stand: Stand) -> Multi:
    return Multi(stand.inbound, LISTS, stand.new_id)


def test_a_long_text_to_many_is_refused_before_anybody_waits_for_it(reader: Multi) -> None:
    payload = Tlv(Tag.MESSAGE_PAYLOAD, bytes(OCTETS_MAX // RECIPIENTS_MAX + 1))
    with pytest.raises(Rejected) as caught:
        reader.recipients(multi("many", short_message=b"", tlvs=(payload,)))
    assert caught.value.status is St.ESME_RMSGQFUL
    assert len(reader.recipients(multi("staff", short_message=b"", tlvs=(payload,)))) == 2


# -- recipients ------------------------------------------------------------------------------------


def test_lists_and_addresses_come_in_their_order_each_once(reader: Multi) -> None:
    found = reader.recipients(multi(ALAN, "staff", BOLAT, "night", ALAN))
    assert found == (to(ALAN), to(ALIYA), to(BOLAT))


def test_the_form_in_which_an_address_was_named_first_is_kept(reader: Multi) -> None:
    national = Address(2, 8, ALIYA)
    assert reader.recipients(multi(national, "staff")) == (national, to(BOLAT))


def test_an_unknown_list_refuses_the_whole(reader: Multi) -> None:
    with pytest.raises(Rejected) as caught:
        reader.recipients(multi(ALIYA, "nobody"))
    assert caught.value.status is St.ESME_RINVDLNAME


@pytest.mark.conformance("submit_multi.number_of_dests", "status.ESME_RCNTSUBDL")
def test_as_many_recipients_as_can_be_numbered_and_no_more(reader: Multi) -> None:
    assert len(reader.recipients(multi("many"))) == RECIPIENTS_MAX
    with pytest.raises(Rejected) as caught:
        reader.recipients(multi("many", ALAN))
    assert caught.value.status is St.ESME_RCNTSUBDL


def test_each_recipient_has_an_id_of_its_own_with_a_common_beginning(stand: Stand, reader: Multi) -> None:
    pdu = multi("staff", "9393", ALAN)
    submits, failed = reader.read(stand.session("a", APP), pdu, reader.recipients(pdu))
    ids = [submit.message_id for submit in submits]
    assert len({each[:32] for each in ids}) == 1
    assert [number_of(each) for each in ids] == [1, 2, 4]
    assert [submit.destination for submit in submits] == [ALIYA, BOLAT, ALAN]
    assert failed == (UnsuccessSme(to("9393"), St.ESME_RINVDSTADR),)


def test_when_nobody_can_be_sent_to_the_first_failure_answers(stand: Stand, reader: Multi) -> None:
    pdu = multi(Address(7, 1, ALIYA), "9393")
    with pytest.raises(Rejected) as caught:
        reader.read(stand.session("a", APP), pdu, reader.recipients(pdu))
    assert caught.value.status is St.ESME_RINVDSTTON


# -- over the wire ---------------------------------------------------------------------------------


@pytest.fixture
def smsc(stand: Stand) -> Smsc:
    return Smsc(stand, distribution_lists=LISTS)


def bound(smsc: Smsc, name: str = "app1", password: str = "secret1") -> Client:
    client = smsc.connect()
    client.send(pdus.BindTransceiver(1, name, password))
    smsc.commit()
    return client


def answer(smsc: Smsc, client: Client, pdu: SubmitMulti) -> pdus.SubmitMultiResp:
    client.send_raw(pdu)
    smsc.commit()
    (found,) = [each for each in client.taken() if isinstance(each, pdus.SubmitMultiResp)]
    return found


@pytest.mark.conformance("submit_multi_resp.no_unsuccess", "submit_multi_resp.unsuccess_sme")
def test_partial_failures_are_named_and_the_others_are_accepted(smsc: Smsc) -> None:
    """SMPP 3.4 section 4.5.2: ESME_ROK, and unsuccess_sme for those that failed."""
    found = answer(smsc, bound(smsc), multi(ALIYA, "9393", Address(7, 1, BOLAT), ALAN))
    assert (found.command_status, len(found.message_id)) == (0, 32)
    assert found.unsuccessful == (
        UnsuccessSme(to("9393"), St.ESME_RINVDSTADR),
        UnsuccessSme(Address(7, 1, BOLAT), St.ESME_RINVDSTTON),
    )
    stored = smsc.stand.messages()
    assert [(each.id, each.destination) for each in stored] == [
        (f"{found.message_id}-001", ALIYA),
        (f"{found.message_id}-004", ALAN),
    ]


def test_what_the_writer_refuses_is_named_as_it_was_sent(smsc: Smsc) -> None:
    """A blocked sender may still use services."""
    smsc.stand.subscribe(ALIYA)
    smsc.stand.block(ALIYA, Status.BLOCKED)
    handset = bound(smsc, "handset", "handset")
    found = answer(smsc, handset, multi(Address(0, 0, "87021234567"), "6000", source=ALIYA))
    assert found.unsuccessful == (UnsuccessSme(Address(0, 0, "87021234567"), St.ESME_RSUBMITFAIL),)
    assert found.message_id


def test_when_the_writer_refuses_all_the_first_failure_answers(smsc: Smsc) -> None:
    smsc.stand.subscribe(ALIYA)
    smsc.stand.block(ALIYA, Status.BLOCKED)
    found = answer(smsc, bound(smsc, "handset", "handset"), multi("777", BOLAT, ALAN, source=ALIYA))
    assert (found.command_status, found.message_id) == (St.ESME_RINVDSTADR, "")


def test_a_repeat_gets_the_same_id_and_nothing_is_sent_twice(smsc: Smsc) -> None:
    client = bound(smsc)
    first, second = (answer(smsc, client, multi("staff", ALAN)) for _ in range(2))
    assert first.message_id == second.message_id
    assert len(smsc.stand.messages()) == 3


def test_every_recipient_counts_for_the_messages_a_second(stand: Stand) -> None:
    slow = replace(DEMO_ACCOUNTS[1], messages_per_s=2)
    smsc = Smsc(stand, accounts=(DEMO_ACCOUNTS[0], slow), distribution_lists=LISTS)
    client = bound(smsc)
    assert answer(smsc, client, multi("staff")).command_status == St.ESME_ROK
    assert answer(smsc, client, multi(ALIYA)).command_status == St.ESME_RTHROTTLED


def test_a_full_queue_takes_none(smsc: Smsc) -> None:
    client = bound(smsc)
    smsc.queue_max = 0
    client.send_raw(multi("staff"))
    assert client.answers() == [St.ESME_RTHROTTLED]


def test_the_whole_is_queried_and_cancelled_by_its_one_id(smsc: Smsc) -> None:
    client = bound(smsc)
    message_id = answer(smsc, client, multi("staff", ALAN)).message_id
    client.send_raw(pdus.QuerySm(3, message_id, Address(addr="1234")))
    smsc.commit()
    (query,) = client.taken()
    assert isinstance(query, pdus.QuerySmResp)
    assert (query.message_id, query.message_state) == (message_id, 1)
    client.send_raw(pdus.CancelSm(4, "", message_id, Address(addr="1234")))
    smsc.commit()
    assert client.answers() == [St.ESME_ROK]
    assert {each.state for each in smsc.stand.messages()} == {MessageState.DELETED}


def test_receipts_name_the_one_id_and_each_its_recipient(smsc: Smsc) -> None:
    client = bound(smsc)
    handset = smsc.bind()
    message_id = answer(smsc, client, multi("staff", registered_delivery=1)).message_id
    for each in handset.taken():
        handset.send_raw(pdus.DeliverSmResp(each.sequence_number))
    smsc.commit()
    receipts = [each for each in client.taken() if isinstance(each, pdus.DeliverSm)]
    assert {each.source.addr for each in receipts} == {ALIYA, BOLAT}
    assert all(each.short_message.startswith(f"id:{message_id} ".encode()) for each in receipts)


def test_in_transaction_mode_it_is_answered_at_once(smsc: Smsc) -> None:
    """One response cannot tell how many deliveries ended; the receipts do."""
    found = answer(smsc, bound(smsc), multi("staff", esm_class=2))
    assert found.command_status == St.ESME_ROK
    assert {each.state for each in smsc.stand.messages()} == {MessageState.UNDELIVERABLE}


def test_a_repeated_replacement_leaves_one_waiting_for_each_recipient(smsc: Smsc) -> None:
    client = bound(smsc)
    for number in (1, 2):
        answer(smsc, client, multi("staff", replace_if_present_flag=1, short_message=b"%d" % number))
    waiting = [each for each in smsc.stand.messages() if each.state is MessageState.ENROUTE]
    assert [(each.destination, each.text) for each in waiting] == [(ALIYA, "2"), (BOLAT, "2")]
