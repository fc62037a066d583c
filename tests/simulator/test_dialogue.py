"""The handset's end of a USSD dialogue, without a network."""

import pytest

from simulator.delivery import Delivery
from simulator.dialogue import Dialogue, UssdOp, abort_info, after_screen, answering, begin, ussd_fields
from simulator.errors import NoDialogue


def screen(op: int, info: int | None) -> Delivery:
    return Delivery(
        source="*100#",
        service_type="USSD",
        esm_class=0,
        data_coding=0,
        payload=b"text",
        ussd_service_op=op,
        its_session_info=info,
        sar=None,
        body=b"",
    )


def test_a_dialogue_begins_with_a_number_of_its_own_and_nothing_to_answer() -> None:
    dialogue = begin(0x105, "*100#")
    assert dialogue == Dialogue(session_info=0x0500, peer="*100#", wants_answer=False)
    with pytest.raises(NoDialogue):
        answering(dialogue)


def test_a_question_is_answered_once_under_the_gateways_session() -> None:
    asked = after_screen(screen(UssdOp.USSR_REQUEST, 0x2A02))
    answered = answering(asked)
    assert (answered.session_info, answered.peer) == (0x2A02, "*100#")
    with pytest.raises(NoDialogue):
        answering(answered)


@pytest.mark.parametrize(("op", "info"), [(17, 0x2A02), (17, None), (2, 0x2A03)])
def test_a_last_screen_or_the_end_bit_closes_the_dialogue(op: int, info: int | None) -> None:
    assert after_screen(screen(op, info)) is None


@pytest.mark.parametrize(("info", "sent"), [(0x2A02, 0x2A03), (0x2A03, 0x2A03), (None, 0x0001)])
def test_an_abort_sets_the_end_bit_and_nothing_else(info: int | None, sent: int) -> None:
    assert abort_info(Dialogue(session_info=info, peer="*100#")) == sent


def test_without_a_dialogue_there_is_nothing_to_answer_or_abort() -> None:
    for step in (answering, abort_info):
        with pytest.raises(NoDialogue):
            step(None)


def test_a_gateway_that_sends_no_session_gets_none_back() -> None:
    fields = ussd_fields(UssdOp.USSR_CONFIRM, "*100#", "1", None)
    assert (fields["its_session_info"], fields["ussd_service_op"], fields["service_type"]) == (
        None,
        18,
        "USSD",
    )
