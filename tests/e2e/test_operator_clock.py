"""The operator's clock from outside: virtual time, due work in order, restarts."""

from datetime import datetime, timedelta

import pytest

from tests.e2e.conftest import Raw, StartGateway
from tests.e2e.control_api import ControlApi
from tests.e2e.waiting import until

EN, RU = "77781234567", "77011234567"
FUTURE = "2031-05-17T09:30:00+05:00"


def _now(api: ControlApi) -> datetime:
    return datetime.fromisoformat(api.get("/clock")["now"])


def test_the_clock_is_real_and_in_the_operators_timezone(api: ControlApi) -> None:
    """After a reset it runs by itself."""
    shown = api.get("/clock")
    assert (shown["mode"], shown["timezone"]) == ("real", "Asia/Almaty")
    assert _now(api).utcoffset() == timedelta(hours=5)
    before = _now(api)
    until(lambda: _now(api) > before, "time goes on")


def test_a_virtual_clock_stands_still_until_it_is_advanced(api: ControlApi) -> None:
    """By seconds, and to a time."""
    api.virtual_clock(FUTURE)
    moment = datetime.fromisoformat(FUTURE)
    assert _now(api) == moment
    assert _now(api) == moment
    api.advance(3000)
    assert _now(api) == moment + timedelta(seconds=3000)
    api.post("/clock/advance", {"to": "2031-05-18T00:00:00+05:00"})
    assert _now(api) == datetime.fromisoformat("2031-05-18T00:00:00+05:00")


def test_a_virtual_clock_without_a_time_goes_on_from_now(api: ControlApi) -> None:
    """The mode alone can be switched, there and back, as often as one likes."""
    for _ in range(10):
        before = _now(api)
        api.virtual_clock()
        assert before <= _now(api) <= before + timedelta(seconds=10)
        api.http.put("/clock", json={"mode": "real"}).raise_for_status()


def test_the_clock_only_goes_forward(api: ControlApi) -> None:
    """409 with a problem, and nothing has changed."""
    api.virtual_clock(FUTURE)
    for call in (
        api.http.put("/clock", json={"mode": "virtual", "now": "2031-05-17T09:29:59+05:00"}),
        api.http.post("/clock/advance", json={"to": "2031-05-17T09:29:59+05:00"}),
    ):
        assert (call.status_code, call.json()["code"]) == (409, "clock")
    assert _now(api) == datetime.fromisoformat(FUTURE)


def test_an_advance_without_or_with_two_targets_is_refused(api: ControlApi) -> None:
    """Either seconds or to; not below zero, not without an offset."""
    for body in ({}, {"seconds": 1, "to": FUTURE}, {"seconds": -1}, {"to": "2031-05-17T09:30:00"}):
        assert api.http.post("/clock/advance", json=body).status_code == 422, body


def test_due_work_fires_in_order_and_the_answer_tells_what_fired(api: ControlApi, raw: Raw) -> None:
    """Messages with validities of one, two and three hours: one advance ends all, each at its own time."""
    api.virtual_clock(FUTURE)
    sender = raw(address_range=RU)
    hours = (3, 1, 2)
    ids = [
        sender.submit(RU, EN, f"{hour} h", validity_period=f"0000000{hour}0000000R").message_id
        for hour in hours
    ]
    fired = api.advance(4 * 3600)
    due = [datetime.fromisoformat(each["due"]) for each in fired]
    start = datetime.fromisoformat(FUTURE)
    assert due == [start + timedelta(hours=hour) for hour in (1, 2, 3)]
    assert {each["kind"] for each in fired} == {"expiry"}
    for hour, message_id in zip(hours, ids, strict=True):
        ended = datetime.fromisoformat(api.whole(message_id)["updated"])
        assert ended == start + timedelta(hours=hour), "at its own time, not at the end of the advance"
    assert api.advance(3600) == []


@pytest.mark.parametrize("mode", ["virtual", "real"])
def test_a_clock_that_is_set_forward_fires_what_lies_on_the_way_at_its_own_time(
    api: ControlApi, raw: Raw, mode: str
) -> None:
    api.virtual_clock(FUTURE)
    message = raw(address_range=RU).submit(RU, EN, "1 h", validity_period="000000010000000R")
    start = datetime.fromisoformat(FUTURE)
    set_to = (start + timedelta(hours=4)).isoformat()
    answer = api.http.put("/clock", json={"mode": mode, "now": set_to})
    assert (answer.status_code, answer.json()["mode"]) == (200, mode)
    assert datetime.fromisoformat(answer.json()["now"]) - start < timedelta(hours=4, seconds=20)
    assert datetime.fromisoformat(api.whole(message.message_id)["updated"]) == start + timedelta(hours=1)
    assert api.http.put("/clock", json={"mode": "virtual", "now": FUTURE}).status_code == 409


def test_an_advance_by_nothing_fires_what_is_due_now(api: ControlApi) -> None:
    """On a real clock too, though that has moved on before the writer looks at it."""
    for mode in ("real", "virtual"):
        api.http.put("/clock", json={"mode": mode}).raise_for_status()
        assert api.http.post("/clock/advance", json={"seconds": 0}).status_code == 200, mode


def test_money_moves_at_operator_time(api: ControlApi, raw: Raw) -> None:
    """What the history shows is the virtual time."""
    api.virtual_clock(FUTURE)
    (code,) = api.codes()
    link = raw(address_range=EN)
    link.submit(EN, "9393", code)
    link.delivery()
    (credit,) = api.credits(EN)
    assert datetime.fromisoformat(credit["at"]) == datetime.fromisoformat(FUTURE)


def test_a_restart_keeps_the_virtual_time(start_gateway: StartGateway) -> None:
    """Over a clean stop and over kill -9."""
    gateway = start_gateway()
    gateway.api.virtual_clock(FUTURE)
    gateway.api.advance(60)
    for end in (gateway.stop, gateway.kill):
        end()
        gateway.start()
        assert gateway.api.get("/clock")["mode"] == "virtual"
        assert _now(gateway.api) == datetime.fromisoformat(FUTURE) + timedelta(seconds=60)


def test_a_real_clock_that_was_set_forward_goes_on_from_there_after_a_restart(
    start_gateway: StartGateway,
) -> None:
    """The offset is kept."""
    gateway = start_gateway()
    body = {"mode": "real", "now": FUTURE}
    gateway.api.http.put("/clock", json=body).raise_for_status()
    gateway.stop()
    gateway.start()
    assert gateway.api.get("/clock")["mode"] == "real"
    assert _now(gateway.api) >= datetime.fromisoformat(FUTURE)


def test_a_reset_goes_back_to_real_time(api: ControlApi) -> None:
    """And to the seeded balances."""
    api.virtual_clock("2040-01-01T00:00:00+05:00")
    api.reset()
    assert api.get("/clock")["mode"] == "real"
    assert _now(api).year < 2040
