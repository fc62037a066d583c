"""submit_multi: one text to many, distribution lists, and those who could not be reached by it."""

import pytest

from gateway.smpp.constants import CommandStatus
from gateway.smpp.pdus import (
    Address,
    DistributionList,
    QuerySm,
    QuerySmResp,
    Response,
    SubmitMulti,
    SubmitMultiResp,
    UnsuccessSme,
)
from gateway.smpp.tlv import Tag, Tlv
from tests.e2e.conftest import Raw
from tests.e2e.control_api import ControlApi
from tests.e2e.raw_link import RawLink
from tests.e2e.smsc.customers import FAMILY, FAMILY_LIST
from tests.e2e.waiting import until

EN, RU, POSTPAID = FAMILY
OK = CommandStatus.ESME_ROK
CODE = Address(0, 1, "1234")
ENROUTE, DELIVERED = 1, 2
NOBODY = Address(0, 1, "99")


def _to(*destinations: Address | DistributionList | str, text: bytes = b"hello") -> SubmitMulti:
    named = tuple(Address(1, 1, each) if isinstance(each, str) else each for each in destinations)
    return SubmitMulti(source=CODE, destinations=named, short_message=text)


def _accepted(response: Response) -> SubmitMultiResp:
    assert isinstance(response, SubmitMultiResp)
    assert response.command_status == OK
    return response


@pytest.mark.conformance("submit_multi", "submit_multi_resp", "submit_multi_resp.message_id")
def test_each_of_many_gets_the_message_under_one_id(app1: RawLink, raw: Raw, api: ControlApi) -> None:
    """The id outside is one; inside, each recipient's message has its number behind it."""
    links = {msisdn: raw(address_range=msisdn) for msisdn in FAMILY}
    response = _accepted(app1.ask(_to(*FAMILY)))
    assert response.unsuccessful == ()
    for msisdn, link in links.items():
        pdu = link.delivery()
        assert (pdu.source.addr, pdu.destination.addr, pdu.short_message) == ("1234", msisdn, b"hello")
    stored = sorted(each["id"] for each in api.messages(from_="1234"))
    assert stored == [f"{response.message_id}-{number:03d}" for number in (1, 2, 3)]


@pytest.mark.conformance("submit_multi", "submit_multi.dl_name", "submit_multi.dest_flag")
def test_a_distribution_list_stands_for_its_members_each_once(app1: RawLink, raw: Raw) -> None:
    """The list's name, one of its members beside it, and a subscriber who is on no list."""
    other = "77757654321"
    everybody = raw(address_range="")
    _accepted(app1.ask(_to(DistributionList(FAMILY_LIST), EN, other)))
    assert sorted(everybody.delivery().destination.addr for _ in range(4)) == sorted([*FAMILY, other])
    assert everybody.waiting() == []


@pytest.mark.conformance(
    "submit_multi", "submit_multi_resp", "submit_multi_resp.no_unsuccess", "submit_multi_resp.unsuccess_sme"
)
def test_who_cannot_be_reached_is_named_with_the_reason_and_the_others_get_it(
    app1: RawLink, raw: Raw
) -> None:
    """unsuccess_sme (SMPP 3.4 section 4.5.2.1) holds the address as it was given."""
    receiver = raw(address_range=EN)
    response = _accepted(app1.ask(_to(NOBODY, EN, Address(0, 0, "9393"))))
    assert response.unsuccessful == (
        UnsuccessSme(NOBODY, CommandStatus.ESME_RINVDSTADR),
        UnsuccessSme(Address(0, 0, "9393"), CommandStatus.ESME_RINVDSTADR),
    )
    assert receiver.delivery().short_message == b"hello"


@pytest.mark.conformance("submit_multi.dest_addr_ton", "status.ESME_RINVDSTTON")
def test_a_message_for_nobody_is_refused_with_the_first_reason(app1: RawLink, api: ControlApi) -> None:
    """Nothing is stored; the response has no body."""
    wrong_ton = Address(9, 1, EN)
    response = app1.ask(_to(wrong_ton, NOBODY))
    assert isinstance(response, SubmitMultiResp)
    assert (response.command_status, response.message_id) == (CommandStatus.ESME_RINVDSTTON, "")
    assert api.messages(from_="1234") == []


@pytest.mark.conformance("submit_multi.dl_name", "status.ESME_RINVDLNAME")
@pytest.mark.parametrize(
    ("name", "status"),
    [("strangers", CommandStatus.ESME_RINVDLNAME), ("", CommandStatus.ESME_RINVDLNAME)],
)
def test_a_list_that_nobody_made_is_refused_as_a_whole(
    app1: RawLink, api: ControlApi, name: str, status: CommandStatus
) -> None:
    """A good recipient beside it gets nothing: the request is wrong, not one of its recipients."""
    assert app1.ask(_to(EN, DistributionList(name))).command_status == status
    assert api.messages(from_="1234") == []


@pytest.mark.conformance("submit_multi.source_addr", "submit_multi.short_message", "submit_multi.data_coding")
def test_the_source_and_the_content_are_checked_as_for_one_recipient(app1: RawLink) -> None:
    """Another's code, both texts, an alphabet that nobody knows."""
    foreign = SubmitMulti(source=Address(0, 1, "4321"), destinations=(Address(1, 1, EN),))
    assert app1.ask(foreign).command_status == CommandStatus.ESME_RINVSRCADR
    both = SubmitMulti(
        source=CODE,
        destinations=(Address(1, 1, EN),),
        short_message=b"one",
        tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, b"two"),),
    )
    assert app1.ask(both).command_status == CommandStatus.ESME_RINVMSGLEN
    unknown = SubmitMulti(source=CODE, destinations=(Address(1, 1, EN),), data_coding=0x0B)
    assert app1.ask(unknown).command_status == CommandStatus.ESME_RINVDCS


@pytest.mark.conformance("submit_multi.number_of_dests")
def test_254_recipients_in_one_request_all_get_it(app1: RawLink, raw: Raw) -> None:
    """As many as number_of_dests can say (SMPP 3.4 section 5.2.24)."""
    everybody = raw(address_range="")
    msisdns = [f"7701555{number:04d}" for number in range(254)]
    assert _accepted(app1.ask(_to(*msisdns))).unsuccessful == ()
    assert {everybody.delivery().destination.addr for _ in msisdns} == set(msisdns)


@pytest.mark.conformance("submit_multi.registered_delivery", "submit_multi_resp.message_id")
def test_receipts_come_for_each_recipient_under_the_one_id(app1: RawLink, raw: Raw) -> None:
    """They are told apart by their source address."""
    links = [raw(address_range=msisdn) for msisdn in (EN, RU)]
    asking = SubmitMulti(
        source=CODE,
        destinations=(Address(1, 1, EN), Address(1, 1, RU)),
        short_message=b"hello",
        registered_delivery=1,
    )
    response = _accepted(app1.ask(asking))
    for link in links:
        link.delivery()
    receipts = [app1.delivery() for _ in links]
    assert {pdu.source.addr for pdu in receipts} == {EN, RU}
    assert {pdu.tlv(Tag.RECEIPTED_MESSAGE_ID) for pdu in receipts} == {response.message_id}


def test_a_query_tells_of_the_recipient_that_still_waits(app1: RawLink, raw: Raw) -> None:
    """One has it, the other was never switched on; then both have it."""

    def state() -> int:
        found = app1.ask(QuerySm(message_id=response.message_id, source=CODE))
        assert isinstance(found, QuerySmResp)
        return found.message_state

    response = _accepted(app1.ask(_to(EN, RU)))
    raw(address_range=EN).delivery()
    assert state() == ENROUTE
    raw(address_range=RU).delivery()
    until(lambda: state() == DELIVERED, "both have it")


def test_a_handset_may_send_to_many_too(raw: Raw) -> None:
    """To a subscriber, an application's code and a service at once: each answers in its own way."""
    sender, receiver = raw(address_range=EN), raw(address_range=RU)
    app = raw(system_id="app1", password="secret1")
    asking = SubmitMulti(
        source=Address(1, 1, EN),
        destinations=(Address(1, 1, RU), Address(0, 1, "1234"), Address(0, 1, "6000")),
        short_message=b"BAL",
    )
    _accepted(sender.ask(asking))
    assert receiver.delivery().short_message == b"BAL"
    assert app.delivery().short_message == b"BAL"
    assert sender.delivery().short_message == b"Balance: 500 KZT"


def test_recipients_count_for_the_throughput_limit(raw: Raw) -> None:
    """An account of five messages a second: a request to six uses up more than that second."""
    link = raw(system_id="slow", password="secret1")
    asking = SubmitMulti(
        source=Address(0, 1, "5010"),
        destinations=tuple(Address(1, 1, f"770100000{number:02d}") for number in range(6)),
        short_message=b"news",
    )
    assert link.ask(asking).command_status == OK
    assert link.ask(asking).command_status == CommandStatus.ESME_RTHROTTLED
    assert link.submit("5010", EN, "news").command_status == CommandStatus.ESME_RTHROTTLED
