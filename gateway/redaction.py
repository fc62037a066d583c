"""What may be kept of a message: voucher codes and card numbers are struck out, the rest stays readable.

A secret is a run of digits: of any script, full-width, circled, raised (what NFKC makes a digit), also
with spaces, dashes and invisible marks between them. Thirteen digits and more (voucher codes, card
numbers) are always masked; in what subscribers send to a service that takes codes, six and more, also
with dots, slashes and the like between them. Use that second rule for what people sent only: the
service's own texts hold dates and amounts, and no codes.
"""

import re
from collections.abc import Iterator
from typing import Final

from gateway.coding import shifts, udh
from gateway.coding.alphabet import Alphabet, alphabet_of
from gateway.coding.errors import CodingError
from gateway.coding.gsm7 import ESCAPE
from gateway.coding.shifts import NO_SHIFT, Shift

ALWAYS_DIGITS_MIN: Final = 13
SECRET_DIGITS_MIN: Final = 6
MASK: Final = "*"

#: Decimal digits, and all else that NFKC turns into digits or that shows one (raised, circled, months).
_DIGIT = (
    "[\\d\u00b2\u00b3\u00b9\u00bc-\u00be\u2070\u2074-\u2079\u2080-\u2089\u2150-\u215f\u2189\u2460-\u249b"
    "\u24ea-\u24ff\u2776-\u2793\u3251-\u325f\u32b1-\u32cb\u3358-\u3370\u33e0-\u33fe\U0001f100-\U0001f10c]"
)
#: Spaces, dashes (also those that NFKC makes one), invisible marks, the frame of a keycap; NUL is the upper
#: half of a UCS-2 digit that is looked at octet by octet.
_BETWEEN = (
    "\\s\\-\\x00\u00ad\u034f\u180e\u200b-\u200f\u2010-\u2015\u202a-\u202e\u2060-\u2064\u207b\u208b\u20e3"
    "\u2212\ufe00-\ufe0f\ufe31\ufe32\ufe58\ufe63\ufeff\uff0d"
)
#: Besides, where codes are expected; 0x11 is the low line in the octets of GSM 7 bit.
_BETWEEN_SECRET = _BETWEEN + "._/,:;'\\x11"

#: What shows as one character in GSM 7 bit: an escape pair or an octet.
_CHARACTERS = re.compile(rb"\x1b[\x00-\x7f]|.", re.DOTALL)
_drop_others = re.compile(rb"[^0-9]+").sub
_each_digit = re.compile(_DIGIT).sub


def _pattern(digits_min: int, between: str, *, segment: bool) -> re.Pattern[str]:
    """Runs of at least ``digits_min`` digits; in a segment also shorter ones at its ends, whose rest may
    stand in the neighbour. Digits and what is between them are disjoint, so that matching stays linear.
    """
    more = f"(?:[{between}]*{_DIGIT})"
    run = f"{_DIGIT}{more}{{{digits_min - 1},}}"
    if segment:
        run += f"|\\A[{between}]*{_DIGIT}{more}*|{_DIGIT}{more}*[{between}]*\\Z"
    return re.compile(run)


#: By (secret_digits, segment).
_RUNS: Final = {
    (secret, segment): _pattern(
        SECRET_DIGITS_MIN if secret else ALWAYS_DIGITS_MIN,
        _BETWEEN_SECRET if secret else _BETWEEN,
        segment=segment,
    )
    for secret in (False, True)
    for segment in (False, True)
}


def mask_text(text: str, *, secret_digits: bool, segment: bool = False) -> str:
    """The text with ``*`` for each character of a secret; its length in characters stays.

    ``secret_digits``: it was sent to a service that takes codes. ``segment``: it is one of several
    parts, so that a run at its start or end counts however short it is.
    """
    return _RUNS[secret_digits, segment].sub(_mask_run, text)


def _mask_run(run: re.Match[str]) -> str:
    return _each_digit(MASK, run[0])


def _mask_wide_run(run: re.Match[str]) -> str:
    """As above, with the length in UTF-16 code units."""
    return _each_digit(lambda digit: MASK * (2 if digit[0] > "\uffff" else 1), run[0])


def mask_octets(
    short_message: bytes, data_coding: int, *, secret_digits: bool, esm_class: int = 0, segment: bool = False
) -> bytes:
    """The same for an encoded body, which keeps its length in octets and its user data header.

    The octets are looked at one by one whatever the data_coding says, so that a wrong one hides nothing.
    ``segment`` is found out by itself where the header has a concatenation element (not with SAR TLVs).
    """
    header, body, in_parts, shift = _take_header(short_message, esm_class)
    runs = _RUNS[secret_digits, segment or in_parts]
    if ESCAPE in body:
        body = _mask_escaped(body, shift, runs)
    if _may_be_wide(data_coding):
        body = _mask_wide(body, runs)
    masked = runs.sub(_mask_run, body.decode("latin-1")).encode("latin-1")
    return header + masked


def _take_header(short_message: bytes, esm_class: int) -> tuple[bytes, bytes, bool, Shift]:
    if not esm_class & udh.UDHI:
        return b"", short_message, False, NO_SHIFT
    try:
        header, body = udh.parse(short_message)
    except CodingError:
        return b"", short_message, True, NO_SHIFT
    in_parts = header.concat is not None and header.concat.total > 1
    return short_message[: len(short_message) - len(body)], body, in_parts, header.shift


def _mask_escaped(body: bytes, shift: Shift, runs: re.Pattern[str]) -> bytes:
    """Digits behind an escape: those of national tables, and plain ones, which an escape does not change."""
    pieces = _CHARACTERS.findall(body)
    text = "".join([shifts.decode(piece, shift) if len(piece) == 2 else chr(piece[0]) for piece in pieces])
    masked = runs.sub(_mask_run, text)
    shown = zip(pieces, text, masked, strict=True)
    return b"".join([piece if was == now else MASK.encode() * len(piece) for piece, was, now in shown])


def _may_be_wide(data_coding: int) -> bool:
    try:
        return alphabet_of(data_coding) is Alphabet.UCS2
    except CodingError:
        return True


def _mask_wide(body: bytes, runs: re.Pattern[str]) -> bytes:
    even = len(body) & ~1
    text = body[:even].decode("utf-16-be", "surrogatepass")
    return runs.sub(_mask_wide_run, text).encode("utf-16-be", "surrogatepass") + body[even:]


def mask_pdu(pdu: bytes, original: bytes, masked: bytes) -> bytes:
    """A whole PDU with every occurrence of a body replaced by its masked form of the same length.

    A dialled string may stand in destination_addr too, and there in ASCII whatever the body's alphabet
    is: so the digits that ``masked`` lacks are also struck out where they stand by themselves.
    Raises ValueError when the two lengths differ: the PDU's own lengths would lie.
    """
    if len(original) != len(masked):
        raise ValueError(f"a body of {len(original)} octets cannot be masked by {len(masked)}")
    if original == masked:
        return pdu
    pdu = pdu.replace(original, masked)
    for digits in _lost_digits(original, masked):
        pdu = pdu.replace(digits, MASK.encode() * len(digits))
    return pdu


def _lost_digits(original: bytes, masked: bytes) -> Iterator[bytes]:
    """The runs of ASCII digits (bare, without what stood between them) that masking has struck out."""
    for run in _RUNS[True, False].finditer(original.decode("latin-1")):
        if original[run.start() : run.end()] != masked[run.start() : run.end()]:
            digits = _drop_others(b"", original[run.start() : run.end()])
            if len(digits) >= SECRET_DIGITS_MIN:
                yield digits
