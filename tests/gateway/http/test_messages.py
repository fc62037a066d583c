"""``/messages``: filters, waiting without polling, and everything about one."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from gateway.http.hexdump import split_pdus
from rating.msisdn import Msisdn
from storage.model import Message, MessageState, Outbox
from storage.views import MessageFilter, MessageView, PostingView

# The fakes of conftest.py: test modules cannot import each other.
Operator: TypeAlias = Any
Client: TypeAlias = Any
MakeMessage = Callable[..., Message]
PATH = "/api/v1/messages"
#: enquire_link, then deliver_sm_resp with a status and a body of three octets.
PDUS = bytes.fromhex("00000010000000150000000000000001000000138000000500000064000000027f4100")


def test_filters_reach_the_store_in_its_own_form(client: Client, operator: Operator) -> None:
    ends = "msisdn=87011234567&to=9393&from=%2B77021234567"
    query = f"?{ends}&state=delivered&since=2026-03-01T09:00:00%2B05:00&limit=7"
    assert client.get(PATH + query).json() == []
    assert operator.reads.asked == [
        MessageFilter(
            msisdn=Msisdn("77011234567"),
            source="77021234567",
            destination="9393",
            state=MessageState.DELIVERED,
            since_us=1_772_337_600_000_000,
            limit=7,
        )
    ]


@pytest.mark.parametrize(
    "query",
    ["msisdn=12", "state=LOST", "since=monday", "limit=0", "limit=100000", "wait=61s", "wait=-1", "to=%00"],
)
def test_a_wrong_filter_is_422_and_names_itself(client: Client, query: str) -> None:
    answer = client.get(f"{PATH}?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == query.partition("=")[0]


def test_a_line_of_the_list_uses_the_fields_names(
    client: Client, operator: Operator, make_message: MakeMessage
) -> None:
    operator.reads.kept = [make_message()]
    (line,) = client.get(PATH).json()
    assert (line["from"], line["to"], line["state"]) == ("9393", "77011234567", "DELIVERED")
    assert line["updated"] == "2026-03-01T09:00:01+05:00"
    assert line["cause"] == "0192" + "b" * 28


def test_wait_blocks_until_a_commit_brings_one(
    client: Client, operator: Operator, make_message: MakeMessage
) -> None:
    """Also when the first commit brings something else."""

    async def scene() -> list[int]:
        async with client.asgi() as http:
            asking = asyncio.ensure_future(http.get(PATH + "?to=9393&wait=60s"))
            seen = []
            for message in (make_message(destination="1"), make_message(destination="9393")):
                looks = len(operator.reads.asked)
                while len(operator.reads.asked) == looks:
                    await asyncio.sleep(0)
                seen.append(asking.done())
                operator.reads.kept.append(message)
                operator.committed.set()
            answer = await asking
            return [*seen, len(answer.json())]

    assert asyncio.run(scene()) == [False, False, 1]


def test_a_commit_between_look_and_wait_is_not_missed(
    client: Client, operator: Operator, make_message: MakeMessage
) -> None:
    """The message arrives while the store is being asked."""
    look = operator.reads.messages

    def look_then_commit(wanted: MessageFilter) -> list[Message]:
        found: list[Message] = look(wanted)
        if not operator.reads.kept:
            operator.reads.kept.append(make_message())
            operator.committed.set()
        return found

    operator.reads.messages = look_then_commit
    assert len(client.get(PATH + "?wait=30s").json()) == 1


def test_wait_ends_empty_when_nothing_comes(client: Client, operator: Operator) -> None:
    assert client.get(PATH + "?wait=20ms").json() == []
    assert len(operator.reads.asked) >= 2


def test_everything_about_one(client: Client, operator: Operator, make_message: MakeMessage) -> None:
    message = make_message(pdus=PDUS, registered_delivery=1, attempts=2)
    debit = PostingView(
        seq=3, line=1, account="main:77011234567", amount_tiyn=-1_500, balance_after_tiyn=48_500
    )
    credit = PostingView(seq=3, line=2, account="revenue:sms", amount_tiyn=1_500, balance_after_tiyn=1_500)
    reply = make_message(id="r" * 32)
    operator.reads.views[message.id] = MessageView(
        message=message, outbox=None, postings=(debit, credit), replies=(reply,)
    )
    whole = client.get(f"{PATH}/{message.id}").json()
    assert whole["encoding"] == {
        "name": "gsm7",
        "data_coding": 0,
        "esm_class": 0,
        "parts": 1,
        "characters": 16,
    }
    assert whole["charge"] == "15.00"
    assert [each["amount"] for each in whole["postings"]] == ["-15.00", "15.00"]
    assert whole["receipt"]["requested"] is True
    assert [each["state"] for each in whole["timeline"]] == ["ACCEPTED", "DELIVERED"]
    assert whole["timeline"][1]["detail"] == "after failed tries: 2"
    assert whole["waiting"] is None
    assert [each["id"] for each in whole["replies"]] == ["r" * 32]
    assert [(each["command"], each["status"], each["length"]) for each in whole["pdus"]] == [
        ("enquire_link", "ESME_ROK", 16),
        ("deliver_sm_resp", "ESME_RX_T_APPN", 19),
    ]


def test_why_no_receipt_comes_and_what_is_waited_for(
    client: Client, operator: Operator, make_message: MakeMessage
) -> None:
    message = make_message(state=MessageState.ENROUTE)
    outbox = Outbox(
        message_id=message.id,
        lane="handset:77011234567",
        payload=b"",
        due_us=1_772_337_660_000_000,
        expires_us=1_772_424_000_000_000,
        attempts=1,
    )
    operator.reads.views[message.id] = MessageView(message=message, outbox=outbox, postings=(), replies=())
    whole = client.get(f"{PATH}/{message.id}").json()
    assert whole["receipt"] == {
        "requested": False,
        "registered_delivery": 0,
        "why": "none was asked for: registered_delivery is 0",
    }
    assert whole["waiting"]["due"] == "2026-03-01T09:01:00+05:00"
    assert [each["state"] for each in whole["timeline"]] == ["ACCEPTED", "ENROUTE"]
    assert whole["charge"] == "0.00"


@pytest.mark.parametrize("message_id", ["0" * 32, "a%00b", "..", "x' OR 1=1"])
def test_an_unknown_message_is_404(client: Client, message_id: str) -> None:
    assert client.get(f"{PATH}/{message_id}").status_code == 404


def test_dump_lines_show_offset_octets_and_ascii() -> None:
    _, response = split_pdus(PDUS)
    assert response.lines == (
        "00000000  00 00 00 13 80 00 00 05  00 00 00 64 00 00 00 02  |...........d....|",
        "00000010  7f 41 00                                          |.A.|",
    )


@pytest.mark.parametrize(
    "tail", ["00", "0000000f000000150000000000000001", "ffffffff", "00000011" + "00" * 12]
)
def test_octets_that_are_no_pdu_are_shown_all_the_same(tail: str) -> None:
    *whole, rest = split_pdus(PDUS + bytes.fromhex(tail))
    assert [each.command for each in whole] == ["enquire_link", "deliver_sm_resp"]
    assert (rest.command, rest.octets.hex()) == ("?", tail)


def test_commands_and_statuses_without_a_name_are_numbers() -> None:
    (pdu,) = split_pdus(bytes.fromhex("00000010000099990000eeee00000001"))
    assert (pdu.command, pdu.status) == ("0x00009999", "0x0000eeee")
