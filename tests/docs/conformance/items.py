"""Every operation, field, parameter, status, state and value of the code's tables, with its clause.

Names of items: ``submit_sm`` (operation), ``submit_sm.priority_flag`` (field), ``header.command_id``,
``tlv.message_payload``, ``status.ESME_ROK``, ``session.BOUND_TX``, ``state.ENROUTE``, ``rule.source_ton``,
``esm_class.DATAGRAM``, ``registered_delivery.RECEIPT_FINAL``, ``data_coding.UCS2``.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields

from gateway.checks import Checks, Rule
from gateway.receipts import STATE_NUMBERS, STATE_WORDS
from gateway.smpp.constants import (
    BROADCAST_COMMANDS,
    CommandId,
    CommandStatus,
    DataCoding,
    EsmClass,
    RegisteredDelivery,
    command_name,
)
from gateway.smpp.fields import AddressField, ShortMessage
from gateway.smpp.lists import Destinations, Unsuccessful
from gateway.smpp.pdus import PDU_BY_ID, Pdu
from gateway.smpp.states import REQUESTS, State
from gateway.smpp.tlv import TLVS, TlvSpec

_CLAUSE = re.compile(r"SMPP (\d\.\d) section ([\d.]+\d)")
#: Statuses from here on are additions of SMPP 5.0.
_STATUS_50 = 0x100
HEADER = ("command_length", "command_id", "command_status", "sequence_number")
#: Names on the wire of what is one value here.
_ADDRESSES = {
    "source": ("source_addr_ton", "source_addr_npi", "source_addr"),
    "destination": ("dest_addr_ton", "dest_addr_npi", "destination_addr"),
    "esme": ("esme_addr_ton", "esme_addr_npi", "esme_addr"),
}
#: Members that stand for several values.
_MASKS = frozenset({"MODE", "TYPE", "SME_ACK"})
_DESTINATIONS = ("number_of_dests", "dest_flag", *_ADDRESSES["destination"], "dl_name")


@dataclass(frozen=True, slots=True)
class Item:
    """``number`` is how it looks on the wire, empty where that says nothing."""

    name: str
    number: str = ""
    clause: str = ""

    @property
    def shown(self) -> str:
        """The name as a table shows it: without the kind before it."""
        return self.name.rpartition(".")[2]


def commands() -> Iterator[Item]:
    """Every command_id, in its order."""
    for each in sorted(CommandId, key=lambda each: (each & 0xFFFF, each)):
        pdu = PDU_BY_ID.get(each)
        yield Item(command_name(each), f"0x{each:08X}", clause_of(pdu) if pdu else "")


def clause_of(pdu: type[Pdu]) -> str:
    """From the docstring of its class."""
    found = _CLAUSE.search(pdu.__doc__ or "")
    return f"{found[1]} {found[2]}" if found else ""


def header() -> Iterator[Item]:
    """The four fields that every PDU has."""
    for name in HEADER:
        yield Item(f"header.{name}")


def pdus() -> Iterator[tuple[type[Pdu], tuple[Item, ...]]]:
    """Every PDU with mandatory fields in its body, and those fields in wire order."""
    for pdu in PDU_BY_ID.values():
        command = command_name(pdu.command_id)
        found = tuple(Item(f"{command}.{name}") for name in _wire_names(pdu))
        if found:
            yield pdu, found


def _wire_names(pdu: type[Pdu]) -> Iterator[str]:
    for each in fields(pdu):
        match each.metadata.get("wire"):
            case None:
                continue
            case AddressField():
                yield from _ADDRESSES[each.name]
            case ShortMessage():
                yield from ("sm_length", "short_message")
            case Destinations():
                yield from _DESTINATIONS
            case Unsuccessful():
                yield from ("no_unsuccess", "unsuccess_sme")
            case _:
                yield each.name


def tlvs() -> Iterator[tuple[TlvSpec, Item]]:
    """Every optional parameter, by tag."""
    for spec in sorted(TLVS.values(), key=lambda spec: spec.tag):
        yield spec, Item(f"tlv.{spec.name}", f"0x{spec.tag:04X}")


def statuses() -> Iterator[Item]:
    """Every command_status, in its order."""
    for each in CommandStatus:
        clause = "5.0 4.7.6" if each >= _STATUS_50 else "3.4 5.1.3"
        yield Item(f"status.{each.name}", f"0x{each:08X}", clause)


def session_states() -> Iterator[tuple[State, Item]]:
    """Every state of a session."""
    for each in State:
        yield each, Item(f"session.{each.name}", "", "3.4 2.2")


def requests_of(state: State) -> dict[str, list[str]]:
    """The requests that are allowed in a state, by issuer."""
    found: dict[str, list[str]] = {}
    for command, issuers, states in REQUESTS:
        if state in states:
            for issuer in issuers:
                found.setdefault(issuer.value, []).append(command_name(command))
    return found


def message_states() -> Iterator[tuple[Item, str]]:
    """Every message_state with the word of a receipt."""
    for state, number in STATE_NUMBERS.items():
        yield Item(f"state.{state.name}", str(number), "3.4 5.2.28"), STATE_WORDS[state]


def rules() -> Iterator[tuple[Rule, Item]]:
    """Every reserved value, in the order of the answers."""
    for rule in Checks(()).rules:
        yield rule, Item(f"rule.{rule.field}", "", f"3.4 {rule.clause}")


def values() -> Iterator[tuple[str, tuple[Item, ...]]]:
    """The values of fields that are made of bits or codes."""
    for field, clause, members in (
        ("esm_class", "3.4 5.2.12", EsmClass.__members__),
        ("registered_delivery", "3.4 5.2.17", RegisteredDelivery.__members__),
        ("data_coding", "3.4 5.2.19", DataCoding.__members__),
    ):
        found = (
            Item(f"{field}.{name}", f"0x{value:02X}", clause)
            for name, value in members.items()
            if name not in _MASKS
        )
        yield field, tuple(found)


def everything() -> Iterator[Item]:
    """Every item of the page."""
    yield from commands()
    yield from header()
    for _, found in pdus():
        yield from found
    yield from (item for _, item in tlvs())
    yield from statuses()
    yield from (item for _, item in session_states())
    yield from (item for item, _ in message_states())
    yield from (item for _, item in rules())
    for _, members in values():
        yield from members


def is_broadcast(command: str) -> bool:
    """True for the operations of SMPP 5.0 that have a number and no PDU."""
    return command in {command_name(each) for each in BROADCAST_COMMANDS}
