"""Conversations with a real mail server: taken, refused for now or for good, unsure, unreachable, safe."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from gateway.config import MailServer
from gateway.mail_link import Refused, SmtpLink, Unreachable, Unsure
from handlers.base.command import Secret
from tests.gateway.certificates import make
from tests.gateway.mail_server import SENDER, Receiver

TO = "aliya@example.com"
LETTER = b"Subject: Fine\r\n\r\nYou have been fined.\r\n.\r\n..\r\n"
Story = Callable[[SmtpLink], Awaitable[None]]


def tell(
    server: MailServer, story: Story, secure: ssl.SSLContext | None = None, timeout_s: float = 5.0
) -> None:
    """A story within one conversation, in a loop of its own."""

    async def told() -> None:
        link = SmtpLink(server, timeout_s=timeout_s, secure=secure)
        try:
            await link.open()
            await story(link)
            await link.close()
        finally:
            link.drop()
            # The loop closes what was dropped in its next turns.
            for _ in range(5):
                await asyncio.sleep(0)

    asyncio.run(told())


async def send(link: SmtpLink) -> None:
    await link.address(SENDER, TO)
    await link.hand_over(LETTER)


def test_a_letter_arrives_with_its_envelope_and_its_dots() -> None:
    with Receiver() as receiver:
        tell(receiver.server(), send)
        (letter,) = receiver.letters
    assert (letter.sender, letter.to) == (SENDER, [TO])
    assert letter.octets == LETTER
    assert not letter.secure


@pytest.mark.parametrize(("answer", "is_final"), [("450 4.2.1 busy", False), ("550 5.1.1 nobody", True)])
def test_a_refused_recipient_is_refused_and_the_next_letter_is_not(answer: str, is_final: bool) -> None:
    async def story(link: SmtpLink) -> None:
        with pytest.raises(Refused, match=answer) as caught:
            await link.address(SENDER, TO)
        assert caught.value.is_final is is_final
        await send(link)

    with Receiver() as receiver:
        receiver.rcpt.append(answer)
        tell(receiver.server(), story)
        assert (len(receiver.letters), receiver.connections) == (1, 1)


@pytest.mark.parametrize(("answer", "is_final"), [("451 4.3.0 later", False), ("554 5.7.1 spam", True)])
def test_a_refused_text_is_refused_and_the_next_one_is_not(answer: str, is_final: bool) -> None:
    async def story(link: SmtpLink) -> None:
        await link.address(SENDER, TO)
        with pytest.raises(Refused, match=answer) as caught:
            await link.hand_over(LETTER)
        assert caught.value.is_final is is_final
        await send(link)

    with Receiver() as receiver:
        receiver.data.append(answer)
        tell(receiver.server(), story)
        assert (len(receiver.letters), receiver.connections) == (1, 1)


def test_a_server_that_hangs_up_after_the_text_leaves_us_unsure() -> None:
    async def story(link: SmtpLink) -> None:
        await link.address(SENDER, TO)
        with pytest.raises(Unsure):
            await link.hand_over(LETTER)
        with pytest.raises(Unreachable):
            await link.address(SENDER, TO)

    with Receiver() as receiver:
        receiver.data.append("hang up")
        tell(receiver.server(), story)


@pytest.mark.parametrize(("answer", "timeout_s"), [("hang up", 5.0), ("say nothing", 0.1)])
def test_a_server_that_breaks_off_at_a_recipient_refuses_this_letter_and_the_next_conversation_has_the_next(
    answer: str, timeout_s: float
) -> None:
    async def story(link: SmtpLink) -> None:
        with pytest.raises(Refused) as caught:
            await link.address(SENDER, TO)
        assert caught.value.is_final is False
        with pytest.raises(Unreachable):
            await link.address(SENDER, TO)
        link.drop()
        await link.open()
        await send(link)

    with Receiver() as receiver:
        receiver.rcpt.append(answer)
        tell(receiver.server(), story, timeout_s=timeout_s)
        assert (len(receiver.letters), receiver.connections) == (1, 2)


def test_a_withdrawn_letter_does_not_arrive() -> None:
    async def story(link: SmtpLink) -> None:
        await link.address(SENDER, "bolat@example.com")
        await link.withdraw()
        await send(link)

    with Receiver() as receiver:
        tell(receiver.server(), story)
        assert [letter.to for letter in receiver.letters] == [[TO]]


def test_nobody_there_is_unreachable() -> None:
    with Receiver() as receiver:
        server = receiver.server()
    with pytest.raises(Unreachable):
        tell(server, send)


def test_a_link_can_be_opened_again() -> None:
    async def story(link: SmtpLink) -> None:
        await link.close()
        await link.open()
        await send(link)

    with Receiver() as receiver:
        tell(receiver.server(), story)
        assert (len(receiver.letters), receiver.connections) == (1, 2)


# -- passwords and encryption ----------------------------------------------------------------------


def test_user_and_password_are_given_and_shown_nowhere() -> None:
    with Receiver(password="right") as receiver:
        server = receiver.server()
        tell(server, send)
        assert receiver.letters[0].authenticated
    assert "right" not in repr(server)


def test_a_wrong_password_is_unreachable_and_not_repeated() -> None:
    with Receiver(password="right") as receiver:
        server = receiver.server(password=Secret("hunter2"))
        with pytest.raises(Unreachable, match="does not accept user and password") as caught:
            tell(server, send)
    assert "hunter2" not in str(caught.value)


def contexts(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The server's, and that of a client that trusts its authority."""
    authority = make(folder, "ca")
    made = make(folder, "server", authority)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(made.certificate_file, made.key_file)
    return server, ssl.create_default_context(cafile=str(authority.certificate_file))


def test_with_starttls_letter_and_password_are_encrypted(tmp_path: Path) -> None:
    server, client = contexts(tmp_path)
    with Receiver(server, password="right") as receiver:
        tell(receiver.server(), send, client)
        (letter,) = receiver.letters
    assert (letter.secure, letter.authenticated) == (True, True)


def test_a_server_without_starttls_gets_nothing_where_it_is_asked_for() -> None:
    with Receiver() as receiver:
        with pytest.raises(Unreachable):
            tell(receiver.server(starttls=True), send)
        assert receiver.letters == []


def test_a_certificate_of_nobody_we_trust_gets_nothing(tmp_path: Path) -> None:
    server, _ = contexts(tmp_path)
    with Receiver(server) as receiver:
        with pytest.raises(Unreachable):
            tell(receiver.server(), send)
        assert receiver.letters == []
