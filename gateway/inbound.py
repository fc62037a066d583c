"""From ``submit_sm`` to a Submit: fields and source checked, body decoded, routed, parsed, masked.

Pure but for the ids that it draws, and without the store: what is refused here costs the writer nothing.
Refusals in their order: reserved values (``gateway.checks``), source address, service_type and operation,
schedule and validity, body, destination, and what does not go with that destination.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from gateway.account_dialects import AccountDialects
from gateway.binds import Bind
from gateway.checks import RECEIPT_BITS, Checks
from gateway.coding.errors import CodingError
from gateway.config import Account, LongMessages, Side
from gateway.content import Content, Rejected, content_of
from gateway.kept import kept
from gateway.onward import OURS, Onward, Way, as_submit, canned
from gateway.redaction import mask_text
from gateway.repeats import session_source
from gateway.routing import UNKNOWN, Route, RouteKind, Routes
from gateway.smpp.codec import encode
from gateway.smpp.constants import CommandStatus, EsmClass, UssdServiceOp
from gateway.smpp.pdus import DataSm, SubmitSm
from gateway.smpp.tlv import Tag
from gateway.smpp_time import InvalidTime, seconds_ahead
from gateway.ussd_dialects import BadPlace, Dialect, Place
from gateway.work import InboxKey, Submit, UssdTurn
from handlers.base.bus import Bus
from handlers.base.command import Channel, Command, Origin, Secret
from handlers.base.grammar import Usage, parse_dial
from rating.msisdn import InvalidMsisdn, Msisdn, is_canonical, parse_msisdn
from ussd_menus.menu import Menu
from ussd_menus.registry import MENUS

_USSD = "USSD"
_ACKNOWLEDGEMENT = int(EsmClass.DELIVERY_ACKNOWLEDGEMENT | EsmClass.USER_ACKNOWLEDGEMENT)
_ANSWERS = frozenset({int(UssdServiceOp.USSR_CONFIRM), int(UssdServiceOp.USSN_CONFIRM)})
_SCREENS = frozenset(
    {int(UssdServiceOp.USSR_REQUEST), int(UssdServiceOp.USSN_REQUEST), int(UssdServiceOp.PSSR_RESPONSE)}
)
_OPERATIONS = {Side.HANDSET: _ANSWERS | {int(UssdServiceOp.PSSR_INDICATION)}, Side.APPLICATION: _SCREENS}
#: What USSD says of its alphabet (cell broadcast, TS 23.038 section 5), where SMPP has no such data_coding.
_OF_BROADCAST = {0x0F: 0x00, 0x40: 0x00, 0x44: 0x04, 0x48: 0x08}
_SOURCES_MAX = 100_000
_MODE, _UDHI, _FORWARD = int(EsmClass.MODE), int(EsmClass.UDHI), int(EsmClass.FORWARD)
#: Datagram and transaction mode: one attempt, nothing kept for later (sections 2.10.2 and 2.10.3).
_ONCE_MODES = frozenset({int(EsmClass.DATAGRAM), _FORWARD})
#: As long as a validity_period may be.
_TO_LIVE_S_MAX = 10 * 366 * 86_400
#: Characters of an address in submit_sm and deliver_sm (section 4.4.1).
_ADDRESS_MAX = 20


#: Session, message id, inbox key, account, source, destination, route, bearer, text, PDU, encoding,
#: data_coding and esm_class.
_Common = tuple[str, str, InboxKey, str, str, str, Route, str, str, bytes, str, int, int]


class _Times(NamedTuple):
    """Seconds from now; None for the operator's validity, and for delivery at once."""

    validity_s: int | None = None
    schedule_s: int | None = None


class _Incoming(NamedTuple):
    """A submit whose source is known and whose body is read."""

    bind: Bind
    source: str
    pdu: SubmitSm
    frame: bytes
    content: Content
    times: _Times
    message_id: str
    raw: bytes
    """The frame as it came; ``frame`` is the same in our own way."""
    reference: int | None
    """The client's own reference of the message."""


_NO_TIMES = _Times()


class Inbound:
    """One per gateway, used in the reactor."""

    def __init__(
        self,
        accounts: Sequence[Account],
        default_messages: Mapping[int, str],
        routes: Routes,
        bus: Bus,
        digest: Callable[[str], bytes],
        new_id: Callable[[], str],
        now_us: Callable[[], int],
        menus: Sequence[Menu] = MENUS,
    ) -> None:
        self._ways = {account.system_id: way for account in accounts if (way := Way.of(account)) != OURS}
        self._joined = frozenset(
            account.system_id for account in accounts if account.long_messages is LongMessages.PAYLOAD
        )
        self._default_messages = default_messages
        self._dialects = AccountDialects(accounts)
        self._checks = Checks(default_messages)
        self._onward_payload = Onward(accounts)
        self._routes = routes
        self._bus = bus
        self._digest = digest
        self._new_id = new_id
        self._now_us = now_us
        self._secret_menus = frozenset(menu.service for menu in menus if menu.asks_secrets)

    def read(self, bind: Bind, pdu: SubmitSm, frame: bytes, message_id: str = "") -> Submit:
        """The Submit that a PDU asks for, under a message id of its own or the one given. Raises Rejected."""
        objection = self._checks.objection(pdu)
        if objection is not None:
            raise Rejected(objection.status, f"{objection.field} is reserved (SMPP 3.4 {objection.clause})")
        message_id = message_id or self._new_id()
        if bind.account.side is Side.HANDSET:
            return self._from_handset(bind, pdu, frame, message_id)
        return self._from_application(bind, pdu, frame, message_id)

    # -- the two sides -----------------------------------------------------------------------------

    def _from_handset(self, bind: Bind, pdu: SubmitSm, frame: bytes, message_id: str) -> Submit:
        msisdn = self._own_msisdn(bind, pdu.source.addr)
        if _is_ussd(pdu):
            return self._talked(bind, msisdn, pdu, frame, message_id)
        incoming = self._incoming(bind, msisdn, pdu, frame, message_id, self._times(pdu))
        route = self._routes.sms(pdu.destination.addr)
        if route.kind is RouteKind.UNKNOWN and pdu.esm_class & _ACKNOWLEDGEMENT:
            route = self._routes.sender(pdu.destination.addr)
        if route.kind is RouteKind.UNKNOWN:
            raise Rejected(CommandStatus.ESME_RINVDSTADR, f"nobody owns {_masked(pdu.destination.addr)}")
        if route.kind is RouteKind.SERVICE:
            return self._to_service(incoming, route)
        return self._onward(incoming, route)

    def _from_application(self, bind: Bind, pdu: SubmitSm, frame: bytes, message_id: str) -> Submit:
        if _is_ussd(pdu):
            return self._shown(bind, pdu, frame, message_id)
        source = _own_code(bind.account, pdu.source.addr)
        incoming = self._incoming(bind, source, pdu, frame, message_id, self._times(pdu))
        route = self._routes.sms(pdu.destination.addr)
        if route.kind not in (RouteKind.HANDSET, RouteKind.OFFNET):
            raise Rejected(CommandStatus.ESME_RINVDSTADR, f"{_masked(pdu.destination.addr)} is no subscriber")
        return self._onward(incoming, route)

    def _incoming(
        self, bind: Bind, source: str, pdu: SubmitSm, frame: bytes, message_id: str, times: _Times
    ) -> _Incoming:
        """With its body in our own way. Raises Rejected."""
        asked = pdu
        if pdu.sm_default_msg_id:
            if pdu.short_message or pdu.tlv(Tag.MESSAGE_PAYLOAD) is not None:
                raise Rejected(CommandStatus.ESME_RINVMSGLEN, "both sm_default_msg_id and a text")
            pdu = canned(pdu, self._default_messages[pdu.sm_default_msg_id])
        pdu, content = content_of(pdu, source, self._ways.get(bind.account.system_id, OURS))
        # What is kept must be what can be masked: septets that are packed cannot.
        ours = frame if pdu is asked else encode(pdu)
        reference = pdu.tlv_int(Tag.USER_MESSAGE_REFERENCE) if pdu.tlvs else None
        return _Incoming(bind, source, pdu, ours, content, times, message_id, frame, reference)

    def source(self, bind: Bind, addr: str) -> str:
        """The source address that a request of this session may name, as it is stored. Raises Rejected."""
        if bind.account.side is Side.HANDSET:
            return self._own_msisdn(bind, addr)
        return _own_code(bind.account, addr)

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

    def _times(self, pdu: SubmitSm) -> _Times:
        """Schedule before validity; a message may not run out before it is to be delivered."""
        if not pdu.schedule_delivery_time and not pdu.validity_period and not pdu.tlvs:
            return _NO_TIMES
        now_us = self._now_us()
        schedule_s = ahead(pdu.schedule_delivery_time, now_us, CommandStatus.ESME_RINVSCHED)
        validity_s = ahead(pdu.validity_period, now_us, CommandStatus.ESME_RINVEXPIRY)
        to_live_s = pdu.tlv_int(Tag.QOS_TIME_TO_LIVE)
        if validity_s is None and to_live_s:
            validity_s = min(to_live_s, _TO_LIVE_S_MAX)
        if schedule_s is not None and pdu.esm_class & _MODE in _ONCE_MODES:
            raise Rejected(CommandStatus.ESME_RINVSCHED, "a message of a single attempt cannot be scheduled")
        if validity_s is not None and schedule_s is not None and validity_s <= schedule_s:
            raise Rejected(CommandStatus.ESME_RINVEXPIRY, "it would expire before it is delivered")
        return _Times(validity_s, schedule_s)

    # -- what becomes of it ------------------------------------------------------------------------

    def _to_service(self, incoming: _Incoming, route: Route) -> Submit:
        text, part = incoming.content.text, incoming.content.part
        if incoming.times.schedule_s is not None:
            raise Rejected(CommandStatus.ESME_RINVSCHED, "a service answers at once")
        if part is not None:
            part = dataclasses.replace(part, token=incoming.message_id)
            submit = self._submit(incoming, route, secret_digits=self._is_secret(route))
            return submit._replace(part=part, payload=encode(incoming.pdu))
        if text is None:
            raise Rejected(CommandStatus.ESME_RINVDCS, "a service reads text only")
        origin = _origin(incoming, route, Channel.SMS)
        asked = self._bus.parse_sms(route.target, origin, text)
        return self._submit(incoming, route, secret_digits=self._is_secret(route), asked=asked)

    # -- USSD --------------------------------------------------------------------------------------

    def _talking(
        self, bind: Bind, source: str, pdu: SubmitSm, frame: bytes, message_id: str
    ) -> tuple[_Incoming, Dialect, Place]:
        """An operation of a dialogue, in the dialect of its account. Raises Rejected."""
        dialect = self._dialects.of(bind.account.system_id)
        place = _place(dialect, pdu, bind.account.side)
        if pdu.data_coding in _OF_BROADCAST:
            pdu = dataclasses.replace(pdu, data_coding=_OF_BROADCAST[pdu.data_coding])
        incoming = self._incoming(bind, source, pdu, frame, message_id, _NO_TIMES)
        if incoming.content.part is not None:
            raise Rejected(CommandStatus.ESME_RINVESMCLASS, "USSD has no parts")
        if incoming.content.text is None:
            raise Rejected(CommandStatus.ESME_RINVDCS, "USSD is a text")
        if dialect.by_reference:
            incoming = incoming._replace(reference=None)
        return incoming, dialect, place

    def _talked(self, bind: Bind, msisdn: str, pdu: SubmitSm, frame: bytes, message_id: str) -> Submit:
        """What a handset dials or answers. Raises Rejected."""
        incoming, dialect, place = self._talking(bind, msisdn, pdu, frame, message_id)
        if place.operation in _ANSWERS:
            return self._said(incoming, place)
        typed = dialect.dialled(pdu.destination.addr, incoming.content.text or "")
        return self._dialled(incoming, place, typed)

    def _dialled(self, incoming: _Incoming, place: Place, typed: str) -> Submit:
        incoming = incoming._replace(content=incoming.content._replace(text=typed))
        dial = parse_dial(typed)
        route = self._routes.ussd(dial.segments) if dial else UNKNOWN
        # What nobody serves is answered by a screen too, so its route is a service without a name.
        route = Route(RouteKind.SERVICE) if route is UNKNOWN else route
        asked: Command | Usage | None = None
        if dial is not None and route.target in self._bus.services:
            words = dial.segments[route.code.count("*") :]
            asked = self._bus.parse_ussd(route.target, _origin(incoming, route, Channel.USSD), words)
        secret_digits = bool(route.target) and self._is_secret(route)
        submit = self._submit(incoming, route, secret_digits=secret_digits, asked=asked)
        shown = mask_text(f"{dial.service_code}#", secret_digits=True) if dial else "*"
        return submit._replace(bearer="ussd", turn=_turn(incoming.pdu, place, typed), destination=shown)

    def _said(self, incoming: _Incoming, place: Place) -> Submit:
        """An answer in a dialogue. Only the dialogue knows what was asked, so nothing long is kept of it."""
        submit = self._submit(incoming, Route(RouteKind.SERVICE), secret_digits=True)
        turn = _turn(incoming.pdu, place, incoming.content.text or "")
        shown = mask_text(incoming.pdu.destination.addr, secret_digits=True)
        return submit._replace(bearer="ussd", turn=turn, destination=shown)

    def _shown(self, bind: Bind, pdu: SubmitSm, frame: bytes, message_id: str) -> Submit:
        """A screen or notice of the application that owns the service code. Raises Rejected."""
        source = _own_service_code(bind.account, pdu.source.addr)
        incoming, _, place = self._talking(bind, source, pdu, frame, message_id)
        route = self._routes.sms(pdu.destination.addr)
        if route.kind is RouteKind.OFFNET and is_canonical(route.target):
            # A number of another network's prefix may be ported in; whoever binds for it is its handset.
            route = Route(RouteKind.HANDSET, route.target)
        if route.kind is not RouteKind.HANDSET:
            raise Rejected(CommandStatus.ESME_RINVDSTADR, f"{_masked(pdu.destination.addr)} is no handset")
        submit = self._submit(incoming, route, secret_digits=False)
        turn = _turn(incoming.pdu, place, incoming.content.text or "")
        return submit._replace(bearer="ussd", turn=turn, destination=route.target)

    def _is_secret(self, route: Route) -> bool:
        service = self._bus.services.get(route.target)
        return route.target in self._secret_menus or (service is not None and service.secret_digits)

    def _onward(self, incoming: _Incoming, route: Route) -> Submit:
        pdu, account = incoming.pdu, incoming.bind.account
        destination = pdu.destination.addr if route.kind is RouteKind.ACCOUNT else route.target
        try:
            payload, parts = self._onward_payload.payload(
                pdu, incoming.source, destination, route, incoming.message_id
            )
        except CodingError as error:
            raise Rejected(CommandStatus.ESME_RINVMSGLEN, str(error)) from error
        wants_receipt = pdu.registered_delivery & RECEIPT_BITS
        mode = pdu.esm_class & _MODE
        submit = Submit(
            *self._common(incoming, route, destination, secret_digits=False),
            payload=payload,
            parts=parts,
            validity_s=incoming.times.validity_s,
            schedule_s=incoming.times.schedule_s,
            registered_delivery=pdu.registered_delivery,
            receipt_to=account.system_id if wants_receipt else "",
            service_type=pdu.service_type,
            priority=pdu.priority_flag,
            once=mode in _ONCE_MODES,
            awaited=mode == _FORWARD,
            replaces=bool(pdu.replace_if_present_flag),
            alert_to=incoming.source if pdu.tlvs and pdu.tlv_int(Tag.SET_DPF) == 1 else "",
            fresh=_is_fresh(incoming),
        )
        part = incoming.content.part
        if part is not None and route.kind is RouteKind.ACCOUNT and route.target in self._joined:
            part = dataclasses.replace(part, token=incoming.message_id)
            return submit._replace(part=part, payload=encode(pdu))
        return submit

    def _submit(
        self,
        incoming: _Incoming,
        route: Route,
        *,
        secret_digits: bool,
        asked: Command | Usage | None = None,
    ) -> Submit:
        destination = incoming.pdu.destination.addr
        common = self._common(incoming, route, destination, secret_digits=secret_digits)
        # A service has a text as soon as it is accepted; a screen is its own receipt.
        registered = 0 if _is_ussd(incoming.pdu) else incoming.pdu.registered_delivery
        return Submit(*common, asked=asked, registered_delivery=registered, fresh=_is_fresh(incoming))

    def _common(self, incoming: _Incoming, route: Route, destination: str, *, secret_digits: bool) -> _Common:
        """The fields that every Submit has, in order."""
        pdu, content, bind = incoming.pdu, incoming.content, incoming.bind
        kept_text, kept_pdu = kept(
            pdu,
            incoming.frame,
            content.text or "",
            segment=content.part is not None,
            secret_digits=secret_digits,
        )
        if kept_pdu is incoming.frame:
            kept_pdu = incoming.raw  # Nothing had to be masked: it is shown as it came.
        return (
            bind.session_id,
            incoming.message_id,
            self._inbox_key(incoming),
            bind.account.system_id,
            incoming.source,
            destination,
            route,
            "sms",
            kept_text,
            kept_pdu,
            content.encoding,
            pdu.data_coding,
            pdu.esm_class,
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
        if incoming.reference is not None:
            key = f"{incoming.source}:{incoming.reference}:{content}"
            return InboxKey(f"smpp-reference:{account}", key, digest)
        return InboxKey(session_source(bind.session_id), f"{pdu.sequence_number}:{content}", digest)


def _origin(incoming: _Incoming, route: Route, channel: Channel) -> Origin:
    return Origin(
        msisdn=Msisdn(incoming.source),
        channel=channel,
        service_code=route.code,
        source_id=incoming.message_id,
    )


def _is_fresh(incoming: _Incoming) -> bool:
    """True where the sequence number is the highest of its session, which then has no such key yet."""
    bind, sequence = incoming.bind, incoming.pdu.sequence_number
    if sequence <= bind.last_sequence or incoming.reference is not None:
        return False
    bind.last_sequence = sequence
    return True


def _own_code(account: Account, addr: str) -> str:
    source = addr or account.default_source
    if not source or not account.owns(source):
        raise Rejected(CommandStatus.ESME_RINVSRCADR, f"{account.system_id} does not own {source!r}")
    return source


def _own_service_code(account: Account, addr: str) -> str:
    """The code that a screen comes from, with its ``#``; also when more was dialled after it."""
    if not account.ussd_codes:
        raise Rejected(CommandStatus.ESME_RINVSERTYP, f"{account.system_id} owns no USSD code")
    code = addr.rstrip("#")
    owned = [each for each in account.ussd_codes if code == each or code.startswith(f"{each}*")]
    usual = account.ussd_codes[0] if not addr or account.owns(addr) else None
    found = max(owned, key=len, default=usual)
    if found is None:
        raise Rejected(CommandStatus.ESME_RINVSRCADR, f"{account.system_id} does not own {_masked(addr)}")
    return f"{found}#"


def _is_ussd(pdu: SubmitSm) -> bool:
    return pdu.service_type == _USSD or (bool(pdu.tlvs) and pdu.tlv(Tag.USSD_SERVICE_OP) is not None)


def ahead(text: str, now_us: int, status: CommandStatus) -> int | None:
    """Seconds until a time of SMPP; None for an empty one. Raises Rejected with the status."""
    try:
        return seconds_ahead(text, now_us)
    except InvalidTime as error:
        raise Rejected(status, str(error)) from error


def plain(pdu: DataSm) -> SubmitSm:
    """A data_sm as the submit_sm that asks for the same.

    Raises Rejected for addresses of more than 20 characters, which data_sm has room for and nobody here has.
    """
    if len(pdu.source.addr) > _ADDRESS_MAX:
        raise Rejected(CommandStatus.ESME_RINVSRCADR, "a source address of more than 20 characters")
    if len(pdu.destination.addr) > _ADDRESS_MAX:
        raise Rejected(CommandStatus.ESME_RINVDSTADR, "a destination address of more than 20 characters")
    return as_submit(pdu)


def _masked(addr: str) -> str:
    """An address for the log: a dialled string sent as an SMS may hold a code."""
    return repr(mask_text(addr, secret_digits=True))


def _in_range(bind: Bind, source: str) -> str | None:
    try:
        msisdn = parse_msisdn(source)
    except InvalidMsisdn:
        return None
    return msisdn if bind.address_range.serves(msisdn) else None


def _place(dialect: Dialect, pdu: SubmitSm, side: Side) -> Place:
    """The operation, which must be one of that side, and where it stands. Raises Rejected."""
    try:
        place = dialect.read(pdu)
    except BadPlace as error:
        raise Rejected(CommandStatus.ESME_RINVOPTPARAMVAL, str(error)) from error
    if side is Side.APPLICATION and place.end and place.operation == UssdServiceOp.USSR_CONFIRM:
        place = place._replace(operation=int(UssdServiceOp.PSSR_RESPONSE))  # It lets go.
    if place.operation not in _OPERATIONS[side]:
        missing = " (ussd_service_op is missing)" if pdu.tlv(Tag.USSD_SERVICE_OP) is None else ""
        raise Rejected(CommandStatus.ESME_RINVOPTPARAMVAL, f"no operation of the {side.value} side{missing}")
    return place


def _turn(pdu: SubmitSm, place: Place, typed: str) -> UssdTurn:
    body = pdu.short_message or pdu.tlv_bytes(Tag.MESSAGE_PAYLOAD) or b""
    return UssdTurn(
        dialogue=place.number,
        sequence=place.sequence,
        operation=place.operation,
        end=place.end,
        typed=Secret(typed),
        # A dialled string may stand in destination_addr alone, which is ASCII.
        octets=len(body) or len(typed),
    )
