"""An HTTP application between a test that plays the gateway and a test that plays the application."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, cast

from twisted.internet.error import ConnectError, ConnectionDone
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure

from gateway.coding.alphabet import DATA_CODING, Alphabet
from gateway.coding.alphabet import encode as encoded_text
from gateway.config import Side, UssdHttp
from gateway.own_account import own_account
from gateway.smpp.codec import decode, encode
from gateway.smpp.constants import CommandStatus, UssdServiceOp
from gateway.smpp.framer import Framer
from gateway.smpp.pdus import (
    Address,
    BindTransceiver,
    BindTransceiverResp,
    DeliverSm,
    DeliverSmResp,
    Pdu,
    SubmitSm,
)
from gateway.smpp.tlv import Tag, Tlv
from gateway.ussd_http_link import Adapter
from gateway.ussd_http_session import Answer, Failed

HANDSET = "77011234567"
ENTRY = UssdHttp(name="shop", url="http://127.0.0.1:9/", codes=("*501",))
NO_SCREEN = CommandStatus.ESME_RX_T_APPN
MENU = Answer(last=False, text="Menu")
BYE = Answer(last=True, text="Bye")


class Transport(StringTransport):
    """A string transport that has what TCP has besides."""

    def setTcpNoDelay(self, enabled: bool) -> None:  # noqa: N802 - Twisted's shape
        assert enabled


class Asked:
    """One request that the application has got."""

    def __init__(self, form: Mapping[str, str]) -> None:
        self.form = form
        self.answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()


class Application:
    """Answers when the test says so. Implements gateway.ussd_http_link.Client."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.closed = False

    async def ask(self, form: Mapping[str, str], /) -> Answer:
        self.asked.append(Asked(form))
        return await self.asked[-1].answer

    async def close(self) -> None:
        self.closed = True


class Stand:
    """The adapter between an application and the SMSC at the other end of its connections."""

    def __init__(self) -> None:
        # Twisted's test reactor, transport and Failure have no types.
        self.reactor: Any = cast("Any", MemoryReactorClock)()
        self.application = Application()
        self.account = own_account("shop", Side.APPLICATION, "127.0.0.1", ussd_codes=("*501",), window=8)
        ids = iter(range(1_000))
        self.adapter = Adapter(
            ENTRY,
            self.application,
            self.account,
            self.reactor,
            asyncio.get_running_loop(),
            self.reactor.seconds,
            lambda: f"id{next(ids)}",
        )
        self.tried = 0
        self.link: Any = None
        self.transport: Any = None
        self._framer = Framer()
        self.adapter.start("127.0.0.1", 2775, self._has_tried)

    def _has_tried(self) -> None:
        self.tried += 1

    @property
    def connects(self) -> int:
        return len(self.reactor.tcpClients)

    def connect(self) -> BindTransceiver:
        """Let the last attempt succeed; the bind that comes."""
        _, _, factory, *_ = self.reactor.tcpClients[-1]
        self.link = factory.buildProtocol(None)
        self.transport = cast("Any", Transport)()
        self._framer = Framer()
        self.link.makeConnection(self.transport)
        (bind,) = self.taken()
        assert isinstance(bind, BindTransceiver)
        return bind

    def bind(self) -> None:
        self.give(BindTransceiverResp(self.connect().sequence_number, 0, "shortcode"))

    def refuse_connection(self) -> None:
        _, _, factory, *_ = self.reactor.tcpClients[-1]
        factory.clientConnectionFailed(None, cast("Any", Failure)(cast("Any", ConnectError)()))

    def lose(self) -> None:
        self.link.connectionLost(cast("Any", Failure)(ConnectionDone()))

    def give(self, *pdus: Pdu) -> None:
        self.link.dataReceived(b"".join(encode(pdu) for pdu in pdus))

    async def deliver(self, pdu: DeliverSm) -> None:
        self.give(pdu)
        await self.settle()

    async def settle(self) -> None:
        """Let the tasks of the adapter run as far as they get by themselves."""
        for _ in range(8):
            await asyncio.sleep(0)

    async def answer(self, answer: Answer | Failed, number: int = -1) -> list[Pdu]:
        """The application answers a request (the last one); what goes to the SMSC then."""
        future = self.application.asked[number].answer
        if isinstance(answer, Failed):
            future.set_exception(answer)
        else:
            future.set_result(answer)
        await self.settle()
        return self.taken()

    def taken(self) -> list[Pdu]:
        """What has gone to the SMSC since the last time."""
        frames = self._framer.feed(self.transport.value())
        self.transport.clear()
        return [decode(frame) for frame in frames]


Story = Callable[[Stand], Coroutine[Any, Any, None]]


def tell(story: Story, *, bound: bool = True) -> None:
    """Run a story in a loop of its own."""

    async def run() -> None:
        stand = Stand()
        if bound:
            stand.bind()
        await story(stand)

    asyncio.run(run())


def deliver(
    text: str,
    operation: int = UssdServiceOp.PSSR_INDICATION,
    info: tuple[int, int] = (7, 0),
    sequence_number: int = 1,
    source: str = HANDSET,
) -> DeliverSm:
    """A deliver_sm; ``info`` is dialogue number and second octet (sequence << 1 | end bit)."""
    alphabet = Alphabet.GSM7 if text.isascii() else Alphabet.UCS2
    return DeliverSm(
        sequence_number,
        "USSD",
        Address(1, 1, source),
        Address(3, 0, "*501#"),
        data_coding=DATA_CODING[alphabet],
        short_message=encoded_text(alphabet, text),
        tlvs=(Tlv(Tag.USSD_SERVICE_OP, operation), Tlv(Tag.ITS_SESSION_INFO, bytes(info))),
    )


def answered(text: str, info: tuple[int, int], sequence_number: int = 2) -> DeliverSm:
    return deliver(text, UssdServiceOp.USSR_CONFIRM, info, sequence_number)


def submits(pdus: list[Pdu]) -> list[SubmitSm]:
    return [pdu for pdu in pdus if isinstance(pdu, SubmitSm)]


def responses(pdus: list[Pdu]) -> list[int]:
    """The statuses of the deliver_sm_resp among them."""
    return [pdu.command_status for pdu in pdus if isinstance(pdu, DeliverSmResp)]
