"""Whole calls to 7000: the flow of prompts and the service together, from the first prompt to the ledger."""

from typing import TYPE_CHECKING

import pytest

from handlers.bank_phone_desk import PhoneRegistered, RegisterPhoneCustomer
from handlers.base.command import Channel
from rating.money import tenge
from rating.msisdn import Msisdn
from rating.subscriber import Language
from storage.call_model import Cause, PhoneCustomer
from tests.handlers.conftest import CATALOG, Desk
from ussd_menus.prompts import engine
from ussd_menus.prompts.registry import FLOWS
from ussd_menus.prompts.turn import Issue, Over, Turn

if TYPE_CHECKING:
    from handlers.base.outcome import Text

ALIYA = Msisdn("77011234567")
FLOW = FLOWS["bank_phone"]


class Caller:
    """Steps through the flow, and has the desk run what it issues."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.origin = desk.origin(Channel.VOICE, ALIYA, "7000")
        self.kept: list[str] = []
        self.turn, self.heard = self._settle(engine.begin(FLOW, "bank_phone", {}, self.origin))

    def press(self, *answers: str) -> list[str]:
        """Answer question after question; the ids of what is heard after the last answer."""
        for digits in answers:
            turn = engine.keys(FLOW, self.turn.script, digits, self.origin)
            self.kept.append(turn.heard.keys)
            self.turn, self.heard = self._settle(turn)
        return self.heard

    def words(self) -> str:
        """What is asked now, in English."""
        asked = engine.again(FLOW, self.turn.script)
        assert asked is not None
        return CATALOG.render(asked, Language.EN)

    def _settle(self, turn: Turn) -> tuple[Turn, list[str]]:
        texts: list[Text] = [each.text for each in turn.says]
        while isinstance(turn.then, Issue):
            outcome = self.desk.run(turn.then.command)
            turn = engine.ran(FLOW, turn.script, outcome, self.origin)
            texts += [each.text for each in turn.says]
        return turn, [text.id for text in texts]


@pytest.fixture
def customer(desk: Desk) -> PhoneCustomer:
    """A customer with 10,000 KZT on the card and nothing on the balance."""
    desk.subscribe()
    card = desk.bind_card()
    command = RegisterPhoneCustomer(origin=desk.origin(Channel.API, ""), msisdn=ALIYA, card_id=card.id)
    registered = desk.run(command).result
    assert isinstance(registered, PhoneRegistered)
    return registered.customer


def test_a_payment_is_read_back_confirmed_accepted_and_booked(desk: Desk, customer: PhoneCustomer) -> None:
    caller = Caller(desk)
    assert caller.heard == ["phone.ask_identifier"]
    assert caller.press(f"{customer.identifier}#") == ["phone.ask_password"]
    assert caller.press("1234567#") == ["phone.change_advised", "phone.menu"]
    assert caller.press("1", "250*50#") == ["phone.confirm"]
    assert caller.words().startswith("250.50 tenge for 77011234567 from the card ending in 1234.")
    assert desk.balance() == 0
    assert caller.press("1") == ["phone.working", "phone.menu"]
    desk.advance(5)
    assert desk.balance() == 25_050


def test_a_payment_that_is_cancelled_takes_nothing(desk: Desk, customer: PhoneCustomer) -> None:
    caller = Caller(desk)
    heard = caller.press(f"{customer.identifier}#", "1234567#", "1", "100#", "2")
    assert heard == ["phone.cancelled", "phone.menu"]
    assert desk.advance(5) == []


def test_a_payment_cannot_be_confirmed_before_it_was_heard(desk: Desk, customer: PhoneCustomer) -> None:
    """``100#1`` at once: the ``1`` is dropped, for the amount has not been read back yet."""
    caller = Caller(desk)
    heard = caller.press(f"{customer.identifier}#", "1234567#", "1", "100#1")
    assert heard == ["phone.confirm"]
    assert desk.advance(5) == []


def test_an_amount_that_cannot_be_paid_is_asked_for_again(desk: Desk, customer: PhoneCustomer) -> None:
    caller = Caller(desk)
    heard = caller.press(f"{customer.identifier}#", "1234567#", "1", "99#")
    assert heard == ["phone.below_minimum", "phone.ask_amount"]
    assert caller.press("10001#") == ["phone.not_enough", "phone.ask_amount"]
    assert caller.press("10000#") == ["phone.confirm"]


def test_a_changed_password_is_recommended_no_more_and_no_secret_is_kept_of_the_keys(
    desk: Desk, customer: PhoneCustomer
) -> None:
    first = Caller(desk)
    first.press(f"{customer.identifier}#", "1234567#", "3", "4815#")
    assert first.press("4815#") == ["phone.password_changed", "phone.menu"]
    second = Caller(desk)
    assert second.press(f"{customer.identifier}#", "4815#") == ["phone.menu"]
    assert second.press("2") == ["phone.balance", "phone.menu"]
    kept = "".join(first.kept + second.kept)
    assert all(secret not in kept for secret in ("4815", "1234567", customer.identifier))


def test_two_calls_at_once_share_one_count_of_wrong_passwords(desk: Desk, customer: PhoneCustomer) -> None:
    """The third wrong one ends the call, whichever it comes by; the other call is locked out too."""
    one, other = Caller(desk), Caller(desk)
    one.press(f"{customer.identifier}#", "1#")
    other.press(f"{customer.identifier}#", "2#", f"{customer.identifier}#")
    assert other.heard == ["phone.ask_password"]
    assert one.press(f"{customer.identifier}#", "3#") == ["phone.locked_now"]
    assert one.turn.then == Over(Cause.NOT_ALLOWED)
    assert other.press("1234567#") == ["phone.locked"]
    assert other.turn.then == Over(Cause.NOT_ALLOWED)


def test_money_that_went_meanwhile_refuses_what_was_confirmed(desk: Desk, customer: PhoneCustomer) -> None:
    caller = Caller(desk)
    caller.press(f"{customer.identifier}#", "1234567#", "1", "10000#")
    desk.sms("8080", "07 1234 100")
    assert caller.press("1") == ["phone.not_enough", "phone.menu"]
    desk.advance(5)
    assert desk.balance() == tenge(100).tiyn
