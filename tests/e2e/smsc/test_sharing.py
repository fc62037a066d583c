"""Several binds of one application, none at all, and what a crash between leaves."""

from collections import Counter

import pytest

from gateway.smpp.constants import CommandStatus
from gateway.smpp.pdus import BindReceiver, BindTransmitter, DeliverSm, EnquireLink, EnquireLinkResp
from tests.e2e.conftest import Connect, Raw, StartGateway
from tests.e2e.control_api import ControlApi
from tests.e2e.raw_link import RawLink, message
from tests.e2e.smsc.conftest import App
from tests.e2e.waiting import until

EN, RU = "77781234567", "77011234567"
OK = CommandStatus.ESME_ROK
MANY = 60


def _votes(handset: RawLink, count: int, to: str = "1234") -> list[str]:
    """Messages from a handset to an application, all in one write."""
    texts = [f"VOTE {number}" for number in range(count)]
    handset.send_octets(b"".join(handset.numbered(message(EN, to, text)) for text in texts))
    for _ in texts:
        assert getattr(handset.read(), "command_status", None) == OK
    return texts


def _taken(link: RawLink) -> list[str]:
    """What is waiting on a link now, answered."""
    found = []
    for pdu in link.waiting():
        assert isinstance(pdu, DeliverSm)
        link.answer(pdu)
        found.append(pdu.short_message.decode())
    return found


def _take(got: list[str], count: int, *links: RawLink) -> None:
    """Take what comes on the links until there are so many."""

    def enough() -> bool:
        for link in links:
            got.extend(_taken(link))
        return len(got) >= count

    until(enough, f"{count} messages have come")


def test_three_binds_share_the_load_about_evenly(app: App, raw: Raw, api: ControlApi) -> None:
    """Each message once; no bind has less than half of its share."""
    links = [app("app1") for _ in range(3)]
    texts = _votes(raw(address_range=EN), MANY)
    got: list[list[str]] = [[] for _ in links]
    while sum(map(len, got)) < MANY:
        for mine, link in zip(got, links, strict=True):
            mine.extend(_taken(link))
    assert Counter(text for mine in got for text in mine) == Counter(texts)
    assert min(map(len, got)) >= MANY // 6
    until(lambda: len(api.messages(to="1234", state="DELIVERED", limit=1000)) == MANY, "all are delivered")


def test_a_bind_that_does_not_answer_leaves_the_rest_to_the_others(app: App, raw: Raw) -> None:
    """Its window is all that it can hold back; what it vanishes with comes to the other."""
    silent, busy = app("app1"), app("app1")
    texts = _votes(raw(address_range=EN), MANY)
    got: list[str] = []
    _take(got, MANY // 3, busy)
    silent.vanish()
    _take(got, MANY, busy)
    assert sorted(got) == sorted(texts)


def test_only_binds_that_receive_get_anything(app: App, raw: Raw) -> None:
    """A transmitter, a receiver and a transceiver of one account."""
    transmitter, receiver, both = (
        app("app1", kind=BindTransmitter),
        app("app1", kind=BindReceiver),
        app("app1"),
    )
    texts = _votes(raw(address_range=EN), 20)
    got: list[str] = []
    _take(got, 20, receiver, both)
    assert sorted(got) == sorted(texts)
    assert transmitter.waiting() == []


def test_what_came_while_nobody_was_bound_comes_with_the_next_bind(app: App, raw: Raw) -> None:
    """More than the store is read at once for."""
    handset = raw(address_range=EN)
    texts = [text for _ in range(3) for text in _votes(handset, 250)]
    link = app("app1")
    got = [link.delivery().short_message.decode() for _ in texts]
    assert Counter(got) == Counter(texts)
    assert link.waiting() == []


@pytest.mark.parametrize("acknowledged", [0, 7])
def test_after_kill_9_the_application_gets_what_it_had_not_acknowledged(
    start_gateway: StartGateway, connect: Connect, acknowledged: int
) -> None:
    """Nothing that was accepted is lost; only what was in the air may come twice."""
    gateway = start_gateway()
    handset, link = connect(gateway), connect(gateway)
    handset.bind(address_range=EN)
    link.bind("app1", "secret1")
    texts = _votes(handset, 20)
    got = [link.delivery().short_message.decode() for _ in range(acknowledged)]
    until(
        lambda: len(gateway.api.messages(to="1234", state="DELIVERED")) == acknowledged,
        "the acknowledged ones are written down",
    )
    gateway.kill()
    gateway.start()
    again = connect(gateway)
    again.bind("app1", "secret1")
    got += [again.delivery().short_message.decode() for _ in range(20 - acknowledged)]
    assert sorted(got) == sorted(texts)
    assert again.waiting() == []
    again.unbind()


def test_a_receipt_that_was_promised_survives_kill_9(start_gateway: StartGateway, connect: Connect) -> None:
    """The handset answered, the application was away, the gateway died."""
    gateway = start_gateway()
    sender, handset = connect(gateway), connect(gateway)
    sender.bind("app1", "secret1")
    handset.bind(address_range=EN)
    message_id = sender.submit("1234", EN, "hello", registered_delivery=1).message_id
    sender.unbind()
    handset.delivery()
    until(lambda: gateway.api.whole(message_id)["state"] == "DELIVERED", "it is delivered")
    gateway.kill()
    gateway.start()
    again = connect(gateway)
    again.bind("app1", "secret1")
    assert again.delivery().short_message.startswith(f"id:{message_id} ".encode())
    again.unbind()


def test_a_datagram_under_way_at_kill_9_is_not_tried_twice(
    start_gateway: StartGateway, connect: Connect
) -> None:
    """The handset had it in its hands; after the start it is given up, and the handset gets nothing."""
    gateway = start_gateway()
    sender, handset = connect(gateway), connect(gateway)
    sender.bind("app1", "secret1")
    handset.bind(address_range=EN)
    message_id = sender.submit("1234", EN, "once", esm_class=1).message_id
    handset.expect(DeliverSm)
    gateway.kill()
    gateway.start()
    until(lambda: gateway.api.whole(message_id)["state"] == "UNDELIVERABLE", "it is given up")
    again = connect(gateway)
    again.bind(address_range=EN)
    assert again.waiting() == []
    assert isinstance(again.ask(EnquireLink()), EnquireLinkResp)
    again.unbind()
