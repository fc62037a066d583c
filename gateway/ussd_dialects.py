"""How peers say over SMPP where in a USSD dialogue they are, each form with the place where it is described.

SMPP 3.4 has two parameters for USSD: ussd_service_op (section 5.3.2.44) and its_session_info (section
5.3.2.43). USSD gateways put other things into the second, put it elsewhere, or leave it out.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Final, NamedTuple, Protocol

from gateway.smpp.constants import UssdServiceOp
from gateway.smpp.pdus import SubmitSm
from gateway.smpp.tlv import Tag, Tlv

#: USSREL indication of USSD gateways, from the range that is free for vendors (SMPP 5.0 section 4.8.4.64).
USSREL: Final = 0x81
#: What vumi sends for PSSR response: its table has decimal 17 where hexadecimal is read.
_LAST_OF_VUMI: Final = 0x17
_SEQUENCE_MASK: Final = 0x7F
_REFERENCES: Final = 0x1_0000

_STANDARD: Final[Mapping[int, UssdServiceOp]] = MappingProxyType({op.value: op for op in UssdServiceOp})
_VENDORS: Final[Mapping[int, UssdServiceOp]] = MappingProxyType(
    {**_STANDARD, USSREL: UssdServiceOp.USSR_CONFIRM, _LAST_OF_VUMI: UssdServiceOp.PSSR_RESPONSE}
)
_OPERATIONS: Final[Mapping[int, Tlv]] = {op.value: Tlv(Tag.USSD_SERVICE_OP, op.value) for op in UssdServiceOp}
_ABORT: Final = Tlv(Tag.USSD_SERVICE_OP, USSREL)
#: The operations that end a dialogue by themselves (3GPP TS 24.090).
_LAST: Final = frozenset({UssdServiceOp.PSSD_RESPONSE, UssdServiceOp.PSSR_RESPONSE})


class BadPlace(ValueError):
    """The parameters are not what the dialect has. The message names the parameter, never the text."""


class Place(NamedTuple):
    """An operation and where it stands in a dialogue; None where the dialect does not say.

    ``operation`` is a UssdServiceOp; an abort is USSR_CONFIRM with ``end``, whatever the dialect makes of it.
    ``number`` is that of the dialogue, up to the dialect's ``numbers``, ``sequence`` has seven bits.
    """

    operation: int
    number: int | None = None
    sequence: int | None = None
    end: bool = False


class Dialect(Protocol):
    """One form of USSD over SMPP. Pure, without state.

    ``name`` is what an account's ``ussd_dialect`` gives, ``source`` where the form is described, ``numbers``
    how many dialogue numbers it tells apart (1: none). ``by_reference`` means that user_message_reference
    names the dialogue, and so is no client's reference of a message.
    """

    @property
    def name(self) -> str: ...

    @property
    def source(self) -> str: ...

    @property
    def numbers(self) -> int: ...

    @property
    def by_reference(self) -> bool: ...

    def read(self, pdu: SubmitSm) -> Place:
        """Where a PDU stands; without ussd_service_op it dials. Raises BadPlace."""

    def tlvs(self, place: Place) -> tuple[Tlv, ...]:
        """The parameters of a deliver_sm; numbers are taken modulo what there is room for, None is 0.

        What the dialect has no words for stays unsaid.
        """

    def dialled(self, address: str, text: str) -> str:
        """The whole dialled string, from destination_addr and text of a handset's submit_sm."""

    def asked(self, service_code: str, text: str, *, begins: bool) -> tuple[str, str]:
        """destination_addr and text of a deliver_sm for the owner of a service code, with or without ``#``.

        ``text`` is the whole dialled string where that ``begins`` a dialogue, else the answer.
        """


# -- where the service code stands -----------------------------------------------------------------


class _WholeText:
    """The text is the whole dialled string; destination_addr may repeat it."""

    __slots__ = ()

    def dialled(self, address: str, text: str) -> str:
        return text or address

    def asked(self, service_code: str, text: str, *, begins: bool) -> tuple[str, str]:  # noqa: ARG002 - the contract
        return _closed(service_code), text


class _CodeInAddress:
    """destination_addr is the service code, and the text what was dialled after it: ``*500#`` and ``1*2``."""

    __slots__ = ()

    def dialled(self, address: str, text: str) -> str:
        code = address.rstrip("#")
        if not code or _after(code, text) is not None:
            return text or address
        return _closed(f"{code}*{text}") if text.rstrip("#") else _closed(code)

    def asked(self, service_code: str, text: str, *, begins: bool) -> tuple[str, str]:
        typed = _after(service_code.rstrip("#"), text) if begins else None
        return _closed(service_code), text if typed is None else typed


def _closed(code: str) -> str:
    return code if code.endswith("#") else f"{code}#"


def _after(code: str, dialled: str) -> str | None:
    """What was dialled after the code (``1*2`` of ``*500*1*2#``); None for another code's string."""
    rest = dialled.removeprefix(code)
    if rest == dialled or rest[:1] not in {"", "*", "#"}:
        return None
    return rest.removeprefix("*").removesuffix("#")


# -- how the dialogue is named ---------------------------------------------------------------------


class Standard(_WholeText):
    """``its_session_info`` to the letter; without it dialogue 0, sequence 0."""

    __slots__ = ()
    name: ClassVar[str] = "standard"
    source: ClassVar[str] = "SMPP 3.4 sections 5.3.2.43 and 5.3.2.44"
    numbers: ClassVar[int] = 0x100
    by_reference: ClassVar[bool] = False

    def read(self, pdu: SubmitSm) -> Place:
        number, last = _session_info(pdu) or b"\0\0"
        return Place(_operation(pdu, _STANDARD)[0], number, last >> 1, bool(last & 1))

    def tlvs(self, place: Place) -> tuple[Tlv, ...]:
        last = ((place.sequence or 0) & _SEQUENCE_MASK) << 1 | place.end
        info = bytes(((place.number or 0) & 0xFF, last))
        return _OPERATIONS[place.operation], Tlv(Tag.ITS_SESSION_INFO, info)


class Address(_CodeInAddress, Standard):
    """``standard``, with the service code in ``destination_addr`` and the input alone in the text."""

    __slots__ = ()
    name: ClassVar[str] = "address"
    source: ClassVar[str] = (
        "praekeltfoundation/vumi pull request 317 (Tata), vumi/transports/smpp/processors/default.py: "
        "the code is read from `destination_addr`, the content from `short_message`"
    )


class Constant(_WholeText):
    """``its_session_info`` is 15 bits of a dialogue id that stays the same, then the end bit."""

    __slots__ = ()
    name: ClassVar[str] = "constant"
    source: ClassVar[str] = (
        "praekeltfoundation/vumi pull request 936 (6D), vumi/transports/smpp/processors/sixdee.py"
    )
    numbers: ClassVar[int] = 0x8000
    by_reference: ClassVar[bool] = False

    def read(self, pdu: SubmitSm) -> Place:
        info = _session_info(pdu)
        if info is None:
            raise BadPlace("its_session_info is missing")
        operation, aborts = _operation(pdu, _VENDORS)
        value = int.from_bytes(info, "big")
        return Place(operation, value >> 1, None, aborts or bool(value & 1))

    def tlvs(self, place: Place) -> tuple[Tlv, ...]:
        value = ((place.number or 0) % self.numbers) << 1 | place.end
        return _said(place), Tlv(Tag.ITS_SESSION_INFO, value.to_bytes(2, "big"))


class ConstantAddress(_CodeInAddress, Constant):
    """``constant``, with the service code in ``destination_addr`` and the input alone in the text."""

    __slots__ = ()
    name: ClassVar[str] = "constant-address"
    source: ClassVar[str] = (
        "praekeltfoundation/vumi pull request 1048 (6D), `ussd_code_pdu_field: destination_addr`"
    )


class Reference(_WholeText):
    """``user_message_reference`` names the dialogue, together with the MSISDN; steps have no number."""

    __slots__ = ()
    name: ClassVar[str] = "reference"
    source: ClassVar[str] = (
        "praekeltfoundation/vumi pull requests 738, 753 and 882 (Mica), "
        "vumi/transports/smpp/processors/mica.py"
    )
    numbers: ClassVar[int] = _REFERENCES
    by_reference: ClassVar[bool] = True

    def read(self, pdu: SubmitSm) -> Place:
        number = pdu.tlv(Tag.USER_MESSAGE_REFERENCE)
        if not isinstance(number, int) or not 0 <= number < _REFERENCES:
            raise BadPlace(f"user_message_reference is {'missing' if number is None else 'no number'}")
        operation, aborts = _operation(pdu, _VENDORS)
        return Place(operation, number, None, aborts or operation in _LAST)

    def tlvs(self, place: Place) -> tuple[Tlv, ...]:
        return _said(place), Tlv(Tag.USER_MESSAGE_REFERENCE, (place.number or 0) % _REFERENCES)


class Bare(_WholeText):
    """The operation alone: the MSISDN names the dialogue. How it aborts is taken from ``reference``."""

    __slots__ = ()
    name: ClassVar[str] = "bare"
    source: ClassVar[str] = "opentelecoms-org/jsmpp issue 150 (Huawei): no session id in the PDUs"
    numbers: ClassVar[int] = 1
    by_reference: ClassVar[bool] = False

    def read(self, pdu: SubmitSm) -> Place:
        operation, aborts = _operation(pdu, _VENDORS)
        return Place(operation, None, None, aborts or operation in _LAST)

    def tlvs(self, place: Place) -> tuple[Tlv, ...]:
        return (_said(place),)


def _operation(pdu: SubmitSm, known: Mapping[int, UssdServiceOp]) -> tuple[UssdServiceOp, bool]:
    """The operation, and whether it says abort. Raises BadPlace."""
    value = pdu.tlv(Tag.USSD_SERVICE_OP)
    if value is None:
        return UssdServiceOp.PSSR_INDICATION, False
    operation = known.get(value) if isinstance(value, int) else None
    if operation is None:
        raise BadPlace("ussd_service_op is none that the dialect knows")
    return operation, value == USSREL


def _session_info(pdu: SubmitSm) -> bytes | None:
    """The two octets, None where the parameter is absent. Raises BadPlace."""
    value = pdu.tlv(Tag.ITS_SESSION_INFO)
    if value is None:
        return None
    if not isinstance(value, bytes) or len(value) != 2:
        raise BadPlace("its_session_info has not two octets")
    return value


def _said(place: Place) -> Tlv:
    """The operation as vendors write it: an abort has an operation of its own."""
    aborts = place.end and place.operation == UssdServiceOp.USSR_CONFIRM
    return _ABORT if aborts else _OPERATIONS[place.operation]


_ALL: Final[tuple[Dialect, ...]] = (
    Standard(),
    Address(),
    Constant(),
    ConstantAddress(),
    Reference(),
    Bare(),
)
#: Every dialect by the name that an account's ``ussd_dialect`` gives.
DIALECTS: Final[Mapping[str, Dialect]] = MappingProxyType({each.name: each for each in _ALL})
