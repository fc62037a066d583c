"""USSD dialogues of the operator's own menus: what a handset dials and answers, and the screens that follow.

Runs in the writer thread, inside a batch: a step, its command and its screen are one transaction. A handset
has one dialogue at a time; one without an answer ends after the profile's time (services.md section 1,
interfaces.md "USSD over SMPP").
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from gateway.batch import Batch
from gateway.coding.ussd_pages import pages
from gateway.rendering import Renderer, UssdScreen
from gateway.smpp.constants import CommandStatus, UssdServiceOp
from gateway.work import Submit, UssdTurn
from handlers.base.access import Access, gate
from handlers.base.bus import Bus
from handlers.base.command import Channel, Command
from handlers.base.grammar import Usage, parse_dial
from handlers.base.outcome import Outcome, Refusal, Reply, Text
from rating.msisdn import Msisdn
from rating.subscriber import Language
from storage.model import Dialogue, DialogueTurn, Job, Subscriber
from ussd_menus.engine import Close, Issue, Show, Turn, begin, step
from ussd_menus.facts import Facts
from ussd_menus.menu import Menu
from ussd_menus.model import MORE, PREVIOUS
from ussd_menus.state import State

#: The job that ends a dialogue without an answer.
GUARD_JOB = "ussd.guard"
_US = 1_000_000
_SEQUENCE_MASK = 0x7F
_OWN = "menu"
#: Whoever may not call may still look around; what costs money asks for itself.
_ADMIT = gate(Access(allow_blocked_outgoing=True, allow_debt=True, allow_negative=True))


class NotInDialogue(Exception):
    """The answer belongs to no dialogue of this handset and session. ``reason`` is for the log."""

    status = CommandStatus.ESME_RINVOPTPARAMVAL

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class Kept(NamedTuple):
    """What a dialogue keeps between two steps: the menu's state, and the pages of the screen."""

    menu: str
    pages: tuple[str, ...]
    page: int
    turns: int
    secret: bool = False

    def pack(self) -> str:
        """As JSON."""
        return json.dumps(self, ensure_ascii=True, separators=(",", ":"))

    @classmethod
    def unpack(cls, packed: str) -> "Kept":
        """What ``pack`` wrote."""
        menu, shown, page, turns, secret = json.loads(packed)
        return cls(menu, tuple(shown), page, turns, secret)


@dataclass(frozen=True, slots=True)
class _Said:
    """What a step leads to: the outcome for the message store, and the text of the screen.

    ``menu`` is the packed state of a screen that wants an answer, None for the last one.
    """

    outcome: Outcome
    text: Text
    menu: str | None = None
    secret: bool = False
    fallback: str = ""
    others: tuple[Reply, ...] = ()


class Dialogues:
    """One per gateway."""

    def __init__(self, bus: Bus, renderer: Renderer, menus: Mapping[str, Menu]) -> None:
        """``menus`` by service code."""
        self._bus = bus
        self._renderer = renderer
        self._menus = menus
        #: Sessions that are bound now; a dialogue whose session is gone goes on from another of its account.
        self.live: set[str] = set()

    def run(self, work: Submit, batch: Batch) -> tuple[Outcome, tuple[str, ...]]:
        """Carry out what was dialled or answered; the outcome and the ids of the screens and messages.

        Raises NotInDialogue.
        """
        turn = work.turn
        if turn is None or turn.operation == UssdServiceOp.USSN_CONFIRM:
            return Outcome(), ()
        if turn.operation == UssdServiceOp.PSSR_INDICATION:
            return self._begin(work, turn, batch)
        return self._answer(work, turn, batch)

    def timed_out(self, job: Job, batch: Batch) -> None:
        """No answer came: the network lets go."""
        dialogue = batch.uow.dialogues.of(str(job.payload["msisdn"]))
        if dialogue is not None and dialogue.id == job.payload["dialogue"]:
            self._end(dialogue, "no answer in time", batch)

    # -- steps -------------------------------------------------------------------------------------

    def _begin(self, work: Submit, turn: UssdTurn, batch: Batch) -> tuple[Outcome, tuple[str, ...]]:
        before = batch.uow.dialogues.of(work.source)
        if before is not None:
            self._end(before, "the handset dialled anew", batch)
        dialogue = Dialogue(
            id=work.message_id,
            msisdn=work.source,
            number=turn.dialogue,
            owner=_OWN,
            service_code=work.route.code or work.destination,
            account=work.account,
            session_id=work.session_id,
            opened_us=batch.uow.now_us,
            sequence=turn.sequence,
        )
        batch.uow.dialogues.begin(dialogue)
        said = self._dialled(work, turn, batch)
        return self._show(said, work, turn, dialogue, 0, batch)

    def _answer(self, work: Submit, turn: UssdTurn, batch: Batch) -> tuple[Outcome, tuple[str, ...]]:
        dialogue = self._own(work, turn, batch)
        kept = Kept.unpack(dialogue.state)
        dialogue = dialogue._replace(session_id=work.session_id)
        if turn.end:
            self._note(dialogue, kept.turns, turn, work, batch)
            self._end(dialogue, "the handset ended it", batch)
            return Outcome(), ()
        page = kept.page + _PAGING.get(turn.typed.reveal().strip(), 0)
        if page != kept.page and 0 <= page < len(kept.pages):
            return self._turn_page(kept._replace(page=page), work, turn, dialogue, batch)
        said = self._stepped(kept, work, turn, dialogue, batch)
        return self._show(said, work, turn, dialogue, kept.turns, batch)

    def _own(self, work: Submit, turn: UssdTurn, batch: Batch) -> Dialogue:
        """The dialogue that an answer is for. Raises NotInDialogue."""
        dialogue = batch.uow.dialogues.of(work.source)
        if dialogue is None:
            raise NotInDialogue("the handset has no dialogue open")
        if (turn.dialogue, turn.sequence) != (dialogue.number, dialogue.sequence):
            raise NotInDialogue("its_session_info is not that of the last screen")
        moved = dialogue.session_id != work.session_id
        if dialogue.account != work.account or (moved and dialogue.session_id in self.live):
            raise NotInDialogue("the dialogue belongs to another session")
        return dialogue

    def _dialled(self, work: Submit, turn: UssdTurn, batch: Batch) -> _Said:
        menu = self._menus.get(work.route.code)
        dial = parse_dial(turn.typed.reveal())
        if menu is not None and menu.service == work.route.target and dial is not None:
            subscriber = _ADMIT(work.origin(Channel.USSD), batch.uow)
            if isinstance(subscriber, Outcome):
                return _last(subscriber)
            words = dial.segments[work.route.code.count("*") :]
            found = begin(menu, words, _facts(subscriber), work.origin(Channel.USSD))
            if found is not None:
                return self._said(found, batch)
        return self._by_grammar(work, batch)

    def _by_grammar(self, work: Submit, batch: Batch) -> _Said:
        if isinstance(work.asked, Command):
            return _last(self._bus.handle(work.asked, batch.uow, batch.context))
        text = Text(work.asked.text_id if isinstance(work.asked, Usage) else "system.unknown_code")
        return _Said(Outcome(refusal=Refusal("usage", text)), text)

    def _stepped(self, kept: Kept, work: Submit, turn: UssdTurn, dialogue: Dialogue, batch: Batch) -> _Said:
        menu = self._menus.get(dialogue.service_code)
        if menu is None or not kept.menu:
            # The last screen of several pages: there is nothing to answer but the pages.
            return _Said(Outcome(), Text("menu.closed"))
        origin = work.origin(Channel.USSD)
        origin = type(origin)(
            msisdn=origin.msisdn,
            channel=origin.channel,
            service_code=dialogue.service_code,
            source_id=origin.source_id,
        )
        subscriber = _ADMIT(origin, batch.uow)
        if isinstance(subscriber, Outcome):
            return _last(subscriber)
        state, typed = State.unpack(kept.menu), turn.typed.reveal()
        return self._said(step(menu, state, typed, _facts(subscriber), origin), batch)

    def _said(self, found: Turn, batch: Batch) -> _Said:
        match found:
            case Close():
                return _Said(Outcome(), found.text)
            case Issue():
                return _last(self._bus.handle(found.command, batch.uow, batch.context))
            case Show(lead=None):
                return _Said(Outcome(), found.text, found.state.pack(), found.secret)
            case Show():
                lead = self._bus.handle(found.lead, batch.uow, batch.context)
                if lead.refusal is not None or not lead.replies:
                    return _last(lead)
                text = found.under(lead.replies[0].text)
                return _Said(lead, text, found.state.pack(), found.secret)

    # -- screens -----------------------------------------------------------------------------------

    def _show(
        self, said: _Said, work: Submit, turn: UssdTurn, dialogue: Dialogue, turns: int, batch: Batch
    ) -> tuple[Outcome, tuple[str, ...]]:
        msisdn = Msisdn(work.source)
        words = self._renderer.words(msisdn, batch.uow)
        shown = pages(words(said.text), words(Text("menu.more")), words(Text("menu.previous")))
        self._note(dialogue, turns, turn, work, batch)
        kept = Kept(said.menu or "", shown, 0, turns + 1, said.secret)
        sent = self._send(kept, said.menu is None and len(shown) == 1, work, turn, dialogue, batch, said)
        others = tuple(self._other(each, work, batch) for each in said.others)
        return said.outcome, (sent, *others)

    def _turn_page(
        self, kept: Kept, work: Submit, turn: UssdTurn, dialogue: Dialogue, batch: Batch
    ) -> tuple[Outcome, tuple[str, ...]]:
        self._note(dialogue, kept.turns, turn, work, batch)
        kept = kept._replace(turns=kept.turns + 1)
        is_last = not kept.menu and kept.page == len(kept.pages) - 1
        return Outcome(), (self._send(kept, is_last, work, turn, dialogue, batch, None),)

    def _send(
        self,
        kept: Kept,
        is_last: bool,
        work: Submit,
        turn: UssdTurn,
        dialogue: Dialogue,
        batch: Batch,
        said: _Said | None,
    ) -> str:
        sequence = turn.sequence if kept.turns == 1 else (dialogue.sequence + 1) & _SEQUENCE_MASK
        screen = UssdScreen(
            text=kept.pages[kept.page],
            text_id=said.text.id if said else "",
            operation=UssdServiceOp.PSSR_RESPONSE if is_last else UssdServiceOp.USSR_REQUEST,
            number=dialogue.number,
            sequence=sequence,
            end=is_last,
            fallback=said.fallback if said else "",
        )
        message, outbox = self._renderer.screen(screen, work, dialogue.service_code, batch.uow, batch.context)
        batch.promise(message, outbox)
        dialogue = dialogue._replace(
            sequence=sequence, state=kept._replace(turns=kept.turns + 1).pack(), updated_us=batch.uow.now_us
        )
        shown = DialogueTurn(
            dialogue.id,
            kept.turns,
            batch.uow.now_us,
            screen.operation.name,
            screen.text,
            len(message.pdus),
        )
        batch.uow.dialogues.said(shown)
        if is_last:
            self._end(dialogue, "completed", batch)
        else:
            batch.uow.dialogues.put(dialogue)
            self._guard(dialogue, batch)
        return message.id

    def _other(self, reply: Reply, work: Submit, batch: Batch) -> str:
        message, outbox = self._renderer.reply(reply, work, batch.uow, batch.context)
        batch.promise(message, outbox)
        return message.id

    @staticmethod
    def _note(dialogue: Dialogue, turns: int, turn: UssdTurn, work: Submit, batch: Batch) -> None:
        operation = UssdServiceOp(turn.operation).name
        said = DialogueTurn(
            dialogue.id,
            turns,
            batch.uow.now_us,
            operation,
            work.text,
            len(work.pdu),
            "ended" if turn.end else "",
        )
        batch.uow.dialogues.said(said)

    @staticmethod
    def _guard(dialogue: Dialogue, batch: Batch) -> None:
        due_us = batch.uow.now_us + batch.context.profile.ussd_dialogue_s * _US
        payload: dict[str, str | int] = {"msisdn": dialogue.msisdn, "dialogue": dialogue.id}
        key = f"ussd:{dialogue.msisdn}"
        batch.uow.jobs.put(Job(kind=GUARD_JOB, key=key, due_us=due_us, payload=payload))

    @staticmethod
    def _end(dialogue: Dialogue, how: str, batch: Batch) -> None:
        batch.uow.dialogues.put(dialogue._replace(ended=how, updated_us=batch.uow.now_us))
        batch.uow.jobs.cancel(f"ussd:{dialogue.msisdn}")


_PAGING = {MORE: 1, PREVIOUS: -1}


def _last(outcome: Outcome) -> _Said:
    """A service's answer as the last screen; what it says to others, or by SMS, goes its own way."""
    screens = [each for each in outcome.replies if each.to is None and not each.by_sms]
    text = screens[0].text if screens else Text("menu.done")
    others = tuple(each for each in outcome.replies if each not in screens[:1])
    fallback = screens[0].fallback if screens else ""
    return _Said(outcome, text, None, fallback=fallback, others=others)


def _facts(subscriber: Subscriber) -> Facts:
    return Facts(
        language=Language(subscriber.language),
        billing=subscriber.billing,
        brand=subscriber.brand,
        status=subscriber.status,
        roaming=subscriber.roaming,
    )
