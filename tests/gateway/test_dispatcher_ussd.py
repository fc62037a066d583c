"""USSD screens: to the session that dialled, once, or told otherwise."""

from collections.abc import Callable

import pytest

from gateway.config import RADIO, Account, Side
from gateway.smpp.constants import CommandStatus
from handlers.base.command import Secret
from storage.model import MessageState
from tests.gateway.fake_mailroom import FakeLink, Mailing

ALIYA = "handset:77011234567"
BOLAT = "handset:77021234567"
APP1 = "account:app1"
LATER = CommandStatus.ESME_RX_T_APPN
DELIVERED = MessageState.DELIVERED


@pytest.fixture
def mailing() -> Mailing:
    return Mailing()


def test_a_screen_goes_to_the_session_that_dialled_and_past_the_queue(mailing: Mailing) -> None:
    other = mailing.bind("77011234567")
    dialler = mailing.bind()
    mailing.settle_down()
    mailing.send(ALIYA, "an SMS")
    screen = mailing.send("ussd:77011234567", "a screen", bearer="ussd", bind=dialler.session_id)
    assert (other.texts, dialler.texts) == (["an SMS"], ["a screen"])
    dialler.answer()
    assert mailing.ended(screen) == [DELIVERED]


def test_a_transmitters_screen_comes_by_the_receiver_of_its_account(mailing: Mailing) -> None:
    transmitter = mailing.bind(receives=False)
    receiver = mailing.bind()
    mailing.settle_down()
    screen = mailing.send("ussd:77011234567", "a screen", bearer="ussd", bind=transmitter.session_id)
    assert (transmitter.texts, receiver.texts) == ([], ["a screen"])
    receiver.answer()
    assert mailing.ended(screen) == [DELIVERED]


def test_the_screen_of_what_the_radio_side_dialled_comes_to_the_handsets_own_bind(mailing: Mailing) -> None:
    """interfaces.md "POST /mo": the radio side only sends; whoever serves the number shows the screen."""
    radio = Account(system_id=RADIO, password=Secret("x"), side=Side.HANDSET)
    transmitter = mailing.bind(account=radio, receives=False)
    receiver = mailing.bind("77011234567")
    mailing.settle_down()
    screen = mailing.send("ussd:77011234567", "a screen", bearer="ussd", bind=transmitter.session_id)
    assert receiver.texts == ["a screen"]
    receiver.answer()
    assert mailing.ended(screen) == [DELIVERED]


def test_a_transmitters_screen_never_comes_to_the_receiver_of_another_account(mailing: Mailing) -> None:
    """It may be nobody else's to see."""
    other = Account(system_id="other", password=Secret("x"), side=Side.HANDSET)
    transmitter = mailing.bind(account=other, receives=False)
    receiver = mailing.bind("77011234567")
    mailing.settle_down()
    screen = mailing.send("ussd:77011234567", "a screen", bearer="ussd", bind=transmitter.session_id)
    assert receiver.texts == []
    assert mailing.ended(screen) == [MessageState.UNDELIVERABLE]


def gone(mailing: Mailing, dialler: FakeLink) -> None:
    mailing.lose(dialler)


def unbound(mailing: Mailing, dialler: FakeLink) -> None:
    mailing.unbind(dialler)


def full(_: Mailing, dialler: FakeLink) -> None:
    dialler.window = 0


@pytest.mark.parametrize("happens", [gone, unbound, full])
def test_a_screen_that_cannot_be_shown_ends_with_the_sender_that_takes_over(
    mailing: Mailing, happens: Callable[[Mailing, FakeLink], None]
) -> None:
    dialler = mailing.bind()
    happens(mailing, dialler)
    screen = mailing.send(
        "ussd:77011234567", "credited", bearer="ussd", bind=dialler.session_id, fallback="9393"
    )
    assert mailing.ended(screen) == [MessageState.UNDELIVERABLE]
    assert mailing.deliveries[-1].fallback == "9393"


@pytest.mark.parametrize("how", ["lost", "timed out", "later", "refused"])
def test_a_screen_is_shown_once_or_never_and_its_fallback_takes_over(mailing: Mailing, how: str) -> None:
    dialler = mailing.bind()
    screen = mailing.send(
        "ussd:77011234567", "credited", bearer="ussd", bind=dialler.session_id, fallback="9393"
    )
    match how:
        case "lost":
            mailing.lose(dialler)
        case "timed out":
            dialler.time_out()
        case "later":
            dialler.answer(LATER)
        case _:
            dialler.answer(CommandStatus.ESME_RX_P_APPN)
    mailing.settle_down()
    assert mailing.ended(screen) == [MessageState.UNDELIVERABLE]
    assert mailing.deliveries[-1].fallback == "9393"
    assert mailing.wakes == {}


def test_a_screen_that_was_shown_needs_no_fallback(mailing: Mailing) -> None:
    dialler = mailing.bind()
    mailing.send("ussd:77011234567", "credited", bearer="ussd", bind=dialler.session_id, fallback="9393")
    dialler.answer()
    assert mailing.deliveries[-1].fallback == ""


def test_after_a_start_the_screens_of_dead_dialogues_are_settled(mailing: Mailing) -> None:
    screen = mailing.promise("ussd:77011234567", "credited", bearer="ussd", bind="gone", fallback="9393")
    mailing.commit_news.clear()
    mailing.dispatcher.recover()
    mailing.settle_down()
    assert mailing.ended(screen) == [MessageState.UNDELIVERABLE]
    assert mailing.deliveries[-1].fallback == "9393"
