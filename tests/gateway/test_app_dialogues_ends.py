"""How USSD dialogues with an application end: by either side, by time, or because the network fails."""

import pytest

from gateway.failures import ABSENT, EXPIRED, NO_RESPONSE, Failure, network_error_code
from gateway.smpp.constants import CommandStatus
from gateway.work import Reset, Result
from handlers.base.outcome import Text
from rating.subscriber import Language
from storage.model import MessageState
from tests.gateway.stand import ALIYA, BOLAT, CATALOG, Stand
from tests.gateway.talk import (
    ASKS,
    CONFIRM,
    CONFIRMS_NOTICE,
    DIALS,
    LAST,
    NOTICE,
    REFUSED,
    App,
    Talk,
    advance,
    again,
    arrive,
    dialogues,
    endings,
    fail,
    of_app,
    of_handset,
    passed,
    screen_of,
    seen_all,
    speak,
    taken,
)

OK, BUSY = CommandStatus.ESME_ROK, CommandStatus.ESME_RSUBMITFAIL
NO_ANSWER = Text("ussd.no_answer")


def the_end(talk: Talk, result: Result) -> None:
    """The handset sees a last screen that says so in its own language."""
    seen = screen_of(result)
    assert seen.text == CATALOG.render(NO_ANSWER, Language.EN)
    assert (seen.operation, seen.end, seen.number) == (LAST, True, talk.number)


# -- the handset ends it ---------------------------------------------------------------------------


@pytest.mark.parametrize("waits", ["for the application", "for the handset"])
def test_the_end_bit_of_the_handset_comes_to_the_application_and_ends_it(
    talk: Talk, app: App, waits: str
) -> None:
    app.hears(talk.dialled("*500#"))
    if waits == "for the handset":
        talk.sees(app.says("Name?"))
    told = app.hears(talk.said(CONFIRM, "", sequence=1, end=True))
    sequence = 2 if waits == "for the handset" else 1
    assert (told.text, told.place, told.network_error) == ("", (CONFIRM, 7, sequence, True), None)
    assert endings(talk.stand) == ["the handset ended it"]
    assert app.refused(app.says("Name?", LAST)) is REFUSED
    assert advance(talk.stand, 120) == []


def test_an_application_that_answers_what_the_handset_ended_begins_nothing(talk: Talk, app: App) -> None:
    """It was asked before it was told: its screen was for a dialogue that is over."""
    app.hears(talk.dialled("*500#"))
    late = app.says("Name?")
    app.hears(talk.said(CONFIRM, "", sequence=1, end=True))
    assert app.refused(late) is REFUSED
    assert len(dialogues(talk.stand)) == 1


def test_an_end_and_an_answer_that_share_a_batch_begin_nothing(talk: Talk, app: App) -> None:
    """They cross on the way: nothing of the end is committed when the answer is looked at."""
    app.hears(talk.dialled("*500#"))
    aborted, late = talk.stand.run(talk.said(CONFIRM, "", sequence=1, end=True), app.says("Name?"))
    app.takes(aborted)
    assert (getattr(late.value, "status", None), late.outboxes) == (REFUSED, ())
    assert endings(talk.stand) == ["the handset ended it"]


@pytest.mark.parametrize("dialled", ["*500*2#", "*100#", "*100*1#", "*999#"])
def test_who_dials_anew_ends_it_and_the_application_is_told(talk: Talk, app: App, dialled: str) -> None:
    """First of the end, then of what is dialled, if that is its own too."""
    app.hears(talk.dialled("*500#"))
    talk.sees(app.says("Name?"))
    told, *begun = app.takes(taken(talk.stand, Talk(talk.stand, number=8).dialled(dialled)))
    assert (told.text, told.place, told.network_error) == ("", (CONFIRM, 7, 2, True), None)
    assert [each.place for each in begun] == ([(DIALS, 8, 1, False)] if dialled == "*500*2#" else [])
    assert endings(talk.stand)[0] == "the handset dialled anew"


@pytest.mark.parametrize("dialled", ["*100#", "*100*1#"])
def test_an_answer_for_a_handset_that_dialled_something_else_is_not_shown(
    talk: Talk, app: App, dialled: str
) -> None:
    """Whether the other dialogue is open still or over: the application owed this answer to the first."""
    app.hears(talk.dialled("*500#"))
    late = app.says("Name?")
    app.takes(taken(talk.stand, Talk(talk.stand, number=8).dialled(dialled)))
    assert app.refused(late) in (REFUSED, BUSY)
    assert len(dialogues(talk.stand)) == 2


def test_of_two_dialogues_of_one_handset_only_the_second_may_go_on(talk: Talk, app: App) -> None:
    second = Talk(talk.stand, number=8, sequence=3)
    app.hears(talk.dialled("*500#"))
    app.takes(taken(talk.stand, second.dialled("*500#")))
    assert app.refused(app.says("Name?", number=7, sequence=1)) is REFUSED
    assert second.sees(app.says("Name?", number=8, sequence=3)).number == 8
    assert talk.refused(talk.answered("1", number=7, sequence=1)) is REFUSED
    assert app.hears(second.answered("1")).place == (CONFIRM, 8, 4, False)


def test_a_notice_that_the_handset_ends_is_over_with_a_confirmation(talk: Talk, app: App) -> None:
    talk.sees(app.says("Your parcel is here", NOTICE, to=ALIYA, number=3))
    talk.number = 3
    assert app.hears(talk.said(CONFIRMS_NOTICE, "", end=True)).place == (CONFIRMS_NOTICE, 3, 1, True)
    assert endings(talk.stand) == ["the handset ended it"]


# -- time ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", [ASKS, NOTICE])
def test_a_handset_that_is_silent_for_60_seconds_ends_it_and_the_application_is_told(
    talk: Talk, app: App, operation: int
) -> None:
    """The network lets go, and says so by network_error_code."""
    app.hears(talk.dialled("*500#"))
    talk.sees(app.says("Name?", operation))
    assert advance(talk.stand, 59) == []
    result = passed(talk.stand, 1)
    (told,) = app.takes(result)
    confirms = CONFIRMS_NOTICE if operation == NOTICE else CONFIRM
    assert (told.text, told.place) == ("", (confirms, 7, 2, True))
    assert told.network_error == network_error_code(NO_RESPONSE.number)
    assert seen_all(result) == [], "the handset is told nothing: it was silent"
    assert endings(talk.stand) == ["no answer in time"]
    assert talk.refused(talk.said(confirms, "", sequence=1)) in (REFUSED, OK)
    assert advance(talk.stand, 120) == []


@pytest.mark.parametrize("language", list(Language))
def test_an_application_that_is_silent_for_60_seconds_ends_it_with_a_screen_that_says_so(
    talk: Talk, app: App, language: Language
) -> None:
    speak(talk.stand, language)
    app.hears(talk.dialled("*500#"))
    assert advance(talk.stand, 59) == []
    result = passed(talk.stand, 1)
    seen = screen_of(result)
    assert (seen.text, seen.operation, seen.sequence) == (CATALOG.render(NO_ANSWER, language), LAST, 1)
    assert [each.place for each in app.takes(result)] == [(CONFIRM, 7, 1, True)]
    assert endings(talk.stand) == ["the application did not answer in time"]
    assert dialogues(talk.stand)[0].turns[-1].operation == "PSSR_RESPONSE"


def test_every_step_of_either_side_gives_60_seconds_more(talk: Talk, app: App) -> None:
    app.hears(talk.dialled("*500#"))
    for _ in range(3):
        assert advance(talk.stand, 59) == []
        talk.sees(app.says("Name?"))
        assert advance(talk.stand, 59) == []
        app.hears(talk.answered("1"))
    assert len(advance(talk.stand, 60)) == 1


def test_a_late_answer_of_the_application_begins_nothing_and_a_later_request_does(
    talk: Talk, app: App
) -> None:
    """Its place is that of the dialogue that is over; a minute after that it is free for a new one."""
    app.hears(talk.dialled("*500#"))
    app.takes(passed(talk.stand, 60))
    for operation in (ASKS, NOTICE, LAST):
        assert app.refused(app.says("Name?", operation, number=7, sequence=1)) is REFUSED
    assert len(dialogues(talk.stand)) == 1
    passed(talk.stand, 61)
    assert talk.sees(app.says("Do you agree?", number=7, sequence=1)).operation == ASKS
    assert [each.dialogue.ended for each in dialogues(talk.stand)][1:] == [""]


def test_another_place_begins_a_dialogue_at_once_after_one_that_the_application_left_open(
    talk: Talk, app: App
) -> None:
    app.hears(talk.dialled("*500#"))
    app.takes(passed(talk.stand, 60))
    assert talk.sees(app.says("Sorry. Again?", number=8, sequence=0)).number == 8
    talk.number = 8
    assert app.hears(talk.answered("1")).place == (CONFIRM, 8, 1, False)


def test_after_a_dialogue_that_was_completed_the_same_place_begins_a_new_one(talk: Talk, app: App) -> None:
    """Nobody owes anything there: an application may number all that it begins alike."""
    for _ in range(2):
        talk.sees(app.says("Your parcel is here", NOTICE, to=ALIYA, number=3, sequence=0))
        app.hears(talk.said(CONFIRMS_NOTICE, "", number=3))
    assert endings(talk.stand) == ["completed"] * 2


def test_a_time_out_of_one_handset_is_nothing_to_another(talk: Talk, app: App) -> None:
    other = Talk(talk.stand, source=BOLAT)
    app.hears(talk.dialled("*500#"))
    advance(talk.stand, 30)
    app.hears(other.dialled("*500#"))
    the_end(talk, passed(talk.stand, 30))
    assert other.sees(app.says("Name?", to=BOLAT)).text == "Name?"


# -- what is not brought ---------------------------------------------------------------------------


@pytest.mark.parametrize("failure", [ABSENT, NO_RESPONSE])
def test_an_application_that_does_not_take_it_ends_it_with_a_screen_that_says_so(
    talk: Talk, app: App, failure: Failure
) -> None:
    """Not bound, refused, or no response: gateway.dispatcher settles each like this."""
    (outbox,) = of_app(taken(talk.stand, talk.dialled("*500#")).outboxes)
    the_end(talk, fail(talk.stand, outbox, failure))
    assert endings(talk.stand) == ["the application could not be reached"]
    assert talk.stand.state(outbox.message_id) is MessageState.UNDELIVERABLE
    assert app.refused(app.says("Name?", to=ALIYA, number=7, sequence=1)) is REFUSED
    assert advance(talk.stand, 120) == []


def test_an_application_that_is_lost_in_the_middle_ends_it_at_the_sequence_of_the_answer(
    talk: Talk, app: App
) -> None:
    app.hears(talk.dialled("*500#"))
    talk.sees(app.says("Name?"))
    (outbox,) = taken(talk.stand, talk.answered("Aliya")).outboxes
    result = fail(talk.stand, outbox, ABSENT)
    the_end(talk, result)
    assert screen_of(result).sequence == 2


def test_an_application_that_answers_before_it_acknowledges_is_no_less_heard(talk: Talk, app: App) -> None:
    """Its refusal then comes too late: what it refuses was answered."""
    (outbox,) = taken(talk.stand, talk.dialled("*500#")).outboxes
    talk.sees(app.says("Name?", to=ALIYA, number=7, sequence=1))
    assert fail(talk.stand, outbox, ABSENT).outboxes == ()
    assert app.hears(talk.answered("Aliya")).text == "Aliya"


@pytest.mark.parametrize("begins", [True, False])
@pytest.mark.parametrize("failure", [ABSENT, NO_RESPONSE])
def test_a_screen_that_is_not_shown_ends_it_and_the_application_is_told_why(
    talk: Talk, app: App, failure: Failure, begins: bool
) -> None:
    """Also the first screen of a dialogue that the application begins: then the handset is off."""
    if not begins:
        app.hears(talk.dialled("*500#"))
    (outbox,) = of_handset(taken(talk.stand, app.says("Name?", to=ALIYA, number=7, sequence=1)).outboxes)
    result = fail(talk.stand, outbox, failure)
    (told,) = app.takes(result)
    assert (told.text, told.place) == ("", (CONFIRM, 7, 2, True))
    assert told.network_error == network_error_code(failure.number)
    assert seen_all(result) == []
    assert endings(talk.stand) == ["the handset could not be reached"]
    assert app.refused(app.says("Name?", LAST)) is REFUSED


def test_a_notice_that_is_not_shown_is_told_by_its_own_confirmation(talk: Talk, app: App) -> None:
    (outbox,) = taken(talk.stand, app.says("Your parcel is here", NOTICE, to=ALIYA, number=3)).outboxes
    (told,) = app.takes(fail(talk.stand, outbox, ABSENT))
    assert told.place == (CONFIRMS_NOTICE, 3, 1, True)
    assert told.network_error == network_error_code(ABSENT.number)


def test_a_last_screen_that_is_not_shown_changes_nothing(talk: Talk, app: App) -> None:
    app.hears(talk.dialled("*500#"))
    (outbox,) = taken(talk.stand, app.says("Bye", LAST)).outboxes
    assert fail(talk.stand, outbox, ABSENT).outboxes == ()
    assert endings(talk.stand) == ["completed"]
    assert talk.stand.state(outbox.message_id) is MessageState.UNDELIVERABLE


def test_what_was_lost_in_a_dialogue_that_is_over_harms_no_later_one(talk: Talk, app: App) -> None:
    (outbox,) = taken(talk.stand, talk.dialled("*500#")).outboxes
    app.takes(taken(talk.stand, Talk(talk.stand, number=8).dialled("*500#")))
    assert fail(talk.stand, outbox, ABSENT).outboxes == ()
    assert endings(talk.stand) == ["the handset dialled anew", ""]


def test_that_it_ended_is_told_once_if_the_application_is_there_or_not(talk: Talk, app: App) -> None:
    """An end that is not brought leads to nothing further."""
    app.hears(talk.dialled("*500#"))
    (outbox,) = of_app(taken(talk.stand, talk.dialled("*100#")).outboxes)
    assert fail(talk.stand, outbox, ABSENT).outboxes == ()
    assert talk.stand.state(outbox.message_id) is MessageState.UNDELIVERABLE
    assert dialogues(talk.stand, is_open=True)[0].dialogue.owner == "menu"


def test_a_screen_of_a_menu_that_is_not_shown_leaves_the_menu_open(talk: Talk) -> None:
    """Only an application has to know; a handset may ask for its screen again."""
    (outbox,) = taken(talk.stand, talk.dialled("*100#")).outboxes
    assert fail(talk.stand, outbox, ABSENT).outboxes == ()
    assert talk.shown(talk.answered("3", sequence=1)).lines[0] == "Choose a language:"


@pytest.mark.parametrize("waits", ["for the application", "for the handset"])
def test_what_is_neither_taken_nor_refused_for_60_seconds_ends_it_once(
    talk: Talk, app: App, waits: str
) -> None:
    """The message runs out in the moment in which the dialogue does."""
    result = taken(talk.stand, talk.dialled("*500#"))
    if waits == "for the handset":
        arrive(talk.stand, result.outboxes)
        result = taken(talk.stand, app.says("Name?", to=ALIYA, number=7, sequence=1))
    outbox = result.outboxes[0]
    ended = passed(talk.stand, 60)
    assert dialogues(talk.stand, is_open=True) == []
    assert len(endings(talk.stand)) == 1
    assert len(seen_all(ended)) == (1 if waits == "for the application" else 0)
    assert len(app.takes(ended)) <= 1
    assert fail(talk.stand, outbox, EXPIRED).outboxes == ()


def test_a_message_that_fails_twice_ends_it_once(talk: Talk, app: App) -> None:
    del app
    (outbox,) = taken(talk.stand, talk.dialled("*500#")).outboxes
    the_end(talk, fail(talk.stand, outbox, ABSENT))
    assert fail(talk.stand, outbox, ABSENT).outboxes == ()


def test_a_reset_leaves_no_dialogue_and_tells_nobody(talk: Talk, app: App) -> None:
    app.hears(talk.dialled("*500#"))
    assert talk.stand.one(Reset()).outboxes == ()
    assert dialogues(talk.stand) == []
    assert app.refused(app.says("Name?", LAST)) is REFUSED


def test_the_same_octets_of_a_handset_that_dialled_twice_are_two_dialogues(talk: Talk, app: App) -> None:
    """Another sequence number of SMPP makes it another request."""
    first = talk.dialled("*500#")
    app.hears(first)
    told, begun = app.takes(taken(talk.stand, talk.dialled("*500#")))
    assert (told.place, begun.place) == ((CONFIRM, 7, 1, True), (DIALS, 7, 1, False))
    assert talk.refused(again(talk.stand, talk.bind, first)) is OK, "that is a repeat"


def test_the_clock_of_operator_and_dialogue_is_one(subscribed: Stand, app: App) -> None:
    """An advance over many dialogues ends each at its own time."""
    talks = [Talk(subscribed), Talk(subscribed, source=BOLAT)]
    app.hears(talks[0].dialled("*500#"))
    advance(subscribed, 20)
    app.hears(talks[1].dialled("*500#"))
    fired = advance(subscribed, 3600)
    assert [each.key for each in fired] == [f"ussd:{ALIYA}", f"ussd:{BOLAT}"]
    assert fired[1].due_us - fired[0].due_us == 20_000_000
