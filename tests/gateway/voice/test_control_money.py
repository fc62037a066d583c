"""What calls cost and when they are cut: chunks, versions of a tariff, VAT, and money that comes and goes."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest

from gateway.clock import ClockMode
from gateway.voice.events import SignalKind
from gateway.work import RunDue, SetClock
from handlers.base.profile import Profile
from rating.msisdn import Msisdn
from rating.subscriber import Billing
from rating.tariff import Tariff, TariffVersion
from rating.vat import VatRate
from storage.call_model import Call, Cause, TurnKind
from storage.errors import FloorReached
from storage.model import AccountKind, AccountRef, Entry, Line, main_account
from tests.gateway import stand as stand_module
from tests.gateway.phones import Phone, Phones
from tests.gateway.stand import ALIYA, BOLAT, PROFILE, ZONE, S, Stand

DANA, ERLAN = Msisdn("77781234567"), Msisdn("77751234567")
#: 15 and 7 KZT a minute; a second of the first is 25 tiyn.
SECOND_TIYN = 25


def talk(caller: Phone, called: Phone) -> None:
    """The caller is announced, and the called party accepts."""
    caller.dial(f"000{called.msisdn}").say("Aliya")
    called.answer().keys("1")


def cost(seconds: int, per_minute_tiyn: int) -> int:
    """Rounded half up, once."""
    return (seconds * per_minute_tiyn + 30) // 60


def last_call(phones: Phones) -> Call:
    """The one that began last."""
    return phones.calls()[-1].call


def rating(call: Call) -> list[tuple[str, int, int, int]]:
    """Version, seconds, price and cost of each segment."""
    return [
        (each["version"], each["seconds"], each["per_minute_tiyn"], each["cost_tiyn"])
        for each in json.loads(call.rating)
    ]


def money(stand: Stand, msisdn: Msisdn) -> tuple[int, int]:
    """The main balance in tiyn, and what is held of it."""
    view = stand.store.reads.subscriber(msisdn)
    assert view is not None
    return view.balances.main_tiyn, view.balances.held_tiyn


def takes(stand: Stand, msisdn: Msisdn, tiyn: int) -> None:
    """Another service takes this from the main balance. Raises FloorReached."""
    lines = (Line(main_account(msisdn), -tiyn), Line(AccountRef(AccountKind.REVENUE, "ads"), tiyn))
    with stand.processor.begin() as batch:
        batch.uow.ledger.post(Entry(reason="ads.charge", lines=lines, source="m1", actor=msisdn))
        batch.uow.commit()


def with_money(phones: Phones, msisdn: Msisdn, tiyn: int) -> Phone:
    """The handset of a new subscriber with so much."""
    phones.stand.do(replace(phones.stand.add(msisdn), opening_tiyn=tiyn))
    return phones.of(msisdn)


@pytest.fixture
def profiled(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Profile]:
    """Changes fields of the stand's profile."""

    def change(**changes: object) -> Profile:
        profile = replace(PROFILE, **changes)  # type: ignore[arg-type]  # the fields of whoever calls
        monkeypatch.setattr(stand_module, "PROFILE", profile)
        return profile

    return change


# -- the calendar ------------------------------------------------------------------------------------


@pytest.mark.parametrize("began", [(2026, 3, 14), (2026, 3, 31), (2026, 12, 31), (2028, 2, 28)])
def test_midnight_the_end_of_a_month_and_of_a_year_cut_nothing(
    phones: Phones, aliya: Phone, bolat: Phone, began: tuple[int, int, int]
) -> None:
    began_us = int(datetime(*began, 23, 59, 30, tzinfo=ZONE).timestamp()) * S
    phones.stand.run(SetClock(ClockMode.VIRTUAL, began_us))
    talk(aliya, bolat)
    phones.pass_s(61)
    aliya.hang()
    call = last_call(phones)
    assert rating(call) == [("1", 61, 1500, 1525)]
    assert (call.bridged_us, call.ended_us) == (began_us, began_us + 61 * S)


def dearer(phones: Phones, after_s: float, per_minute_tiyn: int) -> dict[str, Tariff]:
    """Tariffs with a new price from so much later on."""
    from_us = phones.stand.clock.now_us() + int(after_s * S)
    version = TariffVersion("2026-2", from_us, per_minute_tiyn)
    known = PROFILE.tariffs["collect_call"]
    return {**PROFILE.tariffs, known.name: Tariff(known.name, (*known.versions, version))}


@pytest.mark.parametrize(
    ("after_s", "seconds"), [(30, (30, 60)), (30.5, (31, 59)), (29.000001, (30, 60)), (60, (60, 30))]
)
def test_a_second_is_priced_by_the_version_at_its_beginning(
    phones: Phones,
    aliya: Phone,
    bolat: Phone,
    profiled: Callable[..., Profile],
    after_s: float,
    seconds: tuple[int, int],
) -> None:
    profiled(tariffs=dearer(phones, after_s, 2000))
    talk(aliya, bolat)
    phones.pass_s(90)
    bolat.hang()
    call = last_call(phones)
    first, second = cost(seconds[0], 1500), cost(seconds[1], 2000)
    assert rating(call) == [("1", seconds[0], 1500, first), ("2026-2", seconds[1], 2000, second)]
    assert call.charge_tiyn == first + second == bolat.ended.charge_tiyn
    assert money(phones.stand, BOLAT) == (50_000 - first - second, 0)


def test_a_price_that_rises_during_the_call_brings_the_cut_nearer(
    phones: Phones, aliya: Phone, profiled: Callable[..., Profile]
) -> None:
    """20 KZT are 80 seconds at 15 KZT; of 30 seconds at 15 and the rest at 60 they pay for 42."""
    profiled(tariffs=dearer(phones, 30, 6000))
    erlan = with_money(phones, ERLAN, 2000)
    talk(aliya, erlan)
    assert money(phones.stand, ERLAN) == (2000, 1950)
    phones.pass_s(100)
    call = last_call(phones)
    assert (call.ended, call.duration_s) == (Cause.NO_MONEY, 42)
    assert call.charge_tiyn == 750 + 1200


def test_the_tax_is_that_of_the_last_second(
    phones: Phones, aliya: Phone, bolat: Phone, profiled: Callable[..., Profile]
) -> None:
    from_us = phones.stand.clock.now_us() + 30 * S
    profiled(vat=(*PROFILE.vat, VatRate(from_us, 20)))
    talk(aliya, bolat)
    phones.pass_s(30)
    bolat.hang()
    talk(aliya, bolat)
    phones.pass_s(30)
    bolat.hang()
    first, second = ([each.amount_tiyn for each in view.postings] for view in phones.calls())
    assert first == [-750, 647, 103]  # 16 / 116 of 750 are 103.4
    assert second == [-750, 625, 125]  # 20 / 120


def test_the_lines_of_the_entry_are_the_price_the_net_and_the_tax(
    phones: Phones, aliya: Phone, bolat: Phone
) -> None:
    for seconds in (1, 2, 7, 29, 59, 60, 61):
        talk(aliya, bolat)
        phones.pass_s(seconds)
        bolat.hang()
        view = phones.calls()[-1]
        gross = seconds * SECOND_TIYN
        vat = (gross * 16 * 2 + 116) // (2 * 116)
        assert [(each.account, each.amount_tiyn) for each in view.postings] == [
            (f"main:{BOLAT}", -gross),
            ("revenue:collect_call", gross - vat),
            ("vat_payable:operator", vat),
        ]
        assert {each.seq for each in view.postings} == {view.call.journal_seq}


# -- friends, and credit -----------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "tiyn"), [(1, 12), (2, 23), (30, 350), (60, 700), (61, 712)])
def test_a_friend_is_charged_by_the_friends_tariff(
    phones: Phones, aliya: Phone, bolat: Phone, seconds: int, tiyn: int
) -> None:
    phones.stand.one(phones.stand.sms(f"31 {ALIYA}", "6010", BOLAT))
    aliya.dial(f"000{BOLAT}")
    bolat.answer()
    phones.pass_s(seconds)
    aliya.hang()
    assert rating(last_call(phones)) == [("2", seconds, 700, tiyn)]
    assert last_call(phones).tariff == "collect_call_friends"


def test_for_a_friend_less_money_is_enough(phones: Phones, aliya: Phone) -> None:
    """12 tiyn pay for a friend's second, and 25 for anybody else's."""
    erlan = with_money(phones, ERLAN, 24)
    aliya.dial(f"000{ERLAN}")
    assert aliya.last.reason == Cause.NO_MONEY
    phones.stand.one(phones.stand.sms(f"31 {ALIYA}", "6010", ERLAN))
    aliya.dial(f"000{ERLAN}")
    erlan.answer()
    phones.pass_s(100)
    assert (erlan.ended.reason, erlan.ended.duration_s, erlan.ended.charge_tiyn) == ("no_money", 2, 23)


@pytest.mark.parametrize("opening_tiyn", [0, -500])
def test_a_postpaid_party_talks_up_to_the_credit_limit(
    phones: Phones, aliya: Phone, opening_tiyn: int
) -> None:
    command = replace(
        phones.stand.add(ERLAN), billing=Billing.POSTPAID, opening_tiyn=opening_tiyn, credit_limit_tiyn=2000
    )
    phones.stand.do(command)
    erlan = phones.of(ERLAN)
    talk(aliya, erlan)
    phones.pass_s(100)
    seconds = (2000 + opening_tiyn) // SECOND_TIYN
    assert (erlan.ended.reason, erlan.ended.duration_s) == ("no_money", seconds)
    assert money(phones.stand, ERLAN) == (-2000, 0)
    aliya.dial(f"000{ERLAN}")
    assert aliya.last.reason == Cause.NO_MONEY


# -- chunks ------------------------------------------------------------------------------------------


def test_the_money_is_held_a_minute_ahead_and_what_is_left_is_free_at_the_end(
    phones: Phones, aliya: Phone, bolat: Phone
) -> None:
    talk(aliya, bolat)
    assert money(phones.stand, BOLAT) == (50_000, 1500)
    phones.pass_s(59.9)
    assert money(phones.stand, BOLAT) == (50_000, 1500)
    phones.pass_s(0.1)
    assert money(phones.stand, BOLAT) == (50_000, 3000)
    phones.pass_s(60)
    assert money(phones.stand, BOLAT) == (50_000, 4500)
    aliya.hang()
    assert money(phones.stand, BOLAT) == (50_000 - 3000, 0)
    held = [turn.text for turn in phones.calls()[0].turns if turn.kind is TurnKind.HELD]
    assert held == ["15.00", "30.00", "45.00"]


@pytest.mark.parametrize(
    ("lasted_us", "seconds"),
    [
        (0, 0),
        (1, 1),
        (S - 1, 1),
        (S, 1),
        (S + 1, 2),
        (60 * S - 1, 60),
        (60 * S, 60),
        (60 * S + 1, 61),
        (120 * S, 120),
    ],
)
def test_whoever_hangs_up_at_the_edge_of_a_second_or_chunk_pays_for_the_seconds_begun(
    phones: Phones, aliya: Phone, bolat: Phone, lasted_us: int, seconds: int
) -> None:
    """By a clock that runs, so that the hang-up comes before the timer of the same moment."""
    phones.stand.run(SetClock(ClockMode.REAL, None))
    talk(aliya, bolat)
    for _ in range(lasted_us // (60 * S + 1)):
        phones.stand.wall_us += 60 * S
        phones.tell(phones.stand.one(RunDue()).signals)
    phones.stand.wall_us += lasted_us - lasted_us // (60 * S + 1) * 60 * S
    aliya.hang()
    call = last_call(phones)
    assert (call.ended, call.duration_s) == (Cause.HANGUP, seconds)
    assert (call.charge_tiyn, call.journal_seq is None) == (seconds * SECOND_TIYN, seconds == 0)
    assert call.ended_us - call.bridged_us == lasted_us
    assert money(phones.stand, BOLAT) == (50_000 - call.charge_tiyn, 0)
    assert phones.stand.run(RunDue())[0].value == ()


def test_a_chunk_that_is_extended_late_reaches_no_further_for_that(
    phones: Phones, aliya: Phone, bolat: Phone
) -> None:
    phones.stand.run(SetClock(ClockMode.REAL, None))
    talk(aliya, bolat)
    phones.stand.wall_us += 60 * S + S * 4 // 10
    phones.stand.one(RunDue())
    call = last_call(phones)
    assert call.covered_us == call.bridged_us + 120 * S


@pytest.mark.parametrize(
    ("lasted_us", "seconds"), [(60 * S + 1, 61), (60 * S + S * 4 // 10, 61), (150 * S, 150)]
)
def test_who_hangs_up_after_the_chunk_before_its_timer_ran_pays_for_all_of_it(
    phones: Phones, aliya: Phone, bolat: Phone, lasted_us: int, seconds: int
) -> None:
    """The gateway was busy with something else: that makes no talk free."""
    phones.stand.run(SetClock(ClockMode.REAL, None))
    talk(aliya, bolat)
    phones.stand.wall_us += lasted_us
    aliya.hang()
    call = last_call(phones)
    assert (call.ended, call.duration_s, call.charge_tiyn) == (Cause.HANGUP, seconds, seconds * SECOND_TIYN)
    assert money(phones.stand, BOLAT) == (50_000 - call.charge_tiyn, 0)


@pytest.mark.parametrize("late_us", [0, 1, S * 4 // 10, 90 * S])
@pytest.mark.parametrize("by_timer", [True, False])
def test_a_call_that_is_cut_late_costs_what_it_had_cost_at_the_second_of_the_cut(
    phones: Phones, aliya: Phone, late_us: int, *, by_timer: bool
) -> None:
    """10 KZT pay for 40 seconds, whoever comes first then: the timer, or somebody who hangs up."""
    erlan = with_money(phones, ERLAN, 1000)
    phones.stand.run(SetClock(ClockMode.REAL, None))
    talk(aliya, erlan)
    phones.stand.wall_us += 40 * S + late_us
    if by_timer:
        phones.tell(phones.stand.one(RunDue()).signals)
    else:
        aliya.hang()
    call = last_call(phones)
    assert call.ended == (Cause.NO_MONEY if by_timer else Cause.HANGUP)
    assert (call.duration_s, call.charge_tiyn) == (40, 1000)
    assert call.ended_us == call.bridged_us + 40 * S
    assert money(phones.stand, ERLAN) == (0, 0)


def test_what_a_handset_does_after_the_cut_means_nothing(phones: Phones, aliya: Phone) -> None:
    erlan = with_money(phones, ERLAN, 25)
    talk(aliya, erlan)
    phones.pass_s(1)
    before = phones.calls()
    aliya.keys("5").hang()
    erlan.hang()
    assert aliya.kinds[-3:] == ["no_money", "unknown_call", "unknown_call"]
    assert phones.calls() == before
    assert (before[0].call.duration_s, before[0].call.charge_tiyn) == (1, 25)


def test_nobody_is_charged_a_second_time_for_a_long_call_in_chunks(
    phones: Phones, aliya: Phone, bolat: Phone
) -> None:
    """An hour less a second: one entry, and one segment."""
    phones.stand.one(phones.stand.sms(phones.stand.cards()[0].reveal(), "9393", BOLAT))
    talk(aliya, bolat)
    phones.pass_s(3599)
    bolat.hang()
    assert rating(last_call(phones)) == [("1", 3599, 1500, 89_975)]
    assert money(phones.stand, BOLAT) == (100_000 - 89_975, 0)


# -- money that comes and goes during the call -------------------------------------------------------


def test_what_is_held_nobody_else_can_take(phones: Phones, aliya: Phone, bolat: Phone) -> None:
    talk(aliya, bolat)
    with pytest.raises(FloorReached):
        takes(phones.stand, BOLAT, 48_501)
    takes(phones.stand, BOLAT, 48_500)
    assert money(phones.stand, BOLAT) == (1500, 1500)


@pytest.mark.parametrize(("left_tiyn", "seconds"), [(0, 60), (24, 60), (25, 61), (500, 80)])
def test_a_balance_that_is_taken_meanwhile_cuts_the_call_where_the_rest_ends(
    phones: Phones, aliya: Phone, bolat: Phone, left_tiyn: int, seconds: int
) -> None:
    talk(aliya, bolat)
    phones.pass_s(10)
    takes(phones.stand, BOLAT, 50_000 - 1500 - left_tiyn)
    phones.pass_s(300)
    assert (bolat.ended.reason, bolat.ended.duration_s) == ("no_money", seconds)
    assert bolat.ended.charge_tiyn == seconds * SECOND_TIYN
    assert money(phones.stand, BOLAT) == (left_tiyn % SECOND_TIYN, 0)


def test_a_balance_that_is_taken_during_the_announcement_pays_for_no_call(
    phones: Phones, aliya: Phone, bolat: Phone
) -> None:
    aliya.dial(f"000{BOLAT}").say("Aliya")
    bolat.answer()
    takes(phones.stand, BOLAT, 50_000 - 24)
    bolat.keys("1")
    assert bolat.kinds[-1] == Cause.NO_MONEY
    assert aliya.kinds[-2:] == ["collect.no_money", Cause.NO_MONEY]
    assert money(phones.stand, BOLAT) == (24, 0)
    assert last_call(phones).bridged_us == 0


@pytest.mark.parametrize("at_s", [1, 59, 60, 79])
def test_money_that_comes_during_the_call_prolongs_it(phones: Phones, aliya: Phone, at_s: int) -> None:
    """20 KZT pay for 80 seconds, with a card of 500 they pay for 2,080."""
    erlan = with_money(phones, ERLAN, 2000)
    (code,) = phones.stand.cards()
    talk(aliya, erlan)
    phones.pass_s(at_s)
    phones.stand.one(phones.stand.sms(code.reveal(), "9393", ERLAN))
    phones.pass_s(5000)
    assert (erlan.ended.duration_s, erlan.ended.charge_tiyn) == (2080, 52_000)


def test_money_that_comes_after_the_cut_is_not_for_this_call(phones: Phones, aliya: Phone) -> None:
    erlan = with_money(phones, ERLAN, 2000)
    talk(aliya, erlan)
    phones.pass_s(80)
    (code,) = phones.stand.cards()
    phones.stand.one(phones.stand.sms(code.reveal(), "9393", ERLAN))
    assert (erlan.ended.duration_s, money(phones.stand, ERLAN)) == (80, (50_000, 0))


def test_a_card_that_the_caller_takes_in_changes_nothing_for_who_pays(phones: Phones, aliya: Phone) -> None:
    erlan = with_money(phones, ERLAN, 1000)
    talk(aliya, erlan)
    (code,) = phones.stand.cards()
    phones.stand.one(phones.stand.sms(code.reveal(), "9393", ALIYA))
    phones.pass_s(100)
    assert erlan.ended.duration_s == 40


# -- several callers ---------------------------------------------------------------------------------


def test_two_callers_one_after_the_other_are_paid_for_one_by_one(
    phones: Phones, aliya: Phone, bolat: Phone, dana: Phone
) -> None:
    for caller, seconds in ((aliya, 10), (dana, 20)):
        talk(caller, bolat)
        phones.pass_s(seconds)
        caller.hang()
    assert [view.call.charge_tiyn for view in phones.calls()] == [250, 500]
    assert money(phones.stand, BOLAT) == (50_000 - 750, 0)


def test_who_is_called_pays_for_one_call_and_calls_at_anothers_expense_next(
    phones: Phones, aliya: Phone, bolat: Phone
) -> None:
    """A called party who calls back: each pays for the call that they accepted."""
    talk(aliya, bolat)
    phones.pass_s(10)
    bolat.hang()
    talk(bolat, aliya)
    phones.pass_s(20)
    bolat.hang()
    assert (money(phones.stand, BOLAT), money(phones.stand, ALIYA)) == ((49_750, 0), (49_500, 0))
    assert [view.call.payer for view in phones.calls()] == [BOLAT, ALIYA]


def test_calls_of_several_pairs_end_at_one_moment_each_at_its_own_expense(
    phones: Phones, aliya: Phone, bolat: Phone, dana: Phone
) -> None:
    erlan = with_money(phones, ERLAN, 1500)
    talk(aliya, bolat)
    talk(dana, erlan)
    phones.pass_s(60)
    assert (erlan.ended.reason, erlan.ended.charge_tiyn) == ("no_money", 1500)
    assert bolat.last.kind is SignalKind.CONNECTED
    assert money(phones.stand, BOLAT) == (50_000, 3000)


def test_a_service_without_a_price_holds_and_charges_nothing(phones: Phones, aliya: Phone) -> None:
    aliya.dial("9393")
    assert money(phones.stand, ALIYA) == (50_000, 0)
    phones.pass_s(5)
    aliya.hang()
    call = last_call(phones)
    assert (aliya.ended.duration_s, call.charge_tiyn, call.rating) == (5, 0, "")
