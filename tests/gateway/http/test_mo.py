"""``POST /mo``: what is sent, what came of it, and every way in which it can be refused."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import pytest

from gateway.http.app import create_app
from gateway.http.context import ApiSettings
from gateway.http.facade import Answered, Busy, RadioUnavailable
from gateway.mo import Dialled, Mo, OctetSms, TextSms
from gateway.smpp.constants import CommandStatus

# The fakes of conftest.py: test modules cannot import each other.
Client: TypeAlias = Any
PATH = "/api/v1/mo"
SMS = {"from": "77011234567", "to": "1234", "text": "PING"}


class FakeRadio:
    """Notes what it is to send; the answers are scripted."""

    def __init__(self) -> None:
        self.sent: list[Mo] = []
        self.answers: Sequence[Answered] | Exception = [Answered(0, "a1")]

    async def send(self, mo: Mo, /) -> Sequence[Answered]:
        self.sent.append(mo)
        if isinstance(self.answers, Exception):
            raise self.answers
        return self.answers


@pytest.fixture
def radio() -> FakeRadio:
    return FakeRadio()


@pytest.fixture
def client(operator: Any, make_client: Any, radio: FakeRadio) -> Client:
    return make_client(create_app(operator, ApiSettings(radio=radio)))


def wrong(answer: Any) -> dict[str, str]:
    """Field to detail."""
    assert (answer.status_code, answer.json()["code"]) == (422, "validation"), answer.text
    return {each["field"]: each["detail"] for each in answer.json()["errors"]}


def test_a_text_is_sent_and_answered_with_its_id(client: Client, radio: FakeRadio) -> None:
    answer = client.post(PATH, json=SMS)
    assert (answer.status_code, answer.json()) == (201, {"messages": [{"id": "a1"}]})
    assert radio.sent == [TextSms(source="77011234567", destination="1234", text="PING")]  # type: ignore[arg-type]  # an Msisdn


def test_a_long_text_is_answered_with_the_ids_of_its_segments(client: Client, radio: FakeRadio) -> None:
    radio.answers = [Answered(0, f"a{number}") for number in (1, 2, 3)]
    answer = client.post(PATH, json=SMS | {"text": "a" * 400})
    assert answer.json() == {"messages": [{"id": "a1"}, {"id": "a2"}, {"id": "a3"}]}


@pytest.mark.parametrize("sender", ["87011234567", "+7 701 123-45-67", "77011234567"])
@pytest.mark.parametrize(
    ("to", "sent_to"),
    [
        ("1234", "1234"),
        (" 9393 ", "9393"),
        ("8 (702) 123-45-67", "77021234567"),
        ("+491701234567", "491701234567"),
        ("MyBank", "MyBank"),
    ],
)
def test_numbers_are_taken_as_people_write_them(
    client: Client, radio: FakeRadio, sender: str, to: str, sent_to: str
) -> None:
    assert client.post(PATH, json=SMS | {"from": sender, "to": to}).status_code == 201
    (sms,) = radio.sent
    assert isinstance(sms, TextSms)
    assert (sms.source, sms.destination) == ("77011234567", sent_to)


def test_octets_are_sent_as_they_are(client: Client, radio: FakeRadio) -> None:
    body = {"from": "77011234567", "to": "1234", "hex": "06 05040B8423F0 ff", "data_coding": 4, "udh": True}
    assert client.post(PATH, json=body | {"registered_delivery": 1}).status_code == 201
    (sms,) = radio.sent
    assert isinstance(sms, OctetSms)
    assert (sms.octets.hex(), sms.data_coding, sms.udh, sms.registered_delivery) == (
        "0605040b8423f0ff",
        4,
        True,
        1,
    )


def test_octets_may_be_none_at_all(client: Client, radio: FakeRadio) -> None:
    assert client.post(PATH, json=SMS | {"text": None, "hex": "", "data_coding": 0}).status_code == 201
    (sms,) = radio.sent
    assert isinstance(sms, OctetSms)
    assert (sms.octets, sms.udh) == (b"", False)


def test_a_code_is_dialled(client: Client, radio: FakeRadio) -> None:
    assert client.post(PATH, json={"from": "77011234567", "dial": " *100# "}).status_code == 201
    (dialled,) = radio.sent
    assert isinstance(dialled, Dialled)
    assert (dialled.source, dialled.typed) == ("77011234567", "*100#")


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"from", "to", "text"}),
        ({"from": "77011234567"}, {"to", "text"}),
        ({"from": "123", "to": "", "text": 5, "foo": 1}, {"from", "to", "text", "foo"}),
        (SMS | {"hex": "00", "data_coding": 0}, {"hex"}),
        (SMS | {"data_coding": 0, "udh": True}, {"data_coding", "udh"}),
        ({"from": "1", "to": "1234", "hex": "0"}, {"from", "hex", "data_coding"}),
        (SMS | {"text": None, "hex": 5, "data_coding": 256}, {"hex", "data_coding"}),
        (SMS | {"text": None, "hex": "00" * 255, "data_coding": 4}, {"hex"}),
        (SMS | {"text": None, "hex": "00", "data_coding": "4", "udh": 1}, {"data_coding", "udh"}),
        (SMS | {"registered_delivery": -1}, {"registered_delivery"}),
        (SMS | {"dial": "*100#"}, {"to", "text"}),
        ({"from": "1", "dial": "*1#", "to": "", "udh": False, "hex": "0"}, {"from", "to", "udh", "hex"}),
        ({"from": "77011234567", "dial": "  "}, {"dial"}),
        ({"from": "77011234567", "dial": "я" * 81}, {"dial"}),
        (SMS | {"text": "a" * 39_016}, {"text"}),
        (SMS | {"text": "a" * 50_000}, {"text"}),
        (SMS | {"to": "1" * 21}, {"to"}),
        (SMS | {"to": "12\x0034"}, {"to"}),
        (SMS | {"to": "Банк"}, {"to"}),
        ([], {""}),
        (None, {""}),
    ],
)
def test_all_wrong_fields_are_told_at_once_and_nothing_is_sent(
    client: Client, radio: FakeRadio, body: object, fields: set[str]
) -> None:
    """What is wrong by itself and what does not go together."""
    assert set(wrong(client.post(PATH, json=body))) == fields
    assert radio.sent == []


def test_a_body_that_is_no_json_is_refused_like_everywhere(client: Client) -> None:
    answer = client.post(PATH, content=b"{", headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (422, "validation")
    assert client.post(PATH, content=b"{}").status_code == 415


def test_half_a_surrogate_pair_is_no_text(client: Client, radio: FakeRadio) -> None:
    body = b'{"from":"77011234567","to":"1234","text":"\\ud800"}'
    answer = client.post(PATH, content=body, headers={"content-type": "application/json"})
    assert set(wrong(answer)) == {"text"}
    assert radio.sent == []


@pytest.mark.parametrize(
    "body",
    [
        SMS | {"to": "*110*1234567890123#1234567890"},
        {"from": "77011234567", "dial": "*110*1234567890123#" * 20},
        SMS | {"text": None, "hex": "*110*1234567890123#", "data_coding": 0},
        SMS | {"text": "1234567890123" * 5000},
    ],
)
def test_an_error_does_not_repeat_what_was_typed(client: Client, body: object) -> None:
    """It may be a voucher's code."""
    answer = client.post(PATH, json=body)
    assert answer.status_code == 422
    assert "1234567890123" not in answer.text


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (CommandStatus.ESME_RINVSRCADR, "like 77011234567"),
        (CommandStatus.ESME_RINVDSTADR, "short code of a service"),
        (CommandStatus.ESME_RINVMSGLEN, "check hex, data_coding and udh"),
        (CommandStatus.ESME_RINVDCS, "0 is GSM 7 bit"),
        (CommandStatus.ESME_RSUBMITFAIL, "PATCH /api/v1/subscribers"),
        (CommandStatus.ESME_RINVSERTYP, "reference page SMPP"),
    ],
)
def test_a_refusal_names_the_status_and_says_what_would_be_right(
    client: Client, radio: FakeRadio, status: CommandStatus, says: str
) -> None:
    radio.answers = [Answered(status, "")]
    answer = client.post(PATH, json=SMS)
    body = answer.json()
    assert (answer.status_code, body["code"], body["command_status"]) == (422, "submit_refused", status.name)
    assert says in body["detail"]
    assert "messages" not in body
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_status_of_no_name_is_shown_as_its_number(client: Client, radio: FakeRadio) -> None:
    radio.answers = [Answered(0x400, "")]
    assert client.post(PATH, json=SMS).json()["command_status"] == "0x00000400"


def test_of_a_text_that_was_refused_in_part_the_accepted_segments_are_named(
    client: Client, radio: FakeRadio
) -> None:
    radio.answers = [Answered(0, "a1"), Answered(CommandStatus.ESME_RINVDSTADR, ""), Answered(0, "a3")]
    body = client.post(PATH, json=SMS).json()
    assert body["command_status"] == "ESME_RINVDSTADR"
    assert body["messages"] == [{"id": "a1"}, {"id": "a3"}]


@pytest.mark.parametrize("status", ["ESME_RTHROTTLED", "ESME_RMSGQFUL", "ESME_RSYSERR"])
def test_an_smsc_that_is_busy_is_503(client: Client, radio: FakeRadio, status: str) -> None:
    radio.answers = [Answered(CommandStatus[status], "")]
    answer = client.post(PATH, json=SMS)
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert answer.json()["command_status"] == status
    assert answer.headers["retry-after"] == "1"


@pytest.mark.parametrize(
    ("error", "code"), [(Busy("stopping"), "busy"), (RadioUnavailable("no bind; ask again"), "radio")]
)
def test_a_radio_side_that_cannot_send_is_503(
    client: Client, radio: FakeRadio, error: Exception, code: str
) -> None:
    radio.answers = error
    answer = client.post(PATH, json=SMS)
    assert (answer.status_code, answer.json()["code"]) == (503, code)
    assert answer.headers["retry-after"] == "1"


def test_without_a_radio_side_it_is_503_too(operator: Any, make_client: Any) -> None:
    client = make_client(create_app(operator, ApiSettings()))
    answer = client.post(PATH, json=SMS)
    assert (answer.status_code, answer.json()["code"]) == (503, "radio")


def test_the_document_describes_the_body(client: Client) -> None:
    """Names as they are sent, and an example for each that has a form."""
    document = client.get("/openapi.json").json()
    schema = document["components"]["schemas"]["MoRequest"]
    assert set(schema["properties"]) == {
        *("from", "to", "text", "hex", "data_coding", "udh", "registered_delivery", "dial")
    }
    assert schema["required"] == ["from"]
    assert "/api/v1/mo" in client.get("/docs").text
