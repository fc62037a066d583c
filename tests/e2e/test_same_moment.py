"""One code from many hands at the same moment: exactly one credit, whatever the interleaving."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

from gateway.smpp.pdus import DeliverSm, SubmitSmResp
from tests.e2e.conftest import Connect, Raw
from tests.e2e.control_api import ControlApi
from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.raw_link import message

FIRST, SECOND = "77781234567", "77751234567"
CROWD = 100
ROUNDS = 20


def _in_parallel(jobs: list[Callable[[], None]]) -> None:
    """Start all at once; an exception in one of them is raised here."""
    with ThreadPoolExecutor(len(jobs)) as pool:
        for done in [pool.submit(job) for job in jobs]:
            done.result(30)


def test_two_handsets_with_one_code_at_the_same_moment_make_one_credit(api: ControlApi, raw: Raw) -> None:
    """Twenty codes, each sent by both handsets, each on a session of its own, released together."""
    codes = api.codes(ROUNDS)
    # Wrong codes lock after five, so each round has its own pair of subscribers.
    pairs = [(f"7701900{number:04d}", f"7702900{number:04d}") for number in range(ROUNDS)]
    for msisdn in (each for pair in pairs for each in pair):
        api.add_subscriber(msisdn)
    links = (raw(address_range="^7701"), raw(address_range="^7702"))
    together = threading.Barrier(2)

    def play(side: int) -> None:
        for pair, code in zip(pairs, codes, strict=True):
            together.wait(10)
            assert links[side].submit(pair[side], "9393", code).command_status == 0
            links[side].delivery()

    _in_parallel([lambda: play(0), lambda: play(1)])
    for pair in pairs:
        assert sorted(api.balance(msisdn) for msisdn in pair) == [Decimal(0), Decimal(500)]


def test_a_hundred_handsets_with_one_code_at_the_same_moment_make_one_credit(
    api: ControlApi, gateway: GatewayProcess, connect: Connect
) -> None:
    """A hundred sessions, a hundred threads, one code: one "credited", ninety-nine "used"."""
    (code,) = api.codes()
    msisdns = [f"7701800{number:04d}" for number in range(CROWD)]
    for msisdn in msisdns:
        api.add_subscriber(msisdn)
    links = {msisdn: connect(gateway) for msisdn in msisdns}
    together = threading.Barrier(CROWD)
    said: Counter[bytes] = Counter()

    def play(msisdn: str) -> None:
        link = links[msisdn]
        assert link.bind(address_range=msisdn).command_status == 0
        together.wait(20)
        assert link.submit(msisdn, "9393", code).command_status == 0
        said[link.delivery().short_message] += 1

    _in_parallel([lambda msisdn=msisdn: play(msisdn) for msisdn in msisdns])  # type: ignore[misc]  # a lambda's default has no type
    assert said == {
        b"500 KZT credited. Balance: 500 KZT.": 1,
        b"This code was already used.": CROWD - 1,
    }
    assert sum(api.balance(msisdn) for msisdn in msisdns) == Decimal(500)


def test_one_code_a_hundred_times_in_one_write_makes_one_credit(api: ControlApi, raw: Raw) -> None:
    """The same batch of the writer sees all of them; alternately from two subscribers."""
    (code,) = api.codes()
    link = raw(address_range="")
    requests = [message((FIRST, SECOND)[number % 2], "9393", code) for number in range(CROWD)]
    link.send_octets(b"".join(map(link.numbered, requests)))
    assert all(link.expect(SubmitSmResp).command_status == 0 for _ in range(CROWD))
    for _ in range(CROWD):
        link.answer(link.expect(DeliverSm))
    assert len(api.credits(FIRST) + api.credits(SECOND)) == 1
