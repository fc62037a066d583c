"""The line mode, driven by text in and text out."""

import io
from datetime import UTC, datetime

import pytest

from simulator.console import Console
from simulator.errors import BadNumber, BindRefused
from simulator.plain import PlainHandset
from simulator.settings import LinkSettings
from simulator.target import Target
from tests.simulator.conftest import MSISDN
from tests.simulator.fake_smsc import (
    BIND_TRANSCEIVER,
    DELIVER_SM,
    UNBIND,
    FakeSmsc,
    Submit,
    deliver_body,
    receipt_body,
    tlv,
    ussd_body,
)

NOON = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


class Session:
    """A run through pipes: what went in, what came out."""

    def __init__(self, smsc: FakeSmsc, answer_wait_s: float = 10.0) -> None:
        self._smsc = smsc
        self._answer_wait_s = answer_wait_s
        self.out = io.StringIO()
        self.errors = io.StringIO()

    def run(self, *lines: str) -> str:
        """Carry out commands and return all that was printed to the standard output."""
        typed = io.StringIO("".join(f"{line}\n" for line in lines))
        PlainHandset(
            MSISDN,
            Target.parse(self._smsc.target),
            Console(typed, self.out, self.errors),
            lambda: NOON,
            settings=LinkSettings(backoff_s=(0.01,)),
            answer_wait_s=self._answer_wait_s,
        ).run()
        return self.out.getvalue()


@pytest.fixture
def session(smsc: FakeSmsc) -> Session:
    """A run to come."""
    return Session(smsc)


def reply_by_sms(smsc: FakeSmsc, text: str) -> None:
    """Answer each message from the number that it was sent to."""

    def reply(submit: Submit) -> None:
        smsc.send(DELIVER_SM, deliver_body(submit.destination[2], text.encode()))

    smsc.on_submit = reply


def menu(smsc: FakeSmsc) -> None:
    """A menu for the dialled code, a last screen for the answer."""

    def step(submit: Submit) -> None:
        if submit.short_message == b"*100#":
            smsc.send(DELIVER_SM, ussd_body(2, b"1 Balance\n2 Bonus", b"\x05\x00"))
        elif submit.short_message:
            smsc.send(DELIVER_SM, ussd_body(17, b"500.00 KZT", b"\x05\x03"))

    smsc.on_submit = step


def test_at_the_end_of_the_input_it_waits_for_the_answer_and_unbinds(
    smsc: FakeSmsc, session: Session
) -> None:
    reply_by_sms(smsc, "Credited 500")
    out = session.run("sms 9393 1234567890123")
    assert smsc.wait_submit().short_message == b"1234567890123"
    assert f"{MSISDN} is on (127.0.0.1:{smsc.port})" in out
    assert "sent to 9393\n" in out
    assert "12:00:00 SMS from 9393: Credited 500\n" in out
    assert session.errors.getvalue() == ""
    smsc.wait(UNBIND)


def test_quit_in_a_pipe_waits_for_the_answer_too(smsc: FakeSmsc, session: Session) -> None:
    reply_by_sms(smsc, "Credited 500")
    out = session.run("sms 9393 1234567890123", "quit", "sms 9393 never sent")
    assert "SMS from 9393: Credited 500" in out
    assert out.count("sent to") == 1


def test_an_answer_that_does_not_come_is_not_waited_for_for_ever(smsc: FakeSmsc) -> None:
    session = Session(smsc, answer_wait_s=0.01)
    session.run("sms 9393 hello")
    assert "no answer from 9393 yet" in session.errors.getvalue()


def test_a_message_to_a_person_needs_no_answer(session: Session) -> None:
    assert "sent to +77021234567 in 2 segments" in session.run("sms +77021234567 " + "ж" * 80)
    assert session.errors.getvalue() == ""


def test_a_ussd_menu_can_be_walked_through_a_pipe(smsc: FakeSmsc, session: Session) -> None:
    menu(smsc)
    out = session.run("dial *100#", "answer 1")
    assert "12:00:00 USSD: 1 Balance\n    2 Bonus\n    (reply with: answer TEXT, or abort)\n" in out
    assert "12:00:00 USSD: 500.00 KZT\n" in out
    assert session.errors.getvalue() == ""


def test_a_dialogue_can_be_aborted(smsc: FakeSmsc, session: Session) -> None:
    menu(smsc)
    assert "dialogue aborted" in session.run("dial *100#", "abort")


def test_the_inbox_lists_what_came(smsc: FakeSmsc, session: Session) -> None:
    def step(submit: Submit) -> None:
        if submit.short_message == b"*100#":
            smsc.send(DELIVER_SM, deliver_body("9393", b"Credited 500"))
            smsc.send(DELIVER_SM, ussd_body(2, b"1 Balance", b"\x05\x00"))

    smsc.on_submit = step
    # The abort waits for the screen, and the message came before it.
    out = session.run("inbox", "dial *100#", "abort", "inbox")
    assert "the inbox is empty" in out
    assert out.count("12:00:00 SMS from 9393: Credited 500\n") == 2


def test_off_and_on_again(smsc: FakeSmsc, session: Session) -> None:
    out = session.run("off", "sms 9393 hello", "on", "off")
    assert out.count(" is on ") == 2
    assert out.count(" is off") == 2
    assert session.errors.getvalue() == "sms: the handset is switched off\n"
    for _ in range(2):
        smsc.wait(BIND_TRANSCEIVER)
        smsc.wait(UNBIND)


def test_what_the_handset_takes_is_switched(session: Session) -> None:
    out = session.run(
        "memory full", "memory free 3", "memory ok", "coverage off", "busy", "busy off", "/reject on"
    )
    assert out.endswith(
        "memory: full\nmemory: free 3\nmemory: ok\ncoverage: off\nbusy: on\nbusy: off\nreject: on\n"
    )


def test_a_receipt_that_was_asked_for_is_waited_for_and_marks_the_message(
    smsc: FakeSmsc, session: Session
) -> None:
    smsc.on_submit = lambda _submit: smsc.send(DELIVER_SM, receipt_body("id-1", 2))
    out = session.run("receipt on", "sms 77021234567 hello")
    assert "receipt: on\nsent to 77021234567\n" in out
    assert "12:00:00 message 1 to 77021234567: delivered\n" in out
    assert session.errors.getvalue() == ""
    assert smsc.wait_submit().registered_delivery == 1


def test_a_receipt_that_does_not_come_is_not_waited_for_for_ever(smsc: FakeSmsc) -> None:
    session = Session(smsc, answer_wait_s=0.01)
    smsc.on_submit = lambda _submit: smsc.send(DELIVER_SM, receipt_body("id-1", 1, esm_class=0x20))
    session.run("receipt all", "sms 77021234567 hello")
    assert "no answer from the network (a receipt) yet" in session.errors.getvalue()


def test_the_sent_messages_are_listed_with_their_marks(session: Session) -> None:
    out = session.run("sent", "sms 77021234567 two\tlines", "sent")
    assert "nothing was sent\n" in out
    assert out.endswith("1 to 77021234567 [sent]: two\N{REPLACEMENT CHARACTER}lines\n")


def test_reading_tells_the_sender_by_hand_and_by_itself(smsc: FakeSmsc, session: Session) -> None:
    def reply(submit: Submit) -> None:
        if submit.esm_class == 0:
            body = deliver_body(submit.destination[2], b"look", registered_delivery=0x08)
            smsc.send(DELIVER_SM, body)

    smsc.on_submit = reply
    out = session.run("read", "read auto", "sms 9393 hello")
    assert "acknowledgements sent: 0\nread: auto\n" in out
    assert [smsc.wait_submit().esm_class for _ in range(2)] == [0, 0x10]


def test_a_message_whose_sender_wants_to_know_says_so_and_flash_and_ports_are_named(
    smsc: FakeSmsc, session: Session
) -> None:
    def reply(_submit: Submit) -> None:
        smsc.send(DELIVER_SM, deliver_body("9393", b"now", data_coding=0xF0))
        port = tlv(0x020B, b"\x0b\x84")
        smsc.send(DELIVER_SM, deliver_body("MyBank", b"hi", registered_delivery=0x08, tlvs=port))
        smsc.send(DELIVER_SM, ussd_body(17, b"the end", b"\x05\x03"))

    smsc.on_submit = reply
    out = session.run("dial *100#", "abort", "inbox")
    assert "12:00:00 flash SMS from 9393: now\n" in out
    assert "SMS from MyBank to port 2948: hi\n    (its sender wants to know that it was read: read)\n" in out
    assert out.endswith("12:00:00 SMS from MyBank to port 2948: hi\n")


def test_a_refused_message_is_said_with_the_status_name(smsc: FakeSmsc, session: Session) -> None:
    smsc.submit_status = 0x0B
    session.run("sms 9393 hello", "dial *100#")
    refused = "the gateway refused it: ESME_RINVDSTADR (Invalid Destination Address)"
    assert session.errors.getvalue() == f"sms: {refused}\ndial: {refused}\n"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("dail *100#", "dail: no such command; did you mean: dial CODE"),
        (
            "xyzzy",
            "there are: sms, dial, answer, abort, call, pick, keys, name, hang, inbox, sent, read",
        ),
        ("sms", "write it like this: sms NUMBER TEXT"),
        ("sms 9393", "write it like this: sms NUMBER TEXT"),
        ("sms MyBank hello", "'MyBank' is not a number to send to"),
        ("dial", "write it like this: dial CODE"),
        ("dial 100", "begins with * and ends with #"),
        ("answer", "write it like this: answer TEXT"),
        ("answer 1", "no USSD dialogue is open"),
        ("abort", "no USSD dialogue is open"),
        ("memory half", "write it like this: memory full|free [N]"),
        ("memory free -1", "write it like this: memory full|free [N]"),
        ("coverage", "write it like this: coverage off|on"),
        ("busy maybe", "write it like this: busy [on|off]"),
        ("receipt yes", "write it like this: receipt on|off|failed|all"),
        ("read it", "write it like this: read [auto|manual]"),
        ("sent now", "write it like this: sent"),
        ("off now", "write it like this: off"),
    ],
)
def test_a_wrong_command_is_told_what_would_be_right(session: Session, line: str, said: str) -> None:
    session.run(line)
    assert said in session.errors.getvalue()


def test_help_names_every_command(session: Session) -> None:
    out = session.run("help", "", "HELP")
    for name in PlainHandset.COMMANDS:
        assert out.count(f"\n{name}") == 2


def test_a_text_keeps_its_spaces(smsc: FakeSmsc, session: Session) -> None:
    reply_by_sms(smsc, "ok")
    session.run("  sms  9393  two  spaces ")
    assert smsc.wait_submit().short_message == b" two  spaces "


def test_control_characters_in_a_message_do_not_reach_the_terminal(smsc: FakeSmsc, session: Session) -> None:
    smsc.on_submit = lambda _submit: smsc.send(
        DELIVER_SM, deliver_body("9393", "\x1b[2J".encode("utf-16-be"), data_coding=8)
    )
    assert "\x1b" not in session.run("sms 9393 hello")


def test_a_refused_bind_and_a_wrong_number_are_raised(smsc: FakeSmsc, session: Session) -> None:
    smsc.bind_status = 0x0E
    with pytest.raises(BindRefused):
        session.run()
    with pytest.raises(BadNumber):
        PlainHandset(
            "9393",
            Target.parse(smsc.target),
            Console(io.StringIO(), session.out, session.errors),
            lambda: NOON,
        )
