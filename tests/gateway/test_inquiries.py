"""query_sm, cancel_sm and replace_sm as works: addresses and ids as they are stored, what is on its way."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.content import Rejected
from gateway.inquiries import Inquiries
from gateway.routing import Routes
from gateway.smpp.constants import CommandStatus as St
from gateway.smpp.pdus import Address, CancelSm, QuerySm, ReplaceSm
from gateway.smpp.tlv import Tag, Tlv
from gateway.work import Cancel, Named, Query, Replace
from tests.gateway.stand import ALIYA, APP, BOLAT, PROFILE, Stand

ID = "19834ea94549fff437f1b7bb1b9052e4"
BUSY = frozenset({"on-its-way"})
US = Address(addr="1234")
Read = Callable[..., Query | Cancel | Replace]


@pytest.fixture
def inquiries(stand: Stand) -> Inquiries:
    routes = Routes(PROFILE, stand.accounts)
    return Inquiries(stand.accounts, {7: "Busy."}, stand.inbound, routes, stand.clock.now_us, lambda: BUSY)


def refused(read: Callable[[], object]) -> St:
    with pytest.raises(Rejected) as caught:
        read()
    return caught.value.status


def test_a_query_names_the_message_by_account_source_and_id(stand: Stand, inquiries: Inquiries) -> None:
    work = inquiries.query(stand.session("a", APP), QuerySm(1, ID.upper(), US))
    assert work == Query(Named(account="app1", message_id=ID, source="1234"))


def test_an_empty_source_is_the_applications_default(stand: Stand, inquiries: Inquiries) -> None:
    assert inquiries.query(stand.session("a", APP), QuerySm(1, ID)).named.source == "1234"


def test_a_handset_asks_for_its_own_messages_in_any_form_of_its_number(
    stand: Stand, inquiries: Inquiries
) -> None:
    work = inquiries.query(stand.session(), QuerySm(1, ID, Address(addr="87011234567")))
    assert work.named == Named(account="handset", message_id=ID, source=ALIYA)


@pytest.mark.parametrize("message_id", ["", "xyz", ID[:-1], f"{ID}-001", f"{ID}0", "9" * 64])
def test_what_can_be_no_id_is_refused(stand: Stand, inquiries: Inquiries, message_id: str) -> None:
    bind = stand.session("a", APP)
    assert refused(lambda: inquiries.query(bind, QuerySm(1, message_id, US))) is St.ESME_RINVMSGID
    assert refused(lambda: inquiries.replace(bind, ReplaceSm(1, message_id, US))) is St.ESME_RINVMSGID


@pytest.mark.parametrize(
    ("destination", "stored"), [("", ""), ("87011234567", ALIYA), ("1234", "1234"), ("nobody", "nobody")]
)
def test_a_cancel_by_id_may_name_the_destination_in_any_form(
    stand: Stand, inquiries: Inquiries, destination: str, stored: str
) -> None:
    pdu = CancelSm(1, "CMT", ID, US, Address(addr=destination))
    work = inquiries.cancel(stand.session("a", APP), pdu)
    named = Named(account="app1", message_id=ID, source="1234", destination=stored)
    assert work == Cancel(named=named, busy=BUSY)


@pytest.mark.parametrize(
    ("destination", "stored", "lanes"),
    [
        ("+77011234567", ALIYA, (f"handset:{ALIYA}", f"scheduled:handset:{ALIYA}")),
        ("1234", "1234", ("account:app1", "scheduled:account:app1")),
        (
            "77771234567",
            "77771234567",
            (
                "offnet:77771234567",
                "handset:77771234567",
                "scheduled:offnet:77771234567",
                "scheduled:handset:77771234567",
            ),
        ),
    ],
)
def test_a_cancel_without_an_id_looks_wherever_messages_to_there_wait(
    stand: Stand, inquiries: Inquiries, destination: str, stored: str, lanes: tuple[str, ...]
) -> None:
    pdu = CancelSm(1, "CMT", "", US, Address(addr=destination))
    work = inquiries.cancel(stand.session("a", APP), pdu)
    named = Named(account="app1", source="1234", destination=stored)
    assert work == Cancel(named=named, lanes=lanes, service_type="CMT", busy=BUSY)


@pytest.mark.parametrize("destination", ["", "9393", "777", "nobody"])
def test_nothing_waits_for_a_service_or_for_nobody(
    stand: Stand, inquiries: Inquiries, destination: str
) -> None:
    pdu = CancelSm(1, "", "", US, Address(addr=destination))
    assert refused(lambda: inquiries.cancel(stand.session("a", APP), pdu)) is St.ESME_RINVDSTADR


@pytest.mark.parametrize(
    ("fields", "text", "default"),
    [
        ({"short_message": b"new"}, b"new", ""),
        ({"tlvs": (Tlv(Tag.MESSAGE_PAYLOAD, b"long"),)}, b"long", ""),
        ({"sm_default_msg_id": 7}, b"", "Busy."),
        ({}, b"", ""),
    ],
)
def test_a_replacement_has_one_text(
    stand: Stand, inquiries: Inquiries, fields: dict[str, Any], text: bytes, default: str
) -> None:
    work = inquiries.replace(stand.session("a", APP), ReplaceSm(1, ID, US, **fields))
    assert (work.short_message, work.default_text, work.busy) == (text, default, BUSY)
    assert (work.schedule_s, work.validity_s) == (None, None)


TEXTS: dict[str, dict[str, Any]] = {
    "short_message": {"short_message": b"x"},
    "payload": {"tlvs": (Tlv(Tag.MESSAGE_PAYLOAD, b""),)},
    "default": {"sm_default_msg_id": 7},
}


@pytest.mark.parametrize(("one", "other"), [("short_message", "payload"), ("payload", "default")])
def test_two_texts_are_refused(stand: Stand, inquiries: Inquiries, one: str, other: str) -> None:
    pdu = ReplaceSm(1, ID, US, **(TEXTS[one] | TEXTS[other]))
    assert refused(lambda: inquiries.replace(stand.session("a", APP), pdu)) is St.ESME_RINVMSGLEN


def test_times_are_counted_from_now(stand: Stand, inquiries: Inquiries) -> None:
    pdu = ReplaceSm(1, ID, US, "000000010000000R", "000000020000000R", 17)
    work = inquiries.replace(stand.session("a", APP), pdu)
    assert (work.schedule_s, work.validity_s, work.registered_delivery) == (3600, 7200, 17)


@pytest.mark.parametrize("validity", ["000000010000000R", "000000005959000R"])
def test_a_replacement_that_would_expire_before_its_time_is_refused(
    stand: Stand, inquiries: Inquiries, validity: str
) -> None:
    pdu = ReplaceSm(1, ID, US, "000000010000000R", validity)
    assert refused(lambda: inquiries.replace(stand.session("a", APP), pdu)) is St.ESME_RINVEXPIRY


def test_the_source_of_another_is_refused_before_anything_is_said_of_the_id(
    stand: Stand, inquiries: Inquiries
) -> None:
    theirs = Address(addr=BOLAT)
    bind = stand.session("s", pattern="^7701")
    for read in (
        lambda: inquiries.query(bind, QuerySm(1, "xyz", theirs)),
        lambda: inquiries.cancel(bind, CancelSm(1, "", "xyz", theirs)),
        lambda: inquiries.replace(bind, ReplaceSm(1, "xyz", theirs)),
    ):
        assert refused(read) is St.ESME_RINVSRCADR
