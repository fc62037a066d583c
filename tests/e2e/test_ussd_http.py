"""USSD applications as their teams write them: over HTTP behind a running gateway, and the two examples."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from simulator.events import UssdScreen
from tests.e2e.conftest import MakePhone, StartGateway
from tests.e2e.example import Example
from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.phone import Phone
from tests.e2e.waiting import PATIENCE_S, until
from tests.gateway.http_application import HttpApplication, response

EN, RU, KK = "77781234567", "77011234567", "77021234567"


@pytest.fixture
def application() -> Iterator[HttpApplication]:
    """A shop whose answers the test decides."""
    with HttpApplication(lambda form: response(f"CON You said: {form['text']}")) as application:
        yield application


def entry(url: str, code: str = "*501#", **more: Any) -> dict[str, str]:
    """The setting."""
    return {"USSD_HTTP": json.dumps([{"name": "shop", "url": url, "codes": [code], **more}])}


@pytest.fixture
def gateway_of(start_gateway: StartGateway, application: HttpApplication) -> GatewayProcess:
    """A gateway with the shop on *501#."""
    return start_gateway(settings=entry(application.url, timeout_s=2.0))


@pytest.fixture
def handset(gateway_of: GatewayProcess) -> Iterator[Phone]:
    """An English subscriber's."""
    phone = Phone(EN, gateway_of.smpp_port)
    yield phone
    phone.handset.switch_off()


# -- over HTTP -------------------------------------------------------------------------------------


def test_a_handset_talks_with_an_http_application(
    gateway_of: GatewayProcess, application: HttpApplication, handset: Phone
) -> None:
    assert handset.dial("*501*7#") == UssdScreen("You said: 7", wants_answer=True)
    assert handset.answer("8").text == "You said: 7*8"
    application.script = lambda _: response("END Рақмет")
    assert handset.answer("Қазақша") == UssdScreen("Рақмет", wants_answer=False)
    first, second, third = application.forms
    assert first["sessionId"] == second["sessionId"] == third["sessionId"]
    assert (first["phoneNumber"], first["serviceCode"]) == (f"+{EN}", "*501#")
    assert third["text"] == "7*8*Қазақша"
    (dialogue,) = gateway_of.api.get("/dialogues", msisdn=EN)
    assert (dialogue["state"], dialogue["ending"]) == ("ended", "completed")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (response("END Oops", "500 Internal Server Error"), "status 500"),
        (response("<html>"), "the body begins with neither CON nor END"),
        (b"", "the exchange broke off (ServerDisconnectedError)"),
        (response(b"CON " + b"a" * 70_000), "the body has more than 65536 octets"),
    ],
)
def test_where_there_is_no_screen_the_subscriber_gets_the_operators_own(
    gateway_of: GatewayProcess, application: HttpApplication, handset: Phone, answer: bytes, reason: str
) -> None:
    handset.dial("*501#")
    application.script = lambda _: answer
    shown = handset.answer("4711")
    assert not shown.wants_answer
    (line,) = gateway_of.log_lines("ussd_http.failed")
    assert (line["reason"], line["name"], line["msisdn"]) == (reason, "shop", EN)
    assert "4711" not in str(line)
    application.script = lambda _: response("CON Menu")
    assert handset.dial("*501#").text == "Menu"


def test_an_application_that_is_too_slow_is_not_waited_for(
    gateway_of: GatewayProcess, application: HttpApplication, handset: Phone
) -> None:
    application.script = lambda _: response("CON Late") if application.released.wait() else b""
    assert not handset.dial("*501#").wants_answer
    assert gateway_of.log_lines("ussd_http.failed")[0]["reason"] == "no answer within 2 s"


def test_a_screen_that_is_too_long_is_cut_at_a_word(application: HttpApplication, handset: Phone) -> None:
    application.script = lambda _: response("CON " + "word " * 1_000)
    shown = handset.dial("*501#")
    assert shown.wants_answer
    assert 150 < len(shown.text) <= 182
    assert shown.text.endswith("word...")


def test_a_slow_session_holds_up_no_other(gateway_of: GatewayProcess, application: HttpApplication) -> None:
    """Each handset's request waits until all have come."""
    msisdns, barrier = [EN, RU, KK], threading.Barrier(3)

    def script(form: dict[str, str]) -> bytes:
        barrier.wait(PATIENCE_S)
        return response(f"END {form['phoneNumber']}")

    application.script = script
    phones = [Phone(msisdn, gateway_of.smpp_port) for msisdn in msisdns]
    for phone in phones:
        phone.handset.dial("*501#")
    assert [phone.screen().text for phone in phones] == [f"+{msisdn}" for msisdn in msisdns]
    for phone in phones:
        phone.handset.switch_off()


def test_a_handset_that_lets_go_ends_the_session(application: HttpApplication, handset: Phone) -> None:
    handset.dial("*501#")
    handset.handset.abort()
    handset.dial("*501#")
    first, second = application.forms
    assert first["sessionId"] != second["sessionId"]


def test_a_gateway_stops_in_time_while_an_application_thinks(
    gateway_of: GatewayProcess, application: HttpApplication, handset: Phone
) -> None:
    application.script = lambda _: response("CON Late") if application.released.wait() else b""
    handset.handset.dial("*501#")
    until(lambda: application.forms, "the application is asked")
    gateway_of.stop()


# -- the examples ----------------------------------------------------------------------------------


def order_tea(first: Phone, second: Phone, code: str) -> None:
    """Two handsets at once through all three screens."""
    menu = UssdScreen("Tea house\n1 Order tea\n2 Opening hours", wants_answer=True)
    assert (first.dial(code), second.dial(code)) == (menu, menu)
    assert first.answer("1").text == "How many cups?"
    assert second.answer("2") == UssdScreen("Open from 9 to 21, on Sundays too", wants_answer=False)
    assert first.answer("3") == UssdScreen("Cups of tea on their way: 3", wants_answer=False)
    assert second.dial(code.replace("#", "*1*2#")).text == "Cups of tea on their way: 2"
    assert second.dial(code.replace("#", "*5#")) == UssdScreen("There is no such choice", wants_answer=False)


def test_the_example_over_smpp(gateway: GatewayProcess, phone: MakePhone) -> None:
    with Example("ussd_app", "127.0.0.1", str(gateway.smpp_port), "app1", "secret1") as example:
        assert example.line() == "bound as app1"
        order_tea(phone(EN), phone(RU), "*500#")
        assert example.stop() == 0
        assert example.said() == ""
    assert not phone(KK).dial("*500#").wants_answer


def test_the_example_over_smpp_forgets_who_let_go(gateway: GatewayProcess, phone: MakePhone) -> None:
    with Example("ussd_app", "127.0.0.1", str(gateway.smpp_port), "app1", "secret1") as example:
        example.line()
        handset = phone(EN)
        handset.dial("*500*1#")
        handset.handset.abort()
        assert handset.dial("*500#").text.startswith("Tea house")
        assert example.stop() == 0


def test_the_example_over_smpp_says_when_the_gateway_has_gone(start_gateway: StartGateway) -> None:
    gateway = start_gateway()
    with Example("ussd_app", "127.0.0.1", str(gateway.smpp_port), "app1", "secret1") as example:
        example.line()
        gateway.kill()
        assert example.wait() == 1
        assert "the gateway has closed the connection" in example.said()


def test_the_example_over_http(start_gateway: StartGateway) -> None:
    with Example("ussd_http_app", "0") as example:
        url = example.line().removeprefix("listening on ")
        gateway = start_gateway(settings=entry(url))
        first, second = (Phone(msisdn, gateway.smpp_port) for msisdn in (EN, RU))
        order_tea(first, second, "*501#")
        first.handset.switch_off()
        second.handset.switch_off()
        assert example.stop() == 0
        assert example.said() == ""
