"""Shapes of ``POST /mo``: a text, raw octets or a dialled string, and the ids that came back."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    ModelWrapValidatorHandler,
    StrictBool,
    StrictInt,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from gateway.coding.split import split
from gateway.http.schemas import Body, Number
from gateway.mo import ADDRESS_OCTETS, Dialled, Mo, OctetSms, TextSms, ussd_string
from gateway.smpp.fields import SHORT_MESSAGE_OCTETS_MAX
from rating.msisdn import InvalidMsisdn, Msisdn, parse_msisdn

#: More than 255 segments hold: what is longer need not be looked at.
_TEXT_MAX = 40_000
_OF_AN_SMS = ("to", "text", "hex", "data_coding", "udh", "registered_delivery")
_OF_OCTETS = ("data_coding", "udh")


def _destination(text: str) -> str:
    """A number in its stored form, a short code or name as it is. The error never repeats what was typed."""
    try:
        return parse_msisdn(text)
    except InvalidMsisdn:
        plain = text.strip()
    digits = plain.removeprefix("+")
    plain = digits if digits.isdecimal() else plain
    if not 1 <= len(plain) <= ADDRESS_OCTETS or not (plain.isascii() and plain.isprintable()):
        raise ValueError(
            f"write a short code like 1234 or a number like 77011234567, at most {ADDRESS_OCTETS} characters"
        )
    return plain


def _sendable(text: str) -> str:
    split(text, reference=0)
    return text


def _dialable(text: str) -> str:
    typed = text.strip()
    if not typed:
        raise ValueError("dial something, like *100#")
    ussd_string(typed)
    return typed


def _octets(text: Any) -> bytes:
    try:
        octets = bytes.fromhex(text)
    except (TypeError, ValueError):
        raise ValueError("write two hexadecimal digits for each octet, like 48656c6c6f") from None
    if len(octets) > SHORT_MESSAGE_OCTETS_MAX:
        raise ValueError(f"a short_message has at most {SHORT_MESSAGE_OCTETS_MAX} octets, not {len(octets)}")
    return octets


_HEX = {"type": "string", "examples": ["48656c6c6f"], "maxLength": 2 * SHORT_MESSAGE_OCTETS_MAX}
Destination = Annotated[
    str, AfterValidator(_destination), WithJsonSchema({"type": "string", "examples": ["1234"]})
]
SmsText = Annotated[str, Field(max_length=_TEXT_MAX), AfterValidator(_sendable)]
UssdString = Annotated[
    str, AfterValidator(_dialable), WithJsonSchema({"type": "string", "examples": ["*100#"]})
]
Hex = Annotated[bytes, BeforeValidator(_octets), WithJsonSchema(_HEX)]
Octet = Annotated[StrictInt, Field(ge=0, le=255)]


class MoRequest(Body):
    """``POST /mo``: ``from``, and either ``to`` with ``text`` or ``hex``, or ``dial``."""

    source: Annotated[Number, Field(alias="from")]
    to: Destination | None = None
    text: SmsText | None = None
    hex: Hex | None = None
    data_coding: Octet | None = None
    udh: StrictBool | None = None
    registered_delivery: Octet | None = None
    dial: UssdString | None = None

    @model_validator(mode="wrap")
    @classmethod
    def _all_at_once(cls, given: Any, validate: "ModelWrapValidatorHandler[MoRequest]") -> "MoRequest":
        """What does not go together is told beside what is wrong by itself."""
        wrong = list(_clashes(given)) if isinstance(given, Mapping) else []
        try:
            made = validate(given)
        except ValidationError as error:
            raise _joined(cls.__name__, error, wrong) from None
        if wrong:
            raise ValidationError.from_exception_data(cls.__name__, wrong)
        return made

    def mo(self) -> Mo:
        """What the handset is to send."""
        source = Msisdn(self.source)
        if self.dial is not None:
            return Dialled(source=source, typed=self.dial)
        destination, registered = self.to or "", self.registered_delivery or 0
        if self.hex is not None:
            return OctetSms(
                source=source,
                destination=destination,
                octets=self.hex,
                data_coding=self.data_coding or 0,
                udh=bool(self.udh),
                registered_delivery=registered,
            )
        return TextSms(
            source=source, destination=destination, text=self.text or "", registered_delivery=registered
        )


class SentMessage(BaseModel):
    """One short message that the SMSC accepted."""

    id: str


class Sent(BaseModel):
    """One entry for each segment, in order."""

    messages: list[SentMessage]


def _clashes(given: Mapping[Any, Any]) -> Iterator[InitErrorDetails]:
    there = {name for name, value in given.items() if value is not None}
    for name, detail in _dial_clashes(there) if "dial" in there else _sms_clashes(there):
        yield _wrong(name, detail)


def _dial_clashes(there: set[Any]) -> Iterator[tuple[str, str]]:
    for name in _OF_AN_SMS:
        if name in there:
            yield name, "belongs to a short message; dial goes alone with from"


def _sms_clashes(there: set[Any]) -> Iterator[tuple[str, str]]:
    if "to" not in there:
        yield "to", "say to which short code or number, or dial a USSD string with dial"
    if not there & {"text", "hex"}:
        yield "text", "give text, or hex with data_coding"
    if {"text", "hex"} <= there:
        yield "hex", "give either text or hex"
    if "hex" in there and "data_coding" not in there:
        yield "data_coding", "say what the octets of hex are: 0 GSM 7 bit, 4 binary, 8 UCS-2"
    for name in _OF_OCTETS:
        if name in there and "hex" not in there:
            yield name, "goes with hex; a text chooses its own"


def _wrong(name: str, detail: str) -> InitErrorDetails:
    return InitErrorDetails(type=PydanticCustomError("clash", detail), loc=(name,), input=None)


def _joined(title: str, error: ValidationError, wrong: list[InitErrorDetails]) -> ValidationError:
    """One error with the lines of both."""
    own = [
        InitErrorDetails(
            type=PydanticCustomError(each["type"], each["msg"].replace("{", "(").replace("}", ")")),
            loc=each["loc"],
            input=None,
        )
        for each in error.errors(include_input=False, include_context=False, include_url=False)
    ]
    return ValidationError.from_exception_data(title, [*own, *wrong])
