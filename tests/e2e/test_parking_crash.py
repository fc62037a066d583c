"""kill -9 around every due time of parking, in the midst of them and under load: each thing happens once."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import httpx
import pytest

from gateway.smpp.pdus import BindTransmitter, DeliverSm, SubmitSmResp
from tests.e2e.bank_side import BankSide
from tests.e2e.conftest import Connect, StartGateway
from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.parking_lot import (
    ANSWER,
    CONFIRM_S,
    EN,
    ENDED,
    HOUR_S,
    LAPSED,
    REMINDER,
    REMINDER_S,
    START,
    ParkingLot,
    Purse,
    assert_checked,
    kinds,
    purse,
)
from tests.e2e.raw_link import LinkClosed, RawLink, message
from tests.e2e.waiting import until

#: The bank is slow, but in time.
ANSWER_S = 30
DAY_S = 86_400


# -- every due time --------------------------------------------------------------------------------


def _asked(lot: ParkingLot) -> None:
    lot.text("7757", START)


def _running(lot: ParkingLot) -> None:
    lot.text("7757", START)
    lot.text("7701", "1")


def _more_asked(lot: ParkingLot) -> None:
    _running(lot)
    lot.text("7757", "X*1")


def _paying(lot: ParkingLot) -> None:
    BankSide(lot.api).behave("late", ANSWER_S)
    lot.register(EN, method="card")
    _running(lot)


class Moment(NamedTuple):
    """Something that falls due: how it comes to that, after how long, as which job, and what is told."""

    begin: Callable[[ParkingLot], None]
    due_s: int
    kind: str
    sender: str
    said: str
    then: Purse
    state: str


MOMENTS = {
    "lapse": Moment(_asked, CONFIRM_S, LAPSED, "7701", "was not confirmed in time", purse(500), "lapsed"),
    "lapse of an extension": Moment(
        _more_asked, CONFIRM_S, LAPSED, "7701", "was not confirmed in time", purse(400, 0, 100), "running"
    ),
    "reminder": Moment(
        _running, HOUR_S - REMINDER_S, REMINDER, "7757", " ends at ", purse(400, 0, 100), "reminded"
    ),
    "end": Moment(_running, HOUR_S, ENDED, "7757", " is over. It cost 100 KZT.", purse(400), "ended"),
    "bank's answer": Moment(_paying, ANSWER_S, ANSWER, "7757", ": from ", purse(500, 0, 100), "running"),
}


def _told(lot: ParkingLot, moment: Moment) -> int:
    return sum(moment.said in text for text in lot.told(EN, moment.sender))


def _killed(gateway: GatewayProcess) -> ParkingLot:
    gateway.kill()
    gateway.start()
    return ParkingLot(gateway.api)


def _assert_done_once(lot: ParkingLot, moment: Moment) -> None:
    """Told once, money as it should be; and a day later, whatever came after it, told once still."""
    assert (lot.states(), lot.purse(), _told(lot, moment)) == ([moment.state], moment.then, 1)
    fired = kinds(lot.api.advance(DAY_S))
    assert fired[moment.kind] == 0
    assert fired.total() == {"running": 2, "reminded": 1}.get(moment.state, 0)
    assert _told(lot, moment) == 1
    assert lot.states()[0] in {"ended", "lapsed"}
    assert len(set(lot.told() + lot.told(from_="7701"))) == len(lot.told() + lot.told(from_="7701"))
    BankSide(lot.api).balances()


@pytest.mark.parametrize("name", MOMENTS)
def test_killed_right_before_it_is_due(start_gateway: StartGateway, name: str) -> None:
    moment, gateway = MOMENTS[name], start_gateway()
    lot = ParkingLot.opened(gateway.api)
    moment.begin(lot)
    lot.api.advance(moment.due_s - 1)
    assert _told(lot, moment) == 0
    lot = _killed(gateway)
    assert kinds(lot.api.advance(1)) == {moment.kind: 1}
    _assert_done_once(lot, moment)


@pytest.mark.parametrize("name", MOMENTS)
def test_killed_right_after_it_was_due(start_gateway: StartGateway, name: str) -> None:
    moment, gateway = MOMENTS[name], start_gateway()
    lot = ParkingLot.opened(gateway.api)
    moment.begin(lot)
    lot.api.advance(moment.due_s)
    lot = _killed(gateway)
    assert kinds(lot.api.advance(0)) == {}
    _assert_done_once(lot, moment)


@pytest.mark.parametrize("name", MOMENTS)
def test_what_was_due_while_the_gateway_was_down_is_made_up_for(
    start_gateway: StartGateway, name: str
) -> None:
    """On the real clock: killed a second before the time, started after it."""
    moment, gateway = MOMENTS[name], start_gateway()
    lot = ParkingLot.opened(gateway.api)
    began = datetime.fromisoformat(lot.api.get("/clock")["now"])
    moment.begin(lot)
    now = began + timedelta(seconds=moment.due_s - 1)
    body = {"mode": "real", "now": now.isoformat()}
    gateway.api.http.put("/clock", json=body).raise_for_status()
    due = time.monotonic() + 1
    gateway.kill()
    until(lambda: time.monotonic() > due, "its time is over")
    gateway.start()
    lot = ParkingLot(gateway.api)
    until(lambda: lot.states() == [moment.state], "it was done at the start")
    lot.api.virtual_clock()
    _assert_done_once(lot, moment)


@pytest.mark.parametrize("step", ["asked", "confirmed"])
def test_killed_right_after_a_message_was_taken(start_gateway: StartGateway, step: str) -> None:
    """What was acknowledged is there: the question can be answered, the ticket waits for its handset."""
    gateway = start_gateway()
    lot = ParkingLot.opened(gateway.api)
    _asked(lot)
    if step == "confirmed":
        lot.text("7701", "1")
    lot = _killed(gateway)
    if step == "asked":
        assert (lot.states(), lot.purse()) == (["asked"], purse(500, 100))
        lot.text("7701", "1")
    assert (lot.states(), lot.purse()) == (["running"], purse(400, 0, 100))
    assert (len(lot.told(from_="7701")), len(lot.told())) == (1, 1)
    assert kinds(lot.api.advance(DAY_S)) == {REMINDER: 1, ENDED: 1}


# -- many at once ----------------------------------------------------------------------------------

DRIVERS = [f"7778100{number:04d}" for number in range(40)]
CARS = 5
KZT_EACH = Decimal(1_000)


def _bound(connect: Connect, gateway: GatewayProcess) -> RawLink:
    """What they are answered waits."""
    link = connect(gateway)
    assert link.bind(address_range="^7778100", kind=BindTransmitter).command_status == 0
    return link


def _drivers(gateway: GatewayProcess) -> ParkingLot:
    lot = ParkingLot.opened(gateway.api)
    for msisdn in DRIVERS:
        lot.api.add_subscriber(msisdn, balance=str(KZT_EACH))
    return lot


def _plate(driver: int, car: int) -> str:
    return f"{car:03d}AAA{driver % 20 + 1:02d}" if driver < 20 else f"{car:03d}BBB{driver % 20 + 1:02d}"


@pytest.mark.slow
@pytest.mark.parametrize("at", [0, 20, 38])
def test_killed_while_many_end_in_the_same_minute(
    start_gateway: StartGateway, connect: Connect, at: int
) -> None:
    """In the midst of an advance, and the next goes on where that was: each ends once, is told so once."""
    gateway = start_gateway(settings={"LOG_LEVEL": "warning"})
    lot = _drivers(gateway)
    link = _bound(connect, gateway)
    for driver, msisdn in enumerate(DRIVERS):
        for car in range(CARS):
            link.submit(msisdn, "7757", f"1001*{_plate(driver, car)}*1")
            link.submit(msisdn, "7701", "1")
        lot.api.advance(1)
    assert len(lot.sessions(open=True, limit=1000)) == len(DRIVERS) * CARS
    _kill_in_an_advance(gateway, connect, DRIVERS[at])
    gateway.start()
    lot = ParkingLot(gateway.api)
    ended = Counter(lot.states(limit=1000))["ended"]
    assert at * CARS < ended <= (at + 1) * CARS, "it was killed in the midst"
    again = kinds(lot.api.advance(2 * HOUR_S))
    assert again == {ENDED: len(DRIVERS) * CARS - ended}
    assert Counter(lot.states(limit=1000)) == {"ended": len(DRIVERS) * CARS}
    told = Counter(each["text"] for each in lot.api.messages(from_="7757", limit=1000))
    assert len(told) == told.total() == 3 * len(DRIVERS) * CARS, "a ticket, a reminder and an end for each"
    assert lot.revenue() == 100 * len(DRIVERS) * CARS
    assert {lot.purse(msisdn) for msisdn in DRIVERS} == {Purse(KZT_EACH - 100 * CARS, Decimal(), Decimal())}
    gateway.stop()
    assert_checked(gateway)


def _kill_in_an_advance(gateway: GatewayProcess, connect: Connect, msisdn: str) -> None:
    """When this driver's handset is told of an end: time waits for its response, which never comes."""
    link = connect(gateway)
    assert link.bind(address_range=msisdn).command_status == 0
    for _ in range(2 * CARS):
        link.delivery()
    with httpx.Client(base_url=gateway.api.http.base_url, timeout=60, trust_env=False) as other:

        def advance() -> None:
            with suppress(httpx.TransportError):
                other.post("/clock/advance", json={"seconds": HOUR_S})

        thread = threading.Thread(target=advance)
        thread.start()
        while b"is over" not in (told := link.expect(DeliverSm)).short_message:
            link.answer(told)
        gateway.kill()
        thread.join()


@pytest.mark.slow
@pytest.mark.parametrize("kill_at", [(3, 30), (20, 5)])
def test_kill_9_during_load_loses_nothing_acknowledged_and_takes_nothing_twice(
    start_gateway: StartGateway, connect: Connect, kill_at: tuple[int, int]
) -> None:
    """All start at once, then all confirm at once; each time the client comes back and repeats what was not
    answered.
    """
    gateway = start_gateway(settings={"LOG_LEVEL": "warning"})
    _drivers(gateway)
    starts = [(msisdn, "7757", f"1001*{_plate(at, 0)}*1") for at, msisdn in enumerate(DRIVERS)]
    _send_all(gateway, connect, starts, kill_at[0])
    lot = ParkingLot(gateway.api)
    assert Counter(lot.states(limit=1000)) == {"asked": len(DRIVERS)}
    _send_all(gateway, connect, [(msisdn, "7701", "1") for msisdn in DRIVERS], kill_at[1])
    lot = ParkingLot(gateway.api)
    assert Counter(lot.states(limit=1000)) == {"running": len(DRIVERS)}
    assert {lot.purse(msisdn) for msisdn in DRIVERS} == {purse(900, 0, 100)}
    assert len(lot.api.messages(from_="7757", limit=1000)) == len(DRIVERS)
    gateway.stop()
    assert_checked(gateway)


def _send_all(
    gateway: GatewayProcess, connect: Connect, texts: list[tuple[str, str, str]], kill_at: int
) -> None:
    """Without waiting for responses; killed after ``kill_at`` of them, and what has none is sent again."""
    link = _bound(connect, gateway)
    sent = {link.send(message(*text)): text for text in texts}
    for _ in range(kill_at):
        answered = link.expect(SubmitSmResp)
        assert answered.command_status == 0
        del sent[answered.sequence_number]
    gateway.kill()
    with suppress(LinkClosed, ConnectionError):
        while True:
            del sent[link.expect(SubmitSmResp).sequence_number]
    gateway.start()
    link = _bound(connect, gateway)
    for text in sent.values():
        assert link.submit(*text).command_status == 0
