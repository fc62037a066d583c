"""An application of somebody else's making, as the tests want to use it, and what it got."""

import queue
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

import gsm0338  # type: ignore[import-untyped]  # noqa: F401 (it registers its codec)

from tests.e2e.waiting import PATIENCE_S

RECEIPT = 0x04
_TYPE = 0x3C
_UDHI = 0x40
_UCS2 = 8
_CONCAT_8, _CONCAT_16 = 0, 8
#: SMPP 3.4 Appendix B.
_ID = re.compile(r"\bid:(\S+)")
_STAT = re.compile(r"\bstat:([A-Z]+)")


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message from a subscriber, whole."""

    source: str
    destination: str
    text: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """A delivery receipt: whose, and how it ended (``DELIVRD``)."""

    message_id: str
    stat: str


class Application(Protocol):
    """An SMPP client that is bound as app1 and owns 1234."""

    def submit(self, to: str, text: str, *, receipt: bool = False) -> list[str]:
        """Send from 1234, in as many parts as it takes; the message ids that the gateway answered."""

    def message(self) -> Incoming:
        """The next message that came, waited for."""

    def receipt(self) -> Receipt:
        """The next receipt that came, waited for."""

    def close(self) -> None:
        """Unbind and hang up."""


@dataclass(slots=True)
class Inbox:
    """Takes what a client library hands out, joins parts, and keeps messages and receipts apart."""

    messages: "queue.Queue[Incoming]" = field(default_factory=queue.Queue)
    receipts: "queue.Queue[Receipt]" = field(default_factory=queue.Queue)
    _parts: dict[tuple[str, int], dict[int, bytes]] = field(default_factory=dict)

    def take(self, source: str, destination: str, esm_class: int, data_coding: int, octets: bytes) -> None:
        """A deliver_sm."""
        if esm_class & _TYPE == RECEIPT:
            self.receipts.put(read_receipt(octets.decode("ascii")))
            return
        whole = self._joined(source, octets) if esm_class & _UDHI else octets
        if whole is not None:
            self.messages.put(Incoming(source, destination, decoded(whole, data_coding)))

    def message(self) -> Incoming:
        """The next message, waited for. Raises queue.Empty."""
        return self.messages.get(timeout=PATIENCE_S)

    def receipt(self) -> Receipt:
        """The next receipt, waited for. Raises queue.Empty."""
        return self.receipts.get(timeout=PATIENCE_S)

    def _joined(self, source: str, octets: bytes) -> bytes | None:
        reference, total, number = concatenation(octets)
        parts = self._parts.setdefault((source, reference), {})
        parts[number] = octets[octets[0] + 1 :]
        return b"".join(parts[each] for each in sorted(parts)) if len(parts) == total else None


def read_receipt(text: str) -> Receipt:
    """From the text of Appendix B. Raises AssertionError for another text."""
    message_id, stat = _ID.search(text), _STAT.search(text)
    assert message_id, text
    assert stat, text
    return Receipt(message_id[1], stat[1])


def concatenation(octets: bytes) -> tuple[int, int, int]:
    """Reference, total and number of a part (3GPP TS 23.040 section 9.2.3.24)."""
    at = 1
    while at < octets[0] + 1:
        element, data = octets[at], octets[at + 2 : at + 2 + octets[at + 1]]
        if element in {_CONCAT_8, _CONCAT_16}:
            return int.from_bytes(data[:-2], "big"), data[-2], data[-1]
        at += 2 + octets[at + 1]
    raise AssertionError("a part without a concatenation element")


def decoded(octets: bytes, data_coding: int) -> str:
    """The text, by a decoder that is not ours."""
    return octets.decode("utf-16-be" if data_coding == _UCS2 else "gsm03.38")


def encoded(text: str) -> tuple[int, bytes]:
    """data_coding and octets: GSM 7 bit where it can be, else UCS-2."""
    try:
        return 0, text.encode("gsm03.38")
    except UnicodeEncodeError:
        return _UCS2, text.encode("utf-16-be")


def parts(octets: bytes, data_coding: int, reference: int) -> Iterable[tuple[int, bytes]]:
    """esm_class and octets of each part; the texts of these tests may be cut anywhere but in a pair."""
    whole, piece = (140, 134) if data_coding == _UCS2 else (160, 153)
    if len(octets) <= whole:
        return [(0, octets)]
    pieces = [octets[at : at + piece] for at in range(0, len(octets), piece)]
    return [
        (_UDHI, bytes((5, 0, 3, reference, len(pieces), number)) + each)
        for number, each in enumerate(pieces, start=1)
    ]
