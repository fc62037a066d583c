"""Screens and notices that an application begins with, and the handset that is off, gone or busy."""

import pytest

from gateway.smpp.constants import CommandStatus
from simulator.errors import NoDialogue
from simulator.events import UssdNotice, UssdScreen
from tests.e2e.conftest import MakeApp, MakePhone, Raw
from tests.e2e.control_api import ControlApi
from tests.e2e.ussd_app import (
    ABSENT,
    ANSWERED,
    ASK,
    BUSY,
    CONFIRMED,
    EN,
    NOTICE,
    OK,
    REFUSED,
    UssdApp,
    ending,
    newest_dialogue,
)


@pytest.fixture
def app(bind_app: MakeApp) -> UssdApp:
    """The demo's app1, which owns ``*500#``."""
    return bind_app()


def test_an_application_begins_a_dialogue(api: ControlApi, app: UssdApp, phone: MakePhone) -> None:
    """Numbered by the application; the owner of the handset answers."""
    handset = phone(EN)
    assert app.say(EN, "How was the tea?", ASK, its_session_info=0x2A00) == OK
    assert handset.screen() == UssdScreen("How was the tea?", wants_answer=True)
    handset.handset.answer("hot")
    asked = app.asked()
    assert asked[:4] == (EN, "*500#", ANSWERED, "hot")
    assert (asked.number, asked.sequence) == (0x2A, 1)
    assert app.show(asked, "Thanks") == OK
    assert handset.screen() == UssdScreen("Thanks", wants_answer=False)
    dialogue = newest_dialogue(api)
    assert (dialogue["owner"], dialogue["number"], dialogue["ending"]) == ("account:app1", 0x2A, "completed")


def test_a_notice_by_itself_ends_with_the_handsets_confirmation(
    api: ControlApi, app: UssdApp, phone: MakePhone
) -> None:
    handset = phone(EN)
    assert app.say(EN, "Your tea is ready", NOTICE, its_session_info=0x0700) == OK
    assert handset.notice() == UssdNotice("Your tea is ready")
    asked = app.asked()
    assert (asked.operation, asked.number, asked.network_error) == (CONFIRMED, 7, None)
    assert asked.lets_go
    assert ending(api) == "completed"
    with pytest.raises(NoDialogue):
        handset.handset.answer("1")


@pytest.mark.parametrize(("operation", "confirm"), [(ASK, ANSWERED), (NOTICE, CONFIRMED)])
def test_a_handset_that_is_off_is_told_to_the_application(
    api: ControlApi, app: UssdApp, operation: int, confirm: int
) -> None:
    assert app.say(EN, "Is anybody there?", operation, its_session_info=0x0700) == OK
    asked = app.asked()
    assert asked.lets_go
    assert (asked.operation, asked.number, asked.network_error) == (confirm, 7, ABSENT)
    assert ending(api) == "the handset could not be reached"


def test_a_busy_handset_is_left_in_peace(app: UssdApp, phone: MakePhone) -> None:
    """In a menu of the operator's; afterwards it can be asked."""
    handset = phone(EN)
    handset.dial("*100#")
    for operation in (ASK, NOTICE):
        assert app.say(EN, "How was the tea?", operation, its_session_info=0x0700) == BUSY
    assert handset.answer("3").text.startswith("Choose a language:"), "its own dialogue goes on"
    handset.handset.abort()
    assert app.say(EN, "How was the tea?", ASK, its_session_info=0x0700) == OK
    assert handset.screen().text == "How was the tea?"


def test_a_handset_that_is_gone_when_the_screen_comes_is_told_to_the_application(
    app: UssdApp, raw: Raw
) -> None:
    handset = raw(address_range=EN)
    handset.dial(EN, "*500#", dialogue=9)
    asked = app.asked()
    handset.unbind()
    assert app.show(asked, "How many cups?", ASK) == OK
    over = app.asked()
    assert over.lets_go
    assert over.network_error == ABSENT


def test_a_screen_that_the_handset_refuses_ends_the_dialogue(app: UssdApp, raw: Raw) -> None:
    handset = raw(address_range=EN)
    handset.dial(EN, "*500#", dialogue=9)
    assert app.show(app.asked(), "How many cups?", ASK) == OK
    handset.delivery(CommandStatus.ESME_RX_P_APPN)
    asked = app.asked()
    assert asked.lets_go
    assert asked.network_error is not None
    assert app.show(asked, "Hello?") == REFUSED
