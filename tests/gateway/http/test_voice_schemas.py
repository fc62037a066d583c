"""Frames of the voice channel, good and bad."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http.voice_schemas import (
    KEYS_MAX,
    WORDS_MAX,
    BadFrame,
    FrameFault,
    read_frame,
    signal_frame,
)
from gateway.voice.events import Dial, Keys, LegEvent, Said, Signal, SignalKind
from handlers.base.command import Secret
from rating.msisdn import Msisdn

ALIYA = Msisdn("77011234567")


def bad(text: str) -> dict[str, Any]:
    """The error that a handset gets for a frame."""
    with pytest.raises(BadFrame) as raised:
        read_frame(text, ALIYA)
    told: dict[str, Any] = json.loads(raised.value.frame())
    assert told.pop("type") == "error"
    return told


def outcome(text: str) -> LegEvent | BadFrame:
    """What becomes of a frame."""
    try:
        return read_frame(text, ALIYA)
    except BadFrame as error:
        return error


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        '"dial"',
        "NaN",
        '{"type":"hangup","call":"a"} x',
        "[" * 4000,
        '{"type":"say","call":"a","text":"\\ud800"}',
    ],
)
def test_what_is_no_json_object_is_bad_json(text: str) -> None:
    """Nested as deep as a frame can be, and with half a character, too."""
    assert bad(text)["code"] == FrameFault.BAD_JSON


@pytest.mark.parametrize("kind", [None, "", "ringing", "DIAL", 1, ["dial"], {"dial": 1}])
def test_an_unknown_type_is_told_with_those_that_there_are(kind: object) -> None:
    told = bad(json.dumps({"type": kind, "call": "a"}))
    assert told["code"] == FrameFault.BAD_MESSAGE
    (wrong,) = told["errors"]
    assert wrong == {"field": "type", "detail": "a type is one of dial, answer, dtmf, say, hangup"}


@pytest.mark.parametrize(
    ("sent", "fields"),
    [
        ({"type": "dial"}, {"number"}),
        ({"type": "dial", "number": 77011234567}, {"number"}),
        ({"type": "dial", "number": "7" * 41}, {"number"}),
        ({"type": "dial", "number": "7\x00"}, {"number"}),
        ({"type": "answer", "call": ""}, {"call"}),
        ({"type": "answer", "call": "a" * 65}, {"call"}),
        ({"type": "answer", "call": None, "digits": "1"}, {"call", "digits"}),
        ({"type": "dtmf", "call": "a", "digits": ""}, {"digits"}),
        ({"type": "dtmf", "call": "a", "digits": "1A"}, {"digits"}),
        ({"type": "dtmf", "call": "a", "digits": "1\n"}, {"digits"}),
        ({"type": "dtmf", "call": "a", "digits": "١"}, {"digits"}),
        ({"type": "dtmf", "call": "a", "digits": "1" * (KEYS_MAX + 1)}, {"digits"}),
        ({"type": "dtmf", "digits": 1, "x": 1}, {"call", "digits", "x"}),
        ({"type": "say", "call": "a", "text": "a\nb"}, {"text"}),
        ({"type": "say", "call": "a", "text": "a" * (WORDS_MAX + 1)}, {"text"}),
        ({"type": "hangup"}, {"call"}),
    ],
)
def test_every_wrong_member_is_named_at_once(sent: dict[str, Any], fields: set[str]) -> None:
    told = bad(json.dumps(sent))
    assert told["code"] == FrameFault.BAD_MESSAGE
    assert {each["field"] for each in told["errors"]} == fields


@pytest.mark.parametrize(
    ("sent", "field", "detail"),
    [
        ({"type": "dtmf", "call": "a", "digits": "12a"}, "digits", "keys are 0-9, * and #"),
        ({"type": "dtmf", "call": "a", "digits": ""}, "digits", "keys are 0-9, * and #"),
        ({"type": "dtmf", "call": "a", "digits": 1}, "digits", "must be a text"),
        ({"type": "dtmf", "call": "a", "digits": "1" * (KEYS_MAX + 1)}, "digits", "at most 64 keys at once"),
        ({"type": "dial", "number": "7" * 41}, "number", "has at most 40 characters"),
        ({"type": "dial", "number": "7\x00"}, "number", "has characters that cannot be shown"),
        ({"type": "dial"}, "number", "is needed and not there"),
        ({"type": "hangup", "call": ""}, "call", "is the id of a call"),
        ({"type": "hangup", "call": "a", "x": 1}, "x", "unknown field"),
    ],
)
def test_what_is_wrong_is_said_in_words_for_people(sent: dict[str, Any], field: str, detail: str) -> None:
    assert bad(json.dumps(sent))["errors"] == [{"field": field, "detail": detail}]


def test_an_empty_number_and_silence_are_for_the_network_to_answer() -> None:
    assert read_frame('{"type":"dial","number":""}', ALIYA) == Dial(ALIYA, "")
    assert read_frame('{"type":"say","call":"a","text":""}', ALIYA) == Said(ALIYA, "a", "")


def test_keys_are_a_secret_from_here_on() -> None:
    event = read_frame('{"type":"dtmf","call":"a","digits":"98989#"}', ALIYA)
    assert isinstance(event, Keys)
    assert event.digits.reveal() == "98989#"
    assert "98989" not in repr(event)


@given(st.text(alphabet="0123456789*#ABCD x", max_size=80))
def test_an_error_never_repeats_the_keys(digits: str) -> None:
    found = outcome(json.dumps({"type": "dtmf", "call": "a", "digits": digits}))
    if isinstance(found, BadFrame):
        assert len(digits) < 3 or digits not in found.frame()
    else:
        assert found == Keys(ALIYA, "a", Secret(digits))


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.text(max_size=200)
    | st.fixed_dictionaries(
        {"type": st.sampled_from(["dial", "answer", "dtmf", "say", "hangup"]) | _VALUES},
        optional=dict.fromkeys(("call", "number", "digits", "text"), _VALUES),
    ).map(json.dumps)
)
def test_a_frame_is_an_event_or_a_bad_frame_whatever_it_holds(text: str) -> None:
    found = outcome(text)
    if isinstance(found, BadFrame):
        assert json.loads(found.frame())["code"] in set(FrameFault)
        # A library's words: "Input should be a valid string", "String should match pattern ...".
        assert all("should" not in each["detail"] for each in found.errors)
    else:
        assert getattr(found, "msisdn", None) == ALIYA


@pytest.mark.parametrize("kind", SignalKind)
def test_every_kind_of_signal_has_its_frame(kind: SignalKind) -> None:
    frame = json.loads(signal_frame(Signal(kind=kind, msisdn=ALIYA, call="c", party="7000", charge_tiyn=1)))
    assert frame.pop("type") == kind.value
    assert frame.pop("call") == "c"
    assert ALIYA not in json.dumps(frame)
