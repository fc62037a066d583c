"""How dialogues with applications end before their time, and who is told what."""

import time

import pytest

from gateway.smpp.constants import CommandStatus
from gateway.smpp.pdus import DeliverSm
from gateway.smpp.tlv import Tag, Tlv
from simulator.errors import DialogueOver
from tests.e2e.conftest import Connect, MakeApp, MakePhone, Raw, StartGateway
from tests.e2e.control_api import ControlApi
from tests.e2e.ussd_app import (
    ANSWERED,
    ASK,
    EN,
    GUARD_S,
    KK,
    LAST,
    NO_RESPONSE,
    NOTICE,
    OK,
    REFUSED,
    RU,
    SORRY,
    UssdApp,
    ending,
    newest_dialogue,
    sorry,
)


@pytest.fixture
def app(bind_app: MakeApp) -> UssdApp:
    """The demo's app1, which owns ``*500#``."""
    return bind_app()


# -- the handset or the network lets go --------------------------------------------------------------


def test_the_application_hears_that_the_handset_let_go(
    api: ControlApi, app: UssdApp, phone: MakePhone
) -> None:
    """Nobody but the subscriber is the cause, so there is no network error."""
    handset = phone(EN)
    handset.handset.dial("*500#")
    first = app.asked()
    app.show(first, "How many cups?", ASK)
    handset.screen()
    handset.handset.abort()
    asked = app.asked()
    assert asked.lets_go
    assert (asked.operation, asked.number, asked.network_error) == (ANSWERED, first.number, None)
    assert asked.sequence == first.sequence + 1
    for operation in (ASK, NOTICE, LAST):
        assert app.show(asked, "Wait!", operation) == REFUSED
    assert ending(api) == "the handset ended it"
    assert len(api.get("/dialogues", msisdn=EN)) == 1


def test_what_the_application_still_owed_when_the_handset_let_go_is_refused(
    app: UssdApp, raw: Raw, api: ControlApi
) -> None:
    """The handset lets go before it has seen anything: the answer under way begins no new dialogue."""
    handset = raw(address_range=EN)
    handset.dial(EN, "*500#", dialogue=9)
    asked = app.asked()
    end = (Tlv(Tag.USSD_SERVICE_OP, ANSWERED), Tlv(Tag.ITS_SESSION_INFO, b"\x09\x01"))
    assert handset.submit(EN, "*500#", service_type="USSD", tlvs=end).command_status == OK
    for operation in (ASK, LAST, NOTICE):
        assert app.show(asked, "How many cups?", operation) == REFUSED
    assert app.asked().lets_go
    assert handset.waiting() == []
    assert len(api.get("/dialogues", msisdn=EN)) == 1


def test_dialling_anew_ends_the_dialogue_before(api: ControlApi, app: UssdApp, phone: MakePhone) -> None:
    handset = phone(EN)
    handset.handset.dial("*500#")
    first = app.asked()
    app.show(first, "How many cups?", ASK)
    handset.screen()
    handset.handset.dial("*500*2#")
    asked = sorted((app.asked(), app.asked()), key=lambda each: each.ends)
    assert asked[0].text == "*500*2#"
    assert asked[1].lets_go
    assert asked[1].number == first.number
    assert asked[1].network_error is None
    assert app.show(asked[0], "Open from 9 to 21") == OK
    assert handset.screen().text == "Open from 9 to 21"
    assert [each["ending"] for each in api.get("/dialogues", msisdn=EN)] == [
        "completed",
        "the handset dialled anew",
    ]


def test_a_handset_that_is_silent_for_60_seconds_ends_it(
    api: ControlApi, app: UssdApp, phone: MakePhone
) -> None:
    """The network is the cause: network_error_code says so."""
    api.virtual_clock()
    handset = phone(EN)
    handset.handset.dial("*500#")
    app.show(app.asked(), "How many cups?", ASK)
    handset.screen()
    api.advance(GUARD_S - 1)
    assert newest_dialogue(api)["state"] == "open"
    assert [each["kind"] for each in api.advance(1)].count("ussd.guard") == 1
    asked = app.asked()
    assert asked.lets_go
    assert (asked.operation, asked.network_error) == (ANSWERED, NO_RESPONSE)
    for operation in (ASK, NOTICE):
        assert app.show(asked, "Are you there?", operation) == REFUSED
    with pytest.raises(DialogueOver, match="dial again"):
        handset.handset.answer("2")
    assert ending(api) == "no answer in time"
    assert len(api.get("/dialogues", msisdn=EN)) == 1


@pytest.mark.parametrize("msisdn", [EN, RU, KK])
def test_an_application_that_is_silent_for_60_seconds_is_excused_in_the_subscribers_language(
    api: ControlApi, app: UssdApp, phone: MakePhone, msisdn: str
) -> None:
    """What it says afterwards is refused, and begins nothing."""
    api.virtual_clock()
    handset = phone(msisdn)
    handset.handset.dial("*500#")
    asked = app.asked()
    api.advance(GUARD_S)
    assert handset.screen() == sorry(msisdn)
    assert ending(api, msisdn) == "the application did not answer in time"
    for operation in (ASK, LAST, NOTICE):
        assert app.show(asked, "Sorry, I was away", operation) == REFUSED
    over = app.asked()
    assert over.lets_go
    assert over.network_error == NO_RESPONSE
    assert len(api.get("/dialogues", msisdn=msisdn)) == 1


def test_the_guard_begins_anew_with_each_step(api: ControlApi, app: UssdApp, phone: MakePhone) -> None:
    api.virtual_clock()
    handset = phone(EN)
    handset.handset.dial("*500#")
    for step in range(3):
        asked = app.asked()
        api.advance(GUARD_S - 1)
        assert app.show(asked, f"step {step}", ASK) == OK
        handset.screen()
        api.advance(GUARD_S - 1)
        handset.handset.answer(str(step))
    assert app.show(app.asked(), "done") == OK
    assert handset.screen().text == "done"


# -- the application fails ---------------------------------------------------------------------------


@pytest.mark.parametrize("msisdn", [EN, RU, KK])
def test_without_the_application_the_subscriber_is_told_at_once(
    api: ControlApi, phone: MakePhone, msisdn: str
) -> None:
    """The operator's clock stands still: nobody waits for the guard."""
    api.virtual_clock()
    handset = phone(msisdn)
    began = time.monotonic()
    assert handset.dial("*500#") == sorry(msisdn)
    assert time.monotonic() - began < 1
    assert ending(api, msisdn) == "the application could not be reached"


@pytest.mark.parametrize("status", ["ESME_RX_T_APPN", "ESME_RX_P_APPN", "ESME_RX_R_APPN", "ESME_RSYSERR"])
def test_an_application_that_refuses_is_excused(
    api: ControlApi, app: UssdApp, phone: MakePhone, status: str
) -> None:
    app.status = CommandStatus[status]
    handset = phone(RU)
    handset.handset.dial("*500#")
    asked = app.asked()
    assert handset.screen() == sorry(RU)
    assert ending(api, RU) == "the application could not be reached"
    assert app.show(asked, "Yes, after all", ASK) == REFUSED
    assert app.show(asked, "Yes, after all", LAST) == REFUSED


def test_an_application_that_acknowledges_nothing_is_excused(
    start_gateway: StartGateway, connect: Connect
) -> None:
    """The response timer of the session runs on real time, and is shorter than the guard."""
    gateway = start_gateway(settings={"TIMERS__RESPONSE_S": "0.5"})
    gateway.api.virtual_clock()
    handset, app = connect(gateway), connect(gateway)
    handset.bind(address_range=EN)
    app.bind("app1", "secret1")
    handset.dial(EN, "*500#", dialogue=9)
    assert app.expect(DeliverSm).short_message == b"*500#"
    screen = handset.delivery()
    assert screen.short_message.decode("ascii") == SORRY[EN]
    assert (screen.tlv(Tag.USSD_SERVICE_OP), screen.tlv(Tag.ITS_SESSION_INFO)) == (LAST, b"\x09\x01")


def test_an_application_that_goes_away_in_the_middle_is_excused(
    api: ControlApi, bind_app: MakeApp, phone: MakePhone
) -> None:
    app, handset = bind_app(), phone(EN)
    handset.handset.dial("*500#")
    app.show(app.asked(), "How many cups?", ASK)
    handset.screen()
    app.unbind()
    assert handset.answer("2") == sorry(EN)
    assert ending(api) == "the application could not be reached"


def test_an_application_that_comes_back_goes_on(bind_app: MakeApp, phone: MakePhone) -> None:
    """A dialogue belongs to the account, not to one of its sessions."""
    app, handset = bind_app(), phone(EN)
    handset.handset.dial("*500#")
    asked = app.asked()
    app.unbind()
    app = bind_app()
    assert app.show(asked, "I am back", ASK) == OK
    assert handset.screen().text == "I am back"
    handset.handset.answer("2")
    assert app.asked().text == "2"


def test_what_an_application_says_twice_or_to_nobody_is_refused_and_does_no_harm(
    api: ControlApi, app: UssdApp, phone: MakePhone
) -> None:
    handset = phone(EN)
    assert app.say(EN, "Hello?", LAST, its_session_info=0) == REFUSED, "nobody dialled"
    handset.handset.dial("*500#")
    first = app.asked()
    for wrong in (first.info ^ 0x0100, first.info + 2):
        assert app.show(first._replace(info=wrong), "Wrong place", ASK) == REFUSED
    assert app.show(first, "How many cups?", ASK) == OK
    for operation in (ASK, LAST, NOTICE):
        assert app.show(first, "And again", operation) == REFUSED
    assert handset.screen().text == "How many cups?"
    handset.handset.answer("2")
    second = app.asked()
    assert app.show(first, "Late", ASK) == REFUSED
    assert app.show(second, "On their way") == OK
    assert app.show(second, "And again") == REFUSED
    assert handset.screen().text == "On their way"
    assert [each["text"] for each in newest_dialogue(api)["turns"]] == [
        "*500#",
        "How many cups?",
        "2",
        "On their way",
    ]


def test_an_application_speaks_only_for_its_own_code(app: UssdApp, phone: MakePhone) -> None:
    phone(EN)
    for source in ("*100#", "*501#", "*5000", EN):
        status = app.say(EN, "Hello", ASK, source_addr=source, its_session_info=0)
        assert status == CommandStatus.ESME_RINVSRCADR
