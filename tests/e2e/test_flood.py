"""More than the gateway can take: it says so, and neither loses nor forgets a message."""

from collections import deque
from contextlib import suppress
from decimal import Decimal

from gateway.smpp.constants import CommandStatus
from gateway.smpp.pdus import DeliverSm, SubmitSmResp
from tests.e2e.conftest import Connect, StartGateway
from tests.e2e.raw_link import message

EN = "77781234567"
FACE = 500
OK, THROTTLED = CommandStatus.ESME_ROK, CommandStatus.ESME_RTHROTTLED
FLOOD = 400


def test_a_full_queue_throttles_and_what_is_sent_again_is_done_once(
    start_gateway: StartGateway, connect: Connect
) -> None:
    """A queue of two, four hundred vouchers in one write: every submit is answered, and in the end each
    voucher is credited once.
    """
    gateway = start_gateway(settings={"LIMITS__QUEUE_MAX": "2", "LIMITS__BATCH_MAX": "1"})
    todo = deque(gateway.api.codes(FLOOD))
    link = connect(gateway)
    assert link.bind(address_range=EN).command_status == OK
    throttled = 0
    while todo:
        sent = {}
        octets = []
        while todo:
            code = todo.popleft()
            octets.append(link.numbered(message(EN, "9393", code)))
            sent[int.from_bytes(octets[-1][12:16], "big")] = code
        link.send_octets(b"".join(octets))
        for _ in octets:
            response = link.expect(SubmitSmResp)
            assert response.command_status in {OK, THROTTLED}
            code = sent.pop(response.sequence_number)
            if response.command_status == THROTTLED:
                throttled += 1
                todo.append(code)
        assert sent == {}, "every submit is answered"
    assert throttled > 0, "the queue was never full"
    for _ in range(FLOOD):
        link.answer(link.expect(DeliverSm))
    link.unbind()
    assert gateway.api.balance(EN) == Decimal(500 + FLOOD * FACE)


def test_more_open_requests_than_the_window_are_throttled(
    start_gateway: StartGateway, connect: Connect
) -> None:
    """What the session owes an answer for is bounded; the rest is refused at once, nothing is dropped."""
    gateway = start_gateway()
    link = connect(gateway)
    assert link.bind(address_range=EN).command_status == OK
    requests = [message(EN, "6000", "BAL") for _ in range(3000)]
    link.send_octets(b"".join(map(link.numbered, requests)))
    statuses = [link.expect(SubmitSmResp).command_status for _ in requests]
    assert set(statuses) <= {OK, THROTTLED}
    accepted = statuses.count(OK)
    replies = [link.delivery().short_message for _ in range(accepted)]
    assert replies == [b"Balance: 500 KZT"] * accepted
    assert link.waiting() == []
    link.unbind()


def test_a_peer_that_never_reads_does_not_hurt_another(start_gateway: StartGateway, connect: Connect) -> None:
    """Its socket fills up and it is no longer read from; the neighbour is served meanwhile."""
    gateway = start_gateway()
    deaf, neighbour = connect(gateway), connect(gateway)
    assert deaf.bind(address_range=EN).command_status == OK
    assert neighbour.bind(address_range="77011234567").command_status == OK
    deaf.socket.settimeout(0.5)
    request = b"".join(deaf.numbered(message(EN, "6000", "BAL")) for _ in range(1000))
    with suppress(TimeoutError):
        for _ in range(60):
            deaf.send_octets(request)
    for _ in range(20):
        assert neighbour.submit("77011234567", "6000", "BAL").command_status == OK
        neighbour.delivery()
    deaf.vanish()
    neighbour.unbind()
