"""submit_multi: one submit for each recipient, and the recipients that it cannot be sent to (SMPP 3.4 section
4.5).
"""

from collections.abc import Callable, Mapping

from gateway.binds import Bind
from gateway.checks import for_one
from gateway.content import Rejected
from gateway.inbound import Inbound
from gateway.message_ids import recipient_id
from gateway.smpp.codec import encode
from gateway.smpp.constants import CommandStatus, Npi, Ton
from gateway.smpp.pdus import Address, DistributionList, SubmitMulti, UnsuccessSme
from gateway.smpp.tlv import Tag
from gateway.work import Submit

#: Recipients of one request, distribution lists resolved: their numbers have three digits.
RECIPIENTS_MAX = 999
#: Octets of text for all recipients together: nobody else is served while a request is read.
OCTETS_MAX = 1 << 20


class Multi:
    """Used in the reactor."""

    def __init__(
        self, inbound: Inbound, lists: Mapping[str, tuple[str, ...]], new_id: Callable[[], str]
    ) -> None:
        """``lists`` are the configuration's distribution lists: MSISDNs by name."""
        self._inbound = inbound
        self._lists = lists
        self._new_id = new_id

    def recipients(self, pdu: SubmitMulti) -> tuple[Address, ...]:
        """Every address once, lists resolved. Raises Rejected."""
        found: dict[str, Address] = {}
        for each in pdu.destinations:
            for address in self._resolved(each):
                found.setdefault(address.addr, address)
        if len(found) > RECIPIENTS_MAX:
            raise Rejected(CommandStatus.ESME_RCNTSUBDL, f"more than {RECIPIENTS_MAX} recipients")
        payload = pdu.tlv_bytes(Tag.MESSAGE_PAYLOAD) or pdu.short_message
        if len(found) * len(payload) > OCTETS_MAX:
            raise Rejected(CommandStatus.ESME_RMSGQFUL, "a long text to many recipients: send it in turns")
        return tuple(found.values())

    def _resolved(self, each: Address | DistributionList) -> tuple[Address, ...]:
        if isinstance(each, Address):
            return (each,)
        members = self._lists.get(each.name)
        if members is None:
            raise Rejected(CommandStatus.ESME_RINVDLNAME, f"there is no distribution list {each.name!r}")
        return tuple(Address(Ton.INTERNATIONAL, Npi.ISDN, msisdn) for msisdn in members)

    def read(
        self, bind: Bind, pdu: SubmitMulti, recipients: tuple[Address, ...]
    ) -> tuple[tuple[Submit, ...], tuple[UnsuccessSme, ...]]:
        """What is submitted, and to whom it cannot be. Raises Rejected when it can be sent to nobody."""
        base = self._new_id()
        submits: list[Submit] = []
        failed: list[UnsuccessSme] = []
        first: Rejected | None = None
        for number, recipient in enumerate(recipients, start=1):
            one = for_one(pdu, recipient)
            try:
                submits.append(self._inbound.read(bind, one, encode(one), recipient_id(base, number)))
            except Rejected as rejected:
                first = first or rejected
                failed.append(UnsuccessSme(recipient, rejected.status))
        if first is not None and not submits:
            raise first
        return tuple(submits), tuple(failed)
