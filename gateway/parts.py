"""Long messages to services: segments wait in the store until the last one has come.

The store is the only memory: a restart or a rolled-back batch loses and doubles nothing. The segments of
a message are the open promises of a lane of their own, whose validity is the reassembly's time-out. They
are sealed there: what is not yet read may be a voucher's code.
"""

import dataclasses
from collections.abc import Callable

from gateway.coding.assemble import Added, Reassembler
from gateway.coding.part import Part, read_part
from gateway.sealing import BrokenSealError, seal, unseal
from gateway.smpp.codec import decode
from gateway.smpp.pdus import SubmitSm
from gateway.smpp.tlv import Tag
from gateway.work import Submit
from storage.model import Outbox
from storage.unit_of_work import UnitOfWork

TIMEOUT_S = 600
#: Before the lane of a segment that waits for the others.
SEGMENTS = "parts:"
_US = 1_000_000


def part_of(pdu: SubmitSm, source: str) -> Part:
    """The segment that a submit carries; ``total`` is 1 for a whole message. Raises CodingError."""
    payload = pdu.tlv_bytes(Tag.MESSAGE_PAYLOAD)
    return read_part(
        source=source,
        destination=pdu.destination.addr,
        esm_class=pdu.esm_class,
        data_coding=pdu.data_coding,
        short_message=pdu.short_message if payload is None else payload,
        tlvs={tlv.tag: tlv.value for tlv in pdu.tlvs if not isinstance(tlv.value, str)} if pdu.tlvs else {},
    )


def join(work: Submit, part: Part, uow: UnitOfWork, digest: Callable[[str], bytes]) -> Added:
    """What this segment leads to, together with those that wait. Tokens are message ids."""
    reassembler = Reassembler(max_open=1, timeout_us=TIMEOUT_S * _US)
    for row in uow.messages.promises(lane_of(part)):
        earlier = _waiting(row, work.source, digest)
        if earlier is not None:
            reassembler.add(earlier, row.due_us)
    return reassembler.add(part, uow.now_us)


def wait(work: Submit, part: Part, uow: UnitOfWork, digest: Callable[[str], bytes]) -> Outbox:
    """The promise that keeps a segment until the others come."""
    return Outbox(
        message_id=work.message_id,
        lane=lane_of(part),
        payload=seal(work.payload, work.message_id, digest),
        due_us=uow.now_us,
        expires_us=uow.now_us + TIMEOUT_S * _US,
        receipt_to=work.receipt_to,
    )


def _waiting(row: Outbox, source: str, digest: Callable[[str], bytes]) -> Part | None:
    """A segment that came earlier; None for one that this installation's key does not open."""
    try:
        pdu = decode(unseal(row.payload, row.message_id, digest))
    except BrokenSealError:
        return None
    return (
        dataclasses.replace(part_of(pdu, source), token=row.message_id) if isinstance(pdu, SubmitSm) else None
    )


def lane_of(part: Part) -> str:
    """Segments of one message share source, destination, reference and total (TS 23.040 9.2.3.24.1)."""
    return f"{SEGMENTS}{part.source}:{part.destination}:{part.reference}:{part.total}"
