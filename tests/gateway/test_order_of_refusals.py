"""docs/reference/smpp.md "Order of refusals", walked: of two faults the first in the list answers.

Each request is put together from octets by field, so that faults of the wire and of the content can meet. A
row is one fault; every row is tried alone, and with the row that follows it.
"""

from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType

import pytest

from gateway.config import DEMO_ACCOUNTS, Side
from gateway.smpp import pdus
from gateway.smpp.constants import CommandStatus as St
from gateway.work import Delivery, Settle
from rating.subscriber import Status
from storage.model import MessageState
from tests.gateway.refusals import MANY, OPERATIONS, TOO_SHORT, VALIDITY, Octets, Operation, cstring
from tests.gateway.smsc import Client, Smsc
from tests.gateway.stand import ALIYA, BOLAT, Stand

# -- the world -------------------------------------------------------------------------------------


class Scene:
    """A gateway in which these things are wrong, with a client and a message of its own that waits."""

    def __init__(self, stand: Stand, operation: Operation, worlds: frozenset[str]) -> None:
        self.stand, self.worlds, self.side = stand, worlds, operation.side
        limits = {
            "window": 1 if "window" in worlds else 256,
            "messages_per_s": 1 if "throttled" in worlds else 0,
        }
        accounts = tuple(
            replace(each, window=limits["window"], messages_per_s=limits["messages_per_s"])
            for each in DEMO_ACCOUNTS
        )
        self.smsc = Smsc(stand, accounts=accounts, distribution_lists={"everyone": MANY})
        waiting = stand.from_app("", short_message="old".encode("utf-16-be"), data_coding=8)
        self.message_id = stand.accepted(waiting).message_id
        self.client = self._client()
        self._spoil()

    def _client(self) -> Client:
        client = self.smsc.connect()
        if "unbound" not in self.worlds:
            name, password = ("app1", "secret1") if self.side is Side.APPLICATION else ("handset", "handset")
            client.send(pdus.BindTransceiver(1, name, password))
            self.smsc.commit()
        return client

    def _spoil(self) -> None:
        if "late" in self.worlds:
            gone = Delivery(self.message_id, f"handset:{ALIYA}", MessageState.DELIVERED)
            self.stand.one(Settle((gone,)))
        if "blocked" in self.worlds:
            self.stand.subscribe(BOLAT)
            self.stand.block(BOLAT, Status.BLOCKED)
        if self.worlds & {"window", "throttled"}:
            source = "1234" if self.side is Side.APPLICATION else BOLAT
            ends = (pdus.Address(addr=source), pdus.Address(addr=ALIYA))
            self.client.send_raw(pdus.SubmitSm(2, source=ends[0], destination=ends[1]))
        if "throttled" in self.worlds:
            self.smsc.commit()
            self.client.taken()
        if "queue full" in self.worlds:
            self.smsc.queue_max = 0
        self.smsc.server.requests.stopping = "stopping" in self.worlds

    def status(self, operation: Operation, fields: Octets) -> St:
        """What a request with these octets in place of the good ones is answered."""
        good = dict(operation.good)
        if good.get("message_id") == b"":
            good["message_id"] = cstring(self.message_id)
        body = b"".join((good | {name: octets for name, octets in fields.items() if name in good}).values())
        header = {
            "command_length": (16 + len(body)).to_bytes(4, "big"),
            "command_id": operation.command.to_bytes(4, "big"),
            "status": bytes(4),
            "sequence": b"\0\0\0\x07",
        }
        header |= {name: octets for name, octets in fields.items() if name in header}
        self.client.peer.dataReceived(b"".join(header.values()) + body)
        answered = self.client.answers()
        if not answered:
            self.smsc.commit()
            answered = self.client.answers()
        return answered[-1]


def rows() -> Iterator[tuple[Operation, int]]:
    for operation in OPERATIONS:
        for number in range(len(operation.faults)):
            yield operation, number


def named(value: object) -> str:
    return value.name if isinstance(value, Operation) else str(value)


@pytest.mark.parametrize("operation", OPERATIONS, ids=named)
def test_the_good_request_of_the_table_is_accepted(stand: Stand, operation: Operation) -> None:
    """Else its faults would show nothing."""
    assert Scene(stand, operation, frozenset()).status(operation, {}) is St.ESME_ROK


@pytest.mark.conformance("status.ESME_RCNTSUBDL", "status.ESME_RSUBMITFAIL")
@pytest.mark.parametrize(("operation", "number"), list(rows()), ids=named)
def test_each_fault_has_its_status(stand: Stand, operation: Operation, number: int) -> None:
    fault = operation.faults[number]
    scene = Scene(stand, operation, frozenset({fault.world}))
    assert scene.status(operation, fault.fields) is fault.status, fault.name


@pytest.mark.conformance("submit_sm", "submit_multi", "data_sm", "query_sm", "cancel_sm", "replace_sm")
@pytest.mark.parametrize(
    ("operation", "number"), [row for row in rows() if row[1] + 1 < len(row[0].faults)], ids=named
)
def test_of_two_faults_the_first_in_the_list_answers(stand: Stand, operation: Operation, number: int) -> None:
    first, second = operation.faults[number : number + 2]
    both = frozenset({first.world, second.world})
    scene = Scene(stand, operation, both)
    fields = MappingProxyType({**second.fields, **first.fields})
    assert scene.status(operation, fields) is first.status, f"{first.name} and {second.name}"


def test_a_fault_and_the_next_one_can_really_meet() -> None:
    """Two that need the same octets are never both there: only one pair of replace_sm, which has no modes."""
    shadowed = {
        (first.name, second.name)
        for operation in OPERATIONS
        for first, second in zip(operation.faults, operation.faults[1:], strict=False)
        for name in first.fields.keys() & second.fields.keys()
        if first.fields[name] != second.fields[name]
    }
    assert shadowed == {(VALIDITY.name, TOO_SHORT.name)}
