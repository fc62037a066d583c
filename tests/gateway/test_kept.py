"""What is kept of a message: the same PDU with every code masked, wherever a client put it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.kept import kept
from gateway.smpp.codec import decode, encode
from gateway.smpp.pdus import Address, SubmitSm
from gateway.smpp.tlv import Tag, Tlv

CODE = "9080706050403"


def keep(text: str = "", **fields: Any) -> tuple[str, bytes, SubmitSm]:
    pdu = SubmitSm(**fields)
    shown, frame = kept(pdu, encode(pdu), text, segment=False, secret_digits=False)
    assert len(frame) == len(encode(pdu))
    read = decode(frame)
    assert isinstance(read, SubmitSm)
    return shown, frame, read


@pytest.mark.parametrize(
    "fields",
    [
        {"short_message": CODE.encode()},
        {"short_message": CODE.encode("utf-16-be"), "data_coding": 8},
        {"destination": Address(addr=f"*110*{CODE}#")},
        {"tlvs": (Tlv(Tag.MESSAGE_PAYLOAD, CODE.encode()),)},
        {"tlvs": (Tlv(0x1400, CODE.encode()),)},
        {"tlvs": (Tlv(Tag.ADDITIONAL_STATUS_INFO_TEXT, CODE),)},
        {"short_message": CODE.encode(), "destination": Address(addr=f"*110*{CODE}#")},
    ],
)
def test_a_code_is_masked_wherever_it_stands(fields: dict[str, Any]) -> None:
    _, frame, _ = keep(**fields)
    assert b"908070" not in frame
    assert b"908070" not in frame.replace(b"\0", b"")


def test_the_text_is_masked_with_the_pdu() -> None:
    shown, _, read = keep(f"pin {CODE}", short_message=b"pin " + CODE.encode())
    assert CODE not in shown
    assert read.short_message.startswith(b"pin ")


@given(st.text(alphabet="abc xyz", max_size=100))
def test_what_has_no_digits_is_kept_as_it_came(text: str) -> None:
    pdu = SubmitSm(short_message=text.encode(), destination=Address(1, 1, "77011234567"))
    assert kept(pdu, encode(pdu), text, segment=False, secret_digits=False) == (text, encode(pdu))
