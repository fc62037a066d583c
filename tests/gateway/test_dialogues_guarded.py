"""USSD dialogues over the real writer and store: whose they are, money, secrets, faults and restarts."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from gateway.config import RADIO, Account, Side
from gateway.smpp.constants import CommandStatus, UssdServiceOp
from gateway.smpp.tlv import Tag, Tlv
from gateway.work import Reset, Submit
from handlers.base.command import Secret
from handlers.base.outcome import Text
from rating.msisdn import Msisdn
from rating.subscriber import Language, Status
from tests.gateway.stand import ALIYA, BOLAT, CATALOG, HANDSET, LogLines, Stand
from tests.gateway.talk import (
    CONFIRM,
    REFUSED,
    Talk,
    advance,
    again,
    dialogues,
    endings,
    screen_of,
    seen_all,
    speak,
)

ROOT = ["Balance: 500 KZT", "1 Last charges", "2 Packages", "3 Language", "4 Bar paid numbers"]
LANGUAGES = ["Choose a language:", "1 Kazakh", "2 Russian", "3 English", "0 Back"]
CLOSED = "The answer was not understood. Please dial again."
WRONG = "There is no such choice."
OTHER = Account(system_id="other", password=Secret("x"), side=Side.HANDSET)


# -- whose it is -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong", [{"number": 8}, {"sequence": 1}, {"sequence": 3}, {"number": 0, "sequence": 0}]
)
def test_an_answer_that_names_another_screen_is_refused_and_the_dialogue_unharmed(
    talk: Talk, wrong: dict[str, int]
) -> None:
    """its_session_info names dialogue and screen: 1 was the screen before, 3 is not there yet."""
    talk.dial("*100#")
    talk.answer("3")
    assert talk.refused(talk.answered("2", **wrong)) is REFUSED
    assert talk.answer("3").lines == ["Messages now come in English."]


def test_an_answer_from_another_handset_is_refused_and_the_dialogue_unharmed(talk: Talk) -> None:
    talk.dial("*100#")
    other = Talk(talk.stand, source=BOLAT)
    assert other.refused(other.answered("3", sequence=1)) is REFUSED
    assert talk.answer("3").lines == LANGUAGES


@pytest.mark.parametrize("account", [HANDSET, OTHER])
@pytest.mark.parametrize("end", [False, True])
def test_an_answer_from_another_session_is_refused_and_the_dialogue_unharmed(
    talk: Talk, account: Account, end: bool
) -> None:
    """Its number and its end bit, too: nobody else steps into a dialogue while its session lives."""
    talk.dial("*100#")
    stranger = talk.stand.bound("s2", account)
    assert talk.refused(talk.said(CONFIRM, "3", end=end, bind=stranger)) is REFUSED
    assert talk.answer("3").lines == LANGUAGES


def test_when_the_session_is_gone_another_one_of_its_account_goes_on(talk: Talk) -> None:
    talk.dial("*100#")
    stand = talk.stand
    stand.lost(talk.bind)
    foreign = talk.said(CONFIRM, "3", bind=stand.bound("s2", OTHER))
    assert talk.refused(foreign) is REFUSED, "another account does not"
    talk.bind = stand.bound("s3")
    assert talk.answer("3").lines == LANGUAGES
    assert dialogues(stand)[0].dialogue.session_id == "s3"
    assert talk.refused(talk.said(CONFIRM, "3", bind=stand.bound("s4"))) is REFUSED, "now it is that one's"


def test_what_the_radio_side_dialled_is_answered_by_whoever_serves_the_handset(subscribed: Stand) -> None:
    """``POST /mo``: its screens come to the handset's own bind, which takes the dialogue over."""
    radio = Account(system_id=RADIO, password=Secret("x"), side=Side.HANDSET)
    dialler = Talk(subscribed, bind=subscribed.bound("radio", radio))
    dialler.dial("*100#")
    dialler.bind = subscribed.bound("s1")
    assert dialler.answer("3").lines == LANGUAGES
    assert dialler.refused(dialler.said(CONFIRM, "3", bind=subscribed.bound("s2", OTHER))) is REFUSED
    assert dialler.answer("3").lines == ["Messages now come in English."]


def test_an_answer_without_a_dialogue_is_refused_and_nothing_is_kept_of_it(talk: Talk) -> None:
    assert talk.refused(talk.answered("1")) is REFUSED
    assert talk.abort() is REFUSED
    assert (talk.stand.messages(), dialogues(talk.stand)) == ([], [])


def test_a_notice_is_confirmed_in_and_out_of_a_dialogue_and_harms_none(talk: Talk) -> None:
    """USSN confirm (19) answers a notice, which asks nothing."""
    notice = UssdServiceOp.USSN_CONFIRM
    assert talk.refused(talk.said(notice, "")) is CommandStatus.ESME_ROK
    talk.dial("*100#")
    assert talk.refused(talk.said(notice, "", number=99, sequence=5)) is CommandStatus.ESME_ROK
    assert talk.answer("3").lines == LANGUAGES


def test_dialogues_of_many_handsets_share_a_batch_and_not_their_screens(talk: Talk) -> None:
    other = Talk(talk.stand, source=BOLAT)
    first, second = talk.stand.run(talk.dialled("*100#"), other.dialled("*110#"))
    assert screen_of(first).lines == ROOT
    assert screen_of(second).lines == ["Type the code of the card:"]
    talk.screens.append(screen_of(first))
    other.screens.append(screen_of(second))
    first, second = talk.stand.run(talk.answered("3"), other.answered(""))
    assert (screen_of(first).lines, screen_of(second).lines[0]) == (LANGUAGES, "Nothing was typed.")


def test_two_dialogues_of_one_handset_in_one_batch_follow_each_other(talk: Talk) -> None:
    first, second = talk.stand.run(talk.dialled("*100#"), talk.dialled("*110#"))
    assert [len(seen_all(each)) for each in (first, second)] == [1, 1]
    assert endings(talk.stand) == ["the handset dialled anew", ""]


# -- money -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("together", [True, False])
def test_an_answer_that_comes_twice_moves_money_once(talk: Talk, together: bool) -> None:
    """By the same sequence_number it is a repeat; by another one it names a screen that is over."""
    (code,) = talk.stand.cards()
    talk.dial("*110#")
    answer, copy = talk.answered(code.reveal()), talk.answered(code.reveal())
    again = answer._replace(fresh=False)
    batches = [(answer, again, copy)] if together else [(answer,), (again,), (copy,)]
    results = [result for batch in batches for result in talk.stand.run(*batch)]
    values = [each.value for each in results]
    assert [getattr(each, "status", None) for each in values] == [CommandStatus.ESME_ROK] * 2 + [REFUSED]
    assert [getattr(each, "repeated", None) for each in values] == [False, True, False]
    assert [len(each.outboxes) for each in results] == [1, 0, 0]
    assert talk.stand.balance() == 1000


def test_a_code_answered_is_credited_and_its_screen_has_a_message_in_place_of_it(talk: Talk) -> None:
    (code,) = talk.stand.cards()
    talk.dial("*111#")
    talk.answer("1", "4")
    result = talk.stand.one(talk.answered(code.reveal()))
    assert screen_of(result).lines == ["500 KZT credited. Balance: 1,000 KZT."]
    assert [each.fallback for each in result.outboxes] == ["9393"]


def test_wrong_codes_in_a_menu_count_for_the_lock_of_all_ways(talk: Talk) -> None:
    """services.md section 2."""
    for number in range(5):
        talk.dial("*110#")
        talk.answer(f"000000000000{number}")
    (code,) = talk.stand.cards()
    talk.dial("*110#")
    talk.answer(code.reveal())
    assert talk.stand.balance() == 500


# -- secrets ---------------------------------------------------------------------------------------

CODE = "9080706050403"


@pytest.mark.parametrize(
    "typed",
    [
        CODE,
        "9080 7060-50.403",
        "".join(chr(ord(digit) + 0xFEE0) for digit in CODE),
        "908O7O6O5O4O3",
        "90807",
        "nine zero eight zero",
    ],
)
@pytest.mark.parametrize("ends", [False, True])
def test_an_answer_to_a_question_for_a_secret_is_kept_nowhere(
    talk: Talk, logged: LogLines, typed: str, ends: bool
) -> None:
    """Neither in the database nor in the log, however it was typed, and if it is half a code."""
    talk.dial("*110#")
    talk.stand.run(talk.said(CONFIRM, typed, end=ends))
    assert_nowhere(talk.stand, logged, typed)
    (view,) = dialogues(talk.stand)
    assert view.turns[2].text == "*" * len(typed)
    assert set(talk.stand.messages()[2].text) == {"*"}


@pytest.mark.parametrize("dialled", [f"*110*{CODE}#", f"*111*1*4*{CODE}#", f"*911*3*{CODE}#"])
def test_a_code_that_is_dialled_into_a_menu_is_kept_nowhere(
    talk: Talk, logged: LogLines, dialled: str
) -> None:
    talk.dial(dialled)
    assert_nowhere(talk.stand, logged, CODE)


@pytest.mark.parametrize("code", ["*100#", "*111#", "*133#", "*911#"])
def test_a_code_typed_into_the_wrong_menu_is_kept_nowhere(talk: Talk, logged: LogLines, code: str) -> None:
    talk.dial(code)
    talk.answer(CODE, CODE)
    assert_nowhere(talk.stand, logged, CODE)


def test_a_code_in_the_address_and_in_parameters_of_a_client_is_kept_nowhere(
    talk: Talk, logged: LogLines
) -> None:
    talk.dial("*110#")
    short = "90807"
    tlvs = (Tlv(Tag.USSD_SERVICE_OP, CONFIRM), Tlv(Tag.ITS_SESSION_INFO, b"\x07\x02"))
    own = (Tlv(0x1501, short.encode()), Tlv(Tag.ADDITIONAL_STATUS_INFO_TEXT, short))
    work = talk.stand.sms(short, f"*110*{short}#", service_type="USSD", tlvs=(*tlvs, *own))
    talk.shown(work)
    assert_nowhere(talk.stand, logged, short)


def assert_nowhere(stand: Stand, logged: LogLines, typed: str) -> None:
    """Raises AssertionError where what was typed stands in the database's files, or in a log line."""
    said = repr(logged)
    stand.restart()
    octets = b"".join(each.read_bytes() for each in Path(stand.url[10:]).parent.glob("stand.db*"))
    assert len(octets) > 4096
    forms = {typed, typed.replace(" ", ""), typed.encode("unicode_escape").decode()}
    for form in forms:
        assert form not in said
        for codec in ("utf-8", "utf-16-be", "utf-16-le"):
            assert form.encode(codec) not in octets, (form, codec)


# -- who may ---------------------------------------------------------------------------------------


def test_a_blocked_subscriber_is_told_so_on_one_screen(talk: Talk) -> None:
    talk.stand.block(ALIYA, Status.BLOCKED)
    assert talk.dial("*100#").text == CATALOG.render(Text("access.blocked"), Language.EN)
    assert not talk.seen.wants_answer


def test_who_is_blocked_in_the_middle_is_told_so_and_it_is_over(talk: Talk) -> None:
    talk.dial("*100#")
    talk.stand.block(ALIYA, Status.BLOCKED)
    assert talk.answer("3").text == CATALOG.render(Text("access.blocked"), Language.EN)
    assert endings(talk.stand) == ["completed"]


@pytest.mark.parametrize("status", [Status.BLOCKED_OUTGOING, Status.DEBT])
def test_who_may_not_call_may_still_look_around(talk: Talk, status: Status) -> None:
    talk.stand.block(ALIYA, status)
    assert talk.dial("*111#").wants_answer
    assert talk.answer("1", "1").lines == ["Balance: 500 KZT"]


@pytest.mark.parametrize("code", ["*100#", "*110#", "*111#", "*133#", "*911*2*2#"])
def test_a_number_without_a_record_is_told_so_in_russian(subscribed: Stand, code: str) -> None:
    stranger = Talk(subscribed, source=Msisdn("77011111111"))
    assert stranger.dial(code).text == CATALOG.render(Text("access.unknown"), Language.RU)
    assert not stranger.seen.wants_answer


# -- faults ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("answers", [(), ("2",)])
def test_a_fault_in_a_command_gives_a_last_screen_and_nothing_is_left_open(
    toys: Talk, answers: tuple[str, ...]
) -> None:
    """Dialled in full or answered: the screen follows in its sequence."""
    toys.dial("*199#" if answers else "*199*2#")
    toys.answer(*answers)
    assert toys.seen.text == CATALOG.render(Text("system.error"), Language.EN)
    assert (toys.seen.operation, toys.seen.end) == (UssdServiceOp.PSSR_RESPONSE, True)
    assert [each.sequence for each in toys.screens] == list(range(1, len(answers) + 2))
    assert dialogues(toys.stand, is_open=True) == []
    assert endings(toys.stand) == [*("a fault" for _ in answers), "completed"]
    assert {each.dialogue.service_code for each in dialogues(toys.stand)} == {"*199"}
    assert toys.dial("*199#").wants_answer


def test_a_fault_in_one_dialogue_does_not_touch_its_neighbour_in_the_batch(toys: Talk) -> None:
    toys.stand.subscribe(BOLAT)
    other = Talk(toys.stand, source=BOLAT)
    toys.dial("*199#")
    other.dial("*199#")
    first, second = toys.stand.run(toys.answered("2"), other.answered("3"))
    assert screen_of(first).text == CATALOG.render(Text("system.error"), Language.EN)
    assert screen_of(second).lines[0] == "Type the code of the card:"


def test_a_fault_after_a_secret_leaves_nothing_of_it(toys: Talk, logged: LogLines) -> None:
    """Nobody knows then any more what had been asked."""
    toys.dial("*199#")
    toys.stand.store.close()
    break_state(toys.stand)
    toys.stand.open()
    toys.stand.bound("s1")
    toys.answer("90807")
    assert toys.seen.text == CATALOG.render(Text("system.error"), Language.EN)
    assert_nowhere(toys.stand, logged, "90807")


def break_state(stand: Stand) -> None:
    """What no version of the program wrote."""
    with closing(sqlite3.connect(stand.url[10:])) as connection:
        connection.execute("UPDATE dialogue SET state = '[\"'")
        connection.commit()


# -- a restart at every step -----------------------------------------------------------------------


@pytest.mark.parametrize("how", ["stopped", "lost"])
def test_a_dialogue_goes_on_after_a_restart_in_every_step(
    talk: Talk, how: str, restarted: Callable[[Talk], None]
) -> None:
    """From a new session of the same account; money moves once, and the screens are numbered on."""
    (code,) = talk.stand.cards()
    speak(talk.stand, Language.RU)
    talk.dial("*111#")
    for typed in ("98", "99", "1", "98", "99", "4", code.reveal()):
        if how == "lost":
            talk.stand.lost(talk.bind)
        restarted(talk)
        talk.answer(typed)
    assert talk.seen.text.startswith("Зачислено 500"), talk.seen
    assert [each.sequence for each in talk.screens] == list(range(1, 9))
    assert talk.stand.balance() == 1000
    restarted(talk)
    assert talk.refused(talk.answered(code.reveal())) is REFUSED
    assert talk.stand.balance() == 1000


@pytest.mark.parametrize("answers", [("3",), ("3", "0", "3")])
def test_a_screen_that_a_crash_swallowed_is_shown_again_to_whoever_repeats_the_answer(
    talk: Talk, answers: tuple[str, ...], restarted: Callable[[Talk], None]
) -> None:
    """A session died before it had its answer, so its handset cannot know whether that was taken."""
    talk.dial("*100#")
    for each in answers:
        answered = talk.answered(each)
        talk.shown(answered)
    restarted(talk)
    assert_shown_again(talk, answered)
    assert talk.answer("2").text.startswith("Теперь")
    assert len(dialogues(talk.stand)) == 1


def test_a_first_screen_is_shown_again_to_whoever_repeats_the_dial_by_its_reference(
    talk: Talk, restarted: Callable[[Talk], None]
) -> None:
    """With a ``user_message_reference`` it is surely the same dial."""
    dialled = talk.dialled("*100#", reference=77)
    talk.shown(dialled)
    restarted(talk)
    assert_shown_again(talk, dialled)
    assert talk.answer("3").lines == LANGUAGES


def test_a_repeat_by_its_reference_brings_no_screen_back_that_was_answered(
    talk: Talk, restarted: Callable[[Talk], None]
) -> None:
    dialled = talk.dialled("*100#", reference=77)
    talk.shown(dialled)
    talk.answer("3")
    restarted(talk)
    assert talk.stand.one(again(talk.stand, talk.bind, dialled)).outboxes == ()
    assert talk.answer("3").lines == ["Messages now come in English."]


def assert_shown_again(talk: Talk, work: Submit) -> None:
    """The submit changes nothing, and the last screen comes once more; but not a third time."""
    result = talk.stand.one(again(talk.stand, talk.bind, work))
    assert getattr(result.value, "repeated", None) is True
    assert screen_of(result) == talk.seen
    assert dialogues(talk.stand)[0].turns[-1].note == "shown again"
    assert talk.stand.one(again(talk.stand, talk.bind, work)).outboxes == ()


def test_a_menu_that_was_dialled_before_a_crash_is_dialled_anew_after_it(
    talk: Talk, restarted: Callable[[Talk], None]
) -> None:
    """With the same number and the same answers, as a handset does that always begins with the same one: it
    is a new dialogue, and no repeat of what the dead session had done.
    """
    for _ in range(3):
        talk.dial("*100#")
        assert talk.answer("3").lines == LANGUAGES
        restarted(talk)
    talk.dial("*100#")
    assert talk.answer("3", "3").lines == ["Messages now come in English."]


def test_a_code_that_was_dialled_before_a_crash_is_still_done_once(
    talk: Talk, restarted: Callable[[Talk], None]
) -> None:
    """Unlike a menu it was carried out: its repeat gets the id of the first and no word of a used card."""
    (code,) = talk.stand.cards()
    dialled = talk.dialled(f"*110*{code.reveal()}#")
    talk.shown(dialled)
    restarted(talk)
    result = talk.stand.one(talk.dialled(f"*110*{code.reveal()}#"))
    assert getattr(result.value, "message_id", None) == dialled.message_id
    assert talk.stand.balance() == 1000


def test_the_time_out_of_before_a_restart_comes_after_it(
    talk: Talk, restarted: Callable[[Talk], None]
) -> None:
    talk.dial("*100#")
    restarted(talk)
    assert len(advance(talk.stand, 60)) == 1
    assert talk.refused(talk.answered("3")) is REFUSED


def test_a_reset_leaves_no_dialogue(talk: Talk) -> None:
    talk.dial("*100#")
    talk.stand.run(Reset())
    assert dialogues(talk.stand) == []
    assert talk.refused(talk.answered("3")) is REFUSED
