"""query_sm, cancel_sm and replace_sm as works for the writer: identifiers and addresses read and checked.

Refusals in their order: reserved values, source address, message_id, times, content, destination.
"""

from collections.abc import Callable, Iterable, Mapping

from gateway.batch import lanes_of
from gateway.binds import Bind
from gateway.checks import REGISTERED_BITS
from gateway.config import Account
from gateway.content import Rejected
from gateway.inbound import Inbound, ahead
from gateway.receipts import FORMATS
from gateway.routing import Route, RouteKind, Routes
from gateway.smpp.constants import CommandStatus
from gateway.smpp.pdus import CancelSm, QuerySm, ReplaceSm
from gateway.smpp.tlv import Tag
from gateway.work import Cancel, Named, Query, Replace


class Inquiries:
    """Used in the reactor. ``busy`` are the messages that are on their way now."""

    def __init__(
        self,
        accounts: Iterable[Account],
        default_messages: Mapping[int, str],
        inbound: Inbound,
        routes: Routes,
        now_us: Callable[[], int],
        busy: Callable[[], frozenset[str]],
    ) -> None:
        self._forms = {account.system_id: FORMATS[account.receipt_format] for account in accounts}
        self._default_messages = default_messages
        self._inbound = inbound
        self._routes = routes
        self._now_us = now_us
        self._busy = busy

    def query(self, bind: Bind, pdu: QuerySm) -> Query:
        """Raises Rejected."""
        return Query(self._named(bind, pdu.source.addr, pdu.message_id))

    def cancel(self, bind: Bind, pdu: CancelSm) -> Cancel:
        """One message, or without a message_id all between two addresses. Raises Rejected."""
        if pdu.message_id:
            named = self._named(bind, pdu.source.addr, pdu.message_id, pdu.destination.addr)
            return Cancel(named=named, busy=self._busy())
        source = self._inbound.source(bind, pdu.source.addr)
        route = self._routes.sms(pdu.destination.addr)
        if route.kind not in (RouteKind.HANDSET, RouteKind.ACCOUNT, RouteKind.OFFNET):
            raise Rejected(CommandStatus.ESME_RINVDSTADR, "no message waits for that destination")
        return Cancel(
            named=Named(
                account=bind.account.system_id,
                source=source,
                destination=_kept_destination(route, pdu.destination.addr),
            ),
            lanes=lanes_of(route.lane),
            service_type=pdu.service_type,
            busy=self._busy(),
        )

    def replace(self, bind: Bind, pdu: ReplaceSm) -> Replace:
        """Raises Rejected."""
        if pdu.registered_delivery & ~REGISTERED_BITS:
            raise Rejected(CommandStatus.ESME_RINVREGDLVFLG, "registered_delivery is reserved")
        if pdu.sm_default_msg_id and pdu.sm_default_msg_id not in self._default_messages:
            raise Rejected(CommandStatus.ESME_RINVDFTMSGID, "there is no such default message")
        named = self._named(bind, pdu.source.addr, pdu.message_id)
        now_us = self._now_us()
        schedule_s = ahead(pdu.schedule_delivery_time, now_us, CommandStatus.ESME_RINVSCHED)
        validity_s = ahead(pdu.validity_period, now_us, CommandStatus.ESME_RINVEXPIRY)
        if validity_s is not None and schedule_s is not None and validity_s <= schedule_s:
            raise Rejected(CommandStatus.ESME_RINVEXPIRY, "it would expire before it is delivered")
        payload = pdu.tlv_bytes(Tag.MESSAGE_PAYLOAD)
        if bool(pdu.short_message) + (payload is not None) + bool(pdu.sm_default_msg_id) > 1:
            raise Rejected(CommandStatus.ESME_RINVMSGLEN, "more than one text")
        return Replace(
            named=named,
            short_message=pdu.short_message if payload is None else payload,
            default_text=self._default_messages.get(pdu.sm_default_msg_id, ""),
            registered_delivery=pdu.registered_delivery,
            schedule_s=schedule_s,
            validity_s=validity_s,
            busy=self._busy(),
        )

    def _named(self, bind: Bind, source: str, message_id: str, destination: str = "") -> Named:
        own = self._inbound.source(bind, source)
        known = self._forms[bind.account.system_id].read_id(message_id)
        if known is None:
            raise Rejected(CommandStatus.ESME_RINVMSGID, "no message can have this id")
        return Named(
            account=bind.account.system_id,
            message_id=known,
            source=own,
            destination=_kept_destination(self._routes.sms(destination), destination) if destination else "",
        )


def _kept_destination(route: Route, destination: str) -> str:
    """A destination as it is stored: canonical where it is a number."""
    return route.target if route.kind in (RouteKind.HANDSET, RouteKind.OFFNET) else destination
