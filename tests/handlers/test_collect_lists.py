"""6010: the three lists of collect calls, filled and shown by SMS, and which of two is active."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.base.command import Channel
from handlers.base.grammar import Usage
from handlers.base.outcome import Outcome
from handlers.collect_call import AskCollect
from handlers.collect_lists import SERVICE, ActivateList, AddListed, Refused, RemoveListed, ShowListed
from rating.msisdn import Msisdn
from rating.subscriber import Language, Status
from storage.call_model import CollectList, CollectLists
from storage.store import Store
from tests.handlers.conftest import CATALOG, PROFILE, Desk

ALIYA, BOLAT, DANA = Msisdn("77011234567"), Msisdn("77021234567"), Msisdn("77751234567")
OFF_NET = Msisdn("77051234567")
LISTS = {"1": CollectList.BLACK, "2": CollectList.WHITE, "3": CollectList.FRIENDS}
each_list = pytest.mark.parametrize(("digit", "which"), LISTS.items(), ids=str)


@pytest.fixture(autouse=True)
def owner(desk: Desk) -> None:
    """Aliya, whose lists they are."""
    desk.subscribe(ALIYA, opening_kzt=10)


def text(desk: Desk, words: str, msisdn: str = ALIYA) -> Outcome:
    """A message to 6010 that is understood."""
    outcome = desk.sms("6010", words, msisdn)
    assert isinstance(outcome, Outcome), outcome
    return outcome


def words(desk: Desk, sent: str, msisdn: str = ALIYA) -> str:
    """What comes back in English; one message, to the sender."""
    (reply,) = text(desk, sent, msisdn).replies
    assert (reply.to, reply.by_sms) == (None, False)
    return CATALOG.render(reply.text, Language.EN)


def lists(desk: Desk, msisdn: Msisdn = ALIYA) -> CollectLists:
    """The lists as they are stored."""
    return desk.do(lambda uow, _: uow.collect.lists(msisdn))


# -- adding and removing ---------------------------------------------------------------------------


@each_list
def test_a_number_is_added_shown_and_removed(desk: Desk, digit: str, which: CollectList) -> None:
    name = CATALOG.render(text(desk, f"{digit}3").replies[0].text, Language.EN).partition(":")[0]
    assert words(desk, f"{digit}1 {BOLAT}") == f"{name}: {BOLAT} added."
    assert words(desk, f"{digit}1 {DANA}") == f"{name}: {DANA} added."
    assert lists(desk).of(which) == (BOLAT, DANA)
    assert words(desk, f"{digit}3") == f"{name}:\n{BOLAT}\n{DANA}\nActive: Black List."
    assert words(desk, f"{digit}2 {BOLAT}") == f"{name}: {BOLAT} removed."
    assert lists(desk) == CollectLists(owner=ALIYA, **{which.value: (DANA,)})  # type: ignore[arg-type]  # one list


@each_list
def test_a_list_is_of_its_own(desk: Desk, digit: str, which: CollectList) -> None:
    text(desk, f"{digit}1 {BOLAT}")
    assert [each for each in CollectList if lists(desk).of(each)] == [which]
    assert lists(desk, BOLAT) == CollectLists(owner=BOLAT)


@pytest.mark.parametrize(
    "sent",
    [
        "11 77021234567",
        "11 87021234567",
        "11 +77021234567",
        "11 8 702 123 45 67",
        "  11    8702   1234567  ",
        "11 8(702)123-45-67",
        "１１ ８７０２１２３４５６７",
        "11\n87021234567",
        "11\u00a087021234567\u200b",
    ],
)
def test_commands_are_read_however_they_are_typed(desk: Desk, sent: str) -> None:
    assert text(desk, sent).word == "ok"
    assert lists(desk).black == (BOLAT,)


@pytest.mark.parametrize(
    "sent", ["", "4", "3", "14", "41 87021234567", "13 87021234567", "1 2", "1187021234567"]
)
def test_what_is_no_command_gets_the_usage_text_and_changes_nothing(desk: Desk, sent: str) -> None:
    assert desk.sms("6010", sent) == Usage("collect.usage")
    assert lists(desk) == CollectLists(owner=ALIYA)


# -- what cannot be done, each with an answer of its own -------------------------------------------


@each_list
@pytest.mark.parametrize(
    ("rest", "refused", "answer"),
    [
        ("1", Refused.NO_NUMBER, "Please write the number after the command, like 77011234567."),
        ("2", Refused.NO_NUMBER, "Please write the number after the command, like 77011234567."),
        (
            f"1 {BOLAT} {DANA}",
            Refused.TWO_NUMBERS,
            "One number at a time, please. Send each in a message of its own.",
        ),
        (
            "2 87021234567,87751234567",
            Refused.TWO_NUMBERS,
            "One number at a time, please. Send each in a message of its own.",
        ),
        ("1 8702123456", Refused.BAD_NUMBER, "This is not a mobile number. Write it like 77011234567."),
        ("2 Bolat", Refused.BAD_NUMBER, "This is not a mobile number. Write it like 77011234567."),
        ("1 8 701 123 45 67", Refused.OWN_NUMBER, "This is your own number."),
        (
            f"1 {OFF_NET}",
            Refused.OFF_NET,
            "This number is of another operator. The lists are for Kcell and activ numbers.",
        ),
        (f"2 {DANA}", Refused.NOT_LISTED, "{list}: 77751234567 is not there."),
        (f"1 {BOLAT}", Refused.ALREADY_LISTED, "{list}: 77021234567 is there already."),
    ],
)
def test_each_mistake_has_its_own_answer(
    desk: Desk, digit: str, which: CollectList, rest: str, refused: Refused, answer: str
) -> None:
    text(desk, f"{digit}1 {BOLAT}")
    before = lists(desk)
    name = {"1": "Black List", "2": "White List", "3": "Friends"}[digit]
    assert text(desk, digit + rest).word == refused.value
    assert words(desk, digit + rest) == answer.replace("{list}", name)
    assert lists(desk) == before, which


@each_list
def test_a_list_holds_fifty_numbers(desk: Desk, digit: str, which: CollectList) -> None:
    numbers = [f"770112300{at:02d}" for at in range(51)]
    assert {text(desk, f"{digit}1 {number}").word for number in numbers[:50]} == {"ok"}
    assert text(desk, f"{digit}1 {numbers[50]}").word == "collect.list_full"
    assert words(desk, f"{digit}1 {numbers[50]}").endswith(
        ": 50 numbers are the most. Please remove one first."
    )
    assert text(desk, f"{digit}1 {numbers[0]}").word == "collect.list_has_it"
    assert words(desk, f"{digit}3").splitlines()[1:-1] == numbers[:50]
    text(desk, f"{digit}2 {numbers[3]}")
    assert text(desk, f"{digit}1 {numbers[50]}").word == "ok"
    assert lists(desk).of(which) == (*numbers[:3], *numbers[4:])


def test_a_number_that_a_record_says_is_ours_was_ported_in(desk: Desk) -> None:
    desk.subscribe(OFF_NET)
    assert text(desk, f"11 {OFF_NET}").word == "ok"


def test_a_number_of_ours_that_nobody_has_yet_can_be_listed(desk: Desk) -> None:
    assert text(desk, "11 77789998877").word == "ok"


def test_refusals_are_met_in_their_order(desk: Desk) -> None:
    """Where a list is full, and the number is there already or not ours, that is said."""
    for at in range(50):
        text(desk, f"11 770112300{at:02d}")
    assert text(desk, "11 77011230000").word == "collect.list_has_it"
    assert text(desk, f"11 {OFF_NET}").word == "collect.list_off_net"
    assert text(desk, f"11 {ALIYA}").word == "collect.list_own_number"


# -- which list is active --------------------------------------------------------------------------


def test_the_black_list_is_active_until_the_white_one_is(desk: Desk) -> None:
    assert text(desk, "1").word == "collect.list_is_active"
    assert words(desk, "1") == "Black List is on already."
    assert words(desk, "2") == (
        "The White List is on. It is empty: nobody but Friends gets through. To add: 21 NUMBER"
    )
    assert words(desk, "2") == "White List is on already."
    assert words(desk, "13").endswith("Active: White List.")
    assert words(desk, "1") == "The Black List is on. It is empty: everybody gets through."
    assert lists(desk).active is CollectList.BLACK


def test_a_list_that_has_numbers_says_what_they_mean_when_it_is_switched_on(desk: Desk) -> None:
    text(desk, f"11 {BOLAT}")
    text(desk, f"21 {BOLAT}")
    assert words(desk, "2") == "The White List is on: only numbers on it and Friends get through."
    assert words(desk, "1") == "The Black List is on: numbers on it do not get through, all others do."
    assert lists(desk).black == lists(desk).white == (BOLAT,)


def test_an_empty_list_is_shown_as_such(desk: Desk) -> None:
    assert words(desk, "23") == "White List: no numbers. Active: Black List."


# -- what the lists do to calls --------------------------------------------------------------------


def asked(desk: Desk, caller: str = BOLAT) -> str:
    """What becomes of a collect call to Aliya."""
    origin = desk.origin(Channel.VOICE, caller, "000")
    return desk.run(AskCollect(origin=origin, called=ALIYA)).word


def test_the_lists_decide_who_gets_through_from_the_next_call_on(desk: Desk) -> None:
    desk.subscribe(BOLAT)
    story = [("", "ok"), (f"11 {BOLAT}", "collect.not_wanted"), (f"31 {BOLAT}", "ok")]
    story += [(f"32 {BOLAT}", "collect.not_wanted"), (f"12 {BOLAT}", "ok"), ("2", "collect.not_wanted")]
    story += [(f"21 {BOLAT}", "ok"), (f"22 {BOLAT}", "collect.not_wanted"), (f"31 {BOLAT}", "ok")]
    for sent, word in story:
        if sent:
            text(desk, sent)
        assert asked(desk) == word, sent


def test_blacklisting_a_friend_says_that_it_changes_nothing_yet(desk: Desk) -> None:
    desk.subscribe(BOLAT)
    text(desk, f"31 {BOLAT}")
    assert words(desk, f"11 {BOLAT}") == (
        f"Black List: {BOLAT} added. It is among your Friends too, so it still gets through. "
        f"To change that, send 32 {BOLAT}"
    )
    assert asked(desk) == "ok"


# -- who may ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [Status.DEBT, Status.BLOCKED_OUTGOING])
def test_whoever_may_not_call_keeps_lists_also_abroad(desk: Desk, status: Status) -> None:
    desk.change(ALIYA, status=status, roaming=True)
    assert text(desk, f"11 {BOLAT}").word == "ok"


def test_whoever_is_blocked_or_unknown_does_not(desk: Desk) -> None:
    desk.change(ALIYA, status=Status.BLOCKED)
    for sent in (f"11 {BOLAT}", f"12 {BOLAT}", "13", "2"):
        assert text(desk, sent).word == "access.blocked"
        assert text(desk, sent, BOLAT).word == "access.unknown"


def test_lists_are_free(desk: Desk) -> None:
    for sent in (f"11 {BOLAT}", "13", "2", f"12 {BOLAT}"):
        assert text(desk, sent).journal_seq is None
    assert desk.balance() == 1_000


def test_lists_outlive_a_restart(desk: Desk, tmp_path: object) -> None:
    for sent in (f"31 {DANA}", f"11 {BOLAT}", "2"):
        text(desk, sent)
    before = lists(desk)
    desk.store.close()
    desk.store = Store.open(f"sqlite:///{tmp_path}/desk.db")
    assert lists(desk) == before
    assert (before.active, before.black, before.friends) == (CollectList.WHITE, (BOLAT,), (DANA,))


def test_only_a_change_is_told_to_whoever_watches(desk: Desk) -> None:
    kinds = [
        [event.kind for event in text(desk, sent).events] for sent in (f"11 {BOLAT}", f"11 {BOLAT}", "13")
    ]
    assert kinds == [["collect.lists_changed"], [], []]


def test_the_answers_go_out_under_the_code_that_was_written_to() -> None:
    assert PROFILE.sms_code_of(SERVICE.name) == "6010"
    assert set(SERVICE.handlers) == {AddListed, RemoveListed, ShowListed, ActivateList}


COMMANDS = [f"{digit}{last} {number}" for digit in LISTS for last in "12" for number in (BOLAT, DANA)]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(COMMANDS), max_size=30))
def test_a_list_is_what_was_added_and_not_removed_in_its_order(desk: Desk, commands: list[str]) -> None:
    """The commands' own meaning, kept by hand. One desk for all: each example begins with empty lists."""
    desk.do(lambda uow, _: uow.collect.put(CollectLists(owner=ALIYA)))
    meant: dict[str, dict[str, None]] = {digit: {} for digit in LISTS}
    for command in commands:
        desk.sms("6010", command)
        kept = meant[command[0]]
        if command[1] == "1":
            kept.setdefault(command[3:])
        else:
            kept.pop(command[3:], None)
    stored = lists(desk)
    assert {digit: list(stored.of(which)) for digit, which in LISTS.items()} == {
        digit: list(kept) for digit, kept in meant.items()
    }
