"""From ``submit_sm`` to a Submit: source checked, body decoded, routed, parsed, masked.

Pure but for the ids that it draws, and without the store: what is refused here costs the writer nothing.
Refusals in their order: source address, service_type and operation, validity and schedule, body, destination.
"""

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gateway.binds import Bind
from gateway.coding.alphabet import Binary, alphabet_of, decode
from gateway.coding.errors import CodingError, UnknownDataCodingError
from gateway.coding.part import Part
from gateway.config import Side
from gateway.parts import part_of
from gateway.redaction import mask_octets, mask_pdu, mask_text
from gateway.rendering import address
from gateway.repeats import session_source
from gateway.routing import UNKNOWN, Route, RouteKind, Routes
from gateway.smpp.codec import encode
from gateway.smpp.constants import CommandStatus, EsmClass, UssdServiceOp
from gateway.smpp.pdus import DeliverSm, SubmitSm
from gateway.smpp.tlv import Tag
from gateway.validity import InvalidTime, validity_s
from gateway.work import InboxKey, Submit, UssdTurn
from handlers.base.bus import Bus
from handlers.base.command import Channel, Command, Origin
from handlers.base.grammar import Usage, parse_dial
from rating.msisdn import InvalidMsisdn, Msisdn, parse_msisdn

_USSD = "USSD"
_PASSED_ON = EsmClass.UDHI | EsmClass.REPLY_PATH
_SOURCES_MAX = 100_000
#: Bits of registered_delivery that ask for an SMSC receipt (SMPP 3.4 section 5.2.17).
_RECEIPT = 3


class Rejected(Exception):
    """The submit is answered with ``status``; ``reason`` is for the log."""

    def __init__(self, status: CommandStatus, reason: str) -> None:
        self.status = status
        self.reason = reason
        super().__init__(f"{status.name}: {reason}")


@dataclass(frozen=True, slots=True)
class _Content:
    """What the body says: ``text`` is None for content without an alphabet that we read."""

    text: str | None
    encoding: str
    part: Part


@dataclass(frozen=True, slots=True)
class _Incoming:
    """A submit whose source is known and whose body is read."""

    bind: Bind
    source: str
    pdu: SubmitSm
    frame: bytes
    content: _Content


class Inbound:
    """One per gateway, used in the reactor."""

    def __init__(
        self,
        routes: Routes,
        bus: Bus,
        digest: Callable[[str], bytes],
        new_id: Callable[[], str],
        now_us: Callable[[], int],
    ) -> None:
        self._routes = routes
        self._bus = bus
        self._digest = digest
        self._new_id = new_id
        self._now_us = now_us

    def read(self, bind: Bind, pdu: SubmitSm, frame: bytes) -> Submit:
        """The Submit that a PDU asks for. Raises Rejected."""
        if bind.account.side is Side.HANDSET:
            return self._from_handset(bind, pdu, frame)
        return self._from_application(bind, pdu, frame)

    # -- the two sides -----------------------------------------------------------------------------

    def _from_handset(self, bind: Bind, pdu: SubmitSm, frame: bytes) -> Submit:
        msisdn = self._own_msisdn(bind, pdu.source.addr)
        operation = pdu.tlv(Tag.USSD_SERVICE_OP)
        if pdu.service_type == _USSD or operation is not None:
            if operation not in (UssdServiceOp.PSSR_INDICATION, None):
                raise Rejected(CommandStatus.ESME_RINVOPTPARAMVAL, "no dialogue waits for an answer")
            return self._dialled(_Incoming(bind, msisdn, pdu, frame, _content(pdu, msisdn)))
        validity = self._validity(pdu)
        incoming = _Incoming(bind, msisdn, pdu, frame, _content(pdu, msisdn))
        route = self._routes.sms(pdu.destination.addr)
        if route.kind is RouteKind.UNKNOWN:
            raise Rejected(CommandStatus.ESME_RINVDSTADR, f"nobody owns {_shown(pdu.destination.addr)}")
        if route.kind is RouteKind.SERVICE:
            return self._to_service(incoming, route)
        return self._onward(incoming, route, validity)

    def _from_application(self, bind: Bind, pdu: SubmitSm, frame: bytes) -> Submit:
        account = bind.account
        source = pdu.source.addr or account.default_source
        if not source or not account.owns(source):
            raise Rejected(CommandStatus.ESME_RINVSRCADR, f"{account.system_id} does not own {source!r}")
        if pdu.service_type == _USSD or pdu.tlv(Tag.USSD_SERVICE_OP) is not None:
            raise Rejected(CommandStatus.ESME_RINVSERTYP, "USSD for applications is not connected yet")
        validity = self._validity(pdu)
        incoming = _Incoming(bind, source, pdu, frame, _content(pdu, source))
        route = self._routes.sms(pdu.destination.addr)
        if route.kind not in (RouteKind.HANDSET, RouteKind.OFFNET):
            raise Rejected(CommandStatus.ESME_RINVDSTADR, f"{_shown(pdu.destination.addr)} is no subscriber")
        return self._onward(incoming, route, validity)

    def _own_msisdn(self, bind: Bind, source: str) -> str:
        """The canonical source, if the bind serves it; each address is looked at once per session."""
        if source not in bind.sources:
            if len(bind.sources) >= _SOURCES_MAX:
                bind.sources.clear()
            bind.sources[source] = _in_range(bind, source)
        msisdn = bind.sources[source]
        if msisdn is None:
            raise Rejected(CommandStatus.ESME_RINVSRCADR, f"{source!r} is not a number of this bind")
        return msisdn

    def _validity(self, pdu: SubmitSm) -> int | None:
        if pdu.schedule_delivery_time:
            raise Rejected(CommandStatus.ESME_RINVSCHED, "scheduled delivery is not connected yet")
        try:
            return validity_s(pdu.validity_period, self._now_us())
        except InvalidTime as error:
            raise Rejected(CommandStatus.ESME_RINVEXPIRY, str(error)) from error

    # -- what becomes of it ------------------------------------------------------------------------

    def _to_service(self, incoming: _Incoming, route: Route) -> Submit:
        text, part = incoming.content.text, incoming.content.part
        message_id = self._new_id()
        if part.total > 1:
            part = dataclasses.replace(part, token=message_id)
            submit = self._submit(incoming, route, message_id, secret_digits=self._is_secret(route))
            return dataclasses.replace(submit, part=part, payload=incoming.frame)
        if text is None:
            raise Rejected(CommandStatus.ESME_RINVDCS, "a service reads text only")
        origin = _origin(incoming, route, message_id, Channel.SMS)
        asked = self._bus.parse_sms(route.target, origin, text)
        return self._submit(incoming, route, message_id, secret_digits=self._is_secret(route), asked=asked)

    def _dialled(self, incoming: _Incoming) -> Submit:
        typed = incoming.content.text or incoming.pdu.destination.addr
        incoming = dataclasses.replace(incoming, content=dataclasses.replace(incoming.content, text=typed))
        message_id = self._new_id()
        dial = parse_dial(typed)
        route = self._routes.ussd(dial.segments) if dial else UNKNOWN
        served = dial is not None and route.kind is RouteKind.SERVICE
        # What nobody serves is answered by a screen too, so its route is a service without a name.
        route = route if served else Route(RouteKind.SERVICE)
        asked: Command | Usage | None = None
        if dial is not None and served:
            words = dial.segments[route.code.count("*") :]
            origin = _origin(incoming, route, message_id, Channel.USSD)
            asked = self._bus.parse_ussd(route.target, origin, words)
        secret_digits = served and self._is_secret(route)
        submit = self._submit(incoming, route, message_id, secret_digits=secret_digits, asked=asked)
        shown = mask_text(f"{dial.service_code}#", secret_digits=True) if dial else "*"
        return dataclasses.replace(submit, bearer="ussd", turn=_turn(incoming.pdu), destination=shown)

    def _is_secret(self, route: Route) -> bool:
        return self._bus.services[route.target].secret_digits

    def _onward(self, incoming: _Incoming, route: Route, validity: int | None) -> Submit:
        pdu, account = incoming.pdu, incoming.bind.account
        destination = pdu.destination.addr if route.kind is RouteKind.ACCOUNT else route.target
        delivered = DeliverSm(
            service_type=pdu.service_type,
            source=address(incoming.source),
            destination=address(destination),
            esm_class=pdu.esm_class & _PASSED_ON,
            protocol_id=pdu.protocol_id,
            priority_flag=pdu.priority_flag,
            data_coding=pdu.data_coding,
            short_message=pdu.short_message,
            tlvs=pdu.tlvs,
        )
        wants_receipt = account.side is Side.APPLICATION and pdu.registered_delivery & _RECEIPT
        return dataclasses.replace(
            self._submit(incoming, route, self._new_id(), secret_digits=False),
            destination=destination,
            payload=encode(delivered),
            validity_s=validity,
            registered_delivery=pdu.registered_delivery if wants_receipt else 0,
            receipt_to=account.system_id if wants_receipt else "",
        )

    def _submit(
        self,
        incoming: _Incoming,
        route: Route,
        message_id: str,
        *,
        secret_digits: bool,
        asked: Command | Usage | None = None,
    ) -> Submit:
        pdu, content = incoming.pdu, incoming.content
        kept_text, kept_pdu = _kept(incoming, secret_digits=secret_digits)
        return Submit(
            session_id=incoming.bind.session_id,
            message_id=message_id,
            inbox=self._inbox_key(incoming),
            account=incoming.bind.account.system_id,
            source=incoming.source,
            destination=pdu.destination.addr,
            route=route,
            bearer="sms",
            text=kept_text,
            pdu=kept_pdu,
            encoding=content.encoding,
            data_coding=pdu.data_coding,
            esm_class=pdu.esm_class,
            asked=asked,
        )

    def _inbox_key(self, incoming: _Incoming) -> InboxKey:
        """A client's own reference names the command, else its sequence number on this session.

        The reference has 16 bits and wraps, and parts of one message share it: so the content's digest is
        part of the key. The digest is keyed, because the content may be a voucher's code.
        """
        bind, pdu = incoming.bind, incoming.pdu
        account = bind.account.system_id
        digest = self._digest(f"{account}\0" + incoming.frame[16:].decode("latin-1"))
        content = digest[:8].hex()
        reference = pdu.tlv_int(Tag.USER_MESSAGE_REFERENCE)
        if reference is not None:
            return InboxKey(f"smpp-reference:{account}", f"{incoming.source}:{reference}:{content}", digest)
        return InboxKey(session_source(bind.session_id), f"{pdu.sequence_number}:{content}", digest)


def _origin(incoming: _Incoming, route: Route, message_id: str, channel: Channel) -> Origin:
    return Origin(
        msisdn=Msisdn(incoming.source), channel=channel, service_code=route.code, source_id=message_id
    )


def _shown(addr: str) -> str:
    """An address for the log: a dialled string sent as an SMS may hold a code."""
    return repr(mask_text(addr, secret_digits=True))


def _in_range(bind: Bind, source: str) -> str | None:
    try:
        msisdn = parse_msisdn(source)
    except InvalidMsisdn:
        return None
    return msisdn if bind.address_range.serves(msisdn) else None


def _content(pdu: SubmitSm, source: str) -> _Content:
    """Decode the body. Raises Rejected for one that cannot be read as what it says it is."""
    payload = pdu.tlv(Tag.MESSAGE_PAYLOAD)
    if payload is not None and pdu.short_message:
        raise Rejected(CommandStatus.ESME_RINVMSGLEN, "both short_message and message_payload")
    try:
        part = part_of(pdu, source)
        text = _text(part)
    except UnknownDataCodingError as error:
        raise Rejected(CommandStatus.ESME_RINVDCS, str(error)) from error
    except CodingError as error:
        raise Rejected(CommandStatus.ESME_RINVMSGLEN, str(error)) from error
    return _Content(text, alphabet_of(pdu.data_coding).value, part)


def _text(part: Part) -> str | None:
    """The text of a segment; a sender may cut a character in two, which only the joined text puts right."""
    try:
        decoded = decode(part.data_coding, part.octets)
    except UnknownDataCodingError:
        raise
    except CodingError:
        if part.total == 1:
            raise
        return None
    return None if isinstance(decoded, Binary) else decoded


def _kept(incoming: _Incoming, *, secret_digits: bool) -> tuple[str, bytes]:
    """Text and PDU as they may be stored: nothing that is a code, a card number or looks like one.

    The octets are looked at whatever data_coding says of them: a wrong one must hide nothing.
    """
    pdu, in_parts = incoming.pdu, incoming.content.part.total > 1
    text = mask_text(incoming.content.text or "", secret_digits=secret_digits, segment=in_parts)
    kept = incoming.frame
    for octets, esm_class in _looked_at(pdu):
        masked = mask_octets(
            octets, pdu.data_coding, secret_digits=secret_digits, esm_class=esm_class, segment=in_parts
        )
        if masked != octets:
            kept = mask_pdu(kept, octets, masked)
    return text, kept


def _looked_at(pdu: SubmitSm) -> Iterator[tuple[bytes, int]]:
    """Everything that may hold what was typed, with its esm_class: clients repeat what was dialled in the
    destination and in parameters of their own.
    """
    yield pdu.short_message, pdu.esm_class
    yield pdu.destination.addr.encode("latin-1"), 0
    for tlv in pdu.tlvs:
        if isinstance(tlv.value, str):
            yield tlv.value.encode("latin-1"), 0
        elif isinstance(tlv.value, bytes):
            yield tlv.value, pdu.esm_class if tlv.tag == Tag.MESSAGE_PAYLOAD else 0


def _turn(pdu: SubmitSm) -> UssdTurn:
    """Dialogue number and sequence of its_session_info (SMPP 3.4 section 5.3.2.43); 0, 0 without it."""
    info = pdu.tlv_bytes(Tag.ITS_SESSION_INFO)
    if info is None or len(info) != 2:
        return UssdTurn(0, 0)
    return UssdTurn(info[0], info[1] >> 1)
