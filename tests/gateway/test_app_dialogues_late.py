"""What an application says of a USSD dialogue that is over never begins one on the handset; a beginning does.

Whoever echoes an end that it was told, or still owes an answer, is refused for the profile's dialogue time.
"""

from collections.abc import Callable

import pytest

from gateway.failures import ABSENT
from gateway.smpp.constants import UssdServiceOp
from gateway.work import Result
from tests.gateway.stand import ALIYA, BOLAT, PROFILE
from tests.gateway.talk import (
    ASKS,
    CONFIRM,
    CONFIRMS_NOTICE,
    LAST,
    NOTICE,
    REFUSED,
    App,
    Talk,
    dialogues,
    endings,
    fail,
    of_handset,
    passed,
    taken,
)

GUARD_S = PROFILE.ussd_dialogue_s
#: How a dialogue ends while the handset is to speak, from the moment in which its screen has been accepted.
End = Callable[[Talk, Result], Result]


def aborts(talk: Talk, _: Result) -> Result:
    """The handset lets go."""
    return taken(talk.stand, talk.said(CONFIRM, "", sequence=1, end=True))


def is_silent(talk: Talk, _: Result) -> Result:
    """The network lets go."""
    return passed(talk.stand, GUARD_S)


def is_off(talk: Talk, asked: Result) -> Result:
    """The screen cannot be shown."""
    return fail(talk.stand, of_handset(asked.outboxes)[0], ABSENT)


ends = pytest.mark.parametrize("end", [aborts, is_silent, is_off])
operations = pytest.mark.parametrize("operation", [ASKS, NOTICE])


def told(talk: Talk, app: App, end: End) -> None:
    """Dialled, asked, and over: the application hears that, at the sequence of an answer."""
    app.hears(talk.dialled("*500#"))
    (over,) = app.takes(end(talk, taken(talk.stand, app.says("Name?"))))
    assert over.place == (CONFIRM, 7, 2, True)


# -- an end that is echoed -------------------------------------------------------------------------


@pytest.mark.parametrize("echoes_the_end_bit", [True, False])
@pytest.mark.parametrize("operation", [ASKS, NOTICE, LAST])
@ends
def test_an_application_that_answers_an_end_is_refused_and_the_handset_sees_nothing(
    talk: Talk, app: App, end: End, operation: int, echoes_the_end_bit: bool
) -> None:
    """Many applications answer whatever they get."""
    told(talk, app, end)
    assert app.refused(app.says("Goodbye", operation, end=echoes_the_end_bit)) is REFUSED
    assert len(dialogues(talk.stand)) == 1


@operations
def test_an_application_that_answers_the_end_of_a_notice_is_refused(
    talk: Talk, app: App, operation: int
) -> None:
    talk.sees(app.says("Your parcel is here", NOTICE, to=ALIYA, number=3))
    talk.number = 3
    assert app.hears(talk.said(CONFIRMS_NOTICE, "", end=True)).place == (CONFIRMS_NOTICE, 3, 1, True)
    assert app.refused(app.says("And open until 9", operation)) is REFUSED
    assert len(dialogues(talk.stand)) == 1


def test_the_place_of_an_end_is_free_when_the_time_of_a_dialogue_has_passed(talk: Talk, app: App) -> None:
    told(talk, app, aborts)
    passed(talk.stand, GUARD_S - 1)
    assert app.refused(app.says("Do you agree?", ASKS)) is REFUSED
    passed(talk.stand, 2)
    assert talk.sees(app.says("Do you agree?", ASKS)).sequence == 2


def test_the_sequence_of_an_end_wraps_at_seven_bits(talk: Talk, app: App) -> None:
    """SMPP 3.4 section 5.3.2.43."""
    talk.first = 127
    app.hears(talk.dialled("*500#"))
    talk.sees(app.says("Name?"))
    over = app.hears(talk.said(CONFIRM, "", end=True))
    assert over.place == (CONFIRM, 7, 0, True)
    assert app.refused(app.says("Name?")) is REFUSED


def test_an_end_that_one_handset_was_the_cause_of_is_no_other_handsets(talk: Talk, app: App) -> None:
    """The same number and sequence, to somebody else."""
    other = Talk(talk.stand, source=BOLAT)
    told(talk, app, aborts)
    assert other.sees(app.says("Do you agree?", to=BOLAT, number=7, sequence=2)).sequence == 2


def test_an_end_is_still_known_after_a_restart(talk: Talk, app: App) -> None:
    told(talk, app, aborts)
    talk.stand.restart()
    app.bind = talk.stand.bound("a2", app.account)
    assert app.refused(app.says("Name?")) is REFUSED


# -- a fresh beginning -----------------------------------------------------------------------------


@operations
def test_who_begins_again_at_the_same_place_after_an_abort_is_shown(
    talk: Talk, app: App, operation: UssdServiceOp
) -> None:
    """An application may number all that it begins alike: the end that it was told has another sequence."""
    talk.number = 99
    talk.sees(app.says("Do you agree?", to=ALIYA, number=99, sequence=0))
    assert app.hears(talk.said(CONFIRM, "", end=True)).place == (CONFIRM, 99, 1, True)
    seen = talk.sees(app.says("Do you agree now?", operation, number=99, sequence=0))
    assert (seen.text, seen.number, seen.sequence) == ("Do you agree now?", 99, 0)
    assert endings(talk.stand) == ["the handset ended it", ""]


@ends
def test_who_begins_at_the_place_of_what_was_dialled_and_answered_is_shown(
    talk: Talk, app: App, end: End
) -> None:
    """It owes nothing there."""
    told(talk, app, end)
    assert talk.sees(app.says("Once more: name?", number=7, sequence=1)).sequence == 1


# -- an owed answer, behind another dialogue -------------------------------------------------------


@operations
def test_a_late_answer_to_the_first_of_two_dialogues_is_refused_when_the_second_is_completed(
    talk: Talk, app: App, operation: int
) -> None:
    app.hears(talk.dialled("*500#"))
    second = Talk(talk.stand, number=8)
    app.takes(taken(talk.stand, second.dialled("*500*2#")))
    second.sees(app.says("Open from 9 to 21", LAST, number=8, sequence=1))
    assert endings(talk.stand) == ["the handset dialled anew", "completed"]
    assert app.refused(app.says("Name?", operation, number=7, sequence=1)) is REFUSED
    assert len(dialogues(talk.stand)) == 2
    assert second.sees(app.says("Are you coming?", operation, number=9, sequence=0)).number == 9


@operations
def test_an_end_of_the_first_of_two_dialogues_is_not_answered_when_the_second_is_completed(
    talk: Talk, app: App, operation: int
) -> None:
    app.hears(talk.dialled("*500#"))
    talk.sees(app.says("Name?"))
    second = Talk(talk.stand, number=8)
    app.takes(taken(talk.stand, second.dialled("*500*2#")))
    second.sees(app.says("Open from 9 to 21", LAST, number=8, sequence=1))
    assert app.refused(app.says("Goodbye", operation, number=7, sequence=2)) is REFUSED
    assert len(dialogues(talk.stand)) == 2
