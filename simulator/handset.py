"""A mobile telephone on the radio side of the gateway: SMS, USSD, memory, coverage."""

import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from itertools import chain, count, repeat
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from simulator.assembly import Assembler
from simulator.delivery import Delivery
from simulator.dialogue import (
    INCOMING_OPS,
    Dialogue,
    UssdOp,
    abort_info,
    after_screen,
    answering,
    begin,
    ussd_fields,
)
from simulator.errors import BindRefused, GatewayUnreachable, NoAnswer, NotConnected, SubmitFailed
from simulator.events import Event, IncomingSms, LinkDown, LinkUp, UssdNotice, UssdScreen
from simulator.link import Link, open_link
from simulator.number import (
    ADDRESS_OCTETS_MAX,
    NPI_ISDN,
    TON_INTERNATIONAL,
    called_number,
    dialled_string,
    own_number,
)
from simulator.settings import LinkSettings
from simulator.status import ESME_RINVOPTPARAMVAL, ESME_ROK, ESME_RX_R_APPN, ESME_RX_T_APPN
from simulator.target import Target
from simulator.text import decode, segments

if TYPE_CHECKING:
    from concurrent.futures import Future

_SUSPECTS_MAX: Final = 256
_REFERENCES: Final = 0x1_0000
_log: Final = logging.getLogger(__name__)


class Memory(Enum):
    """The handset's message memory; the value is the command_status that it answers an SMS with."""

    NORMAL = ESME_ROK
    FULL = ESME_RX_T_APPN
    REJECT = ESME_RX_R_APPN


class Handset:
    """One telephone. Use it as a context manager, or call ``switch_on`` and ``switch_off``.

    ``on_event`` is called on the handset's own reading thread: it must be quick, must not raise, and must not
    call the sending methods, which wait for an answer that this very thread has to read. The sending methods
    may be called from any other thread; each returns when the gateway has answered.
    ``wait(stop, seconds)`` waits between attempts to come back and returns True once ``stop`` is set.
    """

    def __init__(
        self,
        msisdn: str,
        target: Target,
        on_event: Callable[[Event], None],
        *,
        settings: LinkSettings | None = None,
        wait: Callable[[threading.Event, float], bool] = threading.Event.wait,
        monotonic: Callable[[], float] = time.monotonic,
        memory: Memory = Memory.NORMAL,
        first_reference: int | None = None,
    ) -> None:
        """``first_reference`` (16 bits) numbers the first message sent; by default it is drawn by lot."""
        self.msisdn = own_number(msisdn)
        self.memory = memory
        self._target = target
        self._on_event = on_event
        self._settings = settings or LinkSettings()
        self._wait = wait
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._link: Link | None = None
        self._dialogue: Dialogue | None = None
        self._assembler = Assembler()
        # By lot: to the gateway, equal text under an equal reference is one message that came twice, so two
        # runs of one handset must not begin with the same numbers.
        first = secrets.randbelow(_REFERENCES) if first_reference is None else first_reference
        self._references = count(first)
        self._concat_references = count(first)
        self._dialogue_numbers = count(first)
        #: Bodies that the gateway may send again, because it may not have seen the response.
        self._suspects: deque[bytes] = deque(maxlen=_SUSPECTS_MAX)

    def __enter__(self) -> Self:
        self.switch_on()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.switch_off()

    @property
    def is_on(self) -> bool:
        """Switched on, with or without coverage."""
        return self._thread is not None

    def switch_on(self) -> None:
        """Bind and stay bound: a lost session is taken up again by itself.

        Raises GatewayUnreachable or BindRefused when the first bind fails; the handset is off then.
        """
        self._check_thread()
        if self._thread is not None:
            return
        link, stop = self._open(), threading.Event()
        self._stop, self._link = stop, link
        self._thread = threading.Thread(
            target=self._live, args=(link, stop), name=f"handset-{self.msisdn}", daemon=True
        )
        self._thread.start()

    def switch_off(self) -> None:
        """Unbind and disconnect; from a gateway that hangs, within twice the unbind time-out."""
        self._check_thread()
        thread = self._thread
        if thread is None:
            return
        with self._lock:
            self._stop.set()
            link = self._link
        if link is not None:
            link.unbind()
        thread.join(self._settings.unbind_timeout_s)
        self._thread, self._dialogue = None, None

    def send_sms(self, to: str, text: str) -> tuple[str, ...]:
        """Send a text to a short code or subscriber; the message ids of its segments.

        Raises BadNumber, BadText, NotConnected, SubmitFailed, NoAnswer.
        """
        ton, digits = called_number(to)
        return self._submit(
            *(
                {
                    "dest_addr_ton": ton,
                    "destination_addr": digits,
                    "esm_class": segment.esm_class,
                    "data_coding": segment.data_coding,
                    "short_message": segment.short_message,
                    # A telephone's TP-MR (3GPP TS 23.040 section 9.2.3.6): a text sent again after a lost
                    # session is a new message, not the old one repeated (services.md section 0).
                    "user_message_reference": next(self._references) % _REFERENCES,
                }
                for segment in segments(text, next(self._concat_references))
            )
        )

    def dial(self, code: str) -> None:
        """Begin a USSD dialogue: ``*100#``. Its screens come as events.

        Raises BadNumber, BadText, NotConnected, SubmitFailed, NoAnswer.
        """
        dialled = dialled_string(code)
        peer = dialled if len(dialled) <= ADDRESS_OCTETS_MAX else ""
        dialogue = begin(next(self._dialogue_numbers), peer)
        self._say(UssdOp.PSSR_INDICATION, dialogue, dialogue, dialled, dialogue.session_info)

    def answer(self, text: str) -> None:
        """Answer the open USSD screen. Raises NoDialogue, BadText, NotConnected, SubmitFailed, NoAnswer."""
        dialogue = answering(self._dialogue)
        self._say(UssdOp.USSR_CONFIRM, dialogue, dialogue, text, dialogue.session_info)

    def abort(self) -> None:
        """End the USSD dialogue without an answer.

        Raises NoDialogue, NotConnected, SubmitFailed, NoAnswer.
        """
        dialogue = self._dialogue
        info = abort_info(dialogue)
        if dialogue is not None:
            self._say(UssdOp.USSR_CONFIRM, dialogue, None, "", info)

    def status_for(self, delivery: Delivery) -> int:
        """The command_status to answer with. USSD needs no memory; an SMS does."""
        if delivery.is_ussd:
            return ESME_ROK if delivery.ussd_service_op in INCOMING_OPS else ESME_RINVOPTPARAMVAL
        return self.memory.value

    def take(self, delivery: Delivery) -> None:
        """Show a delivery, unless it is one that came before and whose response was lost."""
        if delivery.body in self._suspects:
            self._suspects.remove(delivery.body)
        elif delivery.is_ussd:
            self._take_ussd(delivery)
        else:
            text = self._assembler.add(delivery)
            if text is not None:
                self._emit(IncomingSms(delivery.source, text))

    def _take_ussd(self, delivery: Delivery) -> None:
        text = decode(delivery.data_coding, delivery.payload)
        if delivery.ussd_service_op == UssdOp.USSN_REQUEST:
            self._confirm_notice(delivery)
            self._emit(UssdNotice(text))
            return
        dialogue = after_screen(delivery)
        self._dialogue = dialogue
        self._emit(UssdScreen(text, wants_answer=dialogue is not None))

    def _confirm_notice(self, delivery: Delivery) -> None:
        """What a telephone does by itself once a notice is on its screen. Nobody waits for the answer."""
        link = self._link
        if link is not None:
            fields = ussd_fields(UssdOp.USSN_CONFIRM, delivery.source, "", delivery.its_session_info)
            with suppress(NotConnected):
                link.request("submit_sm", **self._source_fields(), **fields)

    def _say(
        self, op: UssdOp, to: Dialogue, after: Dialogue | None, text: str, session_info: int | None
    ) -> None:
        """Send one USSD operation. ``after`` is the dialogue then; a refusal leaves the one before."""
        fields = ussd_fields(op, to.peer, text, session_info)
        # Before sending: the next screen may come on the reading thread before the response is seen here.
        before, self._dialogue = self._dialogue, after
        try:
            self._submit(fields)
        except (NotConnected, SubmitFailed):
            self._dialogue = before
            raise

    def _submit(self, *requests: dict[str, Any]) -> tuple[str, ...]:
        self._check_thread()
        link = self._link
        if link is None:
            raise NotConnected(
                "the handset is out of coverage" if self.is_on else "the handset is switched off"
            )
        # From now on an equal message can be a new one: it may be the answer to this request.
        self._suspects.clear()
        futures = [link.request("submit_sm", **self._source_fields(), **fields) for fields in requests]
        return tuple(self._result(future) for future in futures)

    def _result(self, future: "Future[str]") -> str:
        try:
            return future.result(self._settings.response_timeout_s)
        except TimeoutError:
            raise NoAnswer("the gateway did not answer in time") from None

    def _source_fields(self) -> dict[str, Any]:
        return {
            "source_addr_ton": TON_INTERNATIONAL,
            "source_addr_npi": NPI_ISDN,
            "source_addr": self.msisdn,
            "dest_addr_npi": NPI_ISDN,
        }

    def _check_thread(self) -> None:
        if threading.current_thread() is self._thread:
            raise RuntimeError(
                "on_event may not call methods that wait for the gateway: it would wait for itself"
            )

    def _open(self) -> Link:
        return open_link(self.msisdn, self._target, self, self._settings, self._monotonic)

    def _live(self, link: Link | None, stop: threading.Event) -> None:
        """The reading thread: one link after the other until the handset is switched off."""
        while link is not None:
            reason = link.run()
            with self._lock:
                if self._link is link:
                    self._link = None
            self._suspects.extend(link.unproven)
            if stop.is_set():
                return
            self._emit(LinkDown(reason))
            link = self._come_back(stop)

    def _come_back(self, stop: threading.Event) -> Link | None:
        pauses = self._settings.backoff_s
        for pause in chain(pauses, repeat(pauses[-1])):
            if self._wait(stop, pause):
                return None
            with suppress(GatewayUnreachable, BindRefused):
                return self._adopt(self._open(), stop)
        return None

    def _adopt(self, link: Link, stop: threading.Event) -> Link:
        with self._lock:
            if stop.is_set():
                link.abandon("switched off")
                return link
            self._link = link
        self._emit(LinkUp())
        return link

    def _emit(self, event: Event) -> None:
        try:
            self._on_event(event)
        except Exception:  # noqa: BLE001  # the owner's mistake must not switch the handset off
            # The event's text stays out of the log.
            _log.exception("on_event failed for a %s", type(event).__name__)
