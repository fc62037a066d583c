"""Delivery receipts: the text of SMPP 3.4 Appendix B."""

from datetime import datetime

from storage.model import Message, MessageState

#: message_state of SMPP 3.4 section 5.2.28.
STATE_NUMBERS = {
    MessageState.SCHEDULED: 0,
    MessageState.ENROUTE: 1,
    MessageState.DELIVERED: 2,
    MessageState.EXPIRED: 3,
    MessageState.DELETED: 4,
    MessageState.UNDELIVERABLE: 5,
    MessageState.ACCEPTED: 6,
    MessageState.UNKNOWN: 7,
    MessageState.REJECTED: 8,
}

_WORDS = {
    MessageState.DELIVERED: "DELIVRD",
    MessageState.EXPIRED: "EXPIRED",
    MessageState.DELETED: "DELETED",
    MessageState.UNDELIVERABLE: "UNDELIV",
    MessageState.ACCEPTED: "ACCEPTD",
    MessageState.UNKNOWN: "UNKNOWN",
    MessageState.REJECTED: "REJECTD",
}
_TEXT_SHOWN = 20
_FAILED = {MessageState.EXPIRED, MessageState.UNDELIVERABLE, MessageState.REJECTED, MessageState.DELETED}


def receipt_text(message: Message, submitted: datetime, done: datetime) -> str:
    """``id:… sub:001 dlvrd:001 submit date:YYMMDDhhmm done date:… stat:DELIVRD err:000 text:…``.

    The first twenty characters of the text are quoted as far as they are ASCII.
    """
    delivered = 0 if message.state in _FAILED else 1
    quoted = message.text[:_TEXT_SHOWN].encode("ascii", "replace").decode()
    return (
        f"id:{message.id} sub:001 dlvrd:{delivered:03d} submit date:{submitted:%y%m%d%H%M} "
        f"done date:{done:%y%m%d%H%M} stat:{_WORDS[message.state]} err:{1 - delivered:03d} text:{quoted}"
    )
