"""From outcomes to messages: a text id becomes a text in the receiver's language, its octets and PDUs.

Language and alphabet are chosen here and nowhere else. The PDUs of an outbox row carry sequence number 0;
the session that sends them puts in its own.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from gateway.account_dialects import AccountDialects
from gateway.coding.alphabet import alphabet_of
from gateway.coding.split import split
from gateway.coding.ussd import Screen
from gateway.coding.ussd import screen as fitted
from gateway.config import Account
from gateway.smpp.codec import encode
from gateway.smpp.constants import Npi, Ton, UssdServiceOp
from gateway.smpp.pdus import Address, DeliverSm
from gateway.smpp.quick import quick
from gateway.texts import Catalog
from gateway.ussd_dialects import Place
from gateway.work import Submit
from handlers.base.command import Origin
from handlers.base.context import Context
from handlers.base.outcome import Letter as MailLetter
from handlers.base.outcome import Outcome, Reply, Text
from handlers.base.profile import Profile
from rating.msisdn import Msisdn, is_canonical
from rating.subscriber import Language
from storage.model import Dialogue, Direction, Message, MessageState, Outbox
from storage.parking_model import Mail
from storage.unit_of_work import UnitOfWork

_US = 1_000_000
_DEFAULT_SENDER = "6000"
#: Between the languages of an e-mail.
_RULE = "\n\n-----\n\n"
#: Before the lane of a message that is tried once and does not wait.
ONCE = "once:"


@quick
@dataclass(frozen=True, slots=True)
class Encoded:
    """A text as PDUs, with what the message store tells about it."""

    pdus: bytes
    encoding: str
    data_coding: int
    parts: int


class UssdScreen(NamedTuple):
    """One screen of a dialogue, rendered and cut to size; ``cause_id`` is the message that it answers."""

    text: str
    text_id: str
    operation: UssdServiceOp
    end: bool
    fallback: str = ""
    cause_id: str = ""


class Renderer:
    """Pure but for the ids that it draws. One per gateway, used in the writer thread."""

    def __init__(self, catalog: Catalog, new_id: Callable[[], str], accounts: Iterable[Account] = ()) -> None:
        self._catalog = catalog
        self._new_id = new_id
        self._dialects = AccountDialects(accounts)

    def reply(self, reply: Reply, work: Submit, uow: UnitOfWork, context: Context) -> tuple[Message, Outbox]:
        """The answer to a subscriber's message, as SMS; screens have a way of their own."""
        to = reply.to or Msisdn(work.source)
        sender = reply.sender or (work.route.code if work.bearer == "sms" else _DEFAULT_SENDER)
        letter = self._letter(reply, to, sender, work.message_id, uow)
        return self._sms(letter, uow, context, reply.expires_us)

    def notice(
        self, reply: Reply, origin: Origin | None, uow: UnitOfWork, context: Context
    ) -> tuple[Message, Outbox]:
        """A message that answers none: after a call of the control API, or from a job."""
        to = reply.to or (origin.msisdn if origin else Msisdn(""))
        cause = origin.source_id if origin else ""
        letter = self._letter(reply, to, reply.sender or _DEFAULT_SENDER, cause, uow)
        return self._sms(letter, uow, context, reply.expires_us)

    def in_place_of(
        self, lost: Message, sender: str, uow: UnitOfWork, context: Context
    ) -> tuple[Message, Outbox]:
        """An SMS with the text of a screen that could not be shown."""
        letter = Letter(
            lost.text, Msisdn(lost.destination), sender, lost.cause_id, lost.language, lost.text_id
        )
        return self._sms(letter, uow, context)

    def onward(self, work: Submit, uow: UnitOfWork, context: Context) -> Outbox:
        """The promise to bring a submitted message to its handset or application."""
        due_us = uow.now_us + (work.schedule_s or 0) * _US
        if work.validity_s is None:
            expires_us = due_us + context.profile.sms_validity_s * _US
        else:
            expires_us = uow.now_us + work.validity_s * _US
        return Outbox(
            message_id=work.message_id,
            lane=ONCE + work.route.lane if work.once else work.route.lane,
            payload=work.payload,
            due_us=due_us,
            expires_us=expires_us,
            receipt_to=work.receipt_to,
        )

    def letter(self, letter: MailLetter, uow: UnitOfWork) -> Mail:
        """An e-mail: the subject in one line, then the text, once in each language."""
        render = self._catalog.render
        return Mail(
            id=letter.id,
            to=letter.to,
            subject=" / ".join(render(letter.subject, each) for each in letter.languages),
            body=_RULE.join(render(letter.body, each) for each in letter.languages),
            created_us=uow.now_us,
        )

    def words(self, msisdn: Msisdn, uow: UnitOfWork) -> Callable[[Text], str]:
        """What turns text ids into sentences in a subscriber's language."""
        language = _language(msisdn, uow)
        return lambda text: self._catalog.render(text, language)

    def screen(
        self, screen: UssdScreen, dialogue: Dialogue, uow: UnitOfWork, context: Context
    ) -> tuple[Message, Outbox]:
        """A screen of the operator's own, at the dialogue's sequence number."""
        to, code = Msisdn(dialogue.msisdn), as_dialled(dialogue.service_code)
        letter = Letter(screen.text, to, code, screen.cause_id, _language(to, uow), screen.text_id)
        shown = fitted(screen.text)
        pdu = self.screen_pdu(dialogue, shown, screen.operation, end=screen.end)
        encoded = Encoded(pdu, alphabet_of(shown.data_coding).value, shown.data_coding, 1)
        message = mt_message(self._new_id(), letter, encoded, uow, bearer="ussd", route=f"handset:{to}")
        return message, to_handset(message.id, pdu, dialogue, uow, context)._replace(fallback=screen.fallback)

    def screen_pdu(self, dialogue: Dialogue, shown: Screen, operation: int, *, end: bool) -> bytes:
        """The ``deliver_sm`` that shows it, in the dialect of the handset's account."""
        place = Place(operation, dialogue.number, dialogue.sequence, end)
        return encode(
            DeliverSm(
                service_type="USSD",
                source=address(as_dialled(dialogue.service_code)),
                destination=address(dialogue.msisdn),
                data_coding=shown.data_coding,
                short_message=shown.short_message,
                tlvs=self._dialects.towards(dialogue.account).tlvs(place),
            )
        )

    # -- SMS and screens ---------------------------------------------------------------------------

    def _letter(self, reply: Reply, to: Msisdn, sender: str, cause_id: str, uow: UnitOfWork) -> "Letter":
        language = _language(to, uow)
        text = self._catalog.render(reply.text, language)
        return Letter(text, to, sender, cause_id, language, reply.text.id)

    def _sms(
        self, letter: "Letter", uow: UnitOfWork, context: Context, expires_us: int = 0
    ) -> tuple[Message, Outbox]:
        """``expires_us`` ends its validity early; a deliver_sm does not say so (SMPP 3.4 section 4.6.1)."""
        message_id = self._new_id()
        encoded = _encode_sms(letter, reference=int(message_id[-2:], 16))
        route = _route(letter.to, uow, context.profile)
        message = mt_message(message_id, letter, encoded, uow, bearer="sms", route=route)
        promise = promise_of(message, uow, context.profile.sms_validity_s)
        if 0 < expires_us < promise.expires_us:
            promise = promise._replace(expires_us=expires_us)
        return message, promise


def as_dialled(service_code: str) -> str:
    """With the ``#`` that ends what is dialled."""
    return service_code if service_code.endswith(("#", "*")) else f"{service_code}#"


def to_handset(message_id: str, pdu: bytes, dialogue: Dialogue, uow: UnitOfWork, context: Context) -> Outbox:
    """The promise to show a screen on the dialogue's session, at once or not at all."""
    return Outbox(
        message_id=message_id,
        lane=f"ussd:{dialogue.msisdn}",
        payload=pdu,
        due_us=uow.now_us,
        expires_us=uow.now_us + context.profile.ussd_dialogue_s * _US,
        bind=dialogue.session_id,
        bearer="ussd",
    )


@quick
@dataclass(frozen=True, slots=True)
class Letter:
    """A text in its language, from whom and to whom, and the message that it answers."""

    text: str
    to: str
    sender: str
    cause_id: str
    language: str = ""
    text_id: str = ""


@lru_cache(maxsize=65_536)
def address(number: str) -> Address:
    """TON and NPI by the look of an address (SMPP 3.4 sections 5.2.5 and 5.2.6)."""
    if is_canonical(number) or (number.isdigit() and len(number) > 8):
        return Address(Ton.INTERNATIONAL, Npi.ISDN, number)
    if number.isdigit() or number.startswith("*"):
        return Address(Ton.NETWORK_SPECIFIC, Npi.UNKNOWN, number)
    return Address(Ton.ALPHANUMERIC, Npi.UNKNOWN, number)


def mo_message(
    work: Submit, uow: UnitOfWork, state: MessageState, *, outcome: Outcome | None = None
) -> Message:
    """The stored form of a submitted message; it holds only what may be kept."""
    return Message(
        id=work.message_id,
        direction=Direction.MO if is_canonical(work.source) else Direction.MT,
        bearer=work.bearer,
        source=work.source,
        destination=work.destination,
        account=work.account,
        route=work.route.lane,
        state=state,
        text=work.text,
        encoding=work.encoding,
        parts=work.parts,
        data_coding=work.data_coding,
        esm_class=work.esm_class,
        pdus=work.pdu,
        created_us=uow.now_us,
        updated_us=uow.now_us,
        wall_us=uow.wall_us,
        outcome=outcome.word if outcome else "",
        journal_seq=outcome.journal_seq if outcome else None,
        registered_delivery=work.registered_delivery,
        service_type=work.service_type,
    )


def mt_message(
    message_id: str,
    letter: Letter,
    encoded: Encoded,
    uow: UnitOfWork,
    *,
    bearer: str,
    route: str,
    esm_class: int = 0,
) -> Message:
    """A message of the operator's own."""
    return Message(
        id=message_id,
        direction=Direction.MT,
        bearer=bearer,
        source=letter.sender,
        destination=letter.to,
        account="",
        route=route,
        state=MessageState.ENROUTE,
        text=letter.text,
        encoding=encoded.encoding,
        parts=encoded.parts,
        data_coding=encoded.data_coding,
        esm_class=esm_class,
        pdus=encoded.pdus,
        created_us=uow.now_us,
        updated_us=uow.now_us,
        wall_us=uow.wall_us,
        language=letter.language,
        text_id=letter.text_id,
        cause_id=letter.cause_id,
    )


def promise_of(message: Message, uow: UnitOfWork, validity_s: int) -> Outbox:
    """The promise to bring it to its receiver."""
    return Outbox(
        message_id=message.id,
        lane=message.route,
        payload=message.pdus,
        due_us=uow.now_us,
        expires_us=uow.now_us + validity_s * _US,
        bearer=message.bearer,
    )


def _route(to: str, uow: UnitOfWork, profile: Profile) -> str:
    """A subscriber's record overrides the prefix (services.md section 0)."""
    on_net = to[1:4] in profile.prefixes or uow.subscribers.get(Msisdn(to)) is not None
    return f"handset:{to}" if on_net else f"offnet:{to}"


def _language(to: Msisdn, uow: UnitOfWork) -> Language:
    subscriber = uow.subscribers.get(to)
    return subscriber.language if subscriber else Language.RU


def _encode_sms(letter: Letter, *, reference: int) -> Encoded:
    encoded = split(letter.text, reference=reference)
    source, destination = address(letter.sender), address(letter.to)
    pdus = b"".join(
        encode(
            DeliverSm(
                source=source,
                destination=destination,
                esm_class=segment.esm_class,
                data_coding=encoded.data_coding,
                short_message=segment.short_message,
            )
        )
        for segment in encoded.segments
    )
    return Encoded(pdus, encoded.alphabet.value, encoded.data_coding, len(encoded.segments))
