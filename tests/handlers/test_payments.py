"""Payments through channels: each taken once, none lost (services.md section 5)."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from handlers.base.bus import Bus
from handlers.base.command import Channel
from handlers.base.outcome import Outcome
from handlers.base.payment_book import bonuses, cashback_pot, clearing, unallocated
from handlers.payments import Taken, TakePayment, Unallocated
from handlers.registry import SERVICES
from rating.money import Money, tenge
from rating.msisdn import Msisdn
from rating.subscriber import Billing, Status
from storage.bank_model import Payment, PaymentState
from storage.model import AccountKind, AccountRef, Entry, Line, main_account
from storage.posting_reads import postings_of

if TYPE_CHECKING:
    from tests.handlers.conftest import Desk

ALIYA, OFF_NET, NOBODY = "77011234567", "77051234567", "77010000000"
BANK = AccountRef(AccountKind.BANK_OPERATOR, "kaspi")


def pay(desk: "Desk", **changes: object) -> Outcome:
    """A payment of 500 KZT in cash at a QIWI terminal, but for the changes."""
    return desk.run(payment(desk, **changes))


def payment(desk: "Desk", **changes: object) -> TakePayment:
    """The command."""
    command = TakePayment(
        origin=replace(desk.origin(Channel.API, "", ""), actor="api"),
        payment_id="q-1",
        channel="qiwi",
        msisdn=ALIYA,
        brand="kcell",
        amount_tiyn=tenge(500).tiyn,
        source="cash",
    )
    return replace(command, **changes)  # type: ignore[arg-type]  # the names are the command's own


def taken(outcome: Outcome) -> Payment:
    """The payment of an outcome that is no refusal."""
    assert isinstance(outcome.result, Taken), outcome
    return outcome.result.payment


def give_bonuses(desk: "Desk", kzt: int, msisdn: str = ALIYA) -> None:
    """Bonuses from elsewhere."""

    def step(uow: object, _: object) -> None:
        ledger = uow.ledger  # type: ignore[attr-defined]  # a unit of work
        ledger.open(bonuses(msisdn))
        tiyn = tenge(kzt).tiyn
        lines = (Line(cashback_pot("kaspi"), -tiyn), Line(bonuses(msisdn), tiyn))
        ledger.post(Entry(reason="test", lines=lines, source="test", actor="test"))

    desk.do(step)


def journal(desk: "Desk", seq: int | None) -> dict[str, int]:
    """The lines of an entry: account code to tiyn."""
    with desk.store.reads.transaction() as connection:
        return {each.account: each.amount_tiyn for each in postings_of(connection, seq)}


class TestCredited:
    def test_the_amount_moves_from_what_the_channel_owes_to_the_main_balance(self, desk: "Desk") -> None:
        desk.subscribe(opening_kzt=100)
        outcome = pay(desk)
        assert journal(desk, outcome.journal_seq) == {"bank_clearing:qiwi": -50_000, f"main:{ALIYA}": 50_000}
        assert desk.balance() == tenge(600).tiyn
        assert taken(outcome).state is PaymentState.CREDITED

    def test_the_record_the_entry_and_the_sms_share_one_code(self, desk: "Desk") -> None:
        desk.subscribe()
        outcome = pay(desk)
        code = taken(outcome).code
        assert len(code) == 12
        assert code.isalnum()
        assert code == code.upper()
        (movement,) = desk.store.reads.history(Msisdn(ALIYA))
        assert (movement.source, movement.reason) == (code, "payment.taken")
        assert outcome.replies[0].text.params["code"] == code

    def test_the_subscriber_reads_amount_channel_balance_and_code_by_sms(self, desk: "Desk") -> None:
        desk.subscribe(opening_kzt=100)
        (reply,) = pay(desk).replies
        assert (reply.to, reply.by_sms, reply.text.id) == (ALIYA, True, "payment.credited")
        shown = [reply.text.params[name] for name in ("amount", "channel", "balance")]
        assert shown == [tenge(500), "QIWI", tenge(600)]

    def test_what_is_kept_is_what_was_sent(self, desk: "Desk") -> None:
        desk.subscribe()
        record = taken(pay(desk, msisdn="8 701 123-45-67", brand=" KCELL "))
        assert desk.do(lambda uow, _: uow.payments.get("q-1")) == record
        assert (record.msisdn, record.brand, record.credited) == (ALIYA, "kcell", ALIYA)
        assert (record.at_us, record.journal_seq) == (desk.now_us, 1)

    @pytest.mark.parametrize(
        "changes",
        [
            {"status": Status.BLOCKED},
            {"status": Status.BLOCKED_OUTGOING},
            {"roaming": True},
            {"short_codes_barred": True},
            {"device_registered": False},
        ],
        ids=str,
    )
    def test_whatever_the_subscriber_may_not_do_money_arrives(
        self, desk: "Desk", changes: dict[str, object]
    ) -> None:
        desk.subscribe(**changes)  # type: ignore[arg-type]  # fields of the record
        assert taken(pay(desk)).state is PaymentState.CREDITED
        assert desk.balance() == tenge(500).tiyn

    def test_a_postpaid_subscriber_gets_it_too(self, desk: "Desk") -> None:
        desk.subscribe(billing=Billing.POSTPAID)
        pay(desk)
        assert desk.balance() == tenge(500).tiyn

    @pytest.mark.parametrize(
        ("debt_kzt", "status"), [(499, Status.ACTIVE), (500, Status.ACTIVE), (501, Status.DEBT)]
    )
    def test_a_debt_ends_when_nothing_is_owed_any_more(
        self, desk: "Desk", debt_kzt: int, status: Status
    ) -> None:
        desk.subscribe(opening_kzt=-debt_kzt, status=Status.DEBT)
        pay(desk)
        assert desk.subscriber().status is status

    def test_a_record_counts_more_than_a_prefix(self, desk: "Desk") -> None:
        """A number of another operator that was ported in."""
        desk.subscribe(OFF_NET)
        assert taken(pay(desk, msisdn=OFF_NET)).credited == OFF_NET


class TestUnallocated:
    @pytest.mark.parametrize(
        ("changes", "why"),
        [
            ({"msisdn": "12345"}, Unallocated.MALFORMED),
            ({"msisdn": ""}, Unallocated.MALFORMED),
            ({"msisdn": "=1+1"}, Unallocated.MALFORMED),
            ({"msisdn": "٧٧٠١١٢٣٤٥٦٧x"}, Unallocated.MALFORMED),
            ({"msisdn": OFF_NET}, Unallocated.OFF_NET),
            ({"msisdn": NOBODY}, Unallocated.UNKNOWN),
            ({"brand": "activ"}, Unallocated.WRONG_BRAND),
            ({"brand": "beeline"}, Unallocated.WRONG_BRAND),
            ({"brand": ""}, Unallocated.WRONG_BRAND),
            # One reason at a time, the first in their order.
            ({"msisdn": "12345", "brand": "beeline"}, Unallocated.MALFORMED),
            ({"msisdn": OFF_NET, "brand": "beeline"}, Unallocated.OFF_NET),
            ({"msisdn": NOBODY, "brand": "beeline"}, Unallocated.UNKNOWN),
        ],
        ids=str,
    )
    def test_money_without_an_owner_is_kept_with_the_reason(
        self, desk: "Desk", changes: dict[str, object], why: Unallocated
    ) -> None:
        desk.subscribe()
        outcome = pay(desk, **changes)
        record = taken(outcome)
        assert (record.state, record.why, record.credited) == (PaymentState.UNALLOCATED, why.value, "")
        assert journal(desk, outcome.journal_seq) == {
            "bank_clearing:qiwi": -50_000,
            "unallocated:qiwi": 50_000,
        }
        assert desk.balance() == 0
        assert outcome.replies == ()

    def test_no_reason_is_untested(self) -> None:
        assert [each.value for each in Unallocated] == [
            "payment.malformed_number",
            "payment.off_net",
            "payment.unknown_number",
            "payment.wrong_brand",
        ]

    def test_it_earns_nothing_yet(self, desk: "Desk") -> None:
        desk.subscribe()
        record = taken(pay(desk, channel="kaspi", source="card", brand="activ"))
        assert record.cashback_tiyn == 0
        assert desk.account(bonuses(ALIYA)) == 0


class TestKaspi:
    @pytest.mark.parametrize("source", ["card", "deposit", "wallet"])
    def test_cashback_is_part_of_the_entry_and_of_the_sms(self, desk: "Desk", source: str) -> None:
        desk.subscribe()
        outcome = pay(desk, channel="kaspi", source=source)
        assert journal(desk, outcome.journal_seq) == {
            "bank_clearing:kaspi": -50_000,
            f"main:{ALIYA}": 50_000,
            "bank_cashback:kaspi": -2_500,
            f"bank_bonus:{ALIYA}": 2_500,
        }
        text = outcome.replies[0].text
        assert (text.id, text.params["bonuses"]) == ("payment.credited_bonuses", tenge(25))

    def test_cards_of_other_banks_and_bonuses_earn_nothing(self, desk: "Desk") -> None:
        desk.subscribe()
        give_bonuses(desk, 500)
        for number, source in enumerate(("other_card", "bonus")):
            outcome = pay(desk, payment_id=f"k-{number}", channel="kaspi", source=source)
            assert (taken(outcome).cashback_tiyn, outcome.replies[0].text.id) == (0, "payment.credited")

    def test_parts_of_a_tiyn_stay_with_the_bank(self, desk: "Desk") -> None:
        desk.subscribe()
        assert taken(pay(desk, channel="kaspi", source="card", amount_tiyn=119)).cashback_tiyn == 5

    def test_cashback_adds_up_over_payments(self, desk: "Desk") -> None:
        desk.subscribe()
        for number in range(3):
            pay(desk, payment_id=f"k-{number}", channel="kaspi", source="card")
        assert desk.account(bonuses(ALIYA)) == tenge(75).tiyn
        assert desk.account(cashback_pot("kaspi")) == -tenge(75).tiyn

    def test_a_bonus_is_a_tenge_and_leaves_the_customer_in_the_banks_books(self, desk: "Desk") -> None:
        desk.subscribe()
        give_bonuses(desk, 600)
        outcome = pay(desk, channel="kaspi", source="bonus")
        assert journal(desk, outcome.journal_seq) == {
            f"bank_bonus:{ALIYA}": -50_000,
            "bank_operator:kaspi": 50_000,
            "bank_clearing:kaspi": -50_000,
            f"main:{ALIYA}": 50_000,
        }
        assert desk.account(bonuses(ALIYA)) == tenge(100).tiyn

    @pytest.mark.parametrize("has_kzt", [0, 499])
    def test_bonuses_that_do_not_cover_are_refused_and_nothing_moves(
        self, desk: "Desk", has_kzt: int
    ) -> None:
        desk.subscribe()
        if has_kzt:
            give_bonuses(desk, has_kzt)
        outcome = pay(desk, channel="kaspi", source="bonus")
        assert outcome.word == "payment.bonuses_short"
        assert (desk.balance(), desk.account(bonuses(ALIYA))) == (0, tenge(has_kzt).tiyn)
        assert desk.do(lambda uow, _: uow.payments.get("q-1")) is None

    def test_bonuses_for_the_wrong_brand_wait_like_other_money(self, desk: "Desk") -> None:
        desk.subscribe()
        give_bonuses(desk, 500)
        outcome = pay(desk, channel="kaspi", source="bonus", brand="activ")
        assert taken(outcome).state is PaymentState.UNALLOCATED
        assert desk.account(unallocated("kaspi")) == desk.account(BANK) == tenge(500).tiyn
        assert desk.account(bonuses(ALIYA)) == 0


class TestOnce:
    def test_the_same_again_is_answered_as_before_and_moves_nothing(self, desk: "Desk") -> None:
        desk.subscribe()
        first = pay(desk)
        desk.wait(86_400)
        again = pay(desk)
        assert again.result == Taken(taken(first), repeated=True)
        assert (again.replies, again.events, again.journal_seq) == ((), (), None)
        assert desk.balance() == tenge(500).tiyn

    def test_the_same_in_another_spelling_is_the_same(self, desk: "Desk") -> None:
        desk.subscribe()
        pay(desk)
        again = pay(desk, msisdn="+7 (701) 123 45 67", brand="KCell")
        assert isinstance(again.result, Taken)
        assert again.result.repeated

    def test_twice_in_one_batch_is_once(self, desk: "Desk") -> None:
        desk.subscribe()
        outcome = desk.run(payment(desk), payment(desk))
        assert isinstance(outcome.result, Taken)
        assert outcome.result.repeated
        assert desk.balance() == tenge(500).tiyn

    @pytest.mark.parametrize(
        "change",
        [
            {"channel": "kassa24"},
            {"msisdn": NOBODY},
            {"brand": "activ"},
            {"amount_tiyn": 50_001},
            {"channel": "atm", "source": "card"},
            {"amount_tiyn": -1},
        ],
        ids=str,
    )
    def test_the_same_number_with_another_body_is_refused(
        self, desk: "Desk", change: dict[str, object]
    ) -> None:
        desk.subscribe()
        pay(desk)
        assert pay(desk, **change).word == "payment.id_reused"
        assert desk.balance() == tenge(500).tiyn

    def test_a_refused_payment_may_come_again_put_right(self, desk: "Desk") -> None:
        desk.subscribe()
        assert pay(desk, amount_tiyn=19_999).word == "payment.invalid"
        assert taken(pay(desk)).state is PaymentState.CREDITED


class TestRefused:
    @pytest.mark.parametrize(
        ("changes", "fields"),
        [
            ({"channel": "hawala"}, ["channel"]),
            ({"channel": ""}, ["channel"]),
            ({"source": "card"}, ["source"]),
            ({"source": "gold"}, ["source"]),
            ({"amount_tiyn": 0}, ["amount"]),
            ({"amount_tiyn": -50_000}, ["amount"]),
            ({"amount_tiyn": tenge(200).tiyn - 1}, ["amount"]),
            ({"amount_tiyn": tenge(1_000_000).tiyn + 1}, ["amount"]),
            ({"amount_tiyn": 10**17}, ["amount"]),
            ({"source": "card", "amount_tiyn": 0}, ["source", "amount"]),
            ({"channel": "hawala", "amount_tiyn": 0}, ["channel", "amount"]),
        ],
        ids=str,
    )
    def test_wrong_fields_are_told_at_once_and_nothing_moves(
        self, desk: "Desk", changes: dict[str, object], fields: list[str]
    ) -> None:
        desk.subscribe()
        outcome = pay(desk, **changes)
        assert outcome.refusal is not None
        assert outcome.word == "payment.invalid"
        assert [each.field for each in outcome.refusal.fields] == fields
        assert desk.balance() == 0

    @pytest.mark.parametrize(
        ("channel", "source", "least_kzt"),
        [(name, "cash", 200) for name in ("qiwi", "cyberplat", "kassa24", "payment_express", "sber_terminal")]
        + [("kaspi", "card", 1), ("atm", "cash", 1)],
    )
    def test_each_channel_has_its_minimum(
        self, desk: "Desk", channel: str, source: str, least_kzt: int
    ) -> None:
        desk.subscribe()
        least = tenge(least_kzt)
        below = pay(desk, channel=channel, source=source, amount_tiyn=(least - Money(1)).tiyn)
        assert below.refusal is not None
        assert below.refusal.fields[0].text.params["least"] == least
        at_it = pay(desk, channel=channel, source=source, amount_tiyn=least.tiyn)
        assert taken(at_it).state is PaymentState.CREDITED

    def test_every_channel_takes_each_of_its_sources(self, desk: "Desk") -> None:
        desk.subscribe()
        give_bonuses(desk, 500)
        for channel in desk.profile.channels.values():
            for source in channel.sources:
                number = f"{channel.name}-{source}"
                outcome = pay(desk, payment_id=number, channel=channel.name, source=source.value)
                assert taken(outcome).state is PaymentState.CREDITED
                assert desk.account(clearing(channel.name)) < 0


def test_a_batch_of_payments_reads_each_table_once(desk: "Desk") -> None:
    """What ``needs`` names is all that a credited payment looks up."""
    desk.subscribe()
    bus = Bus(SERVICES)
    command = payment(desk, channel="kaspi", source="card")
    needs = bus.needs(command, desk.context())
    assert needs.payments == {"q-1"}
    assert needs.msisdns == {ALIYA}
    assert needs.accounts == {
        main_account(Msisdn(ALIYA)),
        clearing("kaspi"),
        bonuses(ALIYA),
        cashback_pot("kaspi"),
    }
