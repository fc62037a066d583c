"""USSD screens: to the session that dialled, once, or told otherwise."""

from collections.abc import Callable

import pytest

from gateway.config import RADIO, Account, Side
from gateway.failures import ABSENT, NO_RESPONSE
from gateway.smpp.constants import CommandStatus
from handlers.base.command import Secret
from storage.model import MessageState
from tests.gateway.fake_mailroom import APP, HANDSETS, FakeLink, Mailing, S

ALIYA = "handset:77011234567"
BOLAT = "handset:77021234567"
APP1 = "account:app1"
#: What a handset says in a dialogue to the owner of the code.
TO_APP1 = f"once:{APP1}"
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


@pytest.mark.parametrize("happens", [gone, unbound])
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


def test_after_a_start_nobody_knows_that_a_message_of_a_dialogue_was_lost(mailing: Mailing) -> None:
    """It may have come and be answered: the dialogue does not end with it."""
    for lane in ("ussd:77011234567", "once:account:app1"):
        mailing.promise(lane, "screen", bearer="ussd")
    mailing.commit_news.clear()
    mailing.dispatcher.recover()
    mailing.settle_down()
    assert [each.state for each in mailing.deliveries] == [MessageState.UNDELIVERABLE] * 2
    assert not any(each.ussd for each in mailing.deliveries)


# -- dialogues of applications ---------------------------------------------------------------------


def test_what_is_said_to_an_application_goes_past_what_waits_for_it(mailing: Mailing) -> None:
    """A dialogue does not wait behind a full queue of short messages."""
    mailing.promise(APP1, *(["an SMS"] * 40))
    app = mailing.bind(account=APP)
    mailing.settle_down()
    before = list(app.texts)
    said = mailing.send(TO_APP1, "*500#", bearer="ussd")
    assert app.texts == [*before, "*500#"]
    app.answer(at=len(app.open) - 1)
    mailing.settle_down()
    assert mailing.ended(said) == [DELIVERED]


def test_binds_of_an_application_take_turns_in_what_is_said_to_it(mailing: Mailing) -> None:
    apps = [mailing.bind(account=APP) for _ in range(2)]
    mailing.settle_down()
    for _ in range(4):
        mailing.send(TO_APP1, "*500#", bearer="ussd")
    assert [len(each.texts) for each in apps] == [2, 2]


def test_a_bind_without_room_leaves_it_to_another_one(mailing: Mailing) -> None:
    full, free = mailing.bind(account=APP, window=0), mailing.bind(account=APP)
    mailing.settle_down()
    for _ in range(2):
        mailing.send(TO_APP1, "*500#", bearer="ussd")
    assert (full.texts, free.texts) == ([], ["*500#"] * 2)


@pytest.mark.parametrize(
    ("how", "code", "reason"),
    [
        ("not bound", ABSENT.number, "the application is not bound to receive"),
        ("bound to transmit", ABSENT.number, "the application is not bound to receive"),
        ("lost", ABSENT.number, "the application is not bound to receive"),
        ("silent", NO_RESPONSE.number, NO_RESPONSE.reason),
        ("refuses", None, ""),
        ("refuses for now", None, ""),
    ],
)
def test_what_an_application_does_not_take_is_settled_at_once_and_as_part_of_a_dialogue(
    mailing: Mailing, how: str, code: int | None, reason: str
) -> None:
    """One attempt; the writer has to hear that it was said in a dialogue."""
    app = None
    if how != "not bound":
        app = mailing.bind(account=APP, receives=how != "bound to transmit")
    mailing.settle_down()
    said = mailing.send(TO_APP1, "*500#", bearer="ussd")
    if app is not None:
        match how:
            case "lost":
                mailing.lose(app)
            case "silent":
                app.time_out()
            case "refuses":
                app.answer(CommandStatus.ESME_RX_P_APPN)
            case "refuses for now":
                app.answer(LATER)
            case _:
                assert app.texts == []
    mailing.settle_down()
    assert len(mailing.ended(said)) == 1
    (delivery,) = mailing.deliveries
    assert (delivery.ussd, delivery.retry_s, delivery.is_plain) == (True, None, False)
    assert delivery.error_code
    if code is not None:
        assert (delivery.error_code, delivery.error) == (code, reason)
    assert mailing.wakes == {}


def test_a_screen_without_a_session_comes_to_whoever_serves_the_handset(mailing: Mailing) -> None:
    """What an application begins, and what it says after the session that dialled is gone."""
    all_handsets, alone = mailing.bind(), mailing.bind("77011234567")
    mailing.settle_down()
    mailing.send("ussd:77011234567", "Do you agree?", bearer="ussd")
    mailing.send("ussd:77021234567", "And you?", bearer="ussd")
    assert (alone.texts, all_handsets.texts) == (["Do you agree?"], ["And you?"])


def test_a_screen_for_a_handset_that_nobody_serves_says_so(mailing: Mailing) -> None:
    """Unlike a screen whose session is gone, which the handset had been there for."""
    mailing.bind("77021234567")
    mailing.settle_down()
    mailing.send("ussd:77011234567", "Do you agree?", bearer="ussd")
    mailing.send("ussd:77021234567", "Name?", bearer="ussd", bind="gone")
    absent, gone = mailing.deliveries
    assert (absent.error_code, absent.error) == (ABSENT.number, ABSENT.reason)
    assert (gone.error, gone.ussd) == ("the dialogue is gone", True)


def test_after_a_start_what_was_said_to_an_application_is_settled_and_not_said_again(
    mailing: Mailing,
) -> None:
    said = mailing.promise(TO_APP1, "*500#", bearer="ussd")
    mailing.commit_news.clear()
    app = mailing.bind(account=APP)
    mailing.dispatcher.recover()
    mailing.settle_down()
    assert app.texts == []
    assert mailing.ended(said) == [MessageState.UNDELIVERABLE]
    assert not mailing.deliveries[-1].ussd, "it may have come, so its dialogue goes on"


@pytest.mark.parametrize(
    ("lane", "account"), [("ussd:77011234567", HANDSETS), (TO_APP1, APP)], ids=["screen", "to an application"]
)
class TestWithoutRoom:
    """What belongs to a dialogue waits for room, for as long as a screen has: both sides send at once."""

    @staticmethod
    def waiting(mailing: Mailing, lane: str, account: Account) -> tuple[FakeLink, str]:
        link = mailing.bind(account=account, window=1)
        mailing.settle_down()
        bind = link.session_id if account is HANDSETS else ""
        mailing.send(lane, "first", bearer="ussd", bind=bind)
        waiting = mailing.send(lane, "second", bearer="ussd", bind=bind, expires_us=60 * S)
        assert (link.texts, mailing.deliveries) == (["first"], [])
        return link, waiting

    def test_it_goes_when_there_is_room(self, mailing: Mailing, lane: str, account: Account) -> None:
        link, waiting = self.waiting(mailing, lane, account)
        third = mailing.send(lane, "third", bearer="ussd", bind=link.session_id)
        for _ in range(3):
            link.answer()
            mailing.settle_down()
        assert link.texts == ["first", "second", "third"]
        assert mailing.ended(waiting) == mailing.ended(third) == [DELIVERED]

    def test_it_ends_with_its_session(self, mailing: Mailing, lane: str, account: Account) -> None:
        link, waiting = self.waiting(mailing, lane, account)
        mailing.lose(link)
        mailing.settle_down()
        assert mailing.ended(waiting) == [MessageState.UNDELIVERABLE]
        assert [each.ussd for each in mailing.deliveries] == [True, True]

    def test_it_is_not_sent_after_its_time(self, mailing: Mailing, lane: str, account: Account) -> None:
        link, waiting = self.waiting(mailing, lane, account)
        mailing.advance(60)
        link.answer()
        mailing.settle_down()
        assert link.texts == ["first"]
        assert mailing.ended(waiting) == [MessageState.EXPIRED]

    def test_nothing_is_left_of_it(self, mailing: Mailing, lane: str, account: Account) -> None:
        link, _ = self.waiting(mailing, lane, account)
        for _ in range(2):
            link.answer()
            mailing.settle_down()
        assert (mailing.dispatcher.busy(), mailing.dispatcher.in_flight) == (frozenset(), 0)
        assert {key: each for key, each in mailing.dispatcher._waiting.items() if each} == {}


def test_what_waits_for_room_at_several_binds_goes_by_the_first_that_has_it_and_once(
    mailing: Mailing,
) -> None:
    links = [mailing.bind(account=APP, window=1) for _ in range(2)]
    mailing.settle_down()
    for text in ("one", "two", "three"):
        mailing.send(TO_APP1, text, bearer="ussd")
    links[1].answer()
    mailing.settle_down()
    links[0].answer()
    mailing.settle_down()
    assert sorted(links[0].texts + links[1].texts) == ["one", "three", "two"]


def test_what_was_taken_in_a_dialogue_is_delivered_and_plain(mailing: Mailing) -> None:
    """Nothing follows from it, so the writer need not read it."""
    app = mailing.bind(account=APP)
    mailing.settle_down()
    mailing.send(TO_APP1, "*500#", bearer="ussd")
    app.answer()
    (delivery,) = mailing.deliveries
    assert (delivery.state, delivery.is_plain) == (DELIVERED, True)
