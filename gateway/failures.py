"""What a refused or unanswered delivery means: a class, its reason, its network error code, its retries.

One row per class; a handset's response is looked up by its command_status and, where the response says
more, by the TLVs network_error_code (SMPP 3.4 section 5.3.2.31) and delivery_failure_reason (section
5.3.2.33). The error codes are those of MAP (3GPP TS 29.002 section 17.6.6, ``local`` values) for what the
radio network says, and TP-Status (3GPP TS 23.040 section 9.2.3.15) for what the message centre does itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from types import MappingProxyType

from gateway.smpp.constants import CommandStatus, status_name
from gateway.smpp.tlv import Tag, Tlv, TlvValue
from storage.model import MessageState


class NetworkType(IntEnum):
    """First octet of network_error_code: GSM as in SMPP 3.4, the message centre's own from SMPP 5.0."""

    GSM = 3
    MESSAGE_CENTRE = 8


class ErrorClass(StrEnum):
    """Why an attempt failed."""

    ABSENT = "absent"
    NO_RESPONSE = "no response"
    MEMORY_FULL = "memory full"
    BUSY = "busy"
    CONGESTION = "congestion"
    SYSTEM = "system"
    BARRED = "barred"
    UNSUPPORTED = "unsupported"
    UNKNOWN_NUMBER = "unknown number"
    PERMANENT = "permanent"
    REJECTED = "rejected"
    EXPIRED = "expired"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Failure:
    """One kind of failure.

    ``reason`` is one line for a person. ``number`` is what ``message.error_code`` keeps: the three octets
    of network_error_code as an integer, never 0. ``retry_s`` are the operator seconds until the next
    attempts, of which the last repeats; empty means that there is none. ``final`` is the state of a
    message that is given up for this failure.
    """

    error_class: ErrorClass
    reason: str
    number: int
    retry_s: tuple[int, ...]
    final: MessageState

    @property
    def is_final(self) -> bool:
        """True when no further attempt is made."""
        return not self.retry_s

    def delay_s(self, attempts: int) -> int:
        """Operator seconds until the next attempt, after so many that failed before this one.

        Raises IndexError for a final failure.
        """
        return self.retry_s[min(attempts, len(self.retry_s) - 1)]


_USUAL = (30, 60, 120, 300, 600, 900)
_QUICK = (5, 10, 30, 60, 120, 300)
_SLOW = (60, 300, 600, 1800, 3600)
_NEVER = ()


def _row(
    error_class: ErrorClass,
    code: int,
    retry_s: tuple[int, ...],
    reason: str,
    *,
    network: NetworkType = NetworkType.GSM,
    final: MessageState = MessageState.UNDELIVERABLE,
) -> Failure:
    return Failure(error_class, reason, network << 16 | code, retry_s, final)


_ROWS = (
    _row(ErrorClass.ABSENT, 6, _USUAL, "the handset cannot be reached"),
    _row(ErrorClass.NO_RESPONSE, 98, _USUAL, "no response in time", network=NetworkType.MESSAGE_CENTRE),
    _row(ErrorClass.MEMORY_FULL, 32, _SLOW, "the handset's memory is full"),
    _row(ErrorClass.BUSY, 31, _QUICK, "the handset is busy with another short message"),
    _row(ErrorClass.CONGESTION, 51, _QUICK, "the network is congested"),
    _row(ErrorClass.SYSTEM, 34, _USUAL, "the network failed"),
    _row(ErrorClass.BARRED, 13, _SLOW, "short messages to this subscriber are barred"),
    _row(ErrorClass.UNSUPPORTED, 21, _SLOW, "the serving network does not carry short messages"),
    _row(ErrorClass.UNKNOWN_NUMBER, 1, _NEVER, "no subscriber has this number"),
    _row(ErrorClass.PERMANENT, 36, _NEVER, "the handset cannot take this message"),
    _row(
        ErrorClass.REJECTED,
        66,
        _NEVER,
        "the receiver rejects the message",
        network=NetworkType.MESSAGE_CENTRE,
        final=MessageState.REJECTED,
    ),
    _row(
        ErrorClass.EXPIRED,
        70,
        _NEVER,
        "validity period over",
        network=NetworkType.MESSAGE_CENTRE,
        final=MessageState.EXPIRED,
    ),
    _row(
        ErrorClass.DELETED,
        71,
        _NEVER,
        "cancelled by its sender",
        network=NetworkType.MESSAGE_CENTRE,
        final=MessageState.DELETED,
    ),
)
#: The row of each class.
FAILURES: Mapping[ErrorClass, Failure] = MappingProxyType({row.error_class: row for row in _ROWS})
ABSENT = FAILURES[ErrorClass.ABSENT]
NO_RESPONSE = FAILURES[ErrorClass.NO_RESPONSE]
EXPIRED = FAILURES[ErrorClass.EXPIRED]
DELETED = FAILURES[ErrorClass.DELETED]

#: MAP errors that a handset may name in network_error_code: name (3GPP TS 29.002) and class. Barring and a
#: network without short messages are temporary: a subscriber lifts the one and leaves the other.
MAP_ERRORS: Mapping[int, tuple[str, ErrorClass]] = MappingProxyType(
    {
        1: ("unknownSubscriber", ErrorClass.UNKNOWN_NUMBER),
        5: ("unidentifiedSubscriber", ErrorClass.ABSENT),
        6: ("absentSubscriberSM", ErrorClass.ABSENT),
        8: ("roamingNotAllowed", ErrorClass.BARRED),
        9: ("illegalSubscriber", ErrorClass.PERMANENT),
        11: ("teleserviceNotProvisioned", ErrorClass.PERMANENT),
        12: ("illegalEquipment", ErrorClass.PERMANENT),
        13: ("callBarred", ErrorClass.BARRED),
        21: ("facilityNotSupported", ErrorClass.UNSUPPORTED),
        27: ("absentSubscriber", ErrorClass.ABSENT),
        31: ("subscriberBusyForMT-SMS", ErrorClass.BUSY),
        32: ("sm-DeliveryFailure", ErrorClass.MEMORY_FULL),
        33: ("messageWaitingListFull", ErrorClass.CONGESTION),
        34: ("systemFailure", ErrorClass.SYSTEM),
        35: ("dataMissing", ErrorClass.SYSTEM),
        36: ("unexpectedDataValue", ErrorClass.PERMANENT),
        51: ("resourceLimitation", ErrorClass.CONGESTION),
    }
)
#: delivery_failure_reason (SMPP 3.4 section 5.3.2.33).
DELIVERY_FAILURE_REASONS: Mapping[int, ErrorClass] = MappingProxyType(
    {
        0: ErrorClass.ABSENT,
        1: ErrorClass.UNKNOWN_NUMBER,
        2: ErrorClass.PERMANENT,
        3: ErrorClass.SYSTEM,
    }
)
#: command_status of deliver_sm_resp and data_sm_resp; every other one is PERMANENT.
STATUS_CLASSES: Mapping[int, ErrorClass] = MappingProxyType(
    {
        CommandStatus.ESME_RX_T_APPN: ErrorClass.ABSENT,
        CommandStatus.ESME_RX_P_APPN: ErrorClass.PERMANENT,
        CommandStatus.ESME_RX_R_APPN: ErrorClass.REJECTED,
        CommandStatus.ESME_RMSGQFUL: ErrorClass.MEMORY_FULL,
        CommandStatus.ESME_RTHROTTLED: ErrorClass.CONGESTION,
        CommandStatus.ESME_RSYSERR: ErrorClass.SYSTEM,
    }
)
#: Statuses whose word on "again or never" stands against what the TLVs say.
_LATER = frozenset({CommandStatus.ESME_RX_T_APPN})
_NEVER_AGAIN = frozenset({CommandStatus.ESME_RX_P_APPN, CommandStatus.ESME_RX_R_APPN})


def _of_status(status: int) -> Failure:
    row = FAILURES[STATUS_CLASSES.get(status, ErrorClass.PERMANENT)]
    return replace(row, reason=f"{row.reason} ({status_name(status)})")


_BY_STATUS = {int(status): _of_status(status) for status in CommandStatus}


def failure_of(status: int, tlvs: Sequence[Tlv] = ()) -> Failure:
    """What a deliver_sm_resp or data_sm_resp that is not ESME_ROK means.

    The class comes from network_error_code, else delivery_failure_reason, else the status. Whether there
    is another attempt is the status's to say where it is ESME_RX_T_APPN, ESME_RX_P_APPN or ESME_RX_R_APPN.
    Raises ValueError for ESME_ROK.
    """
    if status == CommandStatus.ESME_ROK:
        raise ValueError("ESME_ROK is no failure")
    by_status = _BY_STATUS.get(status) or _of_status(status)
    if not tlvs:
        return by_status
    told = _Told.by(tlvs)
    return by_status if told is None else _agreed(status, by_status, told)


def error_number(failure: Failure) -> int:
    """What the store keeps of a failure: ``message.error_code``, where 0 stands for none."""
    return failure.number


def network_error_code(number: int) -> bytes:
    """The TLV's three octets: network type, then the code in two (SMPP 3.4 section 5.3.2.31)."""
    return number.to_bytes(3, "big")


def error_code(number: int) -> int:
    """The code without its network type, as a receipt's ``err`` shows it: 0 to 65,535."""
    return number & 0xFFFF


def number_for(state: MessageState) -> int:
    """The number of a final state that nothing more exact is known of; 0 for one that is no failure."""
    return _BY_STATE.get(state, 0)


_BY_STATE = {
    MessageState.EXPIRED: EXPIRED.number,
    MessageState.DELETED: DELETED.number,
    MessageState.UNDELIVERABLE: FAILURES[ErrorClass.PERMANENT].number,
    MessageState.REJECTED: FAILURES[ErrorClass.REJECTED].number,
}


@dataclass(frozen=True, slots=True)
class _Told:
    """What the TLVs of a response say; ``number`` is 0 and ``error_class`` None where they are silent."""

    error_class: ErrorClass | None
    number: int
    words: str

    @classmethod
    def by(cls, tlvs: Sequence[Tlv]) -> "_Told | None":
        """The network's code comes before the general reason; of a parameter that repeats, the first."""
        code = _first(tlvs, Tag.NETWORK_ERROR_CODE)
        reason = _first(tlvs, Tag.DELIVERY_FAILURE_REASON)
        general = DELIVERY_FAILURE_REASONS.get(reason) if isinstance(reason, int) else None
        number = int.from_bytes(code, "big") if isinstance(code, bytes) else 0
        if error_code(number):
            name, exact = _network_error(number)
            return cls(exact or general, number, name)
        return None if general is None else cls(general, 0, f"delivery_failure_reason {reason!r}")


def _first(tlvs: Sequence[Tlv], tag: Tag) -> TlvValue | None:
    return next((tlv.value for tlv in tlvs if tlv.tag == tag), None)


def _network_error(number: int) -> tuple[str, ErrorClass | None]:
    """Name and class; a code of another network than GSM, or one that is not in the table, has no class."""
    network, code = divmod(number, 0x1_0000)
    if network == NetworkType.GSM and code in MAP_ERRORS:
        return MAP_ERRORS[code]
    return f"network {network} error {code}", None


def _agreed(status: int, by_status: Failure, told: _Told) -> Failure:
    """The TLVs' class under the status's word on "again or never"."""
    row = FAILURES[told.error_class] if told.error_class else by_status
    retry_s, final = row.retry_s, row.final
    if status in _NEVER_AGAIN:
        retry_s, final = _NEVER, by_status.final
    elif status in _LATER:
        retry_s = retry_s or by_status.retry_s
    reason = f"{FAILURES[row.error_class].reason} ({status_name(status)}, {told.words})"
    return Failure(row.error_class, reason, told.number or row.number, retry_s, final)
