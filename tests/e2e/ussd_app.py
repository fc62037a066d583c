"""A USSD application as a test steps through it: smpplib on the wire, one operation at a time.

smpplib reads only while a call waits for something, so what comes is answered then.
"""

from collections import deque
from typing import Any, NamedTuple, Self

from smpplib import consts  # type: ignore[import-untyped]  # smpplib has no annotations

from gateway.smpp.constants import CommandStatus, UssdServiceOp
from simulator.events import UssdScreen
from simulator.smpplib_shim import Client, parse
from tests.e2e.control_api import ControlApi
from tests.e2e.waiting import PATIENCE_S, until

EN, RU, KK = "77781234567", "77011234567", "77021234567"
#: What an application says, and what it hears.
ASK, NOTICE, LAST = UssdServiceOp.USSR_REQUEST, UssdServiceOp.USSN_REQUEST, UssdServiceOp.PSSR_RESPONSE
DIALLED, ANSWERED, CONFIRMED = (
    UssdServiceOp.PSSR_INDICATION,
    UssdServiceOp.USSR_CONFIRM,
    UssdServiceOp.USSN_CONFIRM,
)
OK, BUSY, REFUSED = (
    CommandStatus.ESME_ROK,
    CommandStatus.ESME_RSUBMITFAIL,
    CommandStatus.ESME_RINVOPTPARAMVAL,
)
#: Message centre, no response in time; GSM, absentSubscriberSM (receipts.md).
NO_RESPONSE, ABSENT = b"\x08\x00\x62", b"\x03\x00\x06"
#: A dialogue without an answer ends then, on the operator's clock.
GUARD_S = 60
#: The last screen when an application does not answer.
SORRY = {
    EN: "The service does not answer now. Please try again later.",
    RU: "Услуга сейчас не отвечает. Попробуйте, пожалуйста, позже.",
    KK: "Қызмет қазір жауап бермейді. Кейінірек қайталап көріңіз.",
}
_UCS2 = 8
_END_BIT = 1


class Asked(NamedTuple):
    """A deliver_sm of a dialogue. ``info`` is its_session_info, ``network_error`` as on the wire."""

    msisdn: str
    code: str
    operation: int
    text: str
    info: int
    network_error: bytes | None

    @property
    def number(self) -> int:
        """The dialogue's."""
        return self.info >> 8

    @property
    def sequence(self) -> int:
        """That of this step."""
        return (self.info & 0xFF) >> 1

    @property
    def ends(self) -> bool:
        """The end bit."""
        return bool(self.info & _END_BIT)

    @property
    def lets_go(self) -> bool:
        """That the dialogue is over, and nothing else."""
        return self.ends and not self.text


class UssdApp:
    """One transceiver session. ``status`` is what deliveries are answered with."""

    def __init__(self, port: int, system_id: str = "app1", password: str = "secret1") -> None:
        self.status: int = OK
        self._asked: deque[Asked] = deque()
        self._statuses: dict[int, int] = {}
        self._client = _Client("127.0.0.1", port, PATIENCE_S)
        self._client.connect()
        self._client.set_message_received_handler(self._received)
        self._client.set_message_sent_handler(self._answered)
        self._client.set_error_pdu_handler(lambda _: None)
        self._client.bind_transceiver(system_id=system_id, password=password)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._client.close()

    def unbind(self) -> None:
        """Say goodbye, and hang up."""
        self._client.unbind()
        self.close()

    def asked(self) -> Asked:
        """The next operation of a handset. Raises LinkEnded when none comes."""
        while not self._asked:
            self._client.read_once()
        return self._asked.popleft()

    def show(self, to: Asked, text: str, operation: int = LAST, *, end: bool = False, **fields: Any) -> int:
        """Answer an operation, echoing its its_session_info; the command_status of the response."""
        info = to.info | end
        return self.say(to.msisdn, text, operation, **({"its_session_info": info} | fields))

    def say(self, msisdn: str, text: str, operation: int, **fields: Any) -> int:
        """A screen or a notice; the command_status of the response."""
        coding, octets = (0, text.encode()) if text.isascii() else (_UCS2, text.encode("utf-16-be"))
        sent = self._client.send_message(
            **{
                "service_type": "USSD",
                "source_addr": "*500#",
                "destination_addr": msisdn,
                "data_coding": coding,
                "short_message": octets,
                "ussd_service_op": int(operation),
            }
            | fields
        )
        while sent.sequence not in self._statuses:
            self._client.read_once()
        return self._statuses.pop(sent.sequence)

    def _received(self, pdu: Any) -> int:
        text = (pdu.short_message or b"").decode("utf-16-be" if pdu.data_coding == _UCS2 else "ascii")
        self._asked.append(
            Asked(
                pdu.source_addr.decode(),
                pdu.destination_addr.decode(),
                pdu.ussd_service_op,
                text,
                pdu.its_session_info,
                pdu.network_error_code,
            )
        )
        return self.status

    def _answered(self, pdu: Any) -> None:
        self._statuses[pdu.sequence] = pdu.status


class _Client(Client):
    """smpplib's own reading, with deliver_sm as USSD has it."""

    def read_pdu(self) -> Any:
        pdu = parse(self.read_frame())
        if not pdu.is_error():
            self.state = consts.STATE_SETTERS.get(pdu.command, self.state)
        return pdu


def sorry(msisdn: str) -> UssdScreen:
    """What a handset sees when its application does not answer."""
    return UssdScreen(SORRY[msisdn], wants_answer=False)


def newest_dialogue(api: ControlApi, msisdn: str = EN) -> dict[str, Any]:
    """As the control API shows it."""
    found: dict[str, Any] = api.get("/dialogues", msisdn=msisdn)[0]
    return found


def ending(api: ControlApi, msisdn: str = EN) -> str:
    """How the newest dialogue ended, once it has."""
    return str(until(lambda: newest_dialogue(api, msisdn)["ending"], "the dialogue has ended"))
