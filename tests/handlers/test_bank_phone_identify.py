"""7000: identifier and password, the lock, and the change of the password."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.bank_phone import ChangePassword, Identified, Identify
from handlers.bank_phone_desk import PhoneRegistered, RegisterPhoneCustomer, ResetPhoneCustomer
from handlers.base.command import Channel, Secret
from handlers.base.outcome import Outcome
from handlers.base.phone_bank import is_identifier
from rating.msisdn import Msisdn
from rating.subscriber import Status
from storage.call_model import PhoneCustomer
from tests.handlers.conftest import Desk

ALIYA, BOLAT = Msisdn("77011234567"), Msisdn("77021234567")
INITIAL, NOBODYS = "1234567", "12345678"
DAY_S = 86_400


@pytest.fixture
def customer(desk: Desk) -> PhoneCustomer:
    """A customer with the initial password."""
    desk.subscribe()
    card = desk.bind_card()
    command = RegisterPhoneCustomer(origin=desk.origin(Channel.API, ""), msisdn=ALIYA, card_id=card.id)
    registered = desk.run(command).result
    assert isinstance(registered, PhoneRegistered)
    return registered.customer


def identify(desk: Desk, identifier: str, password: str = INITIAL, msisdn: str = ALIYA) -> Outcome:
    """What was typed into the telephone."""
    origin = desk.origin(Channel.VOICE, msisdn, "7000")
    return desk.run(Identify(origin=origin, identifier=Secret(identifier), password=Secret(password)))


def change(desk: Desk, customer: PhoneCustomer, new: str, again: str | None = None) -> Outcome:
    """A new password, typed twice."""
    origin = desk.origin(Channel.VOICE, ALIYA, "7000")
    second = new if again is None else again
    return desk.run(
        ChangePassword(origin=origin, identifier=customer.identifier, new=Secret(new), again=Secret(second))
    )


def reset(desk: Desk, identifier: str) -> Outcome:
    """The call centre's help."""
    return desk.run(ResetPhoneCustomer(origin=desk.origin(Channel.API, ""), identifier=identifier))


def texts(outcome: Outcome) -> list[str]:
    """The ids of what is said."""
    return [reply.text.id for reply in outcome.replies]


class TestIdentifying:
    def test_with_the_initial_password_is_let_in_and_is_known_to_be_initial(
        self, desk: Desk, customer: PhoneCustomer
    ) -> None:
        outcome = identify(desk, customer.identifier)
        assert (outcome.word, outcome.replies) == ("ok", ())
        assert outcome.result == Identified(identifier=customer.identifier, is_initial=True)

    def test_from_any_telephone(self, desk: Desk, customer: PhoneCustomer) -> None:
        desk.subscribe(BOLAT)
        assert identify(desk, customer.identifier, msisdn=BOLAT).word == "ok"

    def test_a_telephone_that_is_blocked_is_not_listened_to_and_nothing_is_counted(
        self, desk: Desk, customer: PhoneCustomer
    ) -> None:
        desk.subscribe(BOLAT, status=Status.BLOCKED)
        for _ in range(5):
            assert identify(desk, customer.identifier, "0000", BOLAT).word == "access.blocked"
        assert identify(desk, customer.identifier).word == "ok"

    @pytest.mark.usefixtures("customer")
    @pytest.mark.parametrize("identifier", ["", "1234567", "123456789", "1234567*", "١٢٣٤٥٦٧٨", "1" * 32])
    def test_what_does_not_look_like_an_identifier_is_wrong_and_never_counted(
        self, desk: Desk, identifier: str
    ) -> None:
        assert [identify(desk, identifier).word for _ in range(4)] == ["phone.wrong"] * 4
        assert desk.do(lambda uow, _: uow.attempts.get("bank_phone", identifier)).times_us == ()

    def test_keeps_no_password_in_the_clear(self, desk: Desk, customer: PhoneCustomer) -> None:
        change(desk, customer, "48151623")
        kept = desk.do(lambda uow, _: uow.phone_customers.get(customer.identifier))
        assert kept is not None
        assert b"48151623" not in kept.password
        assert len(kept.password) == 32

    def test_shows_no_password(self, desk: Desk) -> None:
        origin = desk.origin(Channel.VOICE, ALIYA, "7000")
        command = Identify(origin=origin, identifier=Secret("12344321"), password=Secret("48151623"))
        assert "12344321" not in repr(command)
        assert "48151623" not in repr(command)


class TestLock:
    def test_the_third_wrong_password_locks_for_a_day_and_says_until_when(
        self, desk: Desk, customer: PhoneCustomer
    ) -> None:
        tries = [identify(desk, customer.identifier, "0000") for _ in range(3)]
        assert [each.word for each in tries] == ["phone.wrong", "phone.wrong", "phone.locked"]
        assert texts(tries[-1]) == ["phone.locked_now"]
        params = tries[-1].replies[0].text.params
        until = desk.context().at(desk.now_us + DAY_S * 1_000_000)
        assert params == {"count": 3, "until": until}

    def test_while_it_lasts_the_right_password_is_refused_too(
        self, desk: Desk, customer: PhoneCustomer
    ) -> None:
        for _ in range(3):
            identify(desk, customer.identifier, "0000")
        desk.wait(DAY_S - 0.000001)
        refused = identify(desk, customer.identifier)
        assert (refused.word, texts(refused)) == ("phone.locked", ["phone.locked"])
        desk.wait(0.000001)
        assert identify(desk, customer.identifier).word == "ok"

    def test_a_try_while_it_lasts_makes_it_no_longer(self, desk: Desk, customer: PhoneCustomer) -> None:
        for _ in range(6):
            identify(desk, customer.identifier, "0000")
        desk.wait(DAY_S)
        assert [identify(desk, customer.identifier, "0000").word for _ in range(2)] == ["phone.wrong"] * 2
        assert identify(desk, customer.identifier).word == "ok"

    def test_the_right_password_forgets_the_wrong_ones(self, desk: Desk, customer: PhoneCustomer) -> None:
        for _ in range(3):
            words = [identify(desk, customer.identifier, "0000").word for _ in range(2)]
            assert words == ["phone.wrong"] * 2
            assert identify(desk, customer.identifier).word == "ok"

    def test_wrong_ones_count_however_long_ago_and_from_whichever_telephone(
        self, desk: Desk, customer: PhoneCustomer
    ) -> None:
        desk.subscribe(BOLAT)
        identify(desk, customer.identifier, "0000")
        desk.wait(30 * DAY_S)
        identify(desk, customer.identifier, "0000", BOLAT)
        assert identify(desk, customer.identifier, "0000").word == "phone.locked"

    def test_an_identifier_of_nobody_is_answered_exactly_like_one_of_somebody(
        self, desk: Desk, customer: PhoneCustomer
    ) -> None:
        """Nobody learns which exist: the same words, texts and params at every try."""
        desk.subscribe(BOLAT)
        somebodys = [identify(desk, customer.identifier, "0000") for _ in range(5)]
        nobodys = [identify(desk, NOBODYS, "0000", BOLAT) for _ in range(5)]
        assert customer.identifier != NOBODYS
        assert [(each.refusal, each.replies) for each in nobodys] == [
            (each.refusal, each.replies) for each in somebodys
        ]

    def test_of_one_identifier_leaves_others_alone(self, desk: Desk, customer: PhoneCustomer) -> None:
        desk.subscribe(BOLAT)
        for _ in range(3):
            identify(desk, NOBODYS, "0000", BOLAT)
        assert identify(desk, customer.identifier).word == "ok"

    def test_the_first_password_cannot_be_tried_on_one_identifier_after_another(
        self, desk: Desk, customer: PhoneCustomer
    ) -> None:
        """Everybody knows it, so one telephone's wrong tries count whoever they are for."""
        words = [identify(desk, f"{number:08d}").word for number in range(1, 11)]
        assert words == ["phone.wrong"] * 9 + ["phone.locked"]
        assert identify(desk, customer.identifier).word == "phone.locked"
        desk.wait(DAY_S)
        assert identify(desk, customer.identifier).word == "ok"

    def test_is_lifted_by_the_call_centre_with_the_initial_password(
        self, desk: Desk, customer: PhoneCustomer
    ) -> None:
        change(desk, customer, "48151623")
        for _ in range(3):
            identify(desk, customer.identifier, "0000")
        assert reset(desk, customer.identifier).word == "ok"
        assert identify(desk, customer.identifier, "48151623").word == "phone.wrong"
        outcome = identify(desk, customer.identifier)
        assert outcome.result == Identified(identifier=customer.identifier, is_initial=True)


class TestChangeOfPassword:
    @pytest.mark.parametrize("new", ["0000", "7654321", "123456789012"])
    def test_lets_in_with_the_new_one_only(self, desk: Desk, customer: PhoneCustomer, new: str) -> None:
        assert texts(change(desk, customer, new)) == ["phone.password_changed"]
        assert identify(desk, customer.identifier, INITIAL).word == "phone.wrong"
        outcome = identify(desk, customer.identifier, new)
        assert outcome.result == Identified(identifier=customer.identifier, is_initial=False)

    @pytest.mark.parametrize(
        ("new", "again", "why"),
        [
            ("48151623", "48151624", "phone.password_differs"),
            ("123", "1234", "phone.password_differs"),
            ("", "", "phone.password_form"),
            ("123", "123", "phone.password_form"),
            ("1234567890123", "1234567890123", "phone.password_form"),
            ("12*4", "12*4", "phone.password_form"),
            ("١٢٣٤", "١٢٣٤", "phone.password_form"),
            (INITIAL, INITIAL, "phone.password_initial"),
            ("4815", "4815", "phone.password_same"),
        ],
    )
    def test_that_is_refused_leaves_the_old_one(
        self, desk: Desk, customer: PhoneCustomer, new: str, again: str, why: str
    ) -> None:
        change(desk, customer, "4815")
        assert change(desk, customer, new, again).word == why
        assert identify(desk, customer.identifier, "4815").word == "ok"

    @pytest.mark.usefixtures("customer")
    def test_of_nobody_is_refused(self, desk: Desk) -> None:
        origin = desk.origin(Channel.VOICE, ALIYA, "7000")
        secret = Secret("4815")
        outcome = desk.run(ChangePassword(origin=origin, identifier=NOBODYS, new=secret, again=secret))
        assert outcome.word == "phone.unknown"


@given(st.text(max_size=40))
def test_an_identifier_has_eight_ascii_digits_and_nothing_else(typed: str) -> None:
    expected = len(typed) == 8 and all(each in "0123456789" for each in typed)
    assert is_identifier(typed) is expected
