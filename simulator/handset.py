"""A mobile telephone on the radio side of the gateway: SMS, USSD, receipts, memory, coverage."""

import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import chain, count, repeat
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from simulator.acknowledging import Acknowledger
from simulator.assembly import Assembler
from simulator.condition import TAKEN, Answer, Condition
from simulator.delivery import Delivery
from simulator.dialogue import INCOMING_OPS
from simulator.errors import BindRefused, GatewayUnreachable, NoAnswer, NotConnected
from simulator.events import Event, IncomingSms, LinkDown, LinkUp
from simulator.link import Link, open_link
from simulator.number import NPI_ISDN, TON_INTERNATIONAL, called_number, own_number
from simulator.report import read_report
from simulator.sent import SentBox, SentMessage
from simulator.settings import LinkSettings
from simulator.status import ESME_RINVOPTPARAMVAL
from simulator.target import Target
from simulator.text import segments
from simulator.ussd import Ussd

if TYPE_CHECKING:
    from concurrent.futures import Future

_SUSPECTS_MAX: Final = 256
_REFERENCES: Final = 0x1_0000
_OUT_OF_COVERAGE: Final = "the handset is out of coverage"
_log: Final = logging.getLogger(__name__)


class Handset:
    """One telephone. Use it as a context manager, or call ``switch_on`` and ``switch_off``.

    ``on_event`` is called on the handset's own reading thread: it must be quick, must not raise, and must not
    call the sending methods, which wait for an answer that this very thread has to read. The sending methods
    may be called from any other thread; each returns when the gateway has answered.
    ``condition`` says what it takes, ``registered_delivery`` which receipts it asks for with each message
    (SMPP 3.4 section 5.2.17), ``reads_at_once`` whether a message counts as read once it is shown. All three
    may be changed at any time.
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
        reads_at_once: bool = False,
        first_reference: int | None = None,
    ) -> None:
        """``first_reference`` (16 bits) numbers the first message sent; by default it is drawn by lot."""
        self.msisdn = own_number(msisdn)
        self.condition = Condition()
        self.registered_delivery = 0
        self.reads_at_once = reads_at_once
        self._target = target
        self._on_event = on_event
        self._settings = settings or LinkSettings()
        self._wait = wait
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._link: Link | None = None
        self._assembler = Assembler()
        self._sent = SentBox()
        self._acknowledger = Acknowledger(self._post)
        # By lot: to the gateway, equal text under an equal reference is one message that came twice, so two
        # runs of one handset must not begin with the same numbers.
        first = secrets.randbelow(_REFERENCES) if first_reference is None else first_reference
        self._references = count(first)
        self._concat_references = count(first)
        self._ussd = Ussd(self._submit_one, self._post, self._emit, count(first))
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
        self._thread = None
        self._ussd.forget()

    def check_radio(self) -> None:
        """Raises NotConnected where it is switched off, or out of coverage by its condition."""
        if not self.is_on:
            raise NotConnected("the handset is switched off")
        if not self.condition.in_coverage:
            raise NotConnected(_OUT_OF_COVERAGE)

    def send_sms(self, to: str, text: str) -> tuple[str, ...]:
        """Send a text to a short code or subscriber; the message ids of its segments.

        Raises BadNumber, BadText, NotConnected, SubmitFailed, NoAnswer.
        """
        ton, digits = called_number(to)
        parts = segments(text, next(self._concat_references))
        # A telephone's TP-MR (3GPP TS 23.040 section 9.2.3.6): a text sent again after a lost session is a
        # new message, not the old one repeated (services.md section 0).
        references = [next(self._references) % _REFERENCES for _ in parts]
        link, settled = self._sending_link(), self._sent.begin(digits, text, references)
        futures = [
            link.request(
                "submit_sm",
                partial(settled, reference),
                **self._source_fields(),
                dest_addr_ton=ton,
                destination_addr=digits,
                esm_class=segment.esm_class,
                registered_delivery=self.registered_delivery,
                data_coding=segment.data_coding,
                short_message=segment.short_message,
                user_message_reference=reference,
            )
            for reference, segment in zip(references, parts, strict=True)
        ]
        return tuple(self._result(future) for future in futures)

    @property
    def sent(self) -> list[SentMessage]:
        """The last messages sent, oldest first, with what receipts and acknowledgements said of them."""
        return self._sent.messages

    def read(self) -> int:
        """Read what is on the screen: senders that asked for it hear so. The number of acknowledgements.

        Raises NotConnected, SubmitFailed, NoAnswer.
        """
        self._sending_link()
        return len([self._result(future) for future in self._acknowledger.read()])

    def dial(self, code: str) -> None:
        """Begin a USSD dialogue: ``*100#``. Its screens come as events.

        Raises BadNumber, BadText, NotConnected, SubmitFailed, NoAnswer.
        """
        self._ussd.dial(code)

    def answer(self, text: str) -> None:
        """Answer the open USSD screen. Raises NoDialogue, BadText, NotConnected, SubmitFailed, NoAnswer."""
        self._ussd.answer(text)

    def abort(self) -> None:
        """End the USSD dialogue without an answer.

        Raises NoDialogue, NotConnected, SubmitFailed, NoAnswer.
        """
        self._ussd.abort()

    def answer_to(self, delivery: Delivery) -> Answer:
        """What to answer a delivery with."""
        answer = self.condition.answer_to(delivery, known=delivery.body in self._suspects)
        if answer is TAKEN and delivery.is_ussd and delivery.ussd_service_op not in INCOMING_OPS:
            return Answer(ESME_RINVOPTPARAMVAL)
        return answer

    def take(self, delivery: Delivery) -> None:
        """Show a delivery, unless it is one that came before and whose response was lost."""
        if delivery.body in self._suspects:
            self._suspects.remove(delivery.body)
        elif delivery.is_ussd:
            self._ussd.take(delivery)
        elif delivery.is_report:
            self._take_report(delivery)
        else:
            self._take_sms(delivery)

    def _take_report(self, delivery: Delivery) -> None:
        report = read_report(delivery)
        changed = None if report is None else self._sent.take(report, delivery.source)
        if changed is not None:
            self._emit(changed)

    def _take_sms(self, delivery: Delivery) -> None:
        whole = self._assembler.add(delivery)
        if whole is None:
            return
        wanted = self._acknowledger.shown(whole)
        if self.reads_at_once:
            # Before the owner hears of it, who may switch the handset off then. Without a session it stays
            # unread, until the next message is shown.
            wanted = False
            with suppress(NotConnected):
                self._acknowledger.read()
        self._emit(IncomingSms(delivery.source, whole.text, whole.is_flash, whole.port, wanted))

    def _submit_one(self, fields: dict[str, Any]) -> str:
        future = self._sending_link().request("submit_sm", **{**self._source_fields(), **fields})
        return self._result(future)

    def _post(self, fields: dict[str, Any]) -> "Future[str]":
        """Send without waiting for the answer, also on the reading thread. Raises NotConnected."""
        link = self._link
        if link is None:
            raise NotConnected("the handset has no session")
        return link.request("submit_sm", **{**self._source_fields(), **fields})

    def _sending_link(self) -> Link:
        """The session for a message of the owner's. Raises NotConnected."""
        self._check_thread()
        link = self._link
        self.check_radio()
        if link is None:
            raise NotConnected(_OUT_OF_COVERAGE)
        # From now on an equal message can be a new one: it may be the answer to this request.
        self._suspects.clear()
        return link

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
