"""An HTTP application as an SMPP application: what the gateway brings, what it is asked, what it gets."""

import pytest
from structlog.testing import capture_logs

from gateway.coding.alphabet import DATA_CODING, Alphabet
from gateway.smpp.constants import CommandStatus, UssdServiceOp
from gateway.smpp.pdus import (
    AlertNotification,
    BindTransceiverResp,
    DataSm,
    DeliverSm,
    DeliverSmResp,
    EnquireLink,
    EnquireLinkResp,
    SubmitSm,
    SubmitSmResp,
    Unbind,
    UnbindResp,
)
from gateway.smpp.tlv import Tag, Tlv
from gateway.ussd_http_session import TEXT_MAX, Answer, Failed
from tests.gateway.http_stand import (
    BYE,
    HANDSET,
    MENU,
    NO_SCREEN,
    Stand,
    answered,
    deliver,
    responses,
    submits,
    tell,
)

# -- steps -----------------------------------------------------------------------------------------


def test_it_binds_as_a_transceiver_at_the_start() -> None:
    async def story(stand: Stand) -> None:
        assert stand.connects == 1
        bind = stand.connect()
        assert (bind.system_id, bind.password) == ("shop", stand.account.password.reveal())
        assert stand.tried == 0
        stand.give(BindTransceiverResp(bind.sequence_number, 0, "shortcode"))
        assert stand.tried == 1

    tell(story, bound=False)


def test_a_dialled_string_is_asked_and_the_screen_submitted() -> None:
    async def story(stand: Stand) -> None:
        await stand.deliver(deliver("*501*1#"))
        assert stand.taken() == [], "the response says whether there is a screen, so it comes after it"
        (asked,) = stand.application.asked
        assert asked.form["phoneNumber"] == f"+{HANDSET}"
        assert (asked.form["serviceCode"], asked.form["text"]) == ("*501#", "1")
        response, screen = await stand.answer(MENU)
        assert isinstance(response, DeliverSmResp)
        assert (response.sequence_number, response.command_status) == (1, 0)
        assert isinstance(screen, SubmitSm)
        assert (screen.service_type, screen.source.addr, screen.destination.addr) == (
            "USSD",
            "*501#",
            HANDSET,
        )
        assert screen.short_message == b"Menu"
        assert screen.tlv(Tag.USSD_SERVICE_OP) == UssdServiceOp.USSR_REQUEST
        assert screen.tlv(Tag.ITS_SESSION_INFO) == bytes((7, 0))

    tell(story)


def test_an_answer_of_the_handset_goes_on_and_end_ends() -> None:
    async def story(stand: Stand) -> None:
        await stand.deliver(deliver("*501#"))
        await stand.answer(MENU)
        await stand.deliver(answered("2", (7, 2)))
        first, second = stand.application.asked
        assert (second.form["sessionId"], second.form["text"]) == (first.form["sessionId"], "2")
        (screen,) = submits(await stand.answer(BYE))
        assert screen.tlv(Tag.USSD_SERVICE_OP) == UssdServiceOp.PSSR_RESPONSE
        assert screen.tlv(Tag.ITS_SESSION_INFO) == bytes((7, 2))
        await stand.deliver(answered("3", (7, 4), 3))
        assert responses(stand.taken()) == [NO_SCREEN], "nothing goes on after END"

    tell(story)


def test_kazakh_goes_both_ways() -> None:
    async def story(stand: Stand) -> None:
        await stand.deliver(deliver("*501#"))
        (screen,) = submits(await stand.answer(Answer(last=False, text="Тілді таңдаңыз")))
        assert screen.data_coding == DATA_CODING[Alphabet.UCS2]
        assert screen.short_message.decode("utf-16-be") == "Тілді таңдаңыз"
        await stand.deliver(answered("Қазақша", (7, 2)))
        assert stand.application.asked[-1].form["text"] == "Қазақша"

    tell(story)


@pytest.mark.parametrize("letter", ["a", "ы"])
def test_a_screen_that_is_much_too_long_goes_whole_for_the_gateway_to_cut(letter: str) -> None:
    async def story(stand: Stand) -> None:
        await stand.deliver(deliver("*501#"))
        (screen,) = submits(await stand.answer(Answer(last=True, text=letter * TEXT_MAX)))
        octets = screen.tlv_bytes(Tag.MESSAGE_PAYLOAD)
        assert screen.short_message == b""
        assert octets is not None
        assert octets.decode("ascii" if letter == "a" else "utf-16-be") == letter * TEXT_MAX

    tell(story)


def test_dialogues_do_not_wait_for_each_other() -> None:
    async def story(stand: Stand) -> None:
        for number in range(8):
            await stand.deliver(
                deliver(f"*501*{number}#", sequence_number=number + 1, source=f"7701123456{number}")
            )
        assert [asked.form["text"] for asked in stand.application.asked] == list("01234567")
        for number in reversed(range(8)):
            (screen,) = submits(await stand.answer(Answer(last=False, text=f"Menu {number}"), number))
            assert screen.destination.addr == f"7701123456{number}"
            assert screen.short_message == f"Menu {number}".encode()

    tell(story)


# -- no screen -------------------------------------------------------------------------------------


def test_without_a_screen_the_deliver_sm_is_refused_and_one_line_says_why() -> None:
    async def story(stand: Stand) -> None:
        await stand.deliver(deliver("*501*4711#"))
        with capture_logs() as lines:
            sent = await stand.answer(Failed("status 500"))
        assert responses(sent) == [NO_SCREEN]
        assert submits(sent) == []
        (line,) = lines
        assert (line["event"], line["reason"], line["name"]) == ("ussd_http.failed", "status 500", "shop")
        assert "4711" not in str(line)
        await stand.deliver(answered("1", (7, 2)))
        assert responses(stand.taken()) == [NO_SCREEN], "the session is over"

    tell(story)


def test_an_answer_for_a_session_that_is_not_known_is_refused() -> None:
    """After a restart of the gateway, say."""

    async def story(stand: Stand) -> None:
        await stand.deliver(answered("1", (7, 2)))
        assert responses(stand.taken()) == [NO_SCREEN]
        assert stand.application.asked == []

    tell(story)


@pytest.mark.parametrize(
    "pdu",
    [
        DeliverSm(1, "USSD", tlvs=(Tlv(Tag.USSD_SERVICE_OP, 1),)),
        DeliverSm(1, "", short_message=b"an SMS"),
        deliver("*501#", UssdServiceOp.USSR_REQUEST),
        deliver("*777#"),
        DeliverSm(1, data_coding=4, tlvs=deliver("x").tlvs, short_message=b"\1"),
    ],
)
def test_what_is_no_dialled_string_and_no_answer_is_refused(pdu: DeliverSm) -> None:
    async def story(stand: Stand) -> None:
        await stand.deliver(pdu)
        assert responses(stand.taken()) == [NO_SCREEN]

    tell(story)


def test_other_operations_are_refused_or_need_no_answer() -> None:
    async def story(stand: Stand) -> None:
        stand.give(AlertNotification(1), DataSm(2))
        (response,) = stand.taken()
        assert getattr(response, "command_status", 0) == CommandStatus.ESME_RX_R_APPN
        stand.give(EnquireLink(3))
        assert stand.taken() == [EnquireLinkResp(3)]

    tell(story)


# -- the end of a dialogue -------------------------------------------------------------------------


def test_the_end_bit_forgets_the_session_and_asks_nobody() -> None:
    async def story(stand: Stand) -> None:
        await stand.deliver(deliver("*501#"))
        await stand.answer(MENU)
        await stand.deliver(answered("", (7, 3)))
        assert responses(stand.taken()) == [0]
        assert len(stand.application.asked) == 1
        await stand.deliver(answered("1", (7, 2), 3))
        assert responses(stand.taken()) == [NO_SCREEN]

    tell(story)


def test_the_end_of_one_dialogue_is_not_the_end_of_the_next() -> None:
    async def story(stand: Stand) -> None:
        await stand.deliver(deliver("*501#"))
        await stand.answer(MENU)
        await stand.deliver(deliver("*501#", info=(8, 0), sequence_number=2))
        await stand.deliver(answered("", (7, 3), 3))
        (screen,) = submits(await stand.answer(MENU))
        assert screen.tlv(Tag.ITS_SESSION_INFO) == bytes((8, 0))

    tell(story)


def test_no_screen_goes_to_a_handset_that_let_go_meanwhile() -> None:
    async def story(stand: Stand) -> None:
        await stand.deliver(deliver("*501#"))
        await stand.deliver(answered("", (7, 1)))
        assert responses(stand.taken()) == [0]
        sent = await stand.answer(MENU)
        assert (responses(sent), submits(sent)) == ([0], [])

    tell(story)


# -- the submit_sm ---------------------------------------------------------------------------------


def test_a_screen_that_the_gateway_cannot_take_now_goes_again() -> None:
    async def story(stand: Stand) -> None:
        await stand.deliver(deliver("*501#"))
        (screen,) = submits(await stand.answer(MENU))
        stand.give(SubmitSmResp(screen.sequence_number, CommandStatus.ESME_RMSGQFUL))
        assert stand.taken() == []
        stand.reactor.advance(0.5)
        (again,) = submits(stand.taken())
        assert (again.short_message, again.tlvs) == (screen.short_message, screen.tlvs)

    tell(story)


def test_it_goes_again_a_few_times_only() -> None:
    async def story(stand: Stand) -> None:
        await stand.deliver(deliver("*501#"))
        sent, tries = await stand.answer(MENU), 0
        with capture_logs() as lines:
            while submits(sent):
                tries += 1
                stand.give(SubmitSmResp(submits(sent)[0].sequence_number, CommandStatus.ESME_RTHROTTLED))
                stand.reactor.advance(0.5)
                sent = stand.taken()
        assert tries == 6
        assert [line["reason"] for line in lines] == ["the screen was refused with ESME_RTHROTTLED"]

    tell(story)


def test_a_screen_that_is_refused_ends_the_session_with_a_line() -> None:
    """The dialogue had timed out, say."""

    async def story(stand: Stand) -> None:
        await stand.deliver(deliver("*501#"))
        (screen,) = submits(await stand.answer(MENU))
        with capture_logs() as lines:
            stand.give(SubmitSmResp(screen.sequence_number, CommandStatus.ESME_RINVOPTPARAMVAL))
        assert [line["reason"] for line in lines] == ["the screen was refused with ESME_RINVOPTPARAMVAL"]
        await stand.deliver(answered("1", (7, 2)))
        assert responses(stand.taken()) == [NO_SCREEN]

    tell(story)


def test_screens_wait_for_the_window() -> None:
    async def story(stand: Stand) -> None:
        for number in range(12):
            await stand.deliver(deliver("*501#", sequence_number=number + 1, source=f"770112345{number:02}"))
            await stand.answer(MENU)
        assert len(stand.application.asked) == 12
        stand.give(SubmitSmResp(2, 0, "m"))
        assert len(submits(stand.taken())) == 1

    tell(story)


# -- the connection --------------------------------------------------------------------------------


def test_it_binds_again_after_a_lost_connection() -> None:
    """After ever longer waits, five seconds at most."""

    async def story(stand: Stand) -> None:
        stand.lose()
        for number, wait_s in enumerate((0.2, 1.0, 5.0, 5.0), start=1):
            assert stand.connects == number
            stand.reactor.advance(wait_s)
            assert stand.connects == number + 1
            stand.refuse_connection()
        stand.reactor.advance(5.0)
        stand.bind()
        stand.lose()
        stand.reactor.advance(0.2)
        assert stand.connects == 7, "a bind that succeeded makes the wait short again"

    tell(story)


def test_a_first_attempt_that_fails_is_told_too() -> None:
    """Else the gateway would wait for ever before it says that it listens."""

    async def story(stand: Stand) -> None:
        stand.refuse_connection()
        assert stand.tried == 1
        stand.reactor.advance(0.2)
        stand.refuse_connection()
        assert stand.tried == 1

    tell(story, bound=False)


def test_an_answer_that_comes_after_the_connection_is_lost_goes_nowhere() -> None:
    """And what the gateway brings again counts once."""

    async def story(stand: Stand) -> None:
        await stand.deliver(deliver("*501*1#"))
        stand.lose()
        stand.reactor.advance(0.2)
        stand.bind()
        assert await stand.answer(MENU) == []
        await stand.deliver(deliver("*501*1#"))
        first, second = stand.application.asked
        assert first.form == second.form
        sent = await stand.answer(MENU)
        assert (responses(sent), len(submits(sent))) == ([0], 1)

    tell(story)


def test_a_screen_without_a_response_goes_once_more_on_the_next_connection() -> None:
    async def story(stand: Stand) -> None:
        await stand.deliver(deliver("*501#"))
        (screen,) = submits(await stand.answer(MENU))
        stand.lose()
        stand.reactor.advance(0.2)
        stand.bind()
        (again,) = submits(stand.taken())
        assert again.tlvs == screen.tlvs
        stand.lose()
        stand.reactor.advance(0.2)
        stand.bind()
        assert submits(stand.taken()) == []

    tell(story)


# -- the stop --------------------------------------------------------------------------------------


def test_a_stop_unbinds_and_does_not_come_back() -> None:
    async def story(stand: Stand) -> None:
        await stand.adapter.stop()
        (unbind,) = stand.taken()
        assert isinstance(unbind, Unbind)
        stand.give(UnbindResp(unbind.sequence_number))
        assert stand.transport.disconnecting
        stand.lose()
        stand.reactor.advance(60)
        assert (stand.connects, stand.application.closed) == (1, True)

    tell(story)


def test_a_stop_leaves_what_is_under_way_unanswered() -> None:
    """And hangs up: nobody waits for the application."""

    async def story(stand: Stand) -> None:
        await stand.deliver(deliver("*501#"))
        await stand.adapter.stop()
        assert stand.taken() == []
        assert stand.transport.disconnecting
        assert stand.application.asked[0].answer.cancelled()

    tell(story)


def test_a_stop_between_two_attempts_ends_them() -> None:
    async def story(stand: Stand) -> None:
        stand.refuse_connection()
        await stand.adapter.stop()
        stand.reactor.advance(60)
        assert stand.connects == 1

    tell(story, bound=False)


def test_a_bind_that_succeeds_after_the_stop_is_left_at_once() -> None:
    async def story(stand: Stand) -> None:
        bind = stand.connect()
        await stand.adapter.stop()
        stand.give(BindTransceiverResp(bind.sequence_number, 0, "shortcode"))
        (unbind,) = stand.taken()
        assert isinstance(unbind, Unbind)

    tell(story, bound=False)
