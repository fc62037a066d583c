"""What the writer does with an accepted submit: once, and with all that follows from it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from gateway import parts
from gateway.account_dialects import AccountDialects
from gateway.batch import Batch, lanes_of
from gateway.coding.alphabet import Binary
from gateway.coding.assemble import Joined
from gateway.coding.errors import CodingError
from gateway.coding.part import Part
from gateway.delivery_log import DeliveryLog
from gateway.dialogue_book import NotInDialogue
from gateway.dialogues import Dialogues, is_of_application
from gateway.failures import number_for
from gateway.kept import blinded
from gateway.onward import Onward
from gateway.rendering import Renderer, mo_message
from gateway.repeats import ASKED, Repeats, bucketed, current
from gateway.routing import RouteKind
from gateway.smpp.constants import CommandStatus, UssdServiceOp
from gateway.work import Accepted, AcceptedMany, Delivery, Result, Submit, SubmitMany, UssdTurn
from handlers.base.bus import Bus
from handlers.base.command import Channel, Command
from handlers.base.context import Context
from handlers.base.grammar import Usage
from handlers.base.outcome import Outcome, Refusal, Reply, Text
from rating.msisdn import Msisdn, is_canonical
from rating.subscriber import Status
from storage.model import Between, MessageState, PendingFlag
from storage.needs import Needs
from storage.unit_of_work import UnitOfWork
from ussd_menus.menu import Menu

_NOTHING = Outcome()
_MAY_NOT_SEND = frozenset({Status.BLOCKED, Status.BLOCKED_OUTGOING})


class Submits:
    """Runs inside a batch: to a service, to a handset or an application, or to another network."""

    def __init__(
        self,
        bus: Bus,
        renderer: Renderer,
        deliveries: DeliveryLog,
        onward: Onward,
        dialects: AccountDialects,
        new_id: Callable[[], str],
        menus: Sequence[Menu],
    ) -> None:
        self._bus = bus
        self._onward = onward
        self._renderer = renderer
        self._deliveries = deliveries
        self.dialogues = Dialogues(bus, renderer, menus, onward, dialects, new_id)
        deliveries.on_lost_ussd = self.dialogues.lost
        self.repeats = Repeats()

    def needs(self, work: Submit, uow: UnitOfWork, context: Context) -> Iterator[Needs]:
        """The inbox rows that it may repeat, the subscribers at both ends, and what its command reads."""
        keys = () if work.fresh else bucketed(work.inbox, uow.wall_us)
        msisdns = [Msisdn(work.source)] if is_canonical(work.source) else []
        if work.route.kind is RouteKind.OFFNET:
            msisdns.append(Msisdn(work.route.target))
        if keys or msisdns:
            named = frozenset((work.inbox.source, key) for key in keys)
            handset = work.route.target if is_of_application(work) else work.source
            talking = frozenset() if work.turn is None else frozenset({handset})
            yield Needs(inbox=named, msisdns=frozenset(msisdns), dialogues=talking)
        if isinstance(work.asked, Command):
            yield self._bus.needs(work.asked, context)

    def run(self, work: Submit, batch: Batch) -> Result:
        """Carry it out, unless it was carried out before."""
        # What a dialogue waits for cannot have been taken yet, on whatever session it was said before.
        orphans = work.turn is None or not self.dialogues.awaits(work, work.turn, batch)
        earlier = self.repeats.find(work.inbox, batch.uow, fresh=work.fresh, orphans=orphans)
        if earlier is not None:
            if work.turn is not None:
                self.dialogues.again(work, earlier.message_id, batch)
            value = Accepted(CommandStatus.ESME_ROK, earlier.message_id, "repeated", repeated=True)
            return batch.result(work, value)
        if work.turn is not None:
            return self._dialogue(work, work.turn, batch)
        if work.part is not None:
            return self._collect(work, work.part, batch)
        if work.route.kind is RouteKind.SERVICE:
            return self.keep(work, batch, self._outcome(work, batch))
        return self._forward(work, batch)

    def _dialogue(self, work: Submit, turn: UssdTurn, batch: Batch) -> Result:
        """A dialled string or an answer: the screens are promised where the dialogue is."""
        try:
            done = self.dialogues.run(work, batch)
        except NotInDialogue as error:
            return batch.result(work, Accepted(error.status, "", error.reason))
        if done.onward is None:
            message = mo_message(done.work, batch.uow, MessageState.DELIVERED, outcome=done.outcome)
            batch.uow.messages.add(message, None)
        else:
            batch.promise(mo_message(done.work, batch.uow, MessageState.ENROUTE), done.onward)
        reply_ids = done.promise(batch)
        batch.follow(done.outcome)
        dialled = turn.operation == UssdServiceOp.PSSR_INDICATION
        self._remember(work, batch, done.outcome, reply_ids, ASKED if dialled and done.asks else "")
        return batch.result(work, Accepted(CommandStatus.ESME_ROK, work.message_id, done.outcome.word))

    def run_many(self, work: SubmitMany, batch: Batch) -> Result:
        """Each destination by itself: what is repeated of it is answered as before."""
        values = [self.run(each, batch).value for each in work.submits]
        return batch.result(work, AcceptedMany(tuple(each for each in values if isinstance(each, Accepted))))

    def _collect(self, work: Submit, part: Part, batch: Batch) -> Result:
        """One segment of a message that is to be joined: it waits, or it completes the message."""
        added = parts.join(work, part, batch.uow, batch.context.digest)
        lost = [token for dropped in added.dropped for token in dropped.tokens]
        self._end(lost, MessageState.UNDELIVERABLE, "segments are missing", batch)
        if added.joined is not None:
            return self._whole(work, added.joined, batch)
        if added.duplicate:
            batch.uow.messages.add(mo_message(work, batch.uow, MessageState.DELIVERED))
        else:
            promised = parts.wait(work, part, batch.uow, batch.context.digest)
            batch.uow.messages.add(mo_message(work, batch.uow, MessageState.ENROUTE), promised)
            batch.expiry.note(promised, batch)
        self._remember(work, batch, _NOTHING)
        return batch.result(work, Accepted(CommandStatus.ESME_ROK, work.message_id, "part"))

    def _whole(self, work: Submit, joined: Joined, batch: Batch) -> Result:
        if work.route.kind is RouteKind.ACCOUNT:
            try:
                whole = self._onward.joined(work, joined)
            except CodingError as error:
                self._finish_others(work, joined, MessageState.UNDELIVERABLE, str(error), batch)
                return batch.result(work, Accepted(CommandStatus.ESME_RINVMSGLEN, "", "malformed"))
            self._finish_others(work, joined, MessageState.DELIVERED, "", batch)
            return self._forward(whole, batch)
        self._finish_others(work, joined, MessageState.DELIVERED, "", batch)
        whole = work._replace(asked=self._read(work, joined))
        return self.keep(whole, batch, self._outcome(whole, batch))

    def _finish_others(
        self, work: Submit, joined: Joined, state: MessageState, error: str, batch: Batch
    ) -> None:
        """The segments that came before the last one."""
        others = [token for token in joined.tokens if token != work.message_id]
        self._end(others, state, error, batch)

    def _end(self, segments: Iterable[str], state: MessageState, error: str, batch: Batch) -> None:
        """Each segment is a message of its own, for which a receipt may have been asked."""
        code = number_for(state)
        self._deliveries.settle(
            [Delivery(each, "", state, error, receipt=True, error_code=code) for each in segments], batch
        )

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
        if work.turn is not None and work.turn.operation == UssdServiceOp.USSR_CONFIRM:
            # After a fault: nobody knows any more whether the answer was a secret.
            work = blinded(work)
        message = mo_message(work, batch.uow, MessageState.DELIVERED, outcome=outcome)
        batch.uow.messages.add(message, None)
        self._deliveries.receipt(message, batch)
        if work.turn is None:
            reply_ids = tuple(self._reply(each, work, batch) for each in outcome.replies)
        else:
            reply_ids = self.dialogues.give_up(work, work.turn, outcome, batch)
        batch.follow(outcome)
        self._remember(work, batch, outcome, reply_ids)
        return batch.result(work, Accepted(CommandStatus.ESME_ROK, work.message_id, outcome.word))

    def _reply(self, reply: Reply, work: Submit, batch: Batch) -> str:
        message, outbox = self._renderer.reply(reply, work, batch.uow, batch.context)
        batch.promise(message, outbox)
        return message.id

    def _forward(self, work: Submit, batch: Batch) -> Result:
        """Store a message to a handset, an application or another network, and promise its delivery."""
        sender = batch.uow.subscribers.get(Msisdn(work.source)) if is_canonical(work.source) else None
        if sender is not None and sender.status in _MAY_NOT_SEND:
            return Result(work, Accepted(CommandStatus.ESME_RSUBMITFAIL, "", "access.blocked"))
        work = _on_net(work, batch.uow)
        if work.replaces:
            self._make_way(work, batch)
        pending = self._promise(work, batch)
        if work.alert_to and work.route.kind is RouteKind.HANDSET:
            flag = PendingFlag(work.route.target, work.account, work.alert_to, work.message_id)
            batch.uow.pending_flags.set(flag)
        self._remember(work, batch, _NOTHING)
        return batch.result(work, Accepted(CommandStatus.ESME_ROK, work.message_id, pending=pending))

    def _promise(self, work: Submit, batch: Batch) -> bool:
        """Promise the delivery. True where the submit's response is to wait for it."""
        outbox = self._renderer.onward(work, batch.uow, batch.context)
        if work.schedule_s is not None:
            message = mo_message(work, batch.uow, MessageState.SCHEDULED)
            batch.schedule(message, outbox, priority=work.priority)
        elif work.route.kind is RouteKind.OFFNET:
            message = mo_message(work, batch.uow, MessageState.DELIVERED)
            batch.uow.messages.add(message, None)
            self._deliveries.receipt(message, batch)
        else:
            message = mo_message(work, batch.uow, MessageState.ENROUTE)
            batch.promise(message, outbox, priority=work.priority)
            return work.awaited
        return False

    def _make_way(self, work: Submit, batch: Batch) -> None:
        """The message that waits between the same addresses is replaced (SMPP 3.4 section 5.2.18)."""
        between = Between(work.account, work.source, work.destination, work.service_type)
        found = batch.uow.messages.first_waiting(lanes_of(work.route.lane), between, work.busy)
        if found is not None:
            self._deliveries.delete(found, f"replaced by {work.message_id}", batch)

    @staticmethod
    def _remember(
        work: Submit, batch: Batch, outcome: Outcome, reply_ids: tuple[str, ...] = (), word: str = ""
    ) -> None:
        key = current(work.inbox, batch.uow.wall_us)
        batch.remember(key, outcome, work.message_id, reply_ids, fresh=work.fresh, word=word)


def _on_net(work: Submit, uow: UnitOfWork) -> Submit:
    """A subscriber's record overrides the prefix (services.md section 0): a number may be ported in."""
    route = work.route
    if route.kind is not RouteKind.OFFNET or uow.subscribers.get(Msisdn(route.target)) is None:
        return work
    return work._replace(route=replace(route, kind=RouteKind.HANDSET))
