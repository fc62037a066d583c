"""Scratch cards: every way in, every refusal, their precedence, and the lock against guessing."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.base.access import Denied
from handlers.base.command import Channel, Secret
from handlers.base.grammar import Usage
from handlers.base.outcome import Outcome
from handlers.scratch_cards import COUNTED, Redeemed, RedeemVoucher, Refused
from rating.money import tenge
from rating.subscriber import Status

if TYPE_CHECKING:
    from tests.handlers.conftest import Desk

HOUR_S = 3600
YEAR_S = 365 * 86_400
WRONG = "0000000000000"
OWNER = "Aliya Omarova"
BOLAT = "77021234567"


def word(outcome: Outcome | Usage) -> str:
    """``ok``, the refusal's id, or the usage text's."""
    return outcome.text_id if isinstance(outcome, Usage) else outcome.word


def until(outcome: Outcome) -> object:
    """When the reply says that the lock ends."""
    return outcome.replies[0].text.params["until"]


class TestSuccess:
    def test_credits_the_face_value_and_confirms_with_the_new_balance(self, desk: "Desk") -> None:
        desk.subscribe(opening_kzt=200)
        (code,) = desk.cards(face_kzt=1000)
        outcome = desk.sms("9393", code)
        assert isinstance(outcome, Outcome)
        assert outcome.word == "ok"
        assert desk.balance() == tenge(1200).tiyn
        (reply,) = outcome.replies
        assert reply.text.id == "voucher.credited"
        assert reply.text.params == {"amount": tenge(1000), "balance": tenge(1200)}

    def test_takes_the_money_from_the_liability_of_the_batch(self, desk: "Desk") -> None:
        desk.subscribe()
        batch = desk.print(count=3)
        desk.redeem(batch.vouchers[0].code.reveal())
        assert desk.liability(batch.batch) == tenge(1000).tiyn

    def test_names_its_journal_entry(self, desk: "Desk") -> None:
        desk.subscribe()
        outcome = desk.redeem(desk.cards()[0])
        assert outcome.journal_seq is not None
        assert [event.kind for event in outcome.events] == ["voucher.redeemed"]

    @pytest.mark.parametrize("typed", ["{0}", " {0} ", "{1} {2}", "{1}-{2}", "{1} - {2}"])
    def test_accepts_spaces_and_dashes_inside_the_code(self, desk: "Desk", typed: str) -> None:
        desk.subscribe()
        (code,) = desk.cards()
        assert word(desk.sms("9393", typed.format(code, code[:6], code[6:]))) == "ok"

    def test_accepts_full_width_digits(self, desk: "Desk") -> None:
        desk.subscribe()
        (code,) = desk.cards()
        assert word(desk.sms("9393", "".join(chr(ord(digit) + 0xFEE0) for digit in code))) == "ok"

    def test_by_ussd_confirms_by_sms_when_the_dialogue_is_gone(self, desk: "Desk") -> None:
        desk.subscribe()
        outcome = desk.dial(f"*110*{desk.cards()[0]}#")
        assert isinstance(outcome, Outcome)
        assert outcome.word == "ok"
        assert outcome.replies[0].fallback == "9393"

    def test_by_an_agent_confirms_to_the_subscriber_by_sms(self, desk: "Desk") -> None:
        desk.subscribe()
        outcome = desk.redeem(desk.cards()[0], channel=Channel.API, owner="  aliya   OMAROVA ")
        (reply,) = outcome.replies
        assert (reply.sender, reply.by_sms, reply.to) == ("9393", True, None)
        assert isinstance(outcome.result, Redeemed)
        assert outcome.result.balance_tiyn == tenge(500).tiyn

    def test_by_voice_says_it_and_sends_it_too(self, desk: "Desk") -> None:
        desk.subscribe()
        said, sent = desk.redeem(desk.cards()[0], channel=Channel.VOICE).replies
        assert (said.by_sms, said.to) == (False, None)
        assert (sent.by_sms, sent.to, sent.sender) == (True, None, "9393")
        assert said.text == sent.text

    def test_works_with_a_negative_balance(self, desk: "Desk") -> None:
        desk.subscribe(opening_kzt=-700)
        assert desk.redeem(desk.cards()[0]).word == "ok"
        assert desk.balance() == tenge(-200).tiyn

    @pytest.mark.parametrize(("debt_kzt", "status"), [(500, Status.ACTIVE), (501, Status.DEBT)])
    def test_ends_a_suspension_for_debt_only_when_nothing_is_owed(
        self, desk: "Desk", debt_kzt: int, status: Status
    ) -> None:
        desk.subscribe(opening_kzt=-debt_kzt, status=Status.DEBT)
        assert desk.redeem(desk.cards()[0]).word == "ok"
        assert desk.subscriber().status is status

    def test_leaves_a_one_way_block_as_it_is(self, desk: "Desk") -> None:
        desk.subscribe(status=Status.BLOCKED_OUTGOING)
        assert desk.redeem(desk.cards()[0]).word == "ok"
        assert desk.subscriber().status is Status.BLOCKED_OUTGOING


class TestOnce:
    def test_a_second_try_is_told_that_it_is_used_and_credits_nothing(self, desk: "Desk") -> None:
        desk.subscribe()
        (code,) = desk.cards()
        assert [desk.redeem(code).word, desk.redeem(code).word] == ["ok", "voucher.used"]
        assert desk.balance() == tenge(500).tiyn

    def test_used_never_tells_by_whom(self, desk: "Desk") -> None:
        desk.subscribe()
        desk.subscribe(BOLAT)
        (code,) = desk.cards()
        desk.redeem(code)
        assert desk.redeem(code, BOLAT).replies[0].text.params == {}

    def test_two_handsets_in_one_batch_give_one_credit(self, desk: "Desk") -> None:
        desk.subscribe()
        desk.subscribe(BOLAT)
        (code,) = desk.cards()
        first, second = (
            RedeemVoucher(origin=desk.origin(msisdn=number), code=Secret(code))
            for number in (desk.subscriber().msisdn, BOLAT)
        )
        assert desk.run(first, second).word == "voucher.used"
        assert (desk.balance(), desk.balance(BOLAT)) == (tenge(500).tiyn, 0)


@dataclass(frozen=True, slots=True)
class Hindrance:
    """How a test makes one refusal come true, whatever else is wrong too."""

    refusal: str
    arrange: Callable[["Desk", "Try"], None]


@dataclass(slots=True)
class Try:
    """What will be tried: filled in by the hindrances."""

    code: str
    owner: str = OWNER


def _block(desk: "Desk", _: Try) -> None:
    desk.change(status=Status.BLOCKED)


def _lock(desk: "Desk", _: Try) -> None:
    for _number in range(5):
        desk.redeem(WRONG)


def _malform(_: "Desk", attempt: Try) -> None:
    attempt.code = attempt.code[:-1]


def _misname(_: "Desk", attempt: Try) -> None:
    attempt.owner = "Somebody Else"


def _mistype(_: "Desk", attempt: Try) -> None:
    attempt.code = WRONG[: len(attempt.code)]


def _use(desk: "Desk", attempt: Try) -> None:
    desk.redeem(attempt.code, BOLAT)


def _expire(desk: "Desk", _: Try) -> None:
    desk.wait(YEAR_S)


#: Every refusal on the agent's way, in the order of precedence: each wins over all below it.
PRECEDENCE = (
    Hindrance(Denied.UNKNOWN, lambda _desk, _attempt: None),
    Hindrance(Denied.BLOCKED, _block),
    Hindrance(Refused.LOCKED, _lock),
    Hindrance(Refused.MALFORMED, _malform),
    Hindrance(Refused.WRONG_OWNER, _misname),
    Hindrance(Refused.UNKNOWN, _mistype),
    Hindrance(Refused.USED, _use),
    Hindrance(Refused.EXPIRED, _expire),
    Hindrance(Refused.DISABLED, lambda _desk, _attempt: None),
)


class TestPrecedence:
    def test_the_table_has_every_refusal_in_the_order_of_the_enums(self) -> None:
        shared = [Denied.UNKNOWN, Denied.BLOCKED]
        assert [each.refusal for each in PRECEDENCE] == [*shared, *Refused]

    @pytest.mark.parametrize("place", range(len(PRECEDENCE)), ids=[each.refusal for each in PRECEDENCE])
    def test_a_refusal_wins_over_all_that_follow_it(self, desk: "Desk", place: int) -> None:
        """Everything from this place on is wrong at once; the first in the table is said."""
        desk.subscribe(BOLAT)
        batch = desk.print()
        attempt = Try(batch.vouchers[0].code.reveal())
        if PRECEDENCE[place].refusal != Denied.UNKNOWN:
            desk.subscribe()
        # From the end, so that a lock is not over after a year's wait; but a card is used before it expires.
        upwards = PRECEDENCE[::-1][: len(PRECEDENCE) - place]
        for each in sorted(upwards, key=lambda each: each.refusal != Refused.USED):
            if place or each.refusal != Denied.BLOCKED:
                each.arrange(desk, attempt)
        desk.disable(batch.batch)
        outcome = desk.redeem(attempt.code, channel=Channel.API, owner=attempt.owner)
        assert outcome.word == PRECEDENCE[place].refusal

    @pytest.mark.parametrize("place", range(len(PRECEDENCE)), ids=[each.refusal for each in PRECEDENCE])
    def test_a_refusal_credits_nothing(self, desk: "Desk", place: int) -> None:
        if PRECEDENCE[place].refusal != Denied.UNKNOWN:
            desk.subscribe()
        desk.subscribe(BOLAT)
        batch = desk.print()
        attempt = Try(batch.vouchers[0].code.reveal())
        PRECEDENCE[place].arrange(desk, attempt)
        if PRECEDENCE[place].refusal == Refused.DISABLED:
            desk.disable(batch.batch)
        outcome = desk.redeem(attempt.code, channel=Channel.API, owner=attempt.owner)
        assert outcome.word == PRECEDENCE[place].refusal
        assert outcome.journal_seq is None
        assert desk.balance() == 0


class TestRefusals:
    @pytest.mark.parametrize(
        "typed", ["123", "12345678901234", "12345678901A3", "код", "1234567890123.", "١٢٣٤٥٦٧٨٩٠١٢٣", "-"]
    )
    def test_what_is_no_code_is_malformed_and_no_guess(self, desk: "Desk", typed: str) -> None:
        desk.subscribe()
        for _ in range(10):
            assert word(desk.sms("9393", typed)) == "voucher.malformed"
        assert desk.redeem(desk.cards()[0]).word == "ok"

    @pytest.mark.parametrize("typed", ["", "  ", "\u200b"])
    def test_an_empty_message_gets_the_usage(self, desk: "Desk", typed: str) -> None:
        assert desk.sms("9393", typed) == Usage("voucher.usage")

    def test_dialling_without_a_code_gets_the_usage(self, desk: "Desk") -> None:
        assert desk.dial("*110#") == Usage("voucher.usage")

    def test_a_code_with_a_star_inside_is_malformed(self, desk: "Desk") -> None:
        desk.subscribe()
        assert word(desk.dial("*110*123456*7890123#")) == "voucher.malformed"

    def test_the_last_moment_of_a_card_is_before_its_expiry(self, desk: "Desk") -> None:
        desk.subscribe()
        first, second = desk.cards(2)
        desk.wait(YEAR_S - 0.000001)
        assert desk.redeem(first).word == "ok"
        desk.wait(0.000001)
        assert desk.redeem(second).word == "voucher.expired"

    def test_an_agent_cannot_check_an_owner_who_has_no_name(self, desk: "Desk") -> None:
        desk.subscribe(owner_name="")
        assert desk.redeem(desk.cards()[0], channel=Channel.API, owner="").word == "voucher.wrong_owner"

    def test_an_agents_refusal_sends_the_subscriber_nothing(self, desk: "Desk") -> None:
        desk.subscribe()
        assert desk.redeem(WRONG, channel=Channel.API, owner=OWNER).replies == ()

    @pytest.mark.parametrize(
        ("change", "channel", "refusal"),
        [
            ("ussd_barred", Channel.USSD, "access.ussd_barred"),
            ("short_codes_barred", Channel.SMS, "access.short_codes_barred"),
        ],
    )
    def test_a_barred_way_leaves_the_other_open(
        self, desk: "Desk", change: str, channel: Channel, refusal: str
    ) -> None:
        barred: dict[str, Any] = {change: True}
        desk.subscribe(**barred)
        (code,) = desk.cards()
        other = Channel.SMS if channel is Channel.USSD else Channel.USSD
        assert desk.redeem(code, channel=channel).word == refusal
        assert desk.redeem(code, channel=other).word == "ok"

    def test_an_unregistered_device_does_not_keep_an_agent_from_helping(self, desk: "Desk") -> None:
        desk.subscribe(device_registered=False)
        (code,) = desk.cards()
        assert desk.redeem(code).word == "access.device"
        assert desk.redeem(code, channel=Channel.API, owner=OWNER).word == "ok"


class TestLock:
    def test_the_fifth_wrong_code_within_an_hour_locks_and_says_until_when(self, desk: "Desk") -> None:
        desk.subscribe()
        words = [desk.redeem(WRONG).replies[0].text.id for _ in range(4)]
        fifth = desk.redeem(WRONG)
        assert words == ["voucher.unknown"] * 4
        assert (fifth.word, fifth.replies[0].text.id) == ("voucher.unknown", "voucher.locked_now")
        assert until(fifth) == datetime(2025, 3, 14, 13, 0, tzinfo=ZoneInfo("Asia/Almaty"))
        assert [event.kind for event in fifth.events] == ["voucher.entry_locked"]

    def test_a_locked_subscriber_cannot_redeem_a_good_code_and_hears_until_when(self, desk: "Desk") -> None:
        desk.subscribe()
        (code,) = desk.cards()
        fifth = [desk.redeem(WRONG) for _ in range(5)][-1]
        locked = desk.redeem(code)
        assert locked.word == "voucher.locked"
        assert until(locked) == until(fifth)
        assert desk.balance() == 0

    def test_the_lock_ends_after_an_hour_to_the_microsecond(self, desk: "Desk") -> None:
        desk.subscribe()
        (code,) = desk.cards()
        for _ in range(5):
            desk.redeem(WRONG)
        desk.wait(HOUR_S - 0.000001)
        assert desk.redeem(code).word == "voucher.locked"
        desk.wait(0.000001)
        assert desk.redeem(code).word == "ok"

    def test_tries_during_a_lock_do_not_make_it_longer(self, desk: "Desk") -> None:
        desk.subscribe()
        for _ in range(5):
            desk.redeem(WRONG)
        desk.wait(HOUR_S / 2)
        for _ in range(20):
            assert desk.redeem(WRONG).word == "voucher.locked"
        desk.wait(HOUR_S / 2)
        assert desk.redeem(desk.cards()[0]).word == "ok"

    def test_the_window_slides(self, desk: "Desk") -> None:
        """Four wrong codes, then one an hour after the first: only four are within an hour."""
        desk.subscribe()
        for _ in range(4):
            desk.redeem(WRONG)
            desk.wait(1)
        desk.wait(HOUR_S - 4)
        assert desk.redeem(WRONG).replies[0].text.id == "voucher.unknown"
        assert desk.redeem(WRONG).replies[0].text.id == "voucher.locked_now"

    def test_a_lock_pays_for_the_wrong_codes_that_led_to_it(self, desk: "Desk") -> None:
        """Also where the window is longer than the lock, counting starts anew."""
        desk.profile = replace(desk.profile, voucher_lock_s=60)
        desk.subscribe()
        for _ in range(5):
            desk.redeem(WRONG)
        desk.wait(60)
        words = [desk.redeem(WRONG).replies[0].text.id for _ in range(5)]
        assert words == ["voucher.unknown"] * 4 + ["voucher.locked_now"]

    def test_a_success_in_between_forgets_nothing(self, desk: "Desk") -> None:
        desk.subscribe()
        for _ in range(4):
            desk.redeem(WRONG)
        assert desk.redeem(desk.cards()[0]).word == "ok"
        assert desk.redeem(WRONG).replies[0].text.id == "voucher.locked_now"

    def test_all_ways_count_together(self, desk: "Desk") -> None:
        desk.subscribe()
        desk.sms("9393", WRONG)
        desk.dial(f"*110*{WRONG}#")
        desk.redeem(WRONG, channel=Channel.VOICE)
        desk.redeem(WRONG, channel=Channel.API, owner=OWNER)
        desk.redeem(WRONG, channel=Channel.API, owner="Somebody Else")
        assert all(desk.redeem(WRONG, channel=each, owner=OWNER).word == "voucher.locked" for each in Channel)

    def test_a_lock_is_the_subscribers_own(self, desk: "Desk") -> None:
        desk.subscribe()
        desk.subscribe(BOLAT)
        for _ in range(5):
            desk.redeem(WRONG)
        assert desk.redeem(desk.cards()[0], BOLAT).word == "ok"

    def test_used_codes_count_as_guesses(self, desk: "Desk") -> None:
        desk.subscribe()
        (code,) = desk.cards()
        desk.redeem(code)
        words = [desk.redeem(code).word for _ in range(6)]
        assert words == ["voucher.used"] * 5 + ["voucher.locked"]

    def test_what_counts_is_all_that_tells_a_guesser_something(self) -> None:
        assert set(Refused) - COUNTED == {Refused.LOCKED, Refused.MALFORMED}


STEPS = st.lists(
    st.tuples(st.sampled_from(["77011234567", BOLAT]), st.integers(0, 5), st.sampled_from([0, 60, 4000])),
    max_size=25,
)


class TestProperty:
    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(steps=STEPS)
    def test_no_sequence_of_tries_credits_more_than_the_cards_are_worth(
        self, desk: "Desk", steps: list[tuple[str, int, int]]
    ) -> None:
        """Credits and what is still owed for cards always add up to what was printed."""
        desk.store.reset()
        desk.subscribe()
        desk.subscribe(BOLAT)
        batch = desk.print(4)
        codes = [voucher.code.reveal() for voucher in batch.vouchers] + [WRONG, "x"]
        accepted = []
        for msisdn, which, pause_s in steps:
            if desk.redeem(codes[which], msisdn).word == "ok":
                accepted.append(which)
            desk.wait(pause_s)
        assert len(accepted) == len(set(accepted))
        credited = desk.balance() + desk.balance(BOLAT)
        assert credited == len(accepted) * tenge(500).tiyn
        assert credited + desk.liability(batch.batch) == tenge(2000).tiyn
