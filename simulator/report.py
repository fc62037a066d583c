"""Reading receipts and acknowledgements."""

import re
from dataclasses import dataclass
from typing import Final

from simulator.delivery import Delivery, MessageType
from simulator.mark import Mark
from simulator.text import decode

#: message_state (SMPP 3.4 section 5.2.28; 0 and 9 are SMPP 5.0's SCHEDULED and SKIPPED).
_STATES: Final = {
    0: Mark.WAITING, 1: Mark.WAITING, 2: Mark.DELIVERED, 3: Mark.FAILED, 4: Mark.FAILED, 5: Mark.FAILED,
    6: Mark.DELIVERED, 7: Mark.FAILED, 8: Mark.FAILED, 9: Mark.FAILED,
}  # fmt: skip
#: ``stat`` of a receipt's text (SMPP 3.4 Appendix B).
_STATS: Final = {
    "ENROUTE": Mark.WAITING, "DELIVRD": Mark.DELIVERED, "EXPIRED": Mark.FAILED, "DELETED": Mark.FAILED,
    "UNDELIV": Mark.FAILED, "ACCEPTD": Mark.DELIVERED, "UNKNOWN": Mark.FAILED, "REJECTD": Mark.FAILED,
}  # fmt: skip
#: Types that say all by themselves.
_MARKS: Final = {
    MessageType.INTERMEDIATE: Mark.WAITING,
    MessageType.DELIVERY_ACK: Mark.DELIVERED,
    MessageType.USER_ACK: Mark.READ,
}
_ID: Final = re.compile(r"\bid:\s*(\S+)", re.IGNORECASE)
_STAT: Final = re.compile(r"\bstat:\s*([A-Z]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Report:
    """What a receipt or an acknowledgement says of a message that was sent.

    ``message_id`` is "" and ``reference`` None where it does not name the message in this way.
    """

    message_id: str
    reference: int | None
    mark: Mark


def read_report(delivery: Delivery) -> Report | None:
    """TLVs first, else the text of Appendix B. None for one that says nothing that can be understood."""
    text = decode(delivery.data_coding, delivery.payload)
    mark = _mark(delivery, text)
    if mark is None:
        return None
    return Report(delivery.receipted_message_id or _found(_ID, text), delivery.user_message_reference, mark)


def _mark(delivery: Delivery, text: str) -> Mark | None:
    if delivery.message_type in _MARKS:
        return _MARKS[delivery.message_type]
    if delivery.message_state is not None:
        return _STATES.get(delivery.message_state)
    return _STATS.get(_found(_STAT, text).upper())


def _found(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return match.group(1) if match else ""
