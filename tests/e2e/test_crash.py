"""kill -9 during load: nothing acknowledged is lost, nothing is credited twice.

The seed decides when the process is killed; a failing one is in the test's id.
"""

import random
from collections import Counter
from decimal import Decimal

import pytest

from gateway.smpp.pdus import SubmitSmResp
from tests.e2e.conftest import Connect, StartGateway
from tests.e2e.control_api import ControlApi
from tests.e2e.gateway_process import GatewayProcess, run_command
from tests.e2e.raw_link import RawLink, segments
from tests.e2e.redeemer import Card, Redeemer

FACE = Decimal(500)
VOUCHERS = 1440
HANDSETS = [f"7701700{number:04d}" for number in range(24)]
INVARIANTS = 31


def _cards(api: ControlApi, *, with_reference: bool) -> list[Card]:
    for msisdn in HANDSETS:
        api.add_subscriber(msisdn)
    codes = api.codes(VOUCHERS)
    return [
        Card(HANDSETS[number % len(HANDSETS)], code, number if with_reference else None)
        for number, code in enumerate(codes)
    ]


def _bound(connect: Connect, gateway: GatewayProcess) -> RawLink:
    link = connect(gateway)
    assert link.bind(address_range="^7701700").command_status == 0
    return link


def _credits(api: ControlApi) -> dict[str, str]:
    """Message id of each voucher credit, with the subscriber who got it. Raises when one came twice."""
    found = [(each["source"], msisdn) for msisdn in HANDSETS for each in api.credits(msisdn)]
    assert len(dict(found)) == len(found), "a message was credited twice"
    return dict(found)


def _assert_checked(gateway: GatewayProcess) -> None:
    """``shortcode db check`` on the stopped gateway: every line ok, exit code 0."""
    done = run_command("db", "check", "--data-dir", str(gateway.data_dir))
    assert done.returncode == 0, done.stdout
    lines = [line.split()[1] for line in done.stdout.splitlines()]
    assert lines == ["ok"] * INVARIANTS


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "with_reference"), [(1, False), (2, True), (3, False), (4, True)])
def test_kill_9_during_load_loses_nothing_acknowledged_and_credits_nothing_twice(
    start_gateway: StartGateway, connect: Connect, seed: int, with_reference: bool
) -> None:
    """Killed twice at random moments; each time the client comes back and repeats what was not answered."""
    gateway = start_gateway(settings={"LOG_LEVEL": "warning"})
    client = Redeemer.of(_cards(gateway.api, with_reference=with_reference))
    moments = random.Random(seed)
    repeated = 0
    for kill_at in sorted(moments.sample(range(50, VOUCHERS - 300), 2)):

        def kill(answered: int, kill_at: int = kill_at) -> None:
            if answered == kill_at:
                gateway.kill()

        assert not client.run(_bound(connect, gateway), kill), "the session was lost"
        gateway.start()
        credited = _credits(gateway.api)
        lost = set(client.message_ids) - set(credited)
        assert not lost, f"{len(lost)} acknowledged commands are gone"
        assert len(credited) <= len(client.message_ids) + len(client.unanswered)
        repeated += client.retry_unanswered()
    last = _bound(connect, gateway)
    assert client.run(last)
    last.unbind()
    assert client.refused == []
    assert repeated > 0, "the process was killed with requests in flight"
    credited = _credits(gateway.api)
    assert set(client.message_ids) == set(credited)
    assert Counter(credited.values()) == dict.fromkeys(HANDSETS, VOUCHERS // len(HANDSETS))
    balances = sum(gateway.api.balance(msisdn) for msisdn in HANDSETS)
    assert balances == VOUCHERS * FACE, "balances are the sum of the faces of used vouchers"
    gateway.stop()
    _assert_checked(gateway)


@pytest.mark.slow
def test_after_kill_9_the_gateway_is_ready_within_five_seconds(
    start_gateway: StartGateway, connect: Connect
) -> None:
    """With a write-ahead log to recover; ``shortcode ready`` says so with exit code 0."""
    gateway = start_gateway(settings={"LOG_LEVEL": "warning"})
    client = Redeemer.of(_cards(gateway.api, with_reference=False))
    assert not client.run(
        _bound(connect, gateway), lambda answered: gateway.kill() if answered == 600 else None
    )
    gateway.start()
    done = run_command("ready", "--wait", "5s", "--ports-file", str(gateway.ports_file))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("with_reference", [False, True], ids=["plain", "reference"])
def test_a_repeat_on_a_new_session_is_not_done_twice(
    start_gateway: StartGateway, connect: Connect, with_reference: bool
) -> None:
    """The client vanishes without its answers and sends the same again: the same message ids, one credit
    each, one reply each.
    """
    gateway = start_gateway()
    cards = _cards(gateway.api, with_reference=with_reference)[:100]
    first = Redeemer.of(cards)
    link = _bound(connect, gateway)
    assert first.run(link)
    link.vanish()
    second = Redeemer.of(cards)
    assert second.run(_bound(connect, gateway))
    assert set(second.message_ids) == set(first.message_ids)
    assert set(_credits(gateway.api)) == set(first.message_ids)
    outcomes = Counter(line["outcome"] for line in gateway.log_lines("submit"))
    assert outcomes == {"ok": 100, "repeated": 100}
    replies = {each["cause"] for each in gateway.api.messages(from_="9393", limit=1000)}
    assert replies == set(first.message_ids)


def test_the_first_part_of_a_message_survives_kill_9(start_gateway: StartGateway, connect: Connect) -> None:
    """It was acknowledged, so the second part completes it after the restart."""
    gateway = start_gateway()
    (card,) = _cards(gateway.api, with_reference=False)[:1]
    for part in segments(card.msisdn, "9393", card.code[:6], card.code[6:]):
        link = _bound(connect, gateway)
        link.send(part)
        assert link.expect(SubmitSmResp).command_status == 0
        gateway.kill()
        gateway.start()
    assert _bound(connect, gateway).delivery().short_message == b"500 KZT credited. Balance: 500 KZT."


def test_the_same_code_again_on_a_live_session_is_a_new_command(
    start_gateway: StartGateway, connect: Connect
) -> None:
    """Another sequence number, no client reference: the subscriber is told that the code is used."""
    gateway = start_gateway()
    (card,) = _cards(gateway.api, with_reference=False)[:1]
    link = _bound(connect, gateway)
    for answer in (b"500 KZT credited. Balance: 500 KZT.", b"This code was already used."):
        assert link.submit(card.msisdn, "9393", card.code).command_status == 0
        assert link.delivery().short_message == answer


def test_after_an_unbind_the_same_code_is_a_new_command(
    start_gateway: StartGateway, connect: Connect
) -> None:
    """A session that said goodbye had all of its answers, so nothing of it can be repeated."""
    gateway = start_gateway()
    (card,) = _cards(gateway.api, with_reference=False)[:1]
    for answer in (b"500 KZT credited. Balance: 500 KZT.", b"This code was already used."):
        link = _bound(connect, gateway)
        link.submit(card.msisdn, "9393", card.code)
        assert link.delivery().short_message == answer
        link.unbind()


@pytest.mark.slow
def test_sigterm_during_load_answers_what_it_took_and_loses_nothing(
    start_gateway: StartGateway, connect: Connect
) -> None:
    """A clean stop: exit code 0 in time, what was acknowledged is there, what was refused is not."""
    gateway = start_gateway(settings={"LOG_LEVEL": "warning"})
    cards = _cards(gateway.api, with_reference=False)
    client = Redeemer.of(cards)
    link = _bound(connect, gateway)
    client.run(link, lambda answered: gateway.terminate() if answered == 700 else None)
    assert gateway.wait() == 0
    assert len(client.message_ids) >= 700
    gateway.start()
    credited = _credits(gateway.api)
    assert set(client.message_ids) <= set(credited)
    assert len(credited) <= len(client.message_ids) + len(client.unanswered)
