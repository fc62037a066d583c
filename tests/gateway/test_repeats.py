"""Every command is done once: what is a repeat and what is a new command, on one session and across them."""

import dataclasses

import pytest

from gateway.repeats import WINDOW_US
from gateway.smpp.tlv import Tag, Tlv
from gateway.work import BindClosed, Reset, Submit
from tests.gateway.stand import ALIYA, APP, BOLAT, Boom, Stand


@pytest.fixture
def stand(stand: Stand) -> Stand:
    """Aliya can ask for her balance; each answer is one more message."""
    stand.subscribe(ALIYA)
    return stand


def bal(stand: Stand, session: str, sequence: int, *tlvs: Tlv) -> Submit:
    return stand.sms("BAL", "6000", bind=stand.session(session), sequence_number=sequence, tlvs=tlvs)


def reference(number: int) -> Tlv:
    return Tlv(Tag.USER_MESSAGE_REFERENCE, number)


def die(stand: Stand, session: str) -> None:
    stand.run(BindClosed(session, "connection lost", clean=False))


# -- one session -----------------------------------------------------------------------------------


@pytest.mark.conformance("header.sequence_number")
def test_the_same_sequence_number_with_the_same_content_is_a_repeat(stand: Stand) -> None:
    first = stand.accepted(bal(stand, "s1", 7))
    again = stand.accepted(bal(stand, "s1", 7))
    assert (again.repeated, again.message_id) == (True, first.message_id)
    assert len(stand.replies()) == 1


def test_a_repeat_within_one_batch_is_a_repeat_too(stand: Stand) -> None:
    stand.run(bal(stand, "s1", 7), bal(stand, "s1", 7))
    assert len(stand.replies()) == 1


def test_the_same_content_with_a_new_sequence_number_is_a_new_command(stand: Stand) -> None:
    stand.accepted(bal(stand, "s1", 7))
    assert not stand.accepted(bal(stand, "s1", 8)).repeated
    assert len(stand.replies()) == 2


def test_other_content_under_the_same_sequence_number_is_a_new_command(stand: Stand) -> None:
    stand.accepted(bal(stand, "s1", 7))
    other = stand.sms("LANG KK", "6000", bind=stand.session("s1"), sequence_number=7)
    assert not stand.accepted(other).repeated


def test_a_sequence_number_that_comes_round_later_is_a_new_command(stand: Stand) -> None:
    stand.accepted(bal(stand, "s1", 7))
    stand.wall_us += WINDOW_US + 1
    assert not stand.accepted(bal(stand, "s1", 7)).repeated


def test_a_repeat_is_known_as_long_as_the_window_lasts(stand: Stand) -> None:
    stand.accepted(bal(stand, "s1", 7))
    stand.wall_us += WINDOW_US
    assert stand.accepted(bal(stand, "s1", 7)).repeated


# -- a reference of the client's own ---------------------------------------------------------------


@pytest.mark.conformance("tlv.user_message_reference")
def test_a_user_message_reference_names_the_command_on_any_session(stand: Stand) -> None:
    stand.accepted(bal(stand, "s1", 7, reference(500)))
    assert stand.accepted(bal(stand, "s2", 1, reference(500))).repeated
    assert not stand.accepted(bal(stand, "s2", 2, reference(501))).repeated


def test_a_reference_belongs_to_its_sender(stand: Stand) -> None:
    stand.subscribe(BOLAT)
    stand.accepted(bal(stand, "s1", 7, reference(500)))
    other = stand.sms("BAL", "6000", BOLAT, tlvs=(reference(500),))
    assert not stand.accepted(other).repeated


def test_parts_that_share_a_reference_are_not_repeats_of_each_other(stand: Stand) -> None:
    def part(number: int) -> Submit:
        sar = (Tlv(Tag.SAR_MSG_REF_NUM, 7), Tlv(Tag.SAR_TOTAL_SEGMENTS, 2))
        tlvs = (reference(500), *sar, Tlv(Tag.SAR_SEGMENT_SEQNUM, number))
        return stand.sms("BA", "6000", tlvs=tlvs)

    assert not stand.accepted(part(1)).repeated
    assert not stand.accepted(part(2)).repeated


# -- a session that died ---------------------------------------------------------------------------


def test_what_a_dead_session_sent_is_not_done_again_on_the_next_one(stand: Stand) -> None:
    first = stand.accepted(bal(stand, "s1", 7))
    die(stand, "s1")
    again = stand.accepted(bal(stand, "s2", 1))
    assert (again.repeated, again.message_id) == (True, first.message_id)
    assert len(stand.replies()) == 1


def test_an_orphan_answers_one_repeat(stand: Stand) -> None:
    stand.accepted(bal(stand, "s1", 7))
    die(stand, "s1")
    stand.accepted(bal(stand, "s2", 1))
    assert not stand.accepted(bal(stand, "s2", 2)).repeated


def test_the_same_content_sent_twice_before_the_crash_is_twice_a_repeat_after_it(stand: Stand) -> None:
    first = stand.accepted(bal(stand, "s1", 7))
    second = stand.accepted(bal(stand, "s1", 8))
    die(stand, "s1")
    again = [stand.accepted(bal(stand, "s2", number)) for number in (1, 2, 3)]
    assert [each.repeated for each in again] == [True, True, False]
    assert [each.message_id for each in again[:2]] == [first.message_id, second.message_id]


def test_a_repeat_lost_in_a_second_crash_is_still_a_repeat(stand: Stand) -> None:
    first = stand.accepted(bal(stand, "s1", 7))
    die(stand, "s1")
    stand.accepted(bal(stand, "s2", 1))
    die(stand, "s2")
    again = stand.accepted(bal(stand, "s3", 1))
    assert (again.repeated, again.message_id) == (True, first.message_id)


def test_after_two_minutes_an_orphan_is_forgotten(stand: Stand) -> None:
    stand.accepted(bal(stand, "s1", 7))
    die(stand, "s1")
    stand.wall_us += WINDOW_US + 1
    assert not stand.accepted(bal(stand, "s2", 1)).repeated


def test_a_session_that_unbound_had_all_of_its_answers(stand: Stand) -> None:
    stand.accepted(bal(stand, "s1", 7))
    stand.run(BindClosed("s1", "unbound", clean=True))
    assert not stand.accepted(bal(stand, "s2", 1)).repeated


def test_a_live_session_is_no_orphan_of_another(stand: Stand) -> None:
    stand.accepted(bal(stand, "s1", 7))
    assert not stand.accepted(bal(stand, "s2", 1)).repeated


def test_another_account_does_not_take_up_an_orphan(stand: Stand) -> None:
    stand.accepted(stand.from_app("hello", BOLAT))
    die(stand, "app-session")
    account = dataclasses.replace(APP, system_id="app2")
    other = stand.sms("hello", BOLAT, "1234", stand.session("s9", account))
    assert not stand.accepted(other).repeated


def test_a_repeat_beside_a_faulty_command_is_still_a_repeat(stand: Stand) -> None:
    """The batch is rolled back and run one by one: the orphan must not be used up by the first try."""
    stand.accepted(bal(stand, "s1", 7))
    die(stand, "s1")
    faulty = stand.sms("x", "6000")._replace(asked=Boom(origin=stand.origin(ALIYA)))
    repeat = bal(stand, "s2", 1)
    stand.run(repeat, faulty)
    assert len([each for each in stand.messages() if each.outcome == "ok"]) == 1


# -- a restart -------------------------------------------------------------------------------------


def test_a_restart_makes_orphans_of_all_that_open_sessions_had_sent(stand: Stand) -> None:
    stand.bound("s1")
    first = stand.accepted(bal(stand, "s1", 7))
    stand.restart()
    again = stand.accepted(bal(stand, "s2", 1))
    assert (again.repeated, again.message_id) == (True, first.message_id)


def test_a_restart_knows_which_sessions_had_unbound(stand: Stand) -> None:
    stand.bound("s1")
    stand.accepted(bal(stand, "s1", 7))
    stand.run(BindClosed("s1", "unbound", clean=True))
    stand.restart()
    assert not stand.accepted(bal(stand, "s2", 1)).repeated


def test_a_session_that_died_just_before_a_restart_is_not_forgotten_by_it(stand: Stand) -> None:
    stand.bound("s1")
    stand.accepted(bal(stand, "s1", 7))
    die(stand, "s1")
    stand.restart()
    assert stand.accepted(bal(stand, "s2", 1)).repeated


def test_a_session_that_lived_through_a_reset_is_known_after_a_crash(stand: Stand) -> None:
    """The reset empties the store, not the connections: their commands may come again like all others."""
    bind = stand.bound("s1")
    stand.run(Reset())
    stand.subscribe(ALIYA)
    first = stand.accepted(stand.sms("BAL", "6000", bind=bind))
    stand.restart()
    again = stand.accepted(stand.sms("BAL", "6000", bind=stand.bound("s2")))
    assert (again.repeated, again.message_id) == (True, first.message_id)
