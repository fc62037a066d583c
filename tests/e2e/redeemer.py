"""A client that submits vouchers as fast as it can, and remembers exactly what was acknowledged."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from gateway.smpp.codec import encode
from gateway.smpp.constants import CommandStatus
from gateway.smpp.pdus import DeliverSm, Pdu, SubmitSmResp, Unbind, UnbindResp
from gateway.smpp.tlv import Tag, Tlv
from tests.e2e.raw_link import LinkClosed, RawLink, message

IN_FLIGHT = 200
#: Too full, about to stop, or unbound meanwhile: the command was not done and may be sent again.
_NOT_NOW = {CommandStatus.ESME_RTHROTTLED, CommandStatus.ESME_RSYSERR, CommandStatus.ESME_RINVBNDSTS}


@dataclass(frozen=True, slots=True)
class Card:
    """One command: this code for this subscriber, with the client's own reference or without one."""

    msisdn: str
    code: str
    reference: int | None = None


@dataclass
class Redeemer:
    """``unanswered`` is what a lost session leaves: nobody knows what became of it. ``refused`` was told to
    come again later, and is certainly not done.
    """

    todo: deque[Card]
    unanswered: dict[int, Card] = field(default_factory=dict)
    message_ids: dict[str, Card] = field(default_factory=dict)
    refused: list[Card] = field(default_factory=list)
    deliveries: int = 0

    @classmethod
    def of(cls, cards: Iterable[Card]) -> "Redeemer":
        """A client with all of its work before it."""
        return cls(deque(cards))

    def run(self, link: RawLink, on_answer: Callable[[int], None] = lambda _: None) -> bool:
        """Work until all is answered: True; or until the session is lost: False.

        ``on_answer`` is told how many submits were accepted by now, after each one.
        """
        try:
            while self.todo or self.unanswered:
                self._fill(link)
                self._take(link.read(), link, on_answer)
        except (LinkClosed, ConnectionError):
            return False
        return True

    def retry_unanswered(self) -> int:
        """Put what was not answered back in front, in its order; how many they are."""
        lost = [self.unanswered[number] for number in sorted(self.unanswered)]
        self.unanswered.clear()
        self.todo.extendleft(reversed(lost))
        return len(lost)

    def _fill(self, link: RawLink) -> None:
        octets = []
        while self.todo and len(self.unanswered) < IN_FLIGHT:
            card = self.todo.popleft()
            octets.append(link.numbered(_request(card)))
            self.unanswered[int.from_bytes(octets[-1][12:16], "big")] = card
        if octets:
            link.send_octets(b"".join(octets))

    def _take(self, pdu: Pdu, link: RawLink, on_answer: Callable[[int], None]) -> None:
        if isinstance(pdu, DeliverSm):
            self.deliveries += 1
            link.answer(pdu)
        elif isinstance(pdu, Unbind):
            link.send_octets(encode(UnbindResp(pdu.sequence_number)))
        elif isinstance(pdu, SubmitSmResp) and self._answered(pdu):
            on_answer(len(self.message_ids))

    def _answered(self, pdu: SubmitSmResp) -> bool:
        card = self.unanswered.pop(pdu.sequence_number)
        if pdu.command_status == CommandStatus.ESME_ROK:
            self.message_ids[pdu.message_id] = card
            return True
        assert pdu.command_status in _NOT_NOW, f"a good code was refused: {pdu.command_status}"
        self.refused.append(card)
        return False


def _request(card: Card) -> Pdu:
    if card.reference is None:
        return message(card.msisdn, "9393", card.code)
    tlv = Tlv(Tag.USER_MESSAGE_REFERENCE, card.reference)
    return message(card.msisdn, "9393", card.code, tlvs=(tlv,))
