"""Letters as messages: what stands in the head stays in its line, and what is written arrives."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail_message import message_of
from storage.parking_model import Mail

SENDER = "parking@shortcode.example"
AT = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
MAIL = Mail("ab" * 16, "aliya@example.com", "Айыппұл / Штраф / Fine", "Бірінші\n.\nFrom here on", 0)
HEADS = {
    *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"),
    *("Content-Type", "Content-Transfer-Encoding", "MIME-Version"),
}


def parsed(octets: bytes) -> EmailMessage:
    message = message_from_bytes(octets, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def test_a_letter_arrives_as_it_was_written() -> None:
    message = parsed(message_of(MAIL, SENDER, AT))
    assert (message["From"], message["To"]) == (SENDER, "aliya@example.com")
    assert message["Subject"] == MAIL.subject
    assert message["Message-ID"] == f"<{MAIL.id}@shortcode.example>"
    assert message["Date"] == "Sun, 01 Mar 2026 04:00:00 +0000"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content().replace("\r\n", "\n").rstrip("\n") == MAIL.body


def test_the_same_letter_has_the_same_octets_at_every_attempt() -> None:
    assert message_of(MAIL, SENDER, AT) == message_of(MAIL._replace(attempts=3, error="450"), SENDER, AT)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029", "\x00"])
def test_no_subject_can_begin_another_header(end: str) -> None:
    octets = message_of(MAIL._replace(subject=f"Fine{end}Bcc: bolat@example.com{end}{end}Hello"), SENDER, AT)
    message = parsed(octets)
    assert set(message.keys()) == HEADS
    assert message["Subject"] == "Fine Bcc: bolat@example.com Hello"


@given(subject=st.text(max_size=300), body=st.text(st.characters(exclude_categories=["Cs"]), max_size=2000))
def test_whatever_is_written_there_is_one_message_of_seven_bit_lines(subject: str, body: str) -> None:
    try:
        octets = message_of(MAIL._replace(subject=subject, body=body), SENDER, AT)
    except ValueError:
        return
    message = parsed(octets)
    assert set(message.keys()) == HEADS
    assert message["To"] == MAIL.to
    assert octets.isascii()
    assert all(len(line) <= 998 for line in octets.split(b"\r\n")), "RFC 5322 section 2.1.1"


@pytest.mark.parametrize("to", ["", "aliya", "a@b, c@d", "a@b\r\nBcc: c@d", "Aliya <a@b>"])
def test_what_is_no_address_is_written_to_nobody(to: str) -> None:
    with pytest.raises(ValueError, match="address"):
        message_of(MAIL._replace(to=to), SENDER, AT)
