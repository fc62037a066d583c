"""Delivery receipts: the text of SMPP 3.4 Appendix B and the TLVs beside it, in the forms that SMSCs use."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from functools import lru_cache
from types import MappingProxyType
from typing import Self, TypedDict

from gateway.failures import error_code, network_error_code, number_for
from gateway.message_ids import IdForm
from gateway.smpp.fields import SHORT_MESSAGE_OCTETS_MAX
from gateway.smpp.tlv import Tag, Tlv
from storage.model import MessageState

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
#: ``stat`` of Appendix B. It has no word for SCHEDULED, which SMPP 5.0 adds: shortened like the others.
STATE_WORDS: Mapping[MessageState, str] = MappingProxyType(
    {
        MessageState.SCHEDULED: "SCHEDLD",
        MessageState.ENROUTE: "ENROUTE",
        MessageState.DELIVERED: "DELIVRD",
        MessageState.EXPIRED: "EXPIRED",
        MessageState.DELETED: "DELETED",
        MessageState.UNDELIVERABLE: "UNDELIV",
        MessageState.ACCEPTED: "ACCEPTD",
        MessageState.UNKNOWN: "UNKNOWN",
        MessageState.REJECTED: "REJECTD",
    }
)
#: Octets of a receipt's text: what short_message holds (SMPP 3.4 section 4.6.1).
TEXT_MAX = SHORT_MESSAGE_OCTETS_MAX
_ALL_TLVS = (Tag.RECEIPTED_MESSAGE_ID, Tag.MESSAGE_STATE, Tag.NETWORK_ERROR_CODE)
_ARRIVED = frozenset({MessageState.DELIVERED, MessageState.ACCEPTED})


class DatePattern(Enum):
    """How the dates of a receipt are written, in operator time."""

    shown: Callable[[datetime], str]

    YYMMDDHHMM = ("YYMMDDhhmm", lambda at: f"{_day(at)}{at.hour:02d}{at.minute:02d}")
    YYMMDDHHMMSS = ("YYMMDDhhmmss", lambda at: f"{_day(at)}{at.hour:02d}{at.minute:02d}{at.second:02d}")
    YYYYMMDDHHMM = (
        "YYYYMMDDhhmm",
        lambda at: f"{at.year // 100:02d}{_day(at)}{at.hour:02d}{at.minute:02d}",
    )

    def __new__(cls, word: str, shown: Callable[[datetime], str]) -> Self:
        """By hand rather than by strftime, which takes three times as long."""
        pattern = object.__new__(cls)
        pattern._value_ = word
        pattern.shown = lru_cache(maxsize=1024)(shown)
        return pattern


def _day(at: datetime) -> str:
    return f"{at.year % 100:02d}{at.month:02d}{at.day:02d}"


_STANDARD = (
    "id:{id} sub:{sub:03d} dlvrd:{dlvrd:03d} submit date:{submitted} done date:{done} "
    "stat:{stat} err:{err:03d} text:{text}"
)


@dataclass(frozen=True, slots=True)
class ReceiptFormat:
    """One SMSC's way with receipts.

    ``template`` gives the keys, their order and the digits of numbers: a ``str.format`` text over ``id``,
    ``sub``, ``dlvrd``, ``submitted``, ``done``, ``stat``, ``err``, ``text``; empty for no text at all.
    ``quoted`` is how many characters of the message ``text`` shows at most. ``response_id`` is the form of
    the id in submit_sm_resp (and query_sm, cancel_sm, replace_sm), ``receipt_id`` that in the text,
    ``tlv_id`` that in receipted_message_id. ``tlvs`` are the parameters that go along, in this order.
    ``err_max`` is what stands for every error code that has more digits than ``err`` has room for.
    """

    name: str
    source: str
    template: str = _STANDARD
    dates: DatePattern = DatePattern.YYMMDDHHMM
    quoted: int = 20
    response_id: IdForm = IdForm.HEX
    receipt_id: IdForm = IdForm.HEX
    tlv_id: IdForm = IdForm.HEX
    tlvs: tuple[Tag, ...] = _ALL_TLVS
    err_max: int = 999

    def read_id(self, text: str) -> str | None:
        """An id as the application names it, in the form of the response or, failing that, the receipt."""
        return self.response_id.read(text) or self.receipt_id.read(text)


@dataclass(frozen=True, slots=True)
class ReceiptFacts:
    """What a receipt tells of a message.

    ``error_code`` is ``message.error_code``: 0 for none, which a failed message's receipt replaces with the
    number of its state. ``submitted`` and ``done`` are in operator time. ``dlvrd`` None means all of
    ``sub`` once the message has arrived, else none. The text of the message stays out of the
    representation.
    """

    id: str
    state: MessageState
    submitted: datetime
    done: datetime
    text: str = field(default="", repr=False)
    error_code: int = 0
    sub: int = 1
    dlvrd: int | None = None

    @property
    def delivered(self) -> int:
        """The count behind ``dlvrd:``."""
        if self.dlvrd is not None:
            return self.dlvrd
        return self.sub if self.state in _ARRIVED else 0


@dataclass(frozen=True, slots=True)
class ReceiptBody:
    """What goes into the deliver_sm or data_sm: printable ASCII of 254 octets at most, and TLVs."""

    text: str = field(repr=False)
    tlvs: tuple[Tlv, ...]

    @property
    def short_message(self) -> bytes:
        """The text's octets: the same in ASCII and in the GSM 7-bit alphabet."""
        return self.text.encode("ascii")


def receipt_body(form: ReceiptFormat, facts: ReceiptFacts) -> ReceiptBody:
    """The receipt of a message in a format; whether it is final or intermediate is the caller's esm_class."""
    # An error code that an earlier attempt left is no news of a message that has arrived.
    number = 0 if facts.state in _ARRIVED else facts.error_code or number_for(facts.state)
    return ReceiptBody(_text(form, facts, number), _tlvs(form, facts, number))


def _text(form: ReceiptFormat, facts: ReceiptFacts, number: int) -> str:
    date = form.dates.shown
    text = form.template.format(
        id=form.receipt_id.shown(facts.id),
        sub=facts.sub,
        dlvrd=facts.delivered,
        submitted=date(facts.submitted),
        done=date(facts.done),
        stat=STATE_WORDS[facts.state],
        err=min(error_code(number), form.err_max),
        text=_quoted(facts.text, form.quoted),
    )
    return text[:TEXT_MAX]


def _tlvs(form: ReceiptFormat, facts: ReceiptFacts, number: int) -> tuple[Tlv, ...]:
    made = []
    for tag in form.tlvs:
        if tag is Tag.RECEIPTED_MESSAGE_ID:
            made.append(Tlv(tag, form.tlv_id.shown(facts.id)))
        elif tag is Tag.MESSAGE_STATE:
            made.append(Tlv(tag, STATE_NUMBERS[facts.state]))
        elif number:
            made.append(Tlv(tag, network_error_code(number)))
    return tuple(made)


#: ASCII octets that mean something else in the GSM 7-bit alphabet, and all that do not print.
_UNSAFE = bytes(octet for octet in range(256) if not 0x20 <= octet < 0x7F) + b"$@[\\]^_`{|}~"
_SAFE = bytes.maketrans(_UNSAFE, b"?" * len(_UNSAFE))


def _quoted(text: str, most: int) -> str:
    """The beginning of a message, with a question mark for what either alphabet reads differently."""
    return text[:most].encode("ascii", "replace").translate(_SAFE).decode("ascii")


_WITHOUT_COUNTS = _STANDARD.replace("sub:{sub:03d} dlvrd:{dlvrd:03d} ", "")


class _Ids(TypedDict):
    response_id: IdForm
    receipt_id: IdForm
    tlv_id: IdForm


def _ids(response: IdForm, receipt: IdForm | None = None) -> _Ids:
    """Both TLV and text in the receipt's form: Kannel and Jasmin convert whichever of them they read."""
    shown = receipt or response
    return {"response_id": response, "receipt_id": shown, "tlv_id": shown}


_ROWS = (
    ReceiptFormat("standard", "SMPP 3.4 Appendix B, with `text` in lower case as most SMSCs write it"),
    ReceiptFormat(
        "appendix-b",
        "SMPP 3.4 Appendix B to the letter: `Text`",
        template=_STANDARD.replace("text:", "Text:"),
    ),
    ReceiptFormat("upper-hex", "jookies/jasmin issue 1129: `00B8BE19`", **_ids(IdForm.HEX_UPPER)),
    ReceiptFormat("decimal", "Kannel's `msg-id-type = 0x00`", **_ids(IdForm.DECIMAL)),
    ReceiptFormat(
        "hex-decimal",
        "Kannel's `msg-id-type = 0x01`, Jasmin's `dlr_msgid 1`; MavoCz/smscsim issue 4",
        **_ids(IdForm.HEX, IdForm.DECIMAL),
    ),
    ReceiptFormat(
        "decimal-hex",
        "Kannel's `msg-id-type = 0x02`, Jasmin's `dlr_msgid 2`",
        **_ids(IdForm.DECIMAL, IdForm.HEX),
    ),
    ReceiptFormat(
        "hex-64",
        "ids of 64 bits: Kannel converts with strtol (gw/smsc/smsc_smpp.c)",
        **_ids(IdForm.SHORT_HEX),
    ),
    ReceiptFormat("decimal-64", "`decimal` with ids of 64 bits", **_ids(IdForm.SHORT_DECIMAL)),
    ReceiptFormat(
        "hex-decimal-64",
        "`hex-decimal` with ids of 64 bits",
        **_ids(IdForm.SHORT_HEX, IdForm.SHORT_DECIMAL),
    ),
    ReceiptFormat(
        "decimal-hex-64",
        "`decimal-hex` with ids of 64 bits",
        **_ids(IdForm.SHORT_DECIMAL, IdForm.SHORT_HEX),
    ),
    ReceiptFormat(
        "seconds", "smppcenter.com; farhadi/node-smpp issue 199: 12 digits", dates=DatePattern.YYMMDDHHMMSS
    ),
    ReceiptFormat(
        "four-digit-year", "jookies/jasmin issue 753: `201906190720`", dates=DatePattern.YYYYMMDDHHMM
    ),
    ReceiptFormat(
        "joined-keys",
        "OpenMarket SMPP: `submitdate:`, `donedate:`, seconds",
        template=_STANDARD.replace(" date:", "date:"),
        dates=DatePattern.YYMMDDHHMMSS,
    ),
    ReceiptFormat(
        "plain-numbers",
        "smpp.org, by jookies/jasmin issue 1239: `sub:1 dlvrd:1 ... err:0`",
        template=_STANDARD.replace(":03d", ""),
        err_max=0xFFFF,
    ),
    ReceiptFormat(
        "hex-errors",
        "twitter-archive/cloudhopper-smpp pull request 42: `err:21b`",
        template=_STANDARD.replace("{err:03d}", "{err:03x}"),
        err_max=0xFFF,
    ),
    ReceiptFormat(
        "four-digit-errors",
        "onlinecity/php-smpp issue 70: `err:0000`",
        template=_STANDARD.replace("{err:03d}", "{err:04d}"),
        err_max=9999,
    ),
    ReceiptFormat(
        "no-counts", "opentelecoms-org/jsmpp issue 62: neither `sub` nor `dlvrd`", template=_WITHOUT_COUNTS
    ),
    ReceiptFormat(
        "minimal",
        "Jasmin (issue 1239), uudashr/jsmpp issue 67: no counts, no `text`",
        template=_WITHOUT_COUNTS.removesuffix(" text:{text}"),
    ),
    ReceiptFormat(
        "text-none",
        "Vonage (Nexmo) SMPP: the word `none` in place of the message",
        template=_STANDARD.replace("{text}", "none"),
    ),
    ReceiptFormat(
        "whole-text", "opentelecoms-org/jsmpp issue 80: the message as far as it fits", quoted=TEXT_MAX
    ),
    ReceiptFormat("text-only", "SMPP 3.3 has no TLVs; nor do many SMSCs of 3.4 send any", tlvs=()),
    ReceiptFormat(
        "tlvs-only", "twitter-archive/cloudhopper-smpp issue 105: all of it in the TLVs, no text", template=""
    ),
)
#: Every format by the name that an account's ``receipt_format`` gives.
FORMATS: Mapping[str, ReceiptFormat] = MappingProxyType({row.name: row for row in _ROWS})
