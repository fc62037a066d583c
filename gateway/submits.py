"""What the writer does with an accepted submit: once, and with all that follows from it."""

from collections.abc import Iterator
from dataclasses import replace

from gateway import parts
from gateway.batch import Batch
from gateway.coding.alphabet import Binary
from gateway.coding.assemble import Joined
from gateway.coding.errors import CodingError
from gateway.coding.part import Part
from gateway.delivery_log import DeliveryLog
from gateway.rendering import Renderer, mo_message
from gateway.repeats import Repeats, bucketed, current
from gateway.routing import RouteKind
from gateway.smpp.constants import CommandStatus
from gateway.work import Accepted, Result, Submit
from handlers.base.bus import Bus
from handlers.base.command import Channel, Command
from handlers.base.context import Context
from handlers.base.grammar import Usage
from handlers.base.outcome import Outcome, Refusal, Reply, Text
from rating.msisdn import Msisdn
from rating.subscriber import Status
from storage.model import MessageState
from storage.needs import Needs
from storage.unit_of_work import UnitOfWork

_MAY_NOT_SEND = frozenset({Status.BLOCKED, Status.BLOCKED_OUTGOING})
_TO_NUMBERS = frozenset({RouteKind.HANDSET, RouteKind.OFFNET})


class Submits:
    """Runs inside a batch: to a service, to a handset or an application, or to another network."""

    def __init__(self, bus: Bus, renderer: Renderer, deliveries: DeliveryLog) -> None:
        self._bus = bus
        self._renderer = renderer
        self._deliveries = deliveries
        self.repeats = Repeats()

    def needs(self, work: Submit, uow: UnitOfWork, context: Context) -> Iterator[Needs]:
        """The inbox rows that it may repeat, the subscribers at both ends, and what its command reads."""
        keys = frozenset((work.inbox.source, key) for key in bucketed(work.inbox, uow.wall_us))
        msisdns = {Msisdn(work.source)}
        if work.route.kind in _TO_NUMBERS:
            msisdns.add(Msisdn(work.route.target))
        yield Needs(inbox=keys, msisdns=frozenset(msisdns))
        if isinstance(work.asked, Command):
            yield self._bus.needs(work.asked, context)

    def run(self, work: Submit, batch: Batch) -> Result:
        """Carry it out, unless it was carried out before."""
        earlier = self.repeats.find(work.inbox, batch.uow)
        if earlier is not None:
            return Result(
                work, Accepted(CommandStatus.ESME_ROK, earlier.message_id, "repeated", repeated=True)
            )
        if work.part is not None:
            return self._collect(work, work.part, batch)
        if work.route.kind is RouteKind.SERVICE:
            return self.keep(work, batch, self._outcome(work, batch))
        return self._forward(work, batch)

    def _collect(self, work: Submit, part: Part, batch: Batch) -> Result:
        """One segment of a longer message to a service: it waits, or it completes the message."""
        added = parts.join(work, part, batch.uow, batch.context.digest)
        for token in (token for dropped in added.dropped for token in dropped.tokens):
            batch.uow.messages.finish(token, MessageState.UNDELIVERABLE, error="segments are missing")
        if added.joined is not None:
            for token in added.joined.tokens:
                if token != work.message_id:
                    batch.uow.messages.finish(token, MessageState.DELIVERED)
            whole = replace(work, asked=self._read(work, added.joined))
            return self.keep(whole, batch, self._outcome(whole, batch))
        if added.duplicate:
            batch.uow.messages.add(mo_message(work, batch.uow, MessageState.DELIVERED))
        else:
            promised = parts.wait(work, part, batch.uow, batch.context.digest)
            batch.uow.messages.add(mo_message(work, batch.uow, MessageState.ENROUTE), promised)
            batch.expiry.note(promised, batch)
        self._remember(work, batch, Outcome())
        return batch.result(work, Accepted(CommandStatus.ESME_ROK, work.message_id, "part"))

    def _read(self, work: Submit, joined: Joined) -> Command | Usage:
        try:
            text = joined.content()
        except CodingError:
            text = Binary(b"")
        typed = "" if isinstance(text, Binary) else text
        return self._bus.parse_sms(work.route.target, work.origin(Channel.SMS), typed)

    def _outcome(self, work: Submit, batch: Batch) -> Outcome:
        if isinstance(work.asked, Command):
            return self._bus.handle(work.asked, batch.uow, batch.context)
        text_id = work.asked.text_id if isinstance(work.asked, Usage) else "system.unknown_code"
        text = Text(text_id)
        return Outcome(replies=(Reply(text=text),), refusal=Refusal("usage", text))

    def keep(self, work: Submit, batch: Batch, outcome: Outcome) -> Result:
        """Store a message to a service with what became of it, and promise the replies."""
        batch.uow.messages.add(mo_message(work, batch.uow, MessageState.DELIVERED, outcome=outcome), None)
        reply_ids = tuple(self._reply(each, work, batch) for each in outcome.replies)
        batch.follow(outcome)
        self._remember(work, batch, outcome, reply_ids)
        return batch.result(work, Accepted(CommandStatus.ESME_ROK, work.message_id, outcome.word))

    def _reply(self, reply: Reply, work: Submit, batch: Batch) -> str:
        message, outbox = self._renderer.reply(reply, work, batch.uow, batch.context)
        batch.promise(message, outbox)
        return message.id

    def _forward(self, work: Submit, batch: Batch) -> Result:
        """Store a message to a handset, an application or another network, and promise its delivery."""
        sender = batch.uow.subscribers.get(Msisdn(work.source)) if work.source.isdigit() else None
        if sender is not None and sender.status in _MAY_NOT_SEND:
            return Result(work, Accepted(CommandStatus.ESME_RSUBMITFAIL, "", "access.blocked"))
        work = _on_net(work, batch.uow)
        offnet = work.route.kind is RouteKind.OFFNET
        state = MessageState.DELIVERED if offnet else MessageState.ENROUTE
        message = mo_message(work, batch.uow, state)
        if offnet:
            batch.uow.messages.add(message, None)
            self._deliveries.receipt(message, batch)
        else:
            batch.promise(message, self._renderer.onward(work, batch.uow, batch.context))
        self._remember(work, batch, Outcome())
        return batch.result(work, Accepted(CommandStatus.ESME_ROK, work.message_id))

    @staticmethod
    def _remember(work: Submit, batch: Batch, outcome: Outcome, reply_ids: tuple[str, ...] = ()) -> None:
        key = current(work.inbox, batch.uow.wall_us)
        batch.remember(key, outcome, work.message_id, reply_ids)


def _on_net(work: Submit, uow: UnitOfWork) -> Submit:
    """A subscriber's record overrides the prefix (services.md section 0): a number may be ported in."""
    route = work.route
    if route.kind is not RouteKind.OFFNET or uow.subscribers.get(Msisdn(route.target)) is None:
        return work
    return replace(work, route=replace(route, kind=RouteKind.HANDSET))
