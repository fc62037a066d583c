"""Bad input and bad moments: what a handset does that nobody expected, when nobody expected it."""

from collections.abc import Callable

import pytest

from gateway.voice.events import Alerting, Answer, Dial, HangUp, Keys, LegEvent, Said, SignalKind
from handlers.base.command import Secret
from handlers.subscriber_admin import ChangeSubscriber
from rating.msisdn import Msisdn
from rating.subscriber import Status
from storage.call_model import Cause, Leg, LegState, TurnKind
from storage.model import Attempts, Direction
from tests.gateway.call_places import Place, alerting, announced, bridged, in_every_state, only_call
from tests.gateway.phones import Phone, Phones
from tests.gateway.stand import ALIYA, BOLAT, S

DANA = Msisdn("77781234567")


def lists(phones: Phones, text: str, owner: Msisdn = BOLAT) -> None:
    """A command to 6010."""
    phones.stand.one(phones.stand.sms(text, "6010", owner))


def change(phones: Phones, msisdn: Msisdn, **changes: object) -> None:
    """The operator changes a subscriber."""
    fields = ChangeSubscriber(origin=phones.stand.origin(), msisdn=msisdn, **changes)  # type: ignore[arg-type]  # by name
    phones.stand.do(fields)


def call_back(phones: Phones, number: str = BOLAT) -> None:
    """Aliya asks by USSD for the network's call."""
    phones.tell(phones.stand.one(phones.stand.dial(f"*133*{number}#")).signals)
    phones._fire_now()


# -- numbers after 000 -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "number",
    [
        f"000{BOLAT}",
        f"0008{BOLAT[1:]}",
        f"+000{BOLAT}",
        f"000 {BOLAT}",
        "000 8 (702) 123-45-67",
        "000-8-702-123-45-67",
        "0 0 0 8 702 123 45 67",
    ],
)
def test_a_number_after_000_is_understood_in_all_its_forms(
    phones: Phones, aliya: Phone, bolat: Phone, number: str
) -> None:
    aliya.dial(number).say("")
    assert bolat.last.kind is SignalKind.INCOMING
    assert only_call(phones).called == BOLAT


@pytest.mark.parametrize(
    ("number", "prompt", "cause"),
    [
        ("000", "collect.no_number", Cause.NO_ROUTE),
        ("000112", "collect.emergency", Cause.NO_ROUTE),
        ("000101", "collect.emergency", Cause.NO_ROUTE),
        ("000103", "collect.emergency", Cause.NO_ROUTE),
        ("0009393", "collect.bad_number", Cause.NO_ROUTE),
        ("0007000", "collect.bad_number", Cause.NO_ROUTE),
        ("0006010", "collect.bad_number", Cause.NO_ROUTE),
        ("000000", "collect.bad_number", Cause.NO_ROUTE),
        ("00077272585333", "collect.off_net", Cause.NO_ROUTE),
        (f"000{BOLAT}1", "collect.bad_number", Cause.NO_ROUTE),
        (f"000{BOLAT[:-1]}", "collect.bad_number", Cause.NO_ROUTE),
        ("000447911123456", "collect.bad_number", Cause.NO_ROUTE),
        (f"000{ALIYA}", "collect.self", Cause.NOT_ALLOWED),
        (f"0008{ALIYA[1:]}", "collect.self", Cause.NOT_ALLOWED),
        ("00077020000000", "collect.no_subscriber", Cause.NO_ROUTE),
        ("00077071234567", "collect.off_net", Cause.NO_ROUTE),
    ],
)
def test_what_cannot_be_called_at_its_expense_is_told_so_and_rings_nobody(
    phones: Phones, aliya: Phone, bolat: Phone, number: str, prompt: str, cause: Cause
) -> None:
    aliya.dial(number)
    assert aliya.kinds == [prompt, cause]
    assert bolat.heard == []
    call = only_call(phones)
    assert (call.ended, call.charge_tiyn, call.bridged_us) == (cause, 0, 0)
    assert [each.destination for each in phones.stand.messages()] == (
        [call.called] if prompt == "collect.off_net" else []
    )


@pytest.mark.parametrize("number", ["", " ", "+", "*133#", "000*7", f"000{BOLAT}#", "0" * 21, "000A"])
def test_what_is_no_number_is_an_error_and_no_call(phones: Phones, aliya: Phone, number: str) -> None:
    aliya.dial(number)
    assert aliya.kinds == ["bad_number"]
    assert phones.calls() == []


@pytest.mark.parametrize(
    ("number", "prompt"),
    [
        ("112", "voice.no_emergency"),
        ("101", "voice.no_emergency"),
        (BOLAT, "voice.no_calls"),
        (f"8{BOLAT[1:]}", "voice.no_calls"),
        ("93930", "voice.no_route"),
        ("00", "voice.no_route"),
        ("1", "voice.no_route"),
    ],
)
def test_a_number_that_is_no_services_leads_nowhere(
    phones: Phones, aliya: Phone, bolat: Phone, number: str, prompt: str
) -> None:
    aliya.dial(number)
    assert aliya.kinds == [prompt, Cause.NO_ROUTE]
    assert bolat.heard == []
    called = BOLAT if prompt == "voice.no_calls" else number
    assert only_call(phones).called == called


@pytest.mark.parametrize("before", ["", "000", "9393", "7000"])
def test_a_card_code_that_is_dialled_is_kept_nowhere(phones: Phones, aliya: Phone, before: str) -> None:
    """Thirteen digits where a number was wanted: in no record, and in nothing that is said."""
    (code,) = phones.stand.cards()
    aliya.dial(before + code.reveal())
    assert aliya.last.kind is SignalKind.ENDED
    assert code.reveal() not in repr(phones.calls())


# -- keys and words that nobody asked for ------------------------------------------------------------


@in_every_state
def test_keys_and_words_that_nobody_asked_for_change_nothing_and_are_not_kept(
    phones: Phones, place: Place
) -> None:
    """Also from the handset that is asked: 5 is no answer to anything, and words are none to a key."""
    place.reach(phones)
    for leg in only_call(phones).legs:
        asked = phones.of(leg.msisdn)
        if place.legs[leg.number - 1] is LegState.PROMPTING and leg.msisdn == BOLAT:
            continue  # A wrong key is an answer there.
        before, told = only_call(phones), len(asked.heard)
        asked.keys("5", before.id)
        if place.legs[leg.number - 1] is not LegState.PROMPTING:
            asked._phones.take(Said(leg.msisdn, before.id, "secret words"))
        assert only_call(phones)._replace(legs=()) == before._replace(legs=())
        assert [each.state for each in only_call(phones).legs] == list(place.legs)
        assert set(asked.kinds[told:]) == ({"wrong_state"} if is_rung(leg) else set())
    turns = phones.calls()[0].turns
    pressed = {turn.text for turn in turns if turn.kind is TurnKind.KEYS}
    assert pressed <= {"***", "1"}
    assert "secret words" not in repr(turns)


def is_rung(leg: Leg) -> bool:
    """Whether it is asked to take the call; it is told that it has to, first."""
    rings = leg.state in {LegState.OFFERED, LegState.ALERTING}
    return rings and leg.direction is Direction.MT and not leg.answered_us


def test_a_key_of_the_caller_is_no_answer_of_the_called_party(
    phones: Phones, aliya: Phone, bolat: Phone
) -> None:
    announced(phones)
    aliya.keys("1").keys("2")
    assert bolat.kinds == ["incoming", "collect.announce"]
    assert only_call(phones).bridged_us == 0


def test_a_one_before_the_announcement_accepts_nothing(phones: Phones, bolat: Phone) -> None:
    """Whoever pays has heard for what."""
    alerting(phones)
    bolat.keys("1").answer()
    assert bolat.kinds == ["incoming", "wrong_state", "collect.announce"]
    assert only_call(phones).legs[1].state is LegState.PROMPTING


def test_both_press_one_at_once_and_only_the_called_partys_counts(phones: Phones) -> None:
    announced(phones)
    call = only_call(phones).id
    phones.take(Keys(ALIYA, call, Secret("1")), Keys(BOLAT, call, Secret("1")))
    assert only_call(phones).legs[1].state is LegState.BRIDGED
    kept = [(turn.leg, turn.text) for turn in phones.calls()[0].turns if turn.kind is TurnKind.KEYS]
    assert kept == [(1, "***"), (2, "1")]


@pytest.mark.parametrize(("digits", "ended"), [("12", ""), ("21", Cause.REFUSED)])
@pytest.mark.parametrize("is_one_event", [True, False])
def test_of_both_keys_at_once_the_first_counts(
    phones: Phones, aliya: Phone, bolat: Phone, digits: str, ended: str, *, is_one_event: bool
) -> None:
    announced(phones)
    call = only_call(phones).id
    pressed = (digits,) if is_one_event else tuple(digits)
    phones.take(*(Keys(BOLAT, call, Secret(each)) for each in pressed))
    assert only_call(phones).ended == ended
    assert (aliya.last.kind is SignalKind.CONNECTED) is (not ended)
    assert phones.stand.balance(BOLAT) == 500
    del bolat


def test_a_wrong_key_is_asked_again_once_and_then_nobody_was_there(
    phones: Phones, aliya: Phone, bolat: Phone
) -> None:
    """It does not count as a refusal either."""
    announced(phones)
    bolat.keys("7").keys("*")
    assert bolat.kinds[1:] == ["collect.announce", "collect.announce", "voice.gave_up", Cause.GAVE_UP]
    assert aliya.kinds[-2:] == ["collect.no_answer", Cause.NO_ANSWER]
    assert attempts(phones).times_us == ()


def attempts(phones: Phones) -> Attempts:
    """The refusals that count for Aliya."""
    with phones.stand.processor.begin() as batch:
        return batch.uow.attempts.get("collect", ALIYA)


def test_what_counts_as_refused_and_what_does_not(phones: Phones, aliya: Phone, bolat: Phone) -> None:
    for refuse in ("press", "reject", "hang up", "ring out", "silence"):
        aliya.dial(f"000{BOLAT}").say("Aliya")
        if refuse in {"press", "hang up", "silence"}:
            bolat.answer()
        if refuse == "press":
            bolat.keys("2")
        elif refuse in {"reject", "hang up"}:
            bolat.hang()
        phones.pass_s(60)
    assert len(attempts(phones).times_us) == 3
    assert [view.call.ended for view in phones.calls()] == [
        Cause.REFUSED,
        Cause.REJECTED,
        Cause.REFUSED,
        Cause.NO_ANSWER,
        Cause.NO_ANSWER,
    ]


# -- events of a call that is over, of somebody else's, and of the same one twice --------------------


@in_every_state
def test_a_stranger_can_do_nothing_with_a_call(phones: Phones, dana: Phone, place: Place) -> None:
    place.reach(phones)
    before = phones.calls()
    call = before[0].call.id
    dana.answer(call).keys("1", call).hang(call)
    phones.take(Said(DANA, call, "Dana"), Alerting(DANA, call))
    assert dana.kinds == ["unknown_call"] * 4
    assert phones.calls() == before


def test_who_answers_twice_has_answered_once(phones: Phones, bolat: Phone) -> None:
    announced(phones)
    bolat.answer()
    assert bolat.kinds == ["incoming", "collect.announce", "wrong_state"]
    bolat.keys("1").answer()
    assert bolat.kinds[-2:] == ["connected", "wrong_state"]
    assert only_call(phones).legs[1].state is LegState.BRIDGED


def test_who_has_answered_the_call_back_cannot_answer_the_ringing_that_they_hear(
    phones: Phones, aliya: Phone, bolat: Phone
) -> None:
    call_back(phones)
    bolat.rings = True
    aliya.answer().say("Aliya").answer()
    assert aliya.kinds == ["incoming", "collect.say_name", "ringing", "wrong_state"]
    bolat.answer().keys("1")
    assert aliya.last.kind is SignalKind.CONNECTED


def test_a_leg_keeps_the_first_moment_of_each_kind(phones: Phones, aliya: Phone, bolat: Phone) -> None:
    """Who is called back rings, and then hears ringing: the record says when it rang."""
    call_back(phones)
    phones.pass_s(3)
    aliya.answer()
    phones.pass_s(2)
    aliya.say("Aliya")
    call = only_call(phones)
    stamps = [(leg.alerting_us - call.began_us, leg.answered_us) for leg in call.legs]
    assert stamps == [(0, call.began_us + 3 * S), (5 * S, 0)]
    assert bolat.last.kind is SignalKind.INCOMING


def test_who_dialled_has_nothing_to_answer(phones: Phones, aliya: Phone) -> None:
    """They were never rung: nothing was ever offered to them."""
    aliya.dial("9393").answer()
    assert (aliya.last.id, aliya.last.text) == ("wrong_state", "there is nothing to answer")
    assert only_call(phones).legs[0].state is LegState.PROMPTING


def test_who_hangs_up_twice_has_hung_up_once(phones: Phones, aliya: Phone, bolat: Phone) -> None:
    bridged(phones, 10)
    aliya.hang().hang()
    bolat.hang()
    assert (aliya.last.id, bolat.last.id) == ("unknown_call", "unknown_call")
    assert only_call(phones).charge_tiyn == 250


def test_both_hang_up_at_once_and_the_call_is_charged_once(phones: Phones) -> None:
    bridged(phones, 10)
    call = only_call(phones).id
    phones.take(HangUp(ALIYA, call), HangUp(BOLAT, call))
    assert phones.of(BOLAT).kinds[-2:] == ["hangup", "unknown_call"]
    assert phones.stand.balance(BOLAT) == 500 - 3  # 497.50


@pytest.mark.parametrize(
    ("events", "state", "ended"),
    [
        (lambda call: (Answer(BOLAT, call), Keys(BOLAT, call, Secret("1"))), LegState.BRIDGED, ""),
        (lambda call: (Answer(BOLAT, call), HangUp(ALIYA, call)), LegState.RELEASED, Cause.CANCELLED),
        (lambda call: (HangUp(ALIYA, call), Answer(BOLAT, call)), LegState.RELEASED, Cause.CANCELLED),
        (lambda call: (Answer(BOLAT, call), HangUp(BOLAT, call)), LegState.RELEASED, Cause.REFUSED),
        (lambda call: (HangUp(BOLAT, call), Answer(BOLAT, call)), LegState.RELEASED, Cause.REJECTED),
        (lambda call: (HangUp(BOLAT, call), HangUp(ALIYA, call)), LegState.RELEASED, Cause.REJECTED),
        (lambda call: (HangUp(BOLAT, call), Dial(BOLAT, "9393")), LegState.RELEASED, Cause.REJECTED),
    ],
)
def test_two_events_of_one_call_in_one_batch_happen_one_after_the_other(
    phones: Phones, events: Callable[[str], tuple[LegEvent, ...]], state: LegState, ended: str
) -> None:
    alerting(phones)
    call = only_call(phones)
    phones.take(*events(call.id))
    after = phones.calls()[0].call
    assert (after.legs[1].state, after.ended) == (state, ended)


def test_who_takes_the_call_before_it_has_rung_talks_like_anybody(
    phones: Phones, aliya: Phone, bolat: Phone
) -> None:
    """A friend, so that nobody was asked anything; the caller hears it ring all the same."""
    lists(phones, f"31 {ALIYA}")
    bolat.rings = False
    aliya.dial(f"000{BOLAT}")
    bolat.answer()
    assert (aliya.kinds, bolat.kinds) == (["ringing", "connected"], ["incoming", "connected"])
    phones.take(Alerting(BOLAT, bolat.call))
    assert only_call(phones).legs[1].state is LegState.BRIDGED


def test_many_handsets_call_in_one_batch(phones: Phones) -> None:
    numbers = [Msisdn(f"7775{index:07}") for index in range(40)]
    phones.stand.subscribe(*numbers)
    callers, called = numbers[:20], numbers[20:]
    for number in numbers:
        phones.of(number)
    phones.take(*(Dial(caller, f"000{other}") for caller, other in zip(callers, called, strict=True)))
    phones.take(*(Said(caller, phones.of(caller).call, "A") for caller in callers))
    phones.take(*(Answer(each, phones.of(each).call) for each in called))
    phones.take(*(Keys(each, phones.of(each).call, Secret("1")) for each in called))
    phones.pass_s(1)
    phones.take(*(HangUp(each, phones.of(each).call) for each in callers))
    assert [view.call.charge_tiyn for view in phones.calls()] == [25] * 20
    assert [view.call.called for view in phones.calls()] == called


def test_two_callers_in_one_batch_and_one_is_first(
    phones: Phones, aliya: Phone, bolat: Phone, dana: Phone
) -> None:
    phones.take(Dial(ALIYA, f"000{BOLAT}"), Dial(DANA, f"000{BOLAT}"))
    phones.take(Said(ALIYA, aliya.call, "Aliya"), Said(DANA, dana.call, "Dana"))
    assert (aliya.last.kind, dana.last.reason) == (SignalKind.RINGING, Cause.BUSY)
    bolat.answer()
    assert "Aliya" in bolat.last.text


def test_two_who_call_each_other_at_once_are_both_busy(phones: Phones, aliya: Phone, bolat: Phone) -> None:
    phones.take(Dial(ALIYA, f"000{BOLAT}"), Dial(BOLAT, f"000{ALIYA}"))
    aliya.say("Aliya")
    assert aliya.last.reason == Cause.BUSY
    bolat.say("Bolat")
    assert aliya.last.kind is SignalKind.INCOMING


# -- things that change meanwhile --------------------------------------------------------------------


@pytest.mark.parametrize("text", [f"11 {ALIYA}", "2"])
def test_a_list_that_changes_during_the_ringing_is_for_the_next_call(
    phones: Phones, aliya: Phone, bolat: Phone, text: str
) -> None:
    alerting(phones)
    lists(phones, text)
    bolat.answer().keys("1")
    assert aliya.last.kind is SignalKind.CONNECTED
    aliya.hang().dial(f"000{BOLAT}")
    assert aliya.kinds[-2:] == ["collect.not_wanted", Cause.NOT_ALLOWED]


def test_who_becomes_a_friend_during_the_ringing_is_announced_and_costs_what_was_announced(
    phones: Phones, bolat: Phone
) -> None:
    alerting(phones)
    lists(phones, f"31 {ALIYA}")
    bolat.answer()
    assert bolat.last.id == "collect.announce"
    bolat.keys("1")
    phones.pass_s(60)
    bolat.hang()
    assert bolat.ended.charge_tiyn == 1500


@pytest.mark.parametrize("status", [Status.BLOCKED, Status.BLOCKED_OUTGOING, Status.DEBT])
@pytest.mark.parametrize("who", [ALIYA, BOLAT])
def test_who_is_blocked_during_the_talk_talks_on_and_is_charged(
    phones: Phones, who: Msisdn, status: Status
) -> None:
    """A talk is not cut in the middle of a word; the next one does not begin."""
    bridged(phones, 10)
    change(phones, who, status=status)
    phones.pass_s(60)
    phones.of(ALIYA).hang()
    assert (only_call(phones).duration_s, only_call(phones).charge_tiyn) == (70, 1750)
    phones.of(ALIYA).dial(f"000{BOLAT}")
    may_ask = who == ALIYA and status is Status.DEBT
    assert (phones.of(ALIYA).last.id == "collect.say_name") is may_ask


def test_who_blocks_the_caller_before_the_call_back_is_answered_is_not_rung(
    phones: Phones, aliya: Phone, bolat: Phone
) -> None:
    call_back(phones)
    lists(phones, f"11 {ALIYA}")
    aliya.answer()
    assert aliya.kinds == ["incoming", "collect.not_wanted", Cause.NOT_ALLOWED]
    assert bolat.heard == []


def test_the_call_back_rings_out(phones: Phones, aliya: Phone) -> None:
    call_back(phones)
    phones.pass_s(29.9)
    assert aliya.kinds == ["incoming"]
    phones.pass_s(0.1)
    assert aliya.kinds == ["incoming", Cause.NO_ANSWER]
    aliya.answer()
    assert aliya.last.id == "unknown_call"


def test_a_call_back_that_is_not_wanted_any_more_is_rejected(phones: Phones, aliya: Phone) -> None:
    call_back(phones)
    aliya.hang()
    assert aliya.kinds == ["incoming", Cause.REJECTED]
    assert attempts(phones).times_us == ()


def test_who_leaves_the_call_back_while_the_other_rings_has_cancelled_it(
    phones: Phones, aliya: Phone, bolat: Phone
) -> None:
    call_back(phones)
    aliya.answer().say("Aliya").hang()
    assert (aliya.last.reason, bolat.last.reason) == (Cause.CANCELLED, Cause.CANCELLED)
    assert attempts(phones).times_us == ()


def test_who_is_in_a_call_is_not_called_back(phones: Phones, aliya: Phone) -> None:
    aliya.dial("9393")
    call_back(phones)
    assert aliya.kinds[-1] == "voucher.enter_code"
    assert phones.stand.replies()[-1] == "You are in a call. Dial again when it is over."


# -- nobody stays for ever ---------------------------------------------------------------------------


def test_after_a_quarter_of_an_hour_of_prompts_the_call_is_over(phones: Phones, aliya: Phone) -> None:
    """A key every nine seconds, and a code that is none every minute and a half."""
    aliya.dial("9393")
    for key in "12345678*" * 12:
        aliya.keys(key)
        if aliya.last.kind is SignalKind.ENDED:
            break
        phones.pass_s(9)
    call = only_call(phones)
    assert (call.ended, call.ended_us - call.began_us) == (Cause.GAVE_UP, 909 * S)


def test_a_talk_may_last_longer_than_that(phones: Phones) -> None:
    bridged(phones, 1800)
    assert only_call(phones).ended == ""
    phones.of(ALIYA).keys("5")
    assert only_call(phones).ended == ""
