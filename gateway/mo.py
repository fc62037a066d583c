"""What a handset sends, as the submit_sm in which the radio network brings it (interfaces.md "SMPP")."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from gateway.coding import gsm7
from gateway.coding.alphabet import DATA_CODING, Alphabet, encode
from gateway.coding.errors import TooLongError
from gateway.coding.split import split
from gateway.coding.udh import UDHI
from gateway.coding.ussd import GSM7_SCREEN, UCS2_SCREEN
from gateway.rendering import address
from gateway.smpp.constants import UssdServiceOp
from gateway.smpp.pdus import Address, SubmitSm
from gateway.smpp.tlv import Tag, Tlv
from rating.msisdn import Msisdn

_USSD: Final = "USSD"
#: destination_addr without its terminator (SMPP 3.4 section 5.2.9).
ADDRESS_OCTETS: Final = 20
#: user_message_reference has 16 bits (SMPP 3.4 section 5.3.2.17).
_REFERENCES: Final = 0x1_0000
_MARKS: Final = 16
#: Twice the time in which the SMSC takes an equal reference for a repeat (gateway.repeats).
_REFERENCE_S: Final = 240.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSms:
    """A text to a short code or a number. A destination may be a mistyped code, so it is not shown."""

    source: Msisdn
    destination: str = field(repr=False)
    text: str = field(repr=False)
    registered_delivery: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OctetSms:
    """One short message of raw octets; with ``udh`` they begin with a user data header."""

    source: Msisdn
    destination: str = field(repr=False)
    octets: bytes = field(repr=False)
    data_coding: int
    udh: bool = False
    registered_delivery: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialled:
    """A USSD string as it was dialled; it may hold a voucher's code."""

    source: Msisdn
    typed: str = field(repr=False)


Mo = TextSms | OctetSms | Dialled


class References:
    """The handsets' message references (TP-MR, 3GPP TS 23.040 section 9.2.3.6), for user_message_reference.

    Each submit is a message of its own and never the repeat of one of an earlier session.
    """

    def __init__(self, first: int) -> None:
        """``first`` should differ from one start of the process to the next."""
        self._numbers = count(first)
        self._taken = 0
        self._marks: deque[float] = deque(maxlen=_MARKS)

    def take(self, now: float) -> int | None:
        """The next one; None while all were used so lately that an equal one would count as a repeat.

        ``now`` in monotonic seconds.
        """
        number = next(self._numbers) % _REFERENCES
        if self._taken % (_REFERENCES // _MARKS) == 0:
            self._marks.append(now)
        self._taken += 1
        # The same number was taken a whole round ago, which is not after the oldest mark.
        fresh = self._taken <= _REFERENCES or now - self._marks[0] >= _REFERENCE_S
        return number if fresh else None


class Handsets:
    """Makes the submits of what handsets send, and numbers them. Pure but for its counters."""

    def __init__(self, first: int) -> None:
        """``first`` is where references and dialogue numbers begin."""
        self._references = References(first)
        self._messages = count(first)
        self._dialogues = count(first)

    def submits(self, mo: Mo, now: float) -> tuple[SubmitSm, ...]:
        """One submit_sm for each short message, in order. ``now`` in monotonic seconds.

        Raises CodingError for a text that cannot be sent: over 255 segments, half a surrogate pair.
        """
        match mo:
            case TextSms():
                return tuple(self._text(mo, now))
            case OctetSms():
                esm_class = UDHI if mo.udh else 0
                return (self._sms(mo, esm_class, mo.data_coding, mo.octets, now),)
            case Dialled():
                return (self._dial(mo),)

    def _text(self, mo: TextSms, now: float) -> Iterator[SubmitSm]:
        encoded = split(mo.text, reference=next(self._messages))
        for segment in encoded.segments:
            yield self._sms(mo, segment.esm_class, encoded.data_coding, segment.short_message, now)

    def _sms(
        self, mo: TextSms | OctetSms, esm_class: int, data_coding: int, octets: bytes, now: float
    ) -> SubmitSm:
        reference = self._references.take(now)
        return SubmitSm(
            source=address(mo.source),
            destination=address(mo.destination),
            esm_class=esm_class,
            registered_delivery=mo.registered_delivery,
            data_coding=data_coding,
            short_message=octets,
            tlvs=() if reference is None else (Tlv(Tag.USER_MESSAGE_REFERENCE, reference),),
        )

    def _dial(self, mo: Dialled) -> SubmitSm:
        data_coding, octets = ussd_string(mo.typed)
        dialogue = next(self._dialogues) & 0xFF
        return SubmitSm(
            service_type=_USSD,
            source=address(mo.source),
            destination=Address(addr=mo.typed if _is_address(mo.typed) else ""),
            data_coding=data_coding,
            short_message=octets,
            tlvs=(
                Tlv(Tag.USSD_SERVICE_OP, UssdServiceOp.PSSR_INDICATION),
                Tlv(Tag.ITS_SESSION_INFO, bytes((dialogue, 0))),
            ),
        )


def ussd_string(typed: str) -> tuple[int, bytes]:
    """(data_coding, octets) of a dialled string. Raises CodingError for one that does not fit USSD."""
    septets = gsm7.try_encode(typed)
    octets = encode(Alphabet.UCS2, typed) if septets is None else septets
    room = 2 * UCS2_SCREEN if septets is None else GSM7_SCREEN
    if len(octets) > room:
        raise TooLongError(f"a USSD string has at most {GSM7_SCREEN} GSM characters or {UCS2_SCREEN} others")
    return DATA_CODING[Alphabet.UCS2 if septets is None else Alphabet.GSM7], octets


def _is_address(typed: str) -> bool:
    return len(typed) <= ADDRESS_OCTETS and typed.isascii() and typed.isprintable()
