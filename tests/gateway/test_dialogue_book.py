"""What is written down of a dialogue: names, numbers, its guard time, and its end."""

from itertools import product

import pytest

from gateway import dialogue_book as book
from gateway.dialogue_book import NotInDialogue
from gateway.smpp.constants import CommandStatus, UssdServiceOp
from gateway.work import UssdTurn
from storage.model import Dialogue
from tests.gateway.stand import ALIYA, PROFILE, START_US, S, Stand
from tests.gateway.talk import advance, dialogues

OPEN = Dialogue(
    id="d1",
    msisdn=ALIYA,
    number=300,
    owner="menu",
    service_code="*100",
    account="handset",
    session_id="s1",
    opened_us=START_US,
    sequence=5,
)


@pytest.fixture
def opened(subscribed: Stand) -> Stand:
    """A dialogue is open, and waits."""
    with subscribed.processor.begin() as batch:
        batch.uow.dialogues.begin(OPEN)
        book.go_on(OPEN, batch)
        batch.uow.commit()
    return subscribed


@pytest.mark.parametrize(("sequence", "then"), [(0, 1), (5, 6), (126, 127), (127, 0)])
def test_the_sequence_grows_in_seven_bits(sequence: int, then: int) -> None:
    assert book.after(OPEN._replace(sequence=sequence)) == then


@pytest.mark.parametrize(
    ("number", "sequence", "numbers", "names"),
    [
        (300, 5, 0x1_0000, True),
        (300 % 256, 5, 0x100, True),
        (300, 5, 0x100, False),
        (301, 5, 0x1_0000, False),
        (300, 4, 0x1_0000, False),
        (300, 6, 0x1_0000, False),
        (None, 5, 1, True),
        (300, None, 0x1_0000, True),
        (None, None, 1, True),
        (None, 4, 1, False),
        (301, None, 0x1_0000, False),
    ],
)
def test_a_turn_names_a_dialogue_as_far_as_its_dialect_says(
    number: int | None, sequence: int | None, numbers: int, *, names: bool
) -> None:
    """A dialect that tells fewer numbers apart sees the low part of one."""
    assert book.names(OPEN, UssdTurn(number, sequence), numbers) is names


def test_no_two_places_of_one_dialect_are_the_same() -> None:
    for number, sequence in product(range(0, 256, 15), range(0, 128, 7)):
        named = book.names(OPEN._replace(number=44), UssdTurn(number, sequence), 0x100)
        assert named is ((number, sequence) == (44, 5))


def test_a_dialogue_that_goes_on_is_guarded_for_the_profiles_time_from_now(opened: Stand) -> None:
    """Putting the guard again moves it."""
    assert opened.store.reads.next_due_us() == START_US + PROFILE.ussd_dialogue_s * S
    advance(opened, 20)
    with opened.processor.begin() as batch:
        book.go_on(OPEN, batch)
        batch.uow.commit()
    assert opened.store.reads.next_due_us() == START_US + (20 + PROFILE.ussd_dialogue_s) * S
    assert dialogues(opened)[0].dialogue.updated_us == START_US + 20 * S


@pytest.mark.parametrize("left", ["", '"owed"'])
def test_an_end_leaves_no_guard_and_of_the_state_only_what_is_given(opened: Stand, left: str) -> None:
    with opened.processor.begin() as batch:
        book.end(OPEN._replace(state="much"), "completed", batch, left)
        batch.uow.commit()
    (view,) = dialogues(opened)
    assert (view.dialogue.ended, view.dialogue.state) == ("completed", left)
    assert opened.store.reads.next_due_us() is None
    assert advance(opened, 3600) == []


def test_what_was_said_is_named_by_its_operation(opened: Stand) -> None:
    with opened.processor.begin() as batch:
        book.said(OPEN, 3, UssdServiceOp.USSN_REQUEST, "Please wait", 11, "cut", batch)
        batch.uow.commit()
    (turn,) = dialogues(opened)[0].turns
    assert turn[1:] == (3, START_US, "USSN_REQUEST", "Please wait", 11, "cut")


@pytest.mark.parametrize(("end", "remark"), [(False, ""), (True, "ended")])
def test_what_a_handset_typed_is_noted_as_far_as_it_may_be_kept(
    opened: Stand, *, end: bool, remark: str
) -> None:
    """The text is that of the submit, which is masked; the octets are those that came."""
    work = opened.dial("*110*9080706050403#")
    assert work.turn is not None
    with opened.processor.begin() as batch:
        book.note(OPEN, 0, work.turn._replace(end=end), work, batch)
        batch.uow.commit()
    (turn,) = dialogues(opened)[0].turns
    assert (turn.text, turn.octets, turn.note) == ("*110**************#", 19, remark)


def test_what_belongs_to_no_dialogue_has_a_reason_and_a_status() -> None:
    usual = NotInDialogue("nobody asked")
    assert (usual.reason, usual.status) == ("nobody asked", CommandStatus.ESME_RINVOPTPARAMVAL)
    assert NotInDialogue("busy", CommandStatus.ESME_RSUBMITFAIL).status is CommandStatus.ESME_RSUBMITFAIL
