"""Optional parameters: the table of SMPP 3.4 section 5.3.2, one row each, and the code that walks it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, IntEnum, auto
from struct import Struct

from gateway.smpp.constants import CommandStatus
from gateway.smpp.errors import EncodeError, FieldError

TlvValue = int | bytes | str

_HEADER = Struct(">HH")


class TlvKind(Enum):
    """The type column of section 5.3.2. FLAG has no value part: its presence says it all (``b""``)."""

    INT1 = auto()
    INT2 = auto()
    INT4 = auto()
    OCTETS = auto()
    CSTRING = auto()
    FLAG = auto()


class Tag(IntEnum):
    """Parameter tags (SMPP 3.4 section 5.3.1; congestion_state is SMPP 5.0 section 4.8.4.18)."""

    DEST_ADDR_SUBUNIT = 0x0005
    DEST_NETWORK_TYPE = 0x0006
    DEST_BEARER_TYPE = 0x0007
    DEST_TELEMATICS_ID = 0x0008
    SOURCE_ADDR_SUBUNIT = 0x000D
    SOURCE_NETWORK_TYPE = 0x000E
    SOURCE_BEARER_TYPE = 0x000F
    SOURCE_TELEMATICS_ID = 0x0010
    QOS_TIME_TO_LIVE = 0x0017
    PAYLOAD_TYPE = 0x0019
    ADDITIONAL_STATUS_INFO_TEXT = 0x001D
    RECEIPTED_MESSAGE_ID = 0x001E
    MS_MSG_WAIT_FACILITIES = 0x0030
    PRIVACY_INDICATOR = 0x0201
    SOURCE_SUBADDRESS = 0x0202
    DEST_SUBADDRESS = 0x0203
    USER_MESSAGE_REFERENCE = 0x0204
    USER_RESPONSE_CODE = 0x0205
    SOURCE_PORT = 0x020A
    DESTINATION_PORT = 0x020B
    SAR_MSG_REF_NUM = 0x020C
    LANGUAGE_INDICATOR = 0x020D
    SAR_TOTAL_SEGMENTS = 0x020E
    SAR_SEGMENT_SEQNUM = 0x020F
    SC_INTERFACE_VERSION = 0x0210
    CALLBACK_NUM_PRES_IND = 0x0302
    CALLBACK_NUM_ATAG = 0x0303
    NUMBER_OF_MESSAGES = 0x0304
    CALLBACK_NUM = 0x0381
    DPF_RESULT = 0x0420
    SET_DPF = 0x0421
    MS_AVAILABILITY_STATUS = 0x0422
    NETWORK_ERROR_CODE = 0x0423
    MESSAGE_PAYLOAD = 0x0424
    DELIVERY_FAILURE_REASON = 0x0425
    MORE_MESSAGES_TO_SEND = 0x0426
    MESSAGE_STATE = 0x0427
    CONGESTION_STATE = 0x0428
    USSD_SERVICE_OP = 0x0501
    DISPLAY_TIME = 0x1201
    SMS_SIGNAL = 0x1203
    MS_VALIDITY = 0x1204
    ALERT_ON_MESSAGE_DELIVERY = 0x130C
    ITS_REPLY_TYPE = 0x1380
    ITS_SESSION_INFO = 0x1383


@dataclass(frozen=True, slots=True)
class TlvSpec:
    """One row: ``octets_min`` and ``octets_max`` bound the length field, ``value_max`` an integer."""

    tag: Tag
    kind: TlvKind
    octets_min: int
    octets_max: int
    value_max: int | None = None

    @property
    def name(self) -> str:
        """The name as the specification writes it."""
        return self.tag.name.lower()


def _int1(tag: Tag, value_max: int = 0xFF) -> TlvSpec:
    return TlvSpec(tag, TlvKind.INT1, 1, 1, value_max)


def _int2(tag: Tag) -> TlvSpec:
    return TlvSpec(tag, TlvKind.INT2, 2, 2, 0xFFFF)


def _octets(tag: Tag, least: int, most: int) -> TlvSpec:
    return TlvSpec(tag, TlvKind.OCTETS, least, most)


def _cstring(tag: Tag, most: int) -> TlvSpec:
    return TlvSpec(tag, TlvKind.CSTRING, 1, most)


_ROWS = (
    _int1(Tag.DEST_ADDR_SUBUNIT),
    _int1(Tag.DEST_NETWORK_TYPE),
    _int1(Tag.DEST_BEARER_TYPE),
    _int2(Tag.DEST_TELEMATICS_ID),
    _int1(Tag.SOURCE_ADDR_SUBUNIT),
    _int1(Tag.SOURCE_NETWORK_TYPE),
    _int1(Tag.SOURCE_BEARER_TYPE),
    _int1(Tag.SOURCE_TELEMATICS_ID),
    TlvSpec(Tag.QOS_TIME_TO_LIVE, TlvKind.INT4, 4, 4, 0xFFFF_FFFF),
    _int1(Tag.PAYLOAD_TYPE),
    _cstring(Tag.ADDITIONAL_STATUS_INFO_TEXT, 256),
    _cstring(Tag.RECEIPTED_MESSAGE_ID, 65),
    _int1(Tag.MS_MSG_WAIT_FACILITIES),
    _int1(Tag.PRIVACY_INDICATOR),
    _octets(Tag.SOURCE_SUBADDRESS, 2, 23),
    _octets(Tag.DEST_SUBADDRESS, 2, 23),
    _int2(Tag.USER_MESSAGE_REFERENCE),
    _int1(Tag.USER_RESPONSE_CODE),
    _int2(Tag.SOURCE_PORT),
    _int2(Tag.DESTINATION_PORT),
    _int2(Tag.SAR_MSG_REF_NUM),
    _int1(Tag.LANGUAGE_INDICATOR),
    _int1(Tag.SAR_TOTAL_SEGMENTS),
    _int1(Tag.SAR_SEGMENT_SEQNUM),
    _int1(Tag.SC_INTERFACE_VERSION),
    _int1(Tag.CALLBACK_NUM_PRES_IND),
    _octets(Tag.CALLBACK_NUM_ATAG, 0, 65),
    _int1(Tag.NUMBER_OF_MESSAGES, value_max=99),
    _octets(Tag.CALLBACK_NUM, 4, 19),
    _int1(Tag.DPF_RESULT),
    _int1(Tag.SET_DPF),
    _int1(Tag.MS_AVAILABILITY_STATUS),
    _octets(Tag.NETWORK_ERROR_CODE, 3, 3),
    _octets(Tag.MESSAGE_PAYLOAD, 0, 0xFFFF),
    _int1(Tag.DELIVERY_FAILURE_REASON),
    _int1(Tag.MORE_MESSAGES_TO_SEND),
    _int1(Tag.MESSAGE_STATE),
    _int1(Tag.CONGESTION_STATE, value_max=100),
    _int1(Tag.USSD_SERVICE_OP),
    _int1(Tag.DISPLAY_TIME),
    _int2(Tag.SMS_SIGNAL),
    _int1(Tag.MS_VALIDITY),
    TlvSpec(Tag.ALERT_ON_MESSAGE_DELIVERY, TlvKind.FLAG, 0, 0),
    _int1(Tag.ITS_REPLY_TYPE),
    _octets(Tag.ITS_SESSION_INFO, 2, 2),
)
#: The whole table by tag. A tag that is not in it travels as octets, untouched and in its place.
TLVS: dict[int, TlvSpec] = {row.tag: row for row in _ROWS}
_UNKNOWN_MAX = 0xFFFF


@dataclass(frozen=True, slots=True)
class Tlv:
    """One optional parameter: int for INT kinds, str (Latin-1) for CSTRING, else bytes.

    The text of a message stays out of the representation: it may be a voucher's code.
    """

    tag: int
    value: TlvValue

    def __repr__(self) -> str:
        spec = TLVS.get(self.tag)
        name = spec.name if spec else f"0x{self.tag:04X}"
        shown = repr(self.value) if isinstance(self.value, int) else f"<{len(self.value)}>"
        return f"Tlv({name}={shown})"


_Reader = Callable[[bytes], TlvValue]
_Writer = Callable[[TlvValue], bytes]


def _read_cstring(raw: bytes) -> str:
    if raw.find(0) != len(raw) - 1:
        raise FieldError(CommandStatus.ESME_RINVOPTPARAMVAL)
    return raw[:-1].decode("latin-1")


def _int_reader(value_max: int) -> _Reader:
    def read(raw: bytes) -> int:
        value = int.from_bytes(raw, "big")
        if value > value_max:
            raise FieldError(CommandStatus.ESME_RINVOPTPARAMVAL)
        return value

    return read


def _compile(spec: TlvSpec) -> tuple[int, int, _Reader]:
    reader: _Reader = bytes
    if spec.value_max is not None:
        reader = _int_reader(spec.value_max)
    elif spec.kind is TlvKind.CSTRING:
        reader = _read_cstring
    return spec.octets_min, spec.octets_max, reader


_UNKNOWN = (0, _UNKNOWN_MAX, bytes)
_READERS: dict[int, tuple[int, int, _Reader]] = {tag: _compile(spec) for tag, spec in TLVS.items()}


def read_tlvs(frame: bytes, position: int) -> tuple[Tlv, ...]:
    """Read from ``position`` to the end of the frame, keeping order, repeats and unknown tags.

    Raises FieldError: ESME_RINVOPTPARSTREAM when a parameter runs past the end, ESME_RINVPARLEN when its
    length is outside its row, ESME_RINVOPTPARAMVAL when its value is. A parameter that the PDU has no use
    for is no error (SMPP 3.4 section 3.3, forward compatibility).
    """
    found = []
    end = len(frame)
    while position < end:
        if end - position < 4:
            raise FieldError(CommandStatus.ESME_RINVOPTPARSTREAM)
        tag, length = _HEADER.unpack_from(frame, position)
        start = position + 4
        position = start + length
        if position > end:
            raise FieldError(CommandStatus.ESME_RINVOPTPARSTREAM)
        least, most, reader = _READERS.get(tag, _UNKNOWN)
        if not least <= length <= most:
            raise FieldError(CommandStatus.ESME_RINVPARLEN)
        found.append(Tlv(tag, reader(frame[start:position])))
    return tuple(found)


def _octets_of(spec: TlvSpec | None, value: TlvValue) -> bytes:
    if spec is not None and spec.value_max is not None:
        if not isinstance(value, int) or not 0 <= value <= spec.value_max:
            raise EncodeError(f"{spec.name}: an integer up to {spec.value_max} is needed")
        return value.to_bytes(spec.octets_max, "big")
    if isinstance(value, str) and spec is not None and spec.kind is TlvKind.CSTRING and "\0" not in value:
        return value.encode("latin-1") + b"\0"
    if isinstance(value, bytes) and (spec is None or spec.kind is not TlvKind.CSTRING):
        return value
    raise EncodeError(f"{spec.name if spec else 'unknown tag'}: a value of the wrong type")


def write_tlvs(tlvs: Iterable[Tlv]) -> bytes:
    """The octets of the parameters, in the order given. Raises EncodeError where a row is not met."""
    parts = []
    for tlv in tlvs:
        spec = TLVS.get(tlv.tag)
        raw = _octets_of(spec, tlv.value)
        least, most, _ = _READERS.get(tlv.tag, _UNKNOWN)
        if not least <= len(raw) <= most:
            raise EncodeError(f"TLV 0x{tlv.tag:04X}: {len(raw)} octets, allowed are {least} to {most}")
        parts.append(_HEADER.pack(tlv.tag, len(raw)) + raw)
    return b"".join(parts)
