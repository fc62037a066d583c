"""Account basics: balance, last charges, language, on both ways in."""

from typing import TYPE_CHECKING

import pytest

from handlers.base.grammar import Usage
from handlers.base.outcome import Outcome, Text
from rating.money import Money, tenge
from rating.msisdn import Msisdn
from rating.subscriber import Language, Status
from storage.model import AccountKind, AccountRef, main_account, transfer

if TYPE_CHECKING:
    from tests.handlers.conftest import Desk

ALIYA = Msisdn("77011234567")


def text_of(outcome: Outcome | Usage) -> Text:
    """The only text of an answer."""
    assert isinstance(outcome, Outcome)
    (reply,) = outcome.replies
    return reply.text


def lines_of(outcome: Outcome | Usage) -> tuple[Text, ...]:
    """The lines of an answer that is a list."""
    lines = text_of(outcome).params["lines"]
    assert isinstance(lines, tuple)
    return lines


def give(desk: "Desk", kind: AccountKind, amount_kzt: int) -> None:
    """Put money on one of the subscriber's other accounts."""
    ref, opening = AccountRef(kind, ALIYA), AccountRef(AccountKind.OPENING)
    entry = transfer(opening, ref, tenge(amount_kzt).tiyn, reason="test", source="t", actor="test")

    def step(uow: object, _: object) -> None:
        uow.ledger.open(ref)  # type: ignore[attr-defined]  # the desk hands over a unit of work
        uow.ledger.post(entry)  # type: ignore[attr-defined]  # as above

    desk.do(step)


def charge(desk: "Desk", tiyn: int) -> None:
    """Take money from the main account, as a service does."""
    revenue = AccountRef(AccountKind.REVENUE, "test")
    entry = transfer(main_account(ALIYA), revenue, tiyn, reason="test.charge", source="t", actor=ALIYA)
    desk.do(lambda uow, _: uow.ledger.post(entry))


class TestBalance:
    @pytest.mark.parametrize("ask", ["sms", "dial"])
    def test_shows_the_main_balance(self, desk: "Desk", ask: str) -> None:
        desk.subscribe(opening_kzt=500)
        outcome = desk.sms("6000", "bal") if ask == "sms" else desk.dial("*100#")
        assert text_of(outcome) == Text("account.balance", {"amount": tenge(500)})

    def test_shows_bonus_and_parking_only_where_they_are_not_empty(self, desk: "Desk") -> None:
        desk.subscribe(opening_kzt=500)
        give(desk, AccountKind.PARKING, 40)
        assert [line.id for line in lines_of(desk.dial("*100#"))] == ["account.balance", "account.parking"]
        give(desk, AccountKind.BONUS, 7)
        assert [line.params["amount"] for line in lines_of(desk.dial("*100#"))] == [
            tenge(500),
            tenge(7),
            tenge(40),
        ]

    @pytest.mark.parametrize("status", [Status.DEBT, Status.BLOCKED_OUTGOING])
    def test_is_told_to_whoever_may_not_call(self, desk: "Desk", status: Status) -> None:
        desk.subscribe(opening_kzt=-5, status=status)
        assert text_of(desk.dial("*100#")).params == {"amount": tenge(-5)}

    @pytest.mark.parametrize("dialled", ["*100#", "*100*1#", "*100*LANG#", "*100*LANG*KK#"])
    def test_nothing_is_told_to_the_blocked_or_unknown(self, desk: "Desk", dialled: str) -> None:
        assert text_of(desk.dial(dialled)).id == "access.unknown"
        desk.subscribe(status=Status.BLOCKED)
        assert text_of(desk.dial(dialled)).id == "access.blocked"


class TestCharges:
    def test_shows_the_last_five_newest_first(self, desk: "Desk") -> None:
        desk.subscribe(opening_kzt=500)
        for tiyn in range(101, 108):
            charge(desk, tiyn)
            desk.wait(86_400)
        outcome = desk.dial("*100*1#")
        assert text_of(outcome).id == "account.charges"
        assert [line.params for line in lines_of(outcome)] == [
            {"day": day, "amount": Money(tiyn)}
            for day, tiyn in zip(
                ["20.03", "19.03", "18.03", "17.03", "16.03"], range(107, 102, -1), strict=True
            )
        ]

    def test_the_day_is_the_operators(self, desk: "Desk") -> None:
        """22:00 in Almaty is still the day before in Greenwich, 02:00 already the day after."""
        desk.subscribe(opening_kzt=500)
        desk.wait(14 * 3600)
        charge(desk, 100)
        assert lines_of(desk.dial("*100*1#"))[0].params["day"] == "15.03"

    def test_top_ups_are_no_charges(self, desk: "Desk") -> None:
        desk.subscribe(opening_kzt=500)
        desk.redeem(desk.cards()[0])
        assert text_of(desk.dial("*100*1#")).id == "account.no_charges"

    def test_a_large_charge_takes_the_room_of_the_heading(self, desk: "Desk") -> None:
        desk.subscribe(opening_kzt=5000)
        charge(desk, 99_999)
        assert text_of(desk.dial("*100*1#")).id == "account.charges"
        charge(desk, 100_000)
        assert text_of(desk.dial("*100*1#")).id == "account.charges_bare"


class TestLanguage:
    @pytest.mark.parametrize(
        ("typed", "language"), [("LANG KK", Language.KK), ("lang ru", Language.RU), ("Lang EN", Language.EN)]
    )
    def test_by_sms(self, desk: "Desk", typed: str, language: Language) -> None:
        desk.subscribe()
        assert text_of(desk.sms("6000", typed)).id == "account.language_set"
        assert desk.subscriber().language is language

    @pytest.mark.parametrize(
        ("dialled", "language"),
        [("*100*LANG*1#", Language.KK), ("*100*LANG*EN#", Language.EN), ("*100*lang*2#", Language.RU)],
    )
    def test_by_ussd(self, desk: "Desk", dialled: str, language: Language) -> None:
        desk.subscribe(language=Language.KK if language is Language.RU else Language.RU)
        desk.dial(dialled)
        assert desk.subscriber().language is language

    def test_the_menu_lists_them_and_changes_nothing(self, desk: "Desk") -> None:
        before = desk.subscribe()
        assert text_of(desk.dial("*100*LANG#")).id == "account.languages"
        assert desk.subscriber() == before

    def test_a_language_that_we_do_not_speak(self, desk: "Desk") -> None:
        assert desk.sms("6000", "LANG DE") == Usage("system.bad_language")


class TestUsage:
    @pytest.mark.parametrize("typed", ["", "hello", "BAL 1", "1"])
    def test_of_6000(self, desk: "Desk", typed: str) -> None:
        assert desk.sms("6000", typed) == Usage("account.usage")

    @pytest.mark.parametrize("dialled", ["*100*2#", "*100*BAL#", "*100*1*1#"])
    def test_of_100(self, desk: "Desk", dialled: str) -> None:
        assert desk.dial(dialled) == Usage("account.ussd_usage")
