"""What is told of calls that have ended."""

from collections.abc import MutableMapping
from typing import Any

from gateway.metrics import Metrics
from gateway.voice.records import tell_calls
from handlers.base.outcome import Event
from tests.gateway.phones import Phone, Phones
from tests.gateway.stand import BOLAT


def test_a_call_leaves_one_line_and_one_count(
    phones: Phones, aliya: Phone, logged: list[MutableMapping[str, Any]]
) -> None:
    aliya.dial("112")
    (view,) = phones.calls()
    data = {
        "call": view.call.id,
        "service": "",
        "msisdn": aliya.msisdn,
        "called": "112",
        "reason": "no_route",
        "duration_s": 0,
        "charge_tiyn": 0,
    }
    metrics = Metrics()
    logged.clear()
    tell_calls([Event(kind="other", data={}), Event(kind="call.ended", data=data)], metrics)
    assert [(line["event"], line["call"], line["reason"]) for line in logged] == [
        ("call.ended", view.call.id, "no_route")
    ]
    assert b'shortcode_calls_total{reason="no_route",service="(none)"} 1.0' in metrics.render()


def test_the_event_of_a_call_says_what_the_record_says(phones: Phones, aliya: Phone, bolat: Phone) -> None:
    aliya.dial(f"000{BOLAT}").say("Aliya")
    bolat.answer().keys("1")
    phones.pass_s(10)
    (result,) = phones.hang_up(aliya)
    (event,) = [each for each in result.events if each.kind == "call.ended"]
    (view,) = phones.calls()
    assert event.data == {
        "call": view.call.id,
        "service": "collect_call",
        "msisdn": view.call.caller,
        "called": view.call.called,
        "reason": view.call.ended,
        "duration_s": 10,
        "charge_tiyn": 250,
    }
