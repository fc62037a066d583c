"""The radio side: a client of the gateway's own SMPP port that connects when it is needed."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, cast

import pytest
from twisted.internet.error import ConnectError, ConnectionDone
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure

from gateway.config import DEMO_ACCOUNTS, RADIO, Account, Config, Side
from gateway.http.facade import Answered, Busy, RadioUnavailable
from gateway.mo import Dialled, TextSms
from gateway.radio import ANSWER_S, QUEUE_MAX, Radio, with_radio
from gateway.settings_rules import problems_of
from gateway.smpp.codec import decode, encode
from gateway.smpp.constants import CommandStatus
from gateway.smpp.framer import Framer
from gateway.smpp.pdus import (
    BindTransmitter,
    BindTransmitterResp,
    EnquireLink,
    EnquireLinkResp,
    GenericNack,
    Pdu,
    SubmitSm,
    SubmitSmResp,
    Unbind,
    UnbindResp,
)
from gateway.smpp.tlv import Tag
from handlers.base.command import Secret
from rating.msisdn import Msisdn

HANDSET = Msisdn("77011234567")


def a_config(**changes: Any) -> Config:
    return Config(data_dir=Path(), database_url="sqlite://", accounts=DEMO_ACCOUNTS, **changes)


def sms(text: str = "PING") -> TextSms:
    return TextSms(source=HANDSET, destination="1234", text=text)


class Transport(StringTransport):
    """A string transport that has what TCP has besides."""

    def setTcpNoDelay(self, enabled: bool) -> None:  # noqa: N802 - Twisted's shape
        assert enabled


class Air:
    """A radio side, and the SMSC at the other end of its connections."""

    def __init__(self, config: Config | None = None) -> None:
        # Twisted's test reactor, transport and Failure have no types.
        self.reactor: Any = cast("Any", MemoryReactorClock)()
        self.config = with_radio(config or a_config())
        self.radio = Radio(self.config, self.reactor, asyncio.get_running_loop(), self.reactor.seconds)
        self.radio.listens("0.0.0.0", 2775)  # noqa: S104 - nobody listens here
        self.link: Any = None
        self.transport: Any = None
        self._framer = Framer()

    async def sending(self, mo: TextSms | Dialled | None = None) -> "asyncio.Task[Any]":
        """A message that is on its way as far as it gets by itself."""
        task = asyncio.ensure_future(self.radio.send(mo or sms()))
        await asyncio.sleep(0)
        return task

    @property
    def connects(self) -> int:
        return len(self.reactor.tcpClients)

    def connect(self) -> BindTransmitter:
        """Let the last attempt succeed; the bind that comes."""
        _, _, factory, *_ = self.reactor.tcpClients[-1]
        self.link = factory.buildProtocol(None)
        self.transport = cast("Any", Transport)()
        self._framer = Framer()
        self.link.makeConnection(self.transport)
        (bind,) = self.taken()
        assert isinstance(bind, BindTransmitter)
        return bind

    def refuse_connection(self) -> None:
        _, _, factory, *_ = self.reactor.tcpClients[-1]
        factory.clientConnectionFailed(None, cast("Any", Failure)(cast("Any", ConnectError)()))

    def bind(self) -> None:
        """Let the last attempt succeed up to the bind."""
        self.give(BindTransmitterResp(self.connect().sequence_number, 0, "shortcode"))

    def give(self, *pdus: Pdu) -> None:
        self.link.dataReceived(b"".join(encode(pdu) for pdu in pdus))

    def taken(self) -> list[Pdu]:
        frames = self._framer.feed(self.transport.value())
        self.transport.clear()
        return [decode(frame) for frame in frames]

    def submits(self) -> list[SubmitSm]:
        pdus = self.taken()
        assert all(isinstance(pdu, SubmitSm) for pdu in pdus)
        return cast("list[SubmitSm]", pdus)

    def accept(self) -> list[SubmitSm]:
        """Answer all submits that have come; each gets its own number as its id."""
        submits = self.submits()
        self.give(*(SubmitSmResp(pdu.sequence_number, 0, f"m{pdu.sequence_number}") for pdu in submits))
        return submits

    def lose(self) -> None:
        self.link.connectionLost(cast("Any", Failure)(ConnectionDone()))


Story = Callable[[Air], Coroutine[Any, Any, None]]


def tell(story: Story) -> None:
    """Run a story in a loop of its own."""

    async def run() -> None:
        await story(Air())

    asyncio.run(run())


async def fails(task: Awaitable[Any], error: type[Exception]) -> str:
    with pytest.raises(error) as raised:
        await task
    return str(raised.value)


# -- the account -----------------------------------------------------------------------------------


def test_the_account_is_made_anew_at_each_start_and_never_shown() -> None:
    """A password of eight octets that nobody configured; one bind, from this machine."""
    first, second = (with_radio(a_config()).account(RADIO) for _ in range(2))
    assert first is not None
    assert second is not None
    assert len(first.password.reveal()) == 8
    assert first.password.reveal() != second.password.reveal()
    assert first.password.reveal() not in repr(first)
    assert (first.side, first.binds_max, first.address_range) == (Side.HANDSET, 1, "")


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("127.0.0.1", ("127.0.0.1",)),
        ("0.0.0.0", ("127.0.0.1",)),  # noqa: S104 - nobody listens here
        ("::", ("::1",)),
        ("192.0.2.7", ("192.0.2.7",)),
        ("localhost", ("127.0.0.0/8", "::1")),
        ("smsc.example", ()),
    ],
)
def test_only_this_machine_may_use_it(host: str, allowed: tuple[str, ...]) -> None:
    account = with_radio(a_config(smpp_host=host)).account(RADIO)
    assert account is not None
    assert account.allowed_hosts == allowed


def test_a_configured_account_of_that_name_is_refused() -> None:
    """With a line that says what to do."""
    own = Account(system_id=RADIO, password=Secret("s3cret"), side=Side.HANDSET)
    config = Config(data_dir=Path(), database_url="sqlite://", accounts=(own,))
    (problem,) = problems_of(config)
    assert problem == (
        "accounts: system_id radio is the gateway's own, for POST /mo; give yours another name"
    )


# -- the session -----------------------------------------------------------------------------------


def test_it_connects_at_the_first_message_only_and_keeps_the_session() -> None:
    async def story(air: Air) -> None:
        assert air.connects == 0
        first, second = await air.sending(), await air.sending()
        assert air.connects == 1
        assert air.reactor.tcpClients[0][:2] == ("127.0.0.1", 2775)
        bind = air.connect()
        account = air.config.account(RADIO)
        assert account is not None
        assert (bind.system_id, bind.password) == (RADIO, account.password.reveal())
        assert air.taken() == [], "nothing is sent before the bind is answered"
        air.give(BindTransmitterResp(bind.sequence_number, 0, "shortcode"))
        one, two = air.accept()
        assert await first == [Answered(0, f"m{one.sequence_number}")]
        assert await second == [Answered(0, f"m{two.sequence_number}")]
        third = await air.sending()
        air.accept()
        await third
        assert air.connects == 1

    tell(story)


def test_a_long_text_gives_an_answer_for_each_segment_in_order() -> None:
    async def story(air: Air) -> None:
        task = await air.sending(sms("a" * 400))
        air.bind()
        submits = air.submits()
        assert len(submits) == 3
        # The SMSC may answer in any order.
        for pdu in reversed(submits):
            status = CommandStatus.ESME_RSUBMITFAIL if pdu is submits[1] else 0
            air.give(SubmitSmResp(pdu.sequence_number, status, "" if status else f"m{pdu.short_message[5]}"))
        assert await task == [
            Answered(0, "m1"),
            Answered(CommandStatus.ESME_RSUBMITFAIL, ""),
            Answered(0, "m3"),
        ]

    tell(story)


def test_a_generic_nack_is_an_answer() -> None:
    async def story(air: Air) -> None:
        task = await air.sending()
        air.bind()
        (pdu,) = air.submits()
        air.give(GenericNack(pdu.sequence_number, CommandStatus.ESME_RINVCMDID))
        assert await task == [Answered(CommandStatus.ESME_RINVCMDID, "")]

    tell(story)


def test_the_window_is_kept_and_the_order_too() -> None:
    async def story(air: Air) -> None:
        account = air.config.account(RADIO)
        assert account is not None
        tasks = [await air.sending(sms(f"text {number}")) for number in range(account.window + 3)]
        air.bind()
        first = air.submits()
        assert len(first) == account.window
        air.give(SubmitSmResp(first[0].sequence_number, 0, "m"))
        (next_one,) = air.submits()
        assert next_one.short_message == f"text {account.window}".encode()
        for pdu in (*first[1:], next_one):
            air.give(SubmitSmResp(pdu.sequence_number, 0, "m"))
        assert len(air.accept()) == 2
        assert all(answers[0].status == 0 for answers in await asyncio.gather(*tasks))

    tell(story)


def test_more_than_the_queue_holds_is_turned_away_and_the_rest_goes_out() -> None:
    """Memory stays bounded, whoever asks how fast."""

    async def story(air: Air) -> None:
        waiting = [await air.sending(sms("a" * (200 * 153))) for _ in range(QUEUE_MAX // 200)]
        assert "too many" in await fails(air.radio.send(sms()), Busy)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        air.bind()
        assert air.submits() == [], "nobody waits for these any more"
        last = await air.sending()
        air.accept()
        await last

    tell(story)


def test_enquire_link_and_unbind_are_answered_and_the_next_message_connects_anew() -> None:
    async def story(air: Air) -> None:
        first = await air.sending()
        air.bind()
        air.accept()
        await first
        air.give(EnquireLink(7), Unbind(8))
        assert air.taken() == [EnquireLinkResp(7), UnbindResp(8)]
        second = await air.sending()
        assert air.taken() == [], "the session is over"
        air.lose()
        air.reactor.advance(1)
        assert air.connects == 2
        air.bind()
        air.accept()
        await second

    tell(story)


# -- what goes wrong -------------------------------------------------------------------------------


def test_what_had_no_answer_when_the_connection_broke_goes_out_once_more_with_its_reference() -> None:
    """So the SMSC does it once, whether it had done it or not; after a second loss nobody knows."""

    async def story(air: Air) -> None:
        task = await air.sending()
        air.bind()
        (first,) = air.submits()
        air.lose()
        air.reactor.advance(1)
        air.bind()
        (again,) = air.submits()
        assert first.tlv(Tag.USER_MESSAGE_REFERENCE) is not None
        assert (again.tlvs, again.short_message) == (first.tlvs, first.short_message)
        air.lose()
        said = await fails(task, RadioUnavailable)
        assert "GET /api/v1/messages" in said
        air.reactor.advance(10)
        assert air.connects == 2, "nothing waits, so nothing connects"

    tell(story)


@pytest.mark.parametrize("how", ["refused", "wrong password", "hangs up"])
def test_three_vain_attempts_end_in_a_clear_error_and_the_next_message_tries_again(how: str) -> None:
    async def story(air: Air) -> None:
        task = await air.sending()
        for _ in range(3):
            if how == "refused":
                air.refuse_connection()
            else:
                bind = air.connect()
                if how == "wrong password":
                    air.give(BindTransmitterResp(bind.sequence_number, CommandStatus.ESME_RINVPASWD))
                    assert air.transport.disconnecting
                air.lose()
            air.reactor.advance(1)
        said = await fails(task, RadioUnavailable)
        assert "cannot bind" in said
        assert ("ESME_RINVPASWD" in said) is (how == "wrong password")
        assert air.connects == 3
        later = await air.sending()
        air.bind()
        air.accept()
        await later

    tell(story)


def test_a_bind_without_answer_is_given_up() -> None:
    async def story(air: Air) -> None:
        task = await air.sending()
        air.connect()
        for _ in range(12):
            air.reactor.advance(1)
        assert air.transport.disconnecting
        air.lose()
        task.cancel()

    tell(story)


def test_a_submit_without_answer_is_an_error_that_says_so_and_frees_the_window() -> None:
    async def story(air: Air) -> None:
        task = await air.sending()
        air.bind()
        (late,) = air.submits()
        for second in range(12):
            if second == 5:
                air.give(EnquireLink(1))
            air.reactor.advance(1)
        said = await fails(task, RadioUnavailable)
        assert "no answer within 10 s" in said
        air.give(SubmitSmResp(late.sequence_number, 0, "m"))
        air.taken()
        other = await air.sending()
        air.accept()
        await other

    tell(story)


def test_no_message_waits_for_ever_for_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even where neither Twisted nor the session tells anything."""
    assert ANSWER_S <= 20
    monkeypatch.setattr("gateway.radio.ANSWER_S", 0.01)

    async def story(air: Air) -> None:
        said = await fails(await air.sending(), RadioUnavailable)
        assert "no answer within" in said

    tell(story)


def test_before_the_port_is_open_it_says_so() -> None:
    async def run() -> None:
        reactor: Any = cast("Any", MemoryReactorClock)()
        radio = Radio(with_radio(a_config()), reactor, asyncio.get_running_loop(), reactor.seconds)
        assert "not open" in await fails(radio.send(sms()), RadioUnavailable)

    asyncio.run(run())


def test_a_configuration_without_the_account_is_a_bug() -> None:
    async def run() -> None:
        with pytest.raises(ValueError, match="no account"):
            Radio(a_config(), None, asyncio.get_running_loop(), lambda: 0.0)

    asyncio.run(run())


# -- the stop --------------------------------------------------------------------------------------


def test_at_the_stop_what_waits_is_turned_away_and_what_is_under_way_is_answered_before_the_unbind() -> None:
    async def story(air: Air) -> None:
        under_way = await air.sending()
        air.bind()
        (pdu,) = air.submits()
        air.radio.stop()
        (unbind,) = air.taken()
        assert isinstance(unbind, Unbind)
        assert "stopping" in await fails(air.radio.send(sms()), Busy)
        air.give(SubmitSmResp(pdu.sequence_number, 0, "m"), UnbindResp(unbind.sequence_number))
        assert await under_way == [Answered(0, "m")]
        assert air.transport.disconnecting
        air.lose()
        air.reactor.advance(10)
        assert air.connects == 1

    tell(story)


def test_what_had_gone_out_is_not_called_unsent_when_the_connection_does_not_come_again() -> None:
    """Neither at a stop nor after vain attempts: it may have been accepted."""

    async def story(air: Air) -> None:
        task = await air.sending()
        air.bind()
        air.lose()
        air.reactor.advance(1)
        for _ in range(2):
            air.refuse_connection()
            air.reactor.advance(1)
        assert "whether it was accepted" in await fails(task, RadioUnavailable)
        task = await air.sending()
        air.bind()
        air.radio.stop()
        air.lose()
        assert "whether it was accepted" in await fails(task, RadioUnavailable)

    tell(story)


def test_a_stop_while_it_connects_ends_that_too() -> None:
    async def story(air: Air) -> None:
        task = await air.sending()
        air.radio.stop()
        assert "stopping" in await fails(task, Busy)
        air.connect()
        air.lose()
        air.reactor.advance(10)
        assert air.connects == 1

    tell(story)
