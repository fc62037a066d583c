"""Adding and changing subscribers."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from handlers.base.command import Channel
from handlers.subscriber_admin import AddSubscriber, ChangeSubscriber
from rating.money import TIYN_MAX, tenge
from rating.msisdn import Msisdn
from rating.subscriber import Billing, Brand, Language, Status
from storage.model import AccountKind, AccountRef, Balance, Subscriber, main_account

if TYPE_CHECKING:
    from tests.handlers.conftest import Desk

ALIYA = Msisdn("77011234567")


def adding(desk: "Desk") -> AddSubscriber:
    """A command that is fine."""
    return AddSubscriber(
        origin=desk.origin(Channel.API, ""),
        msisdn=ALIYA,
        brand=Brand.ACTIV,
        billing=Billing.PREPAID,
        language=Language.KK,
        owner_name="  Aliya   Omarova ",
        opening_tiyn=tenge(500).tiyn,
    )


def main_of(desk: "Desk") -> Balance | None:
    """The main account, if there is one."""
    return desk.do(lambda uow, _: uow.ledger.balance(main_account(ALIYA)))


class TestAdding:
    def test_makes_the_record(self, desk: "Desk") -> None:
        outcome = desk.run(adding(desk))
        assert outcome.result == desk.subscriber()
        assert desk.subscriber() == Subscriber(
            msisdn=ALIYA,
            brand=Brand.ACTIV,
            billing=Billing.PREPAID,
            language=Language.KK,
            owner_name="Aliya Omarova",
            created_us=desk.now_us,
        )

    def test_brings_the_opening_balance_from_the_operator(self, desk: "Desk") -> None:
        outcome = desk.run(adding(desk))
        assert outcome.journal_seq is not None
        assert desk.balance() == tenge(500).tiyn
        assert desk.account(AccountRef(AccountKind.OPENING)) == -tenge(500).tiyn

    def test_without_money_makes_no_entry_but_an_account(self, desk: "Desk") -> None:
        outcome = desk.run(replace(adding(desk), opening_tiyn=0))
        assert outcome.journal_seq is None
        assert main_of(desk) == Balance(0)

    def test_a_debt_can_be_brought_along(self, desk: "Desk") -> None:
        desk.run(replace(adding(desk), opening_tiyn=-100))
        assert desk.balance() == -100

    def test_sends_nobody_anything(self, desk: "Desk") -> None:
        assert desk.run(adding(desk)).replies == ()

    def test_a_number_that_is_there_already_is_refused_and_unchanged(self, desk: "Desk") -> None:
        desk.run(adding(desk))
        assert desk.run(replace(adding(desk), owner_name="Other")).word == "subscriber.exists"
        assert desk.subscriber().owner_name == "Aliya Omarova"
        assert desk.balance() == tenge(500).tiyn

    @pytest.mark.parametrize(
        ("billing", "asked", "limit"),
        [
            (Billing.PREPAID, None, 0),
            (Billing.PREPAID, 0, 0),
            (Billing.POSTPAID, None, tenge(10_000).tiyn),
            (Billing.POSTPAID, 0, 0),
            (Billing.POSTPAID, 70_000, 70_000),
        ],
    )
    def test_the_credit_limit(self, desk: "Desk", billing: Billing, asked: int | None, limit: int) -> None:
        desk.run(replace(adding(desk), billing=billing, credit_limit_tiyn=asked))
        main = main_of(desk)
        assert main is not None
        assert main.credit_limit_tiyn == limit

    @pytest.mark.parametrize(
        ("billing", "limit", "opening", "fields"),
        [
            (Billing.PREPAID, 1, 0, ["credit_limit_tiyn"]),
            (Billing.POSTPAID, -1, 0, ["credit_limit_tiyn"]),
            (Billing.POSTPAID, TIYN_MAX + 1, 0, ["credit_limit_tiyn"]),
            (Billing.POSTPAID, -1, TIYN_MAX + 1, ["opening_tiyn", "credit_limit_tiyn"]),
            (Billing.POSTPAID, 0, -TIYN_MAX - 1, ["opening_tiyn"]),
        ],
    )
    def test_wrong_fields_are_said_all_at_once_and_nothing_is_made(
        self, desk: "Desk", billing: Billing, limit: int, opening: int, fields: list[str]
    ) -> None:
        command = replace(adding(desk), billing=billing, credit_limit_tiyn=limit, opening_tiyn=opening)
        outcome = desk.run(command)
        assert outcome.refusal is not None
        assert outcome.word == "subscriber.invalid"
        assert [wrong.field for wrong in outcome.refusal.fields] == fields
        assert main_of(desk) is None


class TestChanging:
    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("status", Status.DEBT),
            ("roaming", True),
            ("language", Language.EN),
            ("ussd_barred", True),
            ("short_codes_barred", True),
            ("premium_barred", True),
            ("device_registered", False),
        ],
    )
    def test_changes_what_is_given_and_nothing_else(self, desk: "Desk", field: str, value: object) -> None:
        before = desk.subscribe()
        change: dict[str, Any] = {field: value}
        outcome = desk.run(ChangeSubscriber(origin=desk.origin(Channel.API, ""), msisdn=ALIYA, **change))
        assert desk.subscriber() == outcome.result == replace(before, **change)

    def test_nothing_given_changes_nothing(self, desk: "Desk") -> None:
        before = desk.subscribe()
        outcome = desk.run(ChangeSubscriber(origin=desk.origin(Channel.API, ""), msisdn=ALIYA))
        assert (outcome.result, outcome.events) == (before, ())

    def test_false_is_given_too(self, desk: "Desk") -> None:
        desk.subscribe(roaming=True)
        desk.run(ChangeSubscriber(origin=desk.origin(Channel.API, ""), msisdn=ALIYA, roaming=False))
        assert not desk.subscriber().roaming

    def test_an_unknown_number_is_refused(self, desk: "Desk") -> None:
        command = ChangeSubscriber(origin=desk.origin(Channel.API, ""), msisdn=ALIYA, roaming=True)
        assert desk.run(command).word == "subscriber.unknown"
