"""USSD dialogues with an application over the real writer and store: from both sides, through to the end."""

import pytest

from gateway.app_dialogues import Held
from gateway.coding.ussd import screen
from gateway.config import Account, Side
from gateway.smpp.constants import CommandStatus, UssdServiceOp
from gateway.smpp.pdus import Address
from handlers.base.command import Secret
from handlers.base.outcome import Text
from rating.msisdn import Msisdn
from rating.subscriber import Language, Status
from storage.model import Dialogue, MessageState
from tests.gateway.stand import ALAN, ALIYA, BOLAT, CATALOG, HANDSET, Stand
from tests.gateway.talk import (
    ASKS,
    CONFIRM,
    CONFIRMS_NOTICE,
    DIALS,
    LAST,
    NOTICE,
    REFUSED,
    App,
    Seen,
    Talk,
    dialogues,
    endings,
    of_app,
    refused,
    screen_of,
)

OK, BUSY = CommandStatus.ESME_ROK, CommandStatus.ESME_RSUBMITFAIL
OTHER_APP = Account(
    system_id="app2", password=Secret("x"), side=Side.APPLICATION, short_codes=("4321",), ussd_codes=("*600",)
)


# -- the handset begins ----------------------------------------------------------------------------


@pytest.mark.conformance("tlv.ussd_service_op", "tlv.its_session_info")
def test_what_is_dialled_comes_to_the_owner_of_the_code_and_its_screens_to_the_handset(
    talk: Talk, app: App
) -> None:
    """interfaces.md "USSD over SMPP": the same operations mirrored, with the same number and sequence."""
    dialled = app.hears(talk.dialled("*500*1#"))
    assert (dialled.text, dialled.place) == ("*500*1#", (DIALS, 7, 1, False))
    first = talk.sees(app.says("Name?"))
    answered = app.hears(talk.answered("Aliya"))
    second = talk.sees(app.says("Age?"))
    again = app.hears(talk.answered("7"))
    last = talk.sees(app.says("Thank you", LAST))
    assert first == Seen("Name?", ASKS, 7, 1, end=False, octets=5)
    assert (answered.text, answered.place) == ("Aliya", (CONFIRM, 7, 2, False))
    assert second == Seen("Age?", ASKS, 7, 2, end=False, octets=4)
    assert (again.text, again.place) == ("7", (CONFIRM, 7, 3, False))
    assert last == Seen("Thank you", LAST, 7, 3, end=True, octets=9)
    assert endings(talk.stand) == ["completed"]


def test_the_messages_of_a_dialogue_go_between_the_msisdn_and_the_service_code(talk: Talk, app: App) -> None:
    dialled = app.hears(talk.dialled("*500*1*2#"))
    shown = app.says("Name?")
    talk.sees(shown)
    answered = app.hears(talk.answered("Aliya"))
    for each in (dialled, answered):
        assert (each.pdu.service_type, each.pdu.source.addr, each.pdu.destination.addr) == (
            "USSD",
            ALIYA,
            "*500#",
        )
    kept = talk.stand.message(shown.message_id)
    assert (kept.source, kept.destination, kept.account) == ("*500#", ALIYA, "app1")
    assert {each.bearer for each in talk.stand.messages()} == {"ussd"}
    assert {each.state for each in talk.stand.messages()} == {MessageState.DELIVERED}


def test_the_sequence_wraps_at_seven_bits_and_each_side_echoes_it(subscribed: Stand, app: App) -> None:
    """SMPP 3.4 section 5.3.2.43."""
    talk = Talk(subscribed, number=255, sequence=126)
    places = [app.hears(talk.dialled("*500#")).place]
    for _ in range(3):
        talk.sees(app.says("more?"))
        places.append(app.hears(talk.answered("1")).place)
    assert [each[1:3] for each in places] == [(255, 126), (255, 127), (255, 0), (255, 1)]
    assert [each.sequence for each in talk.screens] == [126, 127, 0]


@pytest.mark.parametrize("source", ["*500#", "*500", "", "*500*1#", "1234"])
def test_an_application_names_its_code_as_it_likes_and_the_screen_comes_from_the_code(
    talk: Talk, app: App, source: str
) -> None:
    app.hears(talk.dialled("*500#"))
    shown = app.says("Name?", source=source)
    assert talk.sees(shown).text == "Name?"
    assert talk.stand.message(shown.message_id).source == "*500#"


@pytest.mark.parametrize("how", ["+77011234567", "87011234567"])
def test_an_application_may_write_the_msisdn_in_other_forms(talk: Talk, app: App, how: str) -> None:
    app.hears(talk.dialled("*500#"))
    assert talk.sees(app.says("Name?", to=how, number=7, sequence=1)).text == "Name?"


@pytest.mark.parametrize(("operation", "text"), [(ASKS, "Goodbye"), (CONFIRM, "Goodbye"), (CONFIRM, "")])
def test_the_end_bit_of_an_application_makes_its_screen_the_last_one(
    talk: Talk, app: App, operation: int, text: str
) -> None:
    """Also in op 18, with which an application lets go."""
    app.hears(talk.dialled("*500#"))
    seen = talk.sees(app.says(text, operation, end=True))
    assert (seen.text, seen.operation, seen.end) == (text, LAST, True)
    assert endings(talk.stand) == ["completed"]
    assert talk.refused(talk.answered("1")) is REFUSED


def test_an_application_may_answer_at_once_with_the_last_screen(talk: Talk, app: App) -> None:
    app.hears(talk.dialled("*500#"))
    assert not talk.sees(app.says("Closed today", LAST)).wants_answer
    assert app.refused(app.says("Are you there?", LAST)) is REFUSED


def test_empty_answers_and_empty_screens_are_passed_on(talk: Talk, app: App) -> None:
    app.hears(talk.dialled("*500#"))
    assert talk.sees(app.says("")).text == ""
    assert app.hears(talk.answered("")).text == ""


@pytest.mark.parametrize("typed", ["1" * 182, "🙂", "مرحبا ١", "\u202e1\u202c2", "Қалай?", "*500#"])
def test_what_is_typed_comes_to_the_application_as_it_was_typed(talk: Talk, app: App, typed: str) -> None:
    """Nothing in it means anything to the gateway."""
    app.hears(talk.dialled("*500#"))
    talk.sees(app.says("Say something"))
    assert app.hears(talk.answered(typed)).text == typed


def test_choices_of_menus_mean_nothing_to_the_gateway(talk: Talk, app: App) -> None:
    app.hears(talk.dialled("*500#"))
    for typed in ("0", "00", "98", "99"):
        talk.sees(app.says("What?"))
        assert app.hears(talk.answered(typed)).text == typed


@pytest.mark.parametrize("data_coding", [0x0F, 0x40])
def test_texts_under_a_data_coding_of_cell_broadcast_are_read(talk: Talk, app: App, data_coding: int) -> None:
    """Field practice: USSD's own data coding (TS 23.038 section 5) in the field of SMPP. From both sides."""
    app.hears(talk.dialled("*500#"))
    assert talk.sees(app.says("Name?", data_coding=data_coding)).text == "Name?"


def test_ucs2_of_cell_broadcast_is_read(talk: Talk, app: App) -> None:
    app.hears(talk.dialled("*500#"))
    assert talk.sees(app.says("Имя?", data_coding=0x48)).text == "Имя?"


# -- notices ---------------------------------------------------------------------------------------


def test_a_notice_in_a_dialogue_is_confirmed_and_the_application_speaks_on(talk: Talk, app: App) -> None:
    app.hears(talk.dialled("*500#"))
    seen = talk.sees(app.says("Please wait", NOTICE))
    assert (seen.operation, seen.number, seen.sequence) == (NOTICE, 7, 1)
    confirmed = app.hears(talk.said(CONFIRMS_NOTICE, ""))
    assert (confirmed.text, confirmed.place) == ("", (CONFIRMS_NOTICE, 7, 2, False))
    assert talk.sees(app.says("Done", LAST)).sequence == 2


def test_a_notice_with_the_end_bit_is_over_when_it_is_confirmed(talk: Talk, app: App) -> None:
    app.hears(talk.dialled("*500#"))
    talk.sees(app.says("Thank you", NOTICE, end=True))
    assert app.hears(talk.said(CONFIRMS_NOTICE, "")).place == (CONFIRMS_NOTICE, 7, 2, True)
    assert endings(talk.stand) == ["completed"]


@pytest.mark.parametrize(("shown", "answer"), [(ASKS, CONFIRMS_NOTICE), (NOTICE, CONFIRM)])
def test_a_screen_is_answered_and_a_notice_confirmed_and_not_the_other_way_round(
    talk: Talk, app: App, shown: UssdServiceOp, answer: UssdServiceOp
) -> None:
    app.hears(talk.dialled("*500#"))
    talk.sees(app.says("Name?", shown))
    assert talk.refused(talk.said(answer, "1")) is REFUSED
    assert dialogues(talk.stand, is_open=True)


# -- the application begins ------------------------------------------------------------------------


def test_an_application_may_begin_and_its_number_is_that_of_the_dialogue(talk: Talk, app: App) -> None:
    first = talk.sees(app.says("Do you agree?", to=ALIYA, number=99, sequence=5))
    assert (first.operation, first.number, first.sequence, first.end) == (ASKS, 99, 5, False)
    talk.number = 99
    answered = app.hears(talk.answered("yes"))
    assert (answered.text, answered.place) == ("yes", (CONFIRM, 99, 6, False))
    assert talk.sees(app.says("Thank you", LAST)).sequence == 6
    (view,) = dialogues(talk.stand)
    assert (view.dialogue.account, view.dialogue.session_id) == ("handset", "s1"), "that of the answer"
    assert [each.operation for each in view.turns] == ["USSR_REQUEST", "USSR_CONFIRM", "PSSR_RESPONSE"]


@pytest.mark.parametrize(("operation", "end"), [(NOTICE, False), (NOTICE, True), (ASKS, True)])
def test_a_notice_out_of_a_dialogue_is_over_when_it_is_confirmed(
    talk: Talk, app: App, operation: int, end: bool
) -> None:
    """To a handset that did not ask, a last screen is a notice too."""
    seen = talk.sees(app.says("Your parcel is here", operation, to=ALIYA, number=3, end=end))
    assert (seen.operation, seen.number, seen.sequence, seen.text) == (NOTICE, 3, 0, "Your parcel is here")
    talk.number = 3
    assert app.hears(talk.said(CONFIRMS_NOTICE, "")).place == (CONFIRMS_NOTICE, 3, 1, True)
    assert endings(talk.stand) == ["completed"]
    assert refused(talk.stand, talk.said(CONFIRMS_NOTICE, "")) is OK, "a telephone confirms every notice"


def test_a_last_screen_alone_begins_nothing(talk: Talk, app: App) -> None:
    """A PSSR response answers a request, and there was none."""
    assert app.refused(app.says("Hello", LAST)) is REFUSED
    assert (dialogues(talk.stand), talk.stand.messages()) == ([], [])


@pytest.mark.conformance("status.ESME_RSUBMITFAIL")
@pytest.mark.parametrize("operation", [ASKS, NOTICE])
def test_a_handset_that_is_in_a_menu_is_busy_and_the_menu_unharmed(
    talk: Talk, app: App, operation: int
) -> None:
    talk.dial("*100#")
    assert app.refused(app.says("Hello", operation, to=ALIYA)) is BUSY
    assert app.refused(app.says("Hello", LAST, to=ALIYA)) is REFUSED
    assert talk.answer("3").lines[0] == "Choose a language:"


def test_a_handset_that_is_with_another_application_is_busy(talk: Talk, app: App) -> None:
    other = App(talk.stand, OTHER_APP, "a2")
    app.hears(talk.dialled("*500#"))
    for number, sequence in ((7, 1), (8, 0)):
        theirs = other.says("Hello", to=ALIYA, source="*600#", number=number, sequence=sequence)
        assert other.refused(theirs) is BUSY
    assert other.refused(other.says("Bye", LAST, to=ALIYA, source="*600#", number=7, sequence=1)) is REFUSED
    assert talk.sees(app.says("Name?")).text == "Name?"


def test_a_dialogue_that_an_application_began_ends_when_the_handset_dials(talk: Talk, app: App) -> None:
    talk.sees(app.says("Do you agree?", to=ALIYA, number=99))
    (told,) = app.takes(talk.stand.one(talk.dialled("*100#")))
    assert told.place == (CONFIRM, 99, 1, True)
    assert endings(talk.stand) == ["the handset dialled anew", ""]


# -- several at once -------------------------------------------------------------------------------


def test_many_handsets_talk_with_one_application_and_none_sees_anothers_screen(talk: Talk, app: App) -> None:
    handsets = [talk, Talk(talk.stand, source=BOLAT), Talk(talk.stand, source=ALAN)]
    talk.stand.subscribe(ALAN)
    for each in handsets:
        app.hears(each.dialled("*500#"))
    for each in handsets:
        assert each.sees(app.says(f"Hello {each.source}", to=each.source)).text == f"Hello {each.source}"
    for each in reversed(handsets):
        heard = app.hears(each.answered(each.source[::-1]))
        assert (heard.msisdn, heard.text) == (each.source, each.source[::-1])
    assert [each.dialogue.msisdn for each in dialogues(talk.stand, is_open=True)] == [ALIYA, BOLAT, ALAN]


def test_dialogues_of_many_handsets_share_a_batch(talk: Talk, app: App) -> None:
    other = Talk(talk.stand, source=BOLAT, number=8)
    for result in talk.stand.run(talk.dialled("*500#"), other.dialled("*500#")):
        app.takes(result)
    assert [(each.msisdn, each.number) for each in app.heard] == [(ALIYA, 7), (BOLAT, 8)]
    shown = talk.stand.run(app.says("A", to=ALIYA), app.says("B", to=BOLAT))
    assert [screen_of(each).text for each in shown] == ["A", "B"]


# -- too long --------------------------------------------------------------------------------------

WORDS = "seven letters " * 20
RUSSIAN = "слово " * 20


@pytest.mark.parametrize(("text", "octets_max"), [(WORDS, 182), (RUSSIAN, 160), ("x" * 300, 182)])
@pytest.mark.parametrize("operation", [ASKS, LAST, NOTICE])
def test_a_screen_that_is_too_long_is_cut_at_a_word_and_the_inspection_says_so(
    talk: Talk, app: App, text: str, octets_max: int, operation: int
) -> None:
    """Never an error to the subscriber: 182 septets, or 80 UCS-2 characters."""
    app.hears(talk.dialled("*500#"))
    seen = talk.sees(app.says(text, operation))
    assert seen.octets <= octets_max
    assert seen.text == screen(text).text
    body = seen.text.removesuffix("...").removesuffix("…")
    assert text.startswith(body)
    assert text[len(body)] in " x"
    (view,) = dialogues(talk.stand)
    turn = view.turns[-1]
    assert (turn.text, turn.octets) == (seen.text, seen.octets)
    assert turn.note == f"cut: {len(text)} characters are too many for one screen"


@pytest.mark.parametrize("text", ["x" * 182, "я" * 80])
def test_a_screen_that_just_fits_is_shown_whole_without_a_note(talk: Talk, app: App, text: str) -> None:
    app.hears(talk.dialled("*500#"))
    assert talk.sees(app.says(text)).text == text
    assert dialogues(talk.stand)[0].turns[-1].note == ""


# -- who may ---------------------------------------------------------------------------------------


def test_a_blocked_subscriber_is_told_so_and_the_application_hears_nothing(talk: Talk, app: App) -> None:
    talk.stand.block(ALIYA, Status.BLOCKED)
    work = talk.dialled("*500#")
    result = talk.stand.one(work)
    assert of_app(result.outboxes) == []
    assert screen_of(result).text == CATALOG.render(Text("access.blocked"), Language.EN)
    assert endings(talk.stand) == ["completed"]
    assert app.refused(app.says("Hello", LAST, to=ALIYA, number=7, sequence=1)) is REFUSED


@pytest.mark.parametrize("status", [Status.BLOCKED_OUTGOING, Status.DEBT])
def test_who_may_not_call_may_still_talk_with_an_application(talk: Talk, app: App, status: Status) -> None:
    talk.stand.block(ALIYA, status)
    assert app.hears(talk.dialled("*500#")).text == "*500#"


def test_a_number_without_a_record_talks_with_an_application(subscribed: Stand, app: App) -> None:
    """A team can try its application with nothing else set up."""
    stranger = Talk(subscribed, source=Msisdn("77011111111"))
    assert app.hears(stranger.dialled("*500#")).msisdn == "77011111111"
    assert stranger.sees(app.says("Name?")).text == "Name?"


# -- what is kept ----------------------------------------------------------------------------------


def test_a_dialogue_is_kept_with_all_that_both_sides_said(talk: Talk, app: App) -> None:
    app.hears(talk.dialled("*500*1#"))
    talk.sees(app.says("Name?"))
    app.hears(talk.answered("Aliya"))
    (view,) = dialogues(talk.stand)
    kept = view.dialogue
    assert (kept.msisdn, kept.number, kept.sequence) == (ALIYA, 7, 2)
    assert (kept.service_code, kept.owner) == ("*500", "account:app1")
    talk.sees(app.says("Thank you", LAST))
    (view,) = dialogues(talk.stand)
    assert [(each.number, each.operation, each.text, each.octets) for each in view.turns] == [
        (0, "PSSR_INDICATION", "*500*1#", 7),
        (1, "USSR_REQUEST", "Name?", 5),
        (2, "USSR_CONFIRM", "Aliya", 5),
        (3, "PSSR_RESPONSE", "Thank you", 9),
    ]
    assert view.dialogue.state == '"told"', "nothing of what was shown is left when it is over"


def test_what_is_held_between_two_operations_is_read_as_it_was_written() -> None:
    dialogue = Dialogue("d", ALIYA, 1, "account:app1", "*500", "", "", 0)
    held = Held(3, int(ASKS), "m1", 'Қалай? "1" 🙂', notice=True)
    assert Held.of(dialogue._replace(state=held.pack())) == held
    assert Held.of(dialogue) == Held()


# -- what an application may not say ---------------------------------------------------------------


def test_a_screen_goes_to_the_session_that_dialled(talk: Talk, app: App) -> None:
    app.hears(talk.dialled("*500#"))
    (outbox,) = talk.stand.one(app.says("Name?")).outboxes
    assert (outbox.lane, outbox.bind) == (f"ussd:{ALIYA}", f"{talk.bind.session_id} handset")


def test_a_screen_may_come_by_another_session_of_the_account_when_that_one_is_gone(
    talk: Talk, app: App
) -> None:
    """Of no other account: it may be nobody else's to see, and could not be answered there."""
    app.hears(talk.dialled("*500#"))
    talk.stand.lost(talk.bind)
    result = talk.stand.one(app.says("Name?"))
    assert [each.bind for each in result.outboxes] == ["s1 handset"]
    talk.screens.append(screen_of(result))
    talk.bind = talk.stand.bound("s2", HANDSET)
    assert app.hears(talk.answered("Aliya")).text == "Aliya"


def test_the_address_of_a_screen_has_the_numbering_of_a_service_code(talk: Talk, app: App) -> None:
    assert app.hears(talk.dialled("*500#")).pdu.destination == Address(3, 0, "*500#")
