"""A call's money: held while the parties talk, charged by the second when they stop."""

import random
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from handlers.base.call_charge import (
    REASON_CHARGE,
    REASON_HOLD,
    Cover,
    Settled,
    cover,
    first_second_tiyn,
    segments_json,
    segments_of,
    settle,
)
from rating.msisdn import Msisdn
from rating.subscriber import Billing
from rating.tariff import Segment, Tariff, TariffVersion, cost_tiyn, rated
from storage.call_model import Call, Cause
from storage.errors import FloorReached
from storage.model import AccountKind, AccountRef, Balance, Hold, HoldState, main_account
from storage.posting_reads import postings_of

if TYPE_CHECKING:
    from handlers.base.context import Context
    from storage.unit_of_work import UnitOfWork
    from tests.handlers.conftest import Desk

S = 1_000_000
CALLER, CALLED = Msisdn("77011234567"), Msisdn("77012223344")
COLLECT = Tariff("collect_call", (TariffVersion("1", 0, 1500),))
FRIENDS = Tariff("collect_call_friends", (TariffVersion("1", 0, 700),))
REVENUE, VAT = AccountRef(AccountKind.REVENUE, "collect_call"), AccountRef(AccountKind.VAT_PAYABLE)


class Talk:
    """One call that CALLED pays for, from its join on, as the call control leads it."""

    def __init__(self, desk: "Desk", tariff: Tariff, payer: Msisdn) -> None:
        self.desk, self.tariff = desk, tariff
        now_us = desk.now_us
        self.call = Call(
            id=desk.context().new_id(),
            service="collect_call",
            caller=CALLER,
            called=payer,
            way="000",
            began_us=now_us,
            payer=payer,
            tariff=tariff.name,
            bridged_us=now_us,
        )
        desk.do(lambda uow, _: uow.calls.add(self.call))

    def cover(self, seconds: float = 60) -> Cover | None:
        """Have so much more paid for, from what is covered on."""
        until_us = max(self.call.covered_us, self.call.bridged_us) + round(seconds * S)
        return self.desk.do(partial(self._cover, until_us))

    def _cover(self, until_us: int, uow: "UnitOfWork", context: "Context") -> Cover | None:
        found = cover(self.call, self.tariff, until_us, uow, context)
        if found is not None:
            self.call = self.call._replace(hold_id=found.hold_id, covered_us=found.until_us)
            uow.calls.put(self.call)
        return found

    def end(self, after_s: float) -> Settled:
        """Hang up so long after the join."""
        return self.desk.do(partial(self._settle, self.call.bridged_us + round(after_s * S)))

    def _settle(self, ended_us: int, uow: "UnitOfWork", context: "Context") -> Settled:
        done = settle(self.call, self.tariff, ended_us, uow, context)
        self.call = self.call._replace(
            ended_us=ended_us,
            ended=Cause.HANGUP.value,
            duration_s=done.seconds,
            charge_tiyn=done.charge_tiyn,
            journal_seq=done.journal_seq,
            rating=segments_json(done.segments),
        )
        uow.calls.put(self.call)
        return done

    def hold(self) -> Hold:
        """The call's hold as it is stored."""
        found = self.desk.do(lambda uow, _: uow.ledger.hold_of(self.call.hold_id))
        assert found is not None
        return found


Join = Callable[..., Talk]


@pytest.fixture
def join(desk: "Desk") -> Iterator[Join]:
    """Joins a call of COLLECT that CALLED pays for. What a test leaves open ends unpaid."""
    talks: list[Talk] = []

    def joined(tariff: Tariff = COLLECT, payer: Msisdn = CALLED) -> Talk:
        talks.append(Talk(desk, tariff, payer))
        return talks[-1]

    yield joined
    for talk in talks:
        if not talk.call.ended:
            talk.end(0)


def money(desk: "Desk", msisdn: Msisdn = CALLED) -> Balance:
    """The main account as it is now."""
    found = desk.do(lambda uow, _: uow.ledger.balance(main_account(msisdn)))
    assert found is not None
    return found


def covered(talk: Talk, seconds: float = 60) -> Cover:
    """The next cover, which there must be."""
    found = talk.cover(seconds)
    assert found is not None
    return found


class TestHold:
    def test_the_first_minute_is_held_and_nothing_charged(self, desk: "Desk", join: Join) -> None:
        desk.subscribe(CALLED, opening_kzt=100)
        talk = join()
        found = covered(talk)
        assert found == Cover(talk.call.hold_id, 1500, talk.call.bridged_us + 60 * S, is_last=False)
        assert money(desk) == Balance(10_000, 1500)
        hold = talk.hold()
        assert (hold.reason, hold.source, hold.account) == (REASON_HOLD, talk.call.id, main_account(CALLED))

    def test_a_minute_more_takes_the_place_of_the_first_hold(self, desk: "Desk", join: Join) -> None:
        desk.subscribe(CALLED, opening_kzt=100)
        talk = join()
        covered(talk)
        first = talk.hold()
        desk.wait(60)
        assert covered(talk).until_us == talk.call.bridged_us + 120 * S
        assert money(desk) == Balance(10_000, 3000)
        before = desk.do(lambda uow, _: uow.ledger.hold_of(first.id))
        assert before is not None
        assert (before.state, talk.hold().state) == (HoldState.VOIDED, HoldState.OPEN)

    def test_minutes_are_not_rounded_one_by_one(self, desk: "Desk", join: Join) -> None:
        """Twenty chunks of a second at 7 KZT a minute hold 233 tiyn, as 20 seconds cost, and not 20 x 12."""
        desk.subscribe(CALLED, opening_kzt=100)
        talk = join(FRIENDS)
        assert [covered(talk, 1).amount_tiyn for _ in range(20)][-1] == 233

    @pytest.mark.parametrize(
        ("opening_kzt", "tariff", "seconds", "amount_tiyn"), [(10, COLLECT, 40, 1000), (5, FRIENDS, 42, 490)]
    )
    def test_where_the_money_ends_the_talk_is_covered_to_that_second(
        self, desk: "Desk", join: Join, opening_kzt: int, tariff: Tariff, seconds: int, amount_tiyn: int
    ) -> None:
        desk.subscribe(CALLED, opening_kzt=opening_kzt)
        talk = join(tariff)
        found = covered(talk)
        assert (found.until_us, found.amount_tiyn) == (talk.call.bridged_us + seconds * S, amount_tiyn)
        assert found.is_last
        assert talk.cover() is None
        assert money(desk).held_tiyn == amount_tiyn

    def test_the_last_whole_chunk_is_not_the_last_cover(self, desk: "Desk", join: Join) -> None:
        """Whether there is money for more is asked when the chunk has passed."""
        desk.subscribe(CALLED, opening_kzt=15)
        talk = join()
        assert not covered(talk).is_last
        assert talk.cover() is None

    def test_whoever_has_no_money_for_a_second_pays_for_none(self, desk: "Desk", join: Join) -> None:
        desk.subscribe(CALLED)
        assert join().cover() is None
        assert money(desk) == Balance(0)

    def test_nobody_without_an_account_pays(self, join: Join) -> None:
        assert join().cover() is None

    def test_a_postpaid_party_pays_up_to_the_credit_limit(self, desk: "Desk", join: Join) -> None:
        desk.subscribe(CALLED, billing=Billing.POSTPAID)
        limit_tiyn = desk.profile.postpaid_credit_limit_tiyn
        desk.spend(limit_tiyn // 100 - 10, CALLED)
        talk = join()
        assert covered(talk).until_us == talk.call.bridged_us + 40 * S
        assert talk.end(40).charge_tiyn == 1000
        assert money(desk) == Balance(-limit_tiyn, 0, limit_tiyn)


class TestOthers:
    def test_spend_what_is_not_held_and_the_call_gets_the_rest(self, desk: "Desk", join: Join) -> None:
        desk.subscribe(CALLED, opening_kzt=100)
        talk = join()
        covered(talk)
        desk.spend(80, CALLED)
        desk.wait(60)
        found = covered(talk)
        assert (found.until_us, found.is_last) == (talk.call.bridged_us + 80 * S, True)
        assert talk.end(80).charge_tiyn == 2000
        assert money(desk) == Balance(0)

    def test_cannot_spend_what_is_held(self, desk: "Desk", join: Join) -> None:
        desk.subscribe(CALLED, opening_kzt=20)
        talk = join()
        covered(talk)
        with pytest.raises(FloorReached):
            desk.spend(6, CALLED)
        assert talk.end(60).charge_tiyn == 1500

    def test_two_calls_never_hold_the_same_money(self, desk: "Desk", join: Join) -> None:
        desk.subscribe(CALLED, opening_kzt=20)
        first, second = join(), join()
        assert (covered(first).amount_tiyn, covered(second).amount_tiyn) == (1500, 500)
        assert (first.end(60).charge_tiyn, second.end(20).charge_tiyn) == (1500, 500)

    def test_a_top_up_during_the_last_seconds_extends_the_call(self, desk: "Desk", join: Join) -> None:
        desk.subscribe(CALLED, opening_kzt=10)
        talk = join()
        assert covered(talk).is_last
        desk.wait(35)
        desk.redeem(desk.cards(1)[0], CALLED)
        found = covered(talk)
        assert (found.until_us, found.is_last) == (talk.call.bridged_us + 100 * S, False)
        assert talk.end(90).charge_tiyn == 2250
        assert money(desk) == Balance(51_000 - 2250)


class TestSettle:
    def test_the_price_is_charged_and_the_rest_is_free_again(self, desk: "Desk", join: Join) -> None:
        desk.subscribe(CALLED, opening_kzt=100)
        talk = join()
        covered(talk)
        desk.wait(30)
        done = talk.end(32.4)
        assert (done.seconds, done.charge_tiyn) == (33, 825)
        assert done.segments == (Segment("1", talk.call.bridged_us, 33, 1500, 825),)
        assert money(desk) == Balance(10_000 - 825)
        assert talk.hold().state is HoldState.POSTED
        assert talk.hold().posted_seq == done.journal_seq

    def test_the_entry_names_the_call_and_parts_the_vat(self, desk: "Desk", join: Join) -> None:
        """12 % before 2026: 825 tiyn are 736.61 and 88.39."""
        desk.subscribe(CALLED, opening_kzt=100)
        talk = join()
        covered(talk)
        talk.end(33)
        with desk.store.reads.transaction() as connection:
            postings = postings_of(connection, talk.call.journal_seq)
            asked = text("SELECT reason, source, actor FROM journal ORDER BY seq DESC LIMIT 1")
            assert tuple(connection.execute(asked).one()) == (REASON_CHARGE, talk.call.id, CALLED)
        lines = [(each.account, each.amount_tiyn) for each in postings]
        assert lines == [(f"main:{CALLED}", -825), (REVENUE.code, 737), (VAT.code, 88)]

    def test_the_caller_pays_nothing(self, desk: "Desk", join: Join) -> None:
        desk.subscribe(CALLER, opening_kzt=7)
        desk.subscribe(CALLED, opening_kzt=100)
        talk = join()
        covered(talk)
        talk.end(60)
        assert money(desk, CALLER) == Balance(700)

    def test_a_talk_that_ended_late_costs_no_more_than_was_held(self, desk: "Desk", join: Join) -> None:
        """The cut comes a moment after its second: the payer does not owe for that."""
        desk.subscribe(CALLED, opening_kzt=10)
        talk = join()
        covered(talk)
        done = talk.end(40.2)
        assert (done.seconds, done.charge_tiyn) == (40, 1000)
        assert money(desk) == Balance(0)

    def test_a_talk_of_no_time_frees_the_hold(self, desk: "Desk", join: Join) -> None:
        desk.subscribe(CALLED, opening_kzt=100)
        talk = join()
        covered(talk)
        assert talk.end(0) == Settled((), 0, 0, None)
        assert money(desk) == Balance(10_000)
        assert talk.hold().state is HoldState.VOIDED

    def test_a_cost_of_less_than_half_a_tiyn_frees_the_hold(self, desk: "Desk", join: Join) -> None:
        desk.subscribe(CALLED, opening_kzt=100)
        talk = join(Tariff("cheap", (TariffVersion("1", 0, 20),)))
        assert covered(talk).amount_tiyn == 20
        done = talk.end(1)
        assert (done.seconds, done.charge_tiyn, done.journal_seq) == (1, 0, None)
        assert money(desk) == Balance(10_000)

    def test_vat_that_rounds_to_nothing_has_no_line(self, desk: "Desk", join: Join) -> None:
        desk.subscribe(CALLED, opening_kzt=1)
        talk = join(Tariff("cheap", (TariffVersion("1", 0, 60),)))
        covered(talk)
        assert talk.end(3).charge_tiyn == 3
        assert (desk.account(REVENUE), desk.account(VAT)) == (3, 0)

    def test_nothing_is_charged_without_a_hold(self, desk: "Desk", join: Join) -> None:
        desk.subscribe(CALLED, opening_kzt=100)
        assert join().end(60) == Settled((), 0, 0, None)

    def test_a_call_that_was_never_joined_costs_nothing(self, desk: "Desk", join: Join) -> None:
        desk.subscribe(CALLED, opening_kzt=100)
        talk = join()
        covered(talk)
        talk.call = talk.call._replace(bridged_us=0)
        done = desk.do(partial(talk._settle, desk.now_us + 60 * S))
        assert done == Settled((), 0, 0, None)
        assert money(desk) == Balance(10_000)


class TestFree:
    FREE = Tariff("free", (TariffVersion("1", 0, 0),))

    def test_a_free_talk_holds_nothing_and_is_counted(self, desk: "Desk", join: Join) -> None:
        desk.subscribe(CALLED)
        talk = join(self.FREE)
        found = covered(talk)
        assert (found.hold_id, found.amount_tiyn, found.is_last) == ("", 0, False)
        done = talk.end(12.5)
        assert (done.seconds, done.charge_tiyn, done.journal_seq) == (13, 0, None)

    def test_free_seconds_do_not_cover_the_same_time_twice(self, desk: "Desk", join: Join) -> None:
        """Where a price begins and there is no money, the call does not go on for ever."""
        desk.subscribe(CALLED)
        change_us = desk.now_us + 30 * S
        talk = join(Tariff("soon", (TariffVersion("1", 0, 0), TariffVersion("2", change_us, 1500))))
        found = covered(talk)
        assert (found.until_us, found.is_last) == (change_us, True)
        assert talk.cover() is None


class TestTime:
    ZONE = ZoneInfo("Asia/Almaty")

    def at(self, desk: "Desk", *moment: int) -> int:
        """Set the clock to 20 seconds before a moment; the moment."""
        moment_us = int(datetime(*moment, tzinfo=self.ZONE).timestamp()) * S  # type: ignore[arg-type, misc]  # numbers
        desk.now_us = moment_us - 20 * S
        return moment_us

    def test_a_call_across_a_change_of_price_pays_both(self, desk: "Desk", join: Join) -> None:
        """From 15 to 7 KZT a minute on 1 June 2014, as in the shipped profile."""
        change_us = self.at(desk, 2014, 6, 1)
        desk.subscribe(CALLED, opening_kzt=100)
        talk = join(desk.profile.tariffs["collect_call_friends"])
        assert covered(talk).amount_tiyn == 500 + 467
        done = talk.end(33)
        assert done.segments == (
            Segment("1", talk.call.bridged_us, 20, 1500, 500),
            Segment("2", change_us, 13, 700, 152),
        )
        assert done.charge_tiyn == 652

    @pytest.mark.parametrize(("after_s", "vat_tiyn"), [(20, 54), (21, 72)])
    def test_the_last_second_decides_the_vat(
        self, desk: "Desk", join: Join, after_s: int, vat_tiyn: int
    ) -> None:
        """12 % until the end of 2025, 16 % from the first second of 2026 on."""
        self.at(desk, 2026, 1, 1)
        desk.subscribe(CALLED, opening_kzt=100)
        talk = join()
        covered(talk)
        talk.end(after_s)
        assert desk.account(VAT) == vat_tiyn

    @pytest.mark.parametrize("moment", [(2025, 3, 15), (2025, 4, 1)], ids=["midnight", "month end"])
    def test_days_and_months_change_nothing(
        self, desk: "Desk", join: Join, moment: tuple[int, int, int]
    ) -> None:
        self.at(desk, *moment)
        desk.subscribe(CALLED, opening_kzt=100)
        talk = join()
        covered(talk)
        assert talk.end(40).charge_tiyn == 1000


def test_the_first_second_costs_what_one_must_have() -> None:
    assert (first_second_tiyn(COLLECT, 5), first_second_tiyn(FRIENDS, 5)) == (25, 12)


def test_segments_are_kept_as_they_were_rated() -> None:
    segments = (Segment("1", 5, 20, 1500, 500), Segment("2", 20 * S, 13, 700, 152))
    assert segments_of(segments_json(segments)) == segments
    assert segments_of("") == ()


def test_any_talk_costs_its_seconds_and_no_more_than_there_was(desk: "Desk", join: Join) -> None:
    """Many talks with money coming and going; the desk proves the invariants in the end."""
    chance = random.Random(7000)
    for number in range(40):
        payer = Msisdn(f"7701{number:07d}")
        desk.subscribe(payer, opening_kzt=chance.randint(0, 60))
        talk, ended = join(chance.choice((COLLECT, FRIENDS)), payer), False
        while not ended and (found := talk.cover(chance.choice((1, 7.5, 60)))):
            if chance.random() < 0.3 and (free := money(desk, payer).available_tiyn // 100):
                desk.spend(chance.randint(1, free), payer)
            if chance.random() < 0.1:
                desk.redeem(desk.cards(1)[0], payer)
            ended = chance.random() < 0.2
            desk.now_us = found.until_us
        before = money(desk, payer)
        done = talk.end((desk.now_us - talk.call.bridged_us) / S - chance.choice((0, 0.4)))
        assert money(desk, payer) == Balance(before.balance_tiyn - done.charge_tiyn)
        assert 0 <= done.charge_tiyn <= before.held_tiyn
        assert done.segments == rated(talk.tariff, talk.call.bridged_us, talk.call.ended_us)
        assert done.charge_tiyn == cost_tiyn(done.segments)
