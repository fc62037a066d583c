"""The operations of "Order of refusals" (docs/reference/smpp.md), by octets, and their faults in order."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from gateway.config import Side
from gateway.smpp.constants import CommandId
from gateway.smpp.constants import CommandStatus as St
from gateway.smpp.tlv import Tag
from tests.gateway.stand import ALIYA, BOLAT

Octets = Mapping[str, bytes]

PAST, HOUR, TWO_HOURS = b"000000000000000R\0", b"000000010000000R\0", b"000000020000000R\0"
#: Longer than any field, and without an end in sight.
ENDLESS = b"7" * 300
MANY = tuple(str(77_010_000_000 + number) for number in range(1000))


def cstring(text: str) -> bytes:
    return text.encode("ascii") + b"\0"


def tlv(tag: int, value: bytes) -> bytes:
    return tag.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value


def sized(text: bytes) -> bytes:
    return bytes((len(text),)) + text


PAYLOAD = tlv(Tag.MESSAGE_PAYLOAD, b"hello")
SEGMENT = (
    tlv(Tag.SAR_MSG_REF_NUM, b"\0\1")
    + tlv(Tag.SAR_TOTAL_SEGMENTS, b"\2")
    + tlv(Tag.SAR_SEGMENT_SEQNUM, b"\1")
)


@dataclass(frozen=True)
class Fault:
    """``fields`` are the octets that are wrong, ``world`` what is wrong around the request."""

    status: St
    name: str
    fields: Octets = field(default_factory=dict)
    world: str = ""


@dataclass(frozen=True)
class Operation:
    """A good request, field by field, and its faults in the order of their answers."""

    name: str
    command: CommandId
    good: Octets
    faults: tuple[Fault, ...]
    side: Side = Side.APPLICATION


# -- what requests have in common ------------------------------------------------------------------

HEADER = (
    Fault(St.ESME_RINVCMDLEN, "impossible length", {"command_length": b"\0\0\0\x0f"}),
    Fault(St.ESME_RINVCMDID, "unknown command", {"command_id": b"\0\0\x02\0"}),
    Fault(St.ESME_RINVBNDSTS, "not bound", world="unbound"),
    Fault(St.ESME_RTHROTTLED, "window full", world="window"),
)
STOPPING = Fault(St.ESME_RSYSERR, "stopping", world="stopping")
THROTTLED = Fault(St.ESME_RTHROTTLED, "too many a second", world="throttled")
QUEUE_FULL = Fault(St.ESME_RTHROTTLED, "queue full", world="queue full")
LONG_SERVICE_TYPE = Fault(St.ESME_RINVSERTYP, "long service_type", {"service_type": ENDLESS})
LONG_ID = Fault(St.ESME_RINVMSGID, "long message_id", {"message_id": ENDLESS})
LONG_SOURCE = Fault(St.ESME_RINVSRCADR, "long source", {"source": ENDLESS})
LONG_DESTINATION = Fault(St.ESME_RINVDSTADR, "long destination", {"destination": ENDLESS})
LONG_SCHEDULE = Fault(St.ESME_RINVSCHED, "short schedule", {"schedule": b"0000\0"})
LONG_VALIDITY = Fault(St.ESME_RINVEXPIRY, "short validity", {"validity": b"0000\0"})
CUT_TEXT = Fault(St.ESME_RINVMSGLEN, "cut text", {"text": b"\xffhello"})
CUT_TLV = Fault(St.ESME_RINVOPTPARSTREAM, "cut TLV", {"tlvs": b"\x14\0\0\x09x"})
LEFT_OVER = Fault(St.ESME_RINVCMDLEN, "octets left over", {"tlvs": b"more"})

SOURCE_TON = Fault(St.ESME_RINVSRCTON, "reserved source TON", {"source_ton": b"\x07"})
SOURCE_NPI = Fault(St.ESME_RINVSRCNPI, "reserved source NPI", {"source_npi": b"\x02"})
DESTINATION_TON = Fault(St.ESME_RINVDSTTON, "reserved destination TON", {"destination_ton": b"\x07"})
DESTINATION_NPI = Fault(St.ESME_RINVDSTNPI, "reserved destination NPI", {"destination_npi": b"\x02"})
ESM_CLASS = Fault(St.ESME_RINVESMCLASS, "reserved esm_class", {"esm_class": b"\x04"})
PRIORITY = Fault(St.ESME_RINVPRTFLG, "reserved priority", {"priority": b"\x04"})
REGISTERED = Fault(St.ESME_RINVREGDLVFLG, "reserved registered_delivery", {"registered": b"\x20"})
REPLACE = Fault(St.ESME_RINVREPFLAG, "reserved replace_if_present", {"replace": b"\x02"})
DEFAULT_ID = Fault(St.ESME_RINVDFTMSGID, "no such default message", {"default_id": b"\x63"})
NOT_OWNED = Fault(St.ESME_RINVSRCADR, "source of another", {"source": cstring("Stranger")})
APP_USSD = Fault(St.ESME_RINVOPTPARAMVAL, "no operation of an application", {"service_type": cstring("USSD")})
SCHEDULE = Fault(St.ESME_RINVSCHED, "schedule in the past", {"schedule": PAST})
VALIDITY = Fault(St.ESME_RINVEXPIRY, "validity in the past", {"validity": PAST})
ONCE = Fault(St.ESME_RINVSCHED, "datagram with a schedule", {"schedule": TWO_HOURS, "esm_class": b"\1"})
TOO_SHORT = Fault(
    St.ESME_RINVEXPIRY, "validity before the schedule", {"schedule": TWO_HOURS, "validity": HOUR}
)
TWO_TEXTS = Fault(St.ESME_RINVMSGLEN, "two texts", {"tlvs": PAYLOAD})
CODING = Fault(St.ESME_RINVDCS, "unknown data_coding", {"data_coding": b"\x55"})
BROKEN_HEADER = Fault(
    St.ESME_RINVMSGLEN, "broken user data header", {"esm_class": b"\x40", "text": sized(b"\x09\0")}
)
NOBODYS = Fault(St.ESME_RINVDSTADR, "destination of a service", {"destination": cstring("9393")})
LONG_SEGMENT = Fault(
    St.ESME_RINVMSGLEN, "segment that is too long", {"text": sized(b"x" * 200), "tlvs": SEGMENT}
)
IMPOSSIBLE_ID = Fault(St.ESME_RINVMSGID, "impossible id", {"message_id": cstring("xyz")})
UNKNOWN_ID = Fault(St.ESME_RINVMSGID, "unknown id", {"message_id": cstring("0" * 32)})
RESERVED = (
    SOURCE_TON,
    SOURCE_NPI,
    DESTINATION_TON,
    DESTINATION_NPI,
    ESM_CLASS,
    PRIORITY,
    REGISTERED,
    REPLACE,
    DEFAULT_ID,
)
_SOURCE = {"source_ton": b"\0", "source_npi": b"\0", "source": cstring("1234")}
_DESTINATION = {"destination_ton": b"\1", "destination_npi": b"\1", "destination": cstring(ALIYA)}
_OPTIONS = {
    "esm_class": b"\0",
    "protocol_id": b"\0",
    "priority": b"\0",
    "schedule": b"\0",
    "validity": b"\0",
    "registered": b"\0",
    "replace": b"\0",
    "data_coding": b"\0",
    "default_id": b"\0",
    "text": sized(b"hello"),
    "tlvs": b"",
}

# -- the operations --------------------------------------------------------------------------------

SUBMIT_SM = Operation(
    "submit_sm of an application",
    CommandId.SUBMIT_SM,
    {"service_type": b"\0"} | _SOURCE | _DESTINATION | _OPTIONS,
    (
        *HEADER,
        LONG_SERVICE_TYPE,
        LONG_SOURCE,
        LONG_DESTINATION,
        LONG_SCHEDULE,
        LONG_VALIDITY,
        CUT_TEXT,
        CUT_TLV,
        STOPPING,
        THROTTLED,
        *RESERVED,
        NOT_OWNED,
        APP_USSD,
        SCHEDULE,
        VALIDITY,
        ONCE,
        TOO_SHORT,
        TWO_TEXTS,
        CODING,
        BROKEN_HEADER,
        NOBODYS,
        LONG_SEGMENT,
        QUEUE_FULL,
    ),
)
SUBMIT_SM_OF_A_HANDSET = Operation(
    "submit_sm of a handset",
    CommandId.SUBMIT_SM,
    {**SUBMIT_SM.good, "source": cstring(BOLAT)},
    (
        *HEADER,
        LONG_SERVICE_TYPE,
        CUT_TLV,
        STOPPING,
        THROTTLED,
        *RESERVED,
        replace(NOT_OWNED, name="source that is no number"),
        Fault(
            St.ESME_RINVOPTPARAMVAL,
            "answer that no dialogue waits for",
            {"service_type": cstring("USSD"), "tlvs": tlv(Tag.USSD_SERVICE_OP, b"\x12")},
        ),
        SCHEDULE,
        VALIDITY,
        ONCE,
        TOO_SHORT,
        TWO_TEXTS,
        CODING,
        BROKEN_HEADER,
        Fault(St.ESME_RINVDSTADR, "destination of nobody", {"destination": cstring("777")}),
        LONG_SEGMENT,
        QUEUE_FULL,
        Fault(St.ESME_RSUBMITFAIL, "sender is blocked", world="blocked"),
    ),
    Side.HANDSET,
)
TO_A_SERVICE = Operation(
    "submit_sm to a service",
    CommandId.SUBMIT_SM,
    {**SUBMIT_SM_OF_A_HANDSET.good, "destination": cstring("9393")},
    (
        Fault(St.ESME_RINVSCHED, "schedule for a service", {"schedule": HOUR}),
        Fault(St.ESME_RINVDCS, "binary for a service", {"data_coding": b"\4"}),
        QUEUE_FULL,
    ),
    Side.HANDSET,
)
DATA_SM = Operation(
    "data_sm",
    CommandId.DATA_SM,
    {
        "service_type": b"\0",
        **_SOURCE,
        **_DESTINATION,
        "esm_class": b"\0",
        "registered": b"\0",
        "data_coding": b"\0",
        "tlvs": PAYLOAD,
    },
    (
        *HEADER,
        LONG_SERVICE_TYPE,
        LONG_SOURCE,
        LONG_DESTINATION,
        CUT_TLV,
        STOPPING,
        THROTTLED,
        SOURCE_TON,
        SOURCE_NPI,
        DESTINATION_TON,
        DESTINATION_NPI,
        ESM_CLASS,
        REGISTERED,
        NOT_OWNED,
        APP_USSD,
        CODING,
        Fault(
            St.ESME_RINVMSGLEN,
            "broken user data header",
            {"esm_class": b"\x40", "tlvs": tlv(Tag.MESSAGE_PAYLOAD, b"\x09\0")},
        ),
        NOBODYS,
        QUEUE_FULL,
    ),
)


def _dest(ton: int, npi: int, addr: str) -> bytes:
    return bytes((1, ton, npi)) + cstring(addr)


SUBMIT_MULTI = Operation(
    "submit_multi",
    CommandId.SUBMIT_MULTI,
    {
        "service_type": b"\0",
        **_SOURCE,
        "number_of_dests": b"\3",
        # The same one three times is one recipient, as it was named first.
        **{f"dest{number}": _dest(1, 1, ALIYA) for number in (1, 2, 3)},
        **_OPTIONS,
    },
    (
        *HEADER,
        LONG_SERVICE_TYPE,
        LONG_SOURCE,
        Fault(St.ESME_RINVNUMDESTS, "no destinations", {"number_of_dests": b"\0"}),
        Fault(St.ESME_RINVDSTADR, "long destination", {"dest1": b"\1\1\1" + ENDLESS}),
        Fault(St.ESME_RINVDLNAME, "long list name", {"dest2": b"\2" + ENDLESS}),
        Fault(St.ESME_RINVDESTFLAG, "no such dest_flag", {"dest3": b"\3" + cstring(ALIYA)}),
        LONG_SCHEDULE,
        LONG_VALIDITY,
        CUT_TEXT,
        CUT_TLV,
        STOPPING,
        Fault(St.ESME_RINVDLNAME, "unknown list", {"dest2": b"\2" + cstring("nobody")}),
        Fault(St.ESME_RCNTSUBDL, "too many recipients", {"dest3": b"\2" + cstring("everyone")}),
        THROTTLED,
        SOURCE_TON,
        SOURCE_NPI,
        Fault(St.ESME_RINVDSTTON, "reserved destination TON", {"dest1": _dest(7, 1, ALIYA)}),
        ESM_CLASS,
        PRIORITY,
        REGISTERED,
        REPLACE,
        DEFAULT_ID,
        NOT_OWNED,
        APP_USSD,
        SCHEDULE,
        VALIDITY,
        ONCE,
        TOO_SHORT,
        TWO_TEXTS,
        CODING,
        BROKEN_HEADER,
        Fault(
            St.ESME_RINVDSTADR,
            "destinations of services",
            {f"dest{number}": _dest(0, 0, "9393") for number in (1, 2, 3)},
        ),
        LONG_SEGMENT,
        QUEUE_FULL,
    ),
)
QUERY_SM = Operation(
    "query_sm",
    CommandId.QUERY_SM,
    {"message_id": b"", **_SOURCE, "tlvs": b""},
    (*HEADER, LONG_ID, LONG_SOURCE, LEFT_OVER, STOPPING, NOT_OWNED, IMPOSSIBLE_ID, QUEUE_FULL, UNKNOWN_ID),
)
CANCEL_SM = Operation(
    "cancel_sm with an id",
    CommandId.CANCEL_SM,
    {"service_type": b"\0", "message_id": b"", **_SOURCE, **_DESTINATION, "tlvs": b""},
    (
        *HEADER,
        LONG_SERVICE_TYPE,
        LONG_ID,
        LONG_SOURCE,
        LONG_DESTINATION,
        LEFT_OVER,
        STOPPING,
        NOT_OWNED,
        IMPOSSIBLE_ID,
        QUEUE_FULL,
        UNKNOWN_ID,
        Fault(St.ESME_RCANCELFAIL, "too late", world="late"),
    ),
)
CANCEL_SMS = Operation(
    "cancel_sm without an id",
    CommandId.CANCEL_SM,
    {**CANCEL_SM.good, "message_id": b"\0"},
    (
        NOT_OWNED,
        NOBODYS,
        QUEUE_FULL,
        Fault(St.ESME_RCANCELFAIL, "nothing waits", {"destination": cstring(BOLAT)}),
    ),
)
REPLACE_SM = Operation(
    "replace_sm",
    CommandId.REPLACE_SM,
    {
        "message_id": b"",
        **_SOURCE,
        "schedule": b"\0",
        "validity": b"\0",
        "registered": b"\0",
        "default_id": b"\0",
        "text": sized("new".encode("utf-16-be")),
        "tlvs": b"",
    },
    (
        *HEADER,
        LONG_ID,
        LONG_SOURCE,
        LONG_SCHEDULE,
        LONG_VALIDITY,
        CUT_TEXT,
        CUT_TLV,
        STOPPING,
        REGISTERED,
        DEFAULT_ID,
        NOT_OWNED,
        IMPOSSIBLE_ID,
        SCHEDULE,
        VALIDITY,
        TOO_SHORT,
        TWO_TEXTS,
        QUEUE_FULL,
        UNKNOWN_ID,
        Fault(St.ESME_RREPLACEFAIL, "too late", world="late"),
        Fault(St.ESME_RINVMSGLEN, "octets that are no UCS-2", {"text": sized(b"odd")}),
    ),
)
OPERATIONS = (
    SUBMIT_SM,
    SUBMIT_SM_OF_A_HANDSET,
    TO_A_SERVICE,
    DATA_SM,
    SUBMIT_MULTI,
    QUERY_SM,
    CANCEL_SM,
    CANCEL_SMS,
    REPLACE_SM,
)
