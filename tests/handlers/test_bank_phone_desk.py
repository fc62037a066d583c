"""The call centre of the bank by phone: customers are registered, and let in again."""

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from handlers.bank_phone_desk import PhoneRegistered, RegisterPhoneCustomer, ResetPhoneCustomer
from handlers.base.command import Channel
from rating.msisdn import Msisdn
from storage.bank_model import Card
from storage.model import Attempts

if TYPE_CHECKING:
    from handlers.base.outcome import Outcome
    from tests.handlers.conftest import Desk

ALIYA, BOLAT = Msisdn("77011234567"), Msisdn("77021234567")
OTHER_PAN = "9398000000151234"


@pytest.fixture
def card(desk: "Desk") -> Card:
    """A subscriber's card."""
    desk.subscribe()
    return desk.bind_card()


def register(desk: "Desk", card_id: str, msisdn: str = ALIYA, identifier: str = "") -> "Outcome":
    """What the call centre asks for."""
    origin = desk.origin(Channel.API, "")
    return desk.run(
        RegisterPhoneCustomer(origin=origin, msisdn=Msisdn(msisdn), card_id=card_id, identifier=identifier)
    )


def registered(outcome: "Outcome") -> PhoneRegistered:
    """The result of a registration that went well."""
    assert isinstance(outcome.result, PhoneRegistered), outcome
    return outcome.result


def test_a_customer_gets_eight_random_digits_a_card_code_and_the_initial_password(
    desk: "Desk", card: Card
) -> None:
    result = registered(register(desk, card.id))
    customer = result.customer
    assert result.is_new
    assert customer.is_initial
    assert (len(customer.identifier), customer.identifier.isdigit()) == (8, True)
    assert (len(customer.card_code), customer.card_code.isdigit()) == (4, True)
    assert (customer.msisdn, customer.card_id, customer.created_us) == (ALIYA, card.id, desk.now_us)
    assert desk.do(lambda uow, _: uow.phone_customers.get(customer.identifier)) == customer


def test_the_same_card_again_changes_nothing(desk: "Desk", card: Card) -> None:
    first = registered(register(desk, card.id)).customer
    desk.wait(60)
    assert registered(register(desk, card.id)) == PhoneRegistered(first, is_new=False)


def test_each_card_of_a_holder_has_an_identifier_of_its_own(desk: "Desk", card: Card) -> None:
    second = desk.bind_card(pan=OTHER_PAN)
    identifiers = {registered(register(desk, each.id)).customer.identifier for each in (card, second)}
    found = desk.do(lambda uow, _: uow.phone_customers.of(ALIYA))
    assert {each.identifier for each in found} == identifiers
    assert len(identifiers) == 2


def test_an_identifier_that_is_taken_is_drawn_again(desk: "Desk", card: Card) -> None:
    second = desk.bind_card(pan=OTHER_PAN)
    first = registered(register(desk, card.id, identifier="70007000")).customer
    drawn = deque(["70007000", "70007001", "1234"])
    command = RegisterPhoneCustomer(
        origin=desk.origin(Channel.API, ""), msisdn=ALIYA, card_id=second.id, identifier="70007000"
    )
    outcome = desk.do(
        lambda uow, context: desk.bus.handle(
            command, uow, replace(context, random_digits=lambda _: drawn.popleft())
        )
    )
    assert first.identifier == "70007000"
    assert registered(outcome).customer.identifier == "70007001"


@pytest.mark.parametrize(
    ("msisdn", "card_id", "why"),
    [
        ("77021112233", "", "subscriber.unknown"),
        (ALIYA, "no such card", "bank.unknown"),
        (BOLAT, "", "phone.not_holder"),
    ],
)
def test_whoever_does_not_hold_the_card_is_not_registered(
    desk: "Desk", card: Card, msisdn: str, card_id: str, why: str
) -> None:
    desk.subscribe(BOLAT)
    outcome = register(desk, card_id or card.id, msisdn)
    assert (outcome.word, outcome.replies) == (why, ())


def test_a_reset_of_nobody_is_refused(desk: "Desk") -> None:
    outcome = desk.run(ResetPhoneCustomer(origin=desk.origin(Channel.API, ""), identifier="12345678"))
    assert outcome.word == "phone.unknown"


def test_a_new_customer_does_not_inherit_the_lock_of_the_identifier(desk: "Desk", card: Card) -> None:
    """Somebody guessed at it before it was anybody's."""
    locked = Attempts(kind="bank_phone", subject="70007000", locked_until_us=desk.now_us + 1)
    desk.do(lambda uow, _: uow.attempts.put(locked))
    register(desk, card.id, identifier="70007000")
    kept = desk.do(lambda uow, _: uow.attempts.get("bank_phone", "70007000"))
    assert kept == Attempts(kind="bank_phone", subject="70007000")
