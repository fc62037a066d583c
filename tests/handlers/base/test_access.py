"""Who may use a service: one order of precedence for all services, and what each may waive."""

from typing import TYPE_CHECKING, Any

import pytest

from handlers.base.access import Access, Denied, gate
from handlers.base.command import Channel
from handlers.base.outcome import Outcome
from rating.subscriber import Billing, Brand, Status

if TYPE_CHECKING:
    from tests.handlers.conftest import Desk

STRICT = Access(allow_roaming=False, brands=frozenset({Brand.ACTIV}), billings=frozenset({Billing.POSTPAID}))

#: Each hindrance as a change of the record; USSD and short codes exclude each other.
HINDRANCES: tuple[tuple[Denied, dict[str, Any]], ...] = (
    (Denied.BLOCKED, {"status": Status.BLOCKED}),
    (Denied.DEVICE, {"device_registered": False}),
    (Denied.SHORT_CODES_BARRED, {"short_codes_barred": True}),
    (Denied.BLOCKED_OUTGOING, {"status": Status.BLOCKED_OUTGOING}),
    (Denied.DEBT, {"status": Status.DEBT}),
    (Denied.ROAMING, {"roaming": True}),
    (Denied.BRAND, {"brand": Brand.KCELL}),
    (Denied.BILLING, {"billing": Billing.PREPAID}),
)
FINE: dict[str, Any] = {"brand": Brand.ACTIV, "billing": Billing.POSTPAID}


def ask(desk: "Desk", access: Access, channel: Channel = Channel.SMS) -> str:
    """``in``, or the refusal."""
    answer = desk.do(lambda uow, _: gate(access)(desk.origin(channel), uow))
    return answer.word if isinstance(answer, Outcome) else "in"


class TestPrecedence:
    def test_a_number_without_a_record_comes_first(self, desk: "Desk") -> None:
        assert ask(desk, Access()) == Denied.UNKNOWN

    def test_the_table_follows_the_enum(self) -> None:
        order = [denied for denied in Denied if denied in dict(HINDRANCES)]
        assert order == [denied for denied, _ in HINDRANCES]

    @pytest.mark.parametrize("place", range(len(HINDRANCES)), ids=[denied for denied, _ in HINDRANCES])
    def test_each_wins_over_all_that_follow_it(self, desk: "Desk", place: int) -> None:
        desk.subscribe(opening_kzt=-1)
        changes = dict(FINE)
        for _, change in reversed(HINDRANCES[place:]):
            changes |= change
        desk.change(**changes)
        assert ask(desk, STRICT) == HINDRANCES[place][0]

    def test_money_comes_last(self, desk: "Desk") -> None:
        desk.subscribe(opening_kzt=-1)
        desk.change(**FINE)
        assert ask(desk, STRICT) == Denied.NEGATIVE

    def test_nothing_wrong_lets_in(self, desk: "Desk") -> None:
        desk.subscribe()
        desk.change(**FINE)
        assert ask(desk, STRICT) == "in"


class TestWaivers:
    @pytest.mark.parametrize(
        ("change", "access"),
        [
            ({"status": Status.BLOCKED_OUTGOING}, Access(allow_blocked_outgoing=True)),
            ({"status": Status.DEBT}, Access(allow_debt=True)),
            ({"roaming": True}, Access(allow_roaming=True)),
        ],
    )
    def test_a_service_may_not_mind(self, desk: "Desk", change: dict[str, Any], access: Access) -> None:
        desk.subscribe(**change)
        assert ask(desk, access) == "in"

    def test_a_negative_balance_may_be_waived(self, desk: "Desk") -> None:
        desk.subscribe(opening_kzt=-1)
        assert ask(desk, Access(allow_negative=True)) == "in"

    def test_a_credit_limit_counts_as_money(self, desk: "Desk") -> None:
        desk.subscribe(opening_kzt=-1, billing=Billing.POSTPAID)
        assert ask(desk, Access()) == "in"

    @pytest.mark.parametrize(
        ("change", "denied"),
        [
            ("device_registered", {Channel.SMS, Channel.USSD, Channel.VOICE}),
            ("ussd_barred", {Channel.USSD}),
            ("short_codes_barred", {Channel.SMS}),
        ],
    )
    def test_what_the_radio_side_may_not_do_an_agent_may(
        self, desk: "Desk", change: str, denied: set[Channel]
    ) -> None:
        changes: dict[str, Any] = {change: change != "device_registered"}
        desk.subscribe(**changes)
        assert {channel for channel in Channel if ask(desk, Access(), channel) != "in"} == denied
