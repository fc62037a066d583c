"""What the fields of a request may hold beyond their layout: one row each, in the order of their answers.

The codec has refused what does not fit the wire (``gateway.smpp.fields``); these rows refuse values that
SMPP 3.4 reserves or gives to others.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import NamedTuple

from gateway.smpp.constants import CommandStatus, EsmClass, Npi, RegisteredDelivery, Ton
from gateway.smpp.pdus import Address, SubmitMulti, SubmitSm

_CACHE_MAX = 4096
_PRIORITY_MAX = 3


class Values(NamedTuple):
    """The fields of a submit_sm, submit_multi or data_sm that have reserved values."""

    source_ton: int
    source_npi: int
    destination_ton: int
    destination_npi: int
    esm_class: int
    priority_flag: int
    registered_delivery: int
    replace_if_present_flag: int
    sm_default_msg_id: int


@dataclass(frozen=True, slots=True)
class Rule:
    """``field`` must hold a value that ``allows`` says yes to, else ``status`` answers."""

    field: str
    status: CommandStatus
    clause: str
    allows: Callable[[int], bool]


_TONS = frozenset(int(each) for each in Ton)
_NPIS = frozenset(int(each) for each in Npi)
#: Message types that an ESME may send: the default, and acknowledgements (section 5.2.12).
_ESME_TYPES = frozenset({0, int(EsmClass.DELIVERY_ACKNOWLEDGEMENT), int(EsmClass.USER_ACKNOWLEDGEMENT)})
# As an int: the complement of an IntFlag holds no bit that has no name, so that no reserved one would show.
REGISTERED_BITS = int(
    RegisteredDelivery.RECEIPT | RegisteredDelivery.SME_ACK | RegisteredDelivery.INTERMEDIATE
)
#: Those that ask for something from the SMSC.
RECEIPT_BITS = int(RegisteredDelivery.RECEIPT | RegisteredDelivery.INTERMEDIATE)

RULES: tuple[Rule, ...] = (
    Rule("source_ton", CommandStatus.ESME_RINVSRCTON, "5.2.5", _TONS.__contains__),
    Rule("source_npi", CommandStatus.ESME_RINVSRCNPI, "5.2.6", _NPIS.__contains__),
    Rule("destination_ton", CommandStatus.ESME_RINVDSTTON, "5.2.5", _TONS.__contains__),
    Rule("destination_npi", CommandStatus.ESME_RINVDSTNPI, "5.2.6", _NPIS.__contains__),
    Rule(
        "esm_class",
        CommandStatus.ESME_RINVESMCLASS,
        "5.2.12",
        lambda value: value & EsmClass.TYPE in _ESME_TYPES,
    ),
    Rule("priority_flag", CommandStatus.ESME_RINVPRTFLG, "5.2.14", lambda value: value <= _PRIORITY_MAX),
    Rule(
        "registered_delivery",
        CommandStatus.ESME_RINVREGDLVFLG,
        "5.2.17",
        lambda value: not value & ~REGISTERED_BITS,
    ),
    Rule("replace_if_present_flag", CommandStatus.ESME_RINVREPFLAG, "5.2.18", lambda value: value <= 1),
)


class Checks:
    """Walks the rows; what was found once is remembered, for traffic repeats itself."""

    def __init__(self, default_messages: Collection[int]) -> None:
        """``default_messages`` are the numbers that sm_default_msg_id may name."""
        known = frozenset({0, *default_messages})
        self.rules = (
            *RULES,
            Rule("sm_default_msg_id", CommandStatus.ESME_RINVDFTMSGID, "5.2.20", known.__contains__),
        )
        self._found: dict[Values, Rule | None] = {}

    def objection(self, pdu: SubmitSm) -> Rule | None:
        """The first row that the request does not meet, or None."""
        source, destination = pdu.source, pdu.destination
        values = Values(
            source.ton,
            source.npi,
            destination.ton,
            destination.npi,
            pdu.esm_class,
            pdu.priority_flag,
            pdu.registered_delivery,
            pdu.replace_if_present_flag,
            pdu.sm_default_msg_id,
        )
        if values not in self._found:
            if len(self._found) >= _CACHE_MAX:
                self._found.clear()
            self._found[values] = self._first(values)
        return self._found[values]

    def _first(self, values: Values) -> Rule | None:
        named = values._asdict()
        return next((rule for rule in self.rules if not rule.allows(named[rule.field])), None)


def for_one(pdu: SubmitMulti, destination: Address) -> SubmitSm:
    """The submit_sm that a submit_multi is to one of its destinations."""
    return SubmitSm(
        sequence_number=pdu.sequence_number,
        service_type=pdu.service_type,
        source=pdu.source,
        destination=destination,
        esm_class=pdu.esm_class,
        protocol_id=pdu.protocol_id,
        priority_flag=pdu.priority_flag,
        schedule_delivery_time=pdu.schedule_delivery_time,
        validity_period=pdu.validity_period,
        registered_delivery=pdu.registered_delivery,
        replace_if_present_flag=pdu.replace_if_present_flag,
        data_coding=pdu.data_coding,
        sm_default_msg_id=pdu.sm_default_msg_id,
        short_message=pdu.short_message,
        tlvs=pdu.tlvs,
    )
