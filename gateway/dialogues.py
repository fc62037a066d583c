"""USSD dialogues of the operator's own menus: what a handset dials and answers, and the screens that follow.

Runs in the writer thread, inside a batch: a step, its command and its screen are one transaction. A handset
has one dialogue at a time; one without an answer ends after the profile's time (services.md section 1,
interfaces.md "USSD over SMPP").
"""

from collections.abc import Mapping
from dataclasses import replace

from gateway.batch import Batch
from gateway.config import RADIO
from gateway.dialogue_screens import SEQUENCE_MASK, Done, Kept, Said, Screens, last
from gateway.kept import blinded
from gateway.rendering import Renderer
from gateway.smpp.constants import CommandStatus, UssdServiceOp
from gateway.work import Submit, UssdTurn
from handlers.base.access import Access, gate
from handlers.base.bus import Bus
from handlers.base.command import Channel, Command
from handlers.base.grammar import Usage, clean, parse_dial
from handlers.base.outcome import Outcome, Refusal, Text
from rating.subscriber import Language
from storage.model import Dialogue, Job, Subscriber
from ussd_menus.engine import Close, Issue, Show, Turn, begin, step
from ussd_menus.facts import Facts
from ussd_menus.menu import Menu
from ussd_menus.model import MORE, PREVIOUS
from ussd_menus.state import State

_OWN = "menu"
#: Whoever may not call may still look around; what costs money asks for itself.
_ADMIT = gate(Access(allow_blocked_outgoing=True, allow_debt=True, allow_negative=True))


class NotInDialogue(Exception):
    """The answer belongs to no dialogue of this handset and session. ``reason`` is for the log."""

    status = CommandStatus.ESME_RINVOPTPARAMVAL

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class Dialogues:
    """One per gateway."""

    def __init__(self, bus: Bus, renderer: Renderer, menus: Mapping[str, Menu]) -> None:
        """``menus`` by service code."""
        self._bus = bus
        self._screens = Screens(renderer)
        self._menus = menus
        #: Sessions that are bound now; a dialogue whose session is gone goes on from another of its account.
        self.live: set[str] = set()

    def run(self, work: Submit, batch: Batch) -> Done:
        """Carry out what was dialled or answered. Raises NotInDialogue."""
        turn = work.turn
        if turn is None or turn.operation == UssdServiceOp.USSN_CONFIRM:
            return Done(work)
        if turn.operation == UssdServiceOp.PSSR_INDICATION:
            return self._begin(work, turn, batch)
        return self._answer(work, turn, batch)

    def awaits(self, work: Submit, turn: UssdTurn, batch: Batch) -> bool:
        """Whether it answers the screen that an open dialogue of this handset shows now."""
        if turn.operation != UssdServiceOp.USSR_CONFIRM:
            return False
        dialogue = batch.uow.dialogues.of(work.source)
        place = (turn.dialogue, turn.sequence)
        return dialogue is not None and place == (dialogue.number, dialogue.sequence)

    def again(self, work: Submit, opened_by: str, batch: Batch) -> None:
        """A submit was repeated because its session died before it was answered: so its screen was not seen.

        ``opened_by`` is the message that it repeats. Where that led to the screen that still waits for an
        answer, the screen is shown again.
        """
        dialogue, turn = batch.uow.dialogues.of(work.source), work.turn
        if dialogue is None or turn is None or dialogue.session_id == work.session_id:
            return
        if turn.operation == UssdServiceOp.PSSR_INDICATION:
            led_to = dialogue.id == opened_by and turn.sequence == dialogue.sequence
        else:
            follows = (turn.sequence + 1) & SEQUENCE_MASK == dialogue.sequence
            led_to = turn.dialogue == dialogue.number and follows
        if led_to and self._may_answer(dialogue, work):
            dialogue = dialogue._replace(account=work.account, session_id=work.session_id)
            self._screens.show_again(Kept.unpack(dialogue.state), work, dialogue, batch).promise(batch)

    def timed_out(self, job: Job, batch: Batch) -> None:
        """No answer came: the network lets go."""
        dialogue = batch.uow.dialogues.of(str(job.payload["msisdn"]))
        if dialogue is not None and dialogue.id == job.payload["dialogue"]:
            self._screens.end(dialogue, "no answer in time", batch)

    def give_up(self, work: Submit, turn: UssdTurn, outcome: Outcome, batch: Batch) -> tuple[str, ...]:
        """After a fault: the outcome's text is the last screen of whatever was open. Returns its id."""
        before = batch.uow.dialogues.of(work.source)
        if before is not None:
            self._screens.end(before, "a fault", batch)
        # What was open may be what is at fault, so the screen stands in a dialogue of its own.
        dialogue = self._opened(work, turn, batch)
        if before is not None and turn.operation != UssdServiceOp.PSSR_INDICATION:
            dialogue = dialogue._replace(service_code=before.service_code)
            turn = turn._replace(sequence=(turn.sequence + 1) & SEQUENCE_MASK)
        return self._screens.show(last(outcome), work, turn, dialogue, 0, batch).promise(batch)

    # -- steps -------------------------------------------------------------------------------------

    def _begin(self, work: Submit, turn: UssdTurn, batch: Batch) -> Done:
        before = batch.uow.dialogues.of(work.source)
        if before is not None:
            self._screens.end(before, "the handset dialled anew", batch)
        dialogue = self._opened(work, turn, batch)
        said = self._dialled(work, turn, batch)
        return self._screens.show(said, work, turn, dialogue, 0, batch)

    @staticmethod
    def _opened(work: Submit, turn: UssdTurn, batch: Batch) -> Dialogue:
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
        return dialogue

    def _answer(self, work: Submit, turn: UssdTurn, batch: Batch) -> Done:
        dialogue = self._own(work, turn, batch)
        kept = Kept.unpack(dialogue.state)
        dialogue = dialogue._replace(account=work.account, session_id=work.session_id)
        if kept.secret:
            work = blinded(work)
        if turn.end:
            self._screens.note(dialogue, kept.turns, turn, work, batch)
            self._screens.end(dialogue, "the handset ended it", batch)
            return Done(work)
        page = kept.page + _PAGING.get(clean(turn.typed.reveal()), 0)
        if page != kept.page and 0 <= page < len(kept.pages):
            return self._screens.turn_page(kept._replace(page=page), work, turn, dialogue, batch)
        said = self._stepped(kept, work, turn, dialogue, batch)
        return self._screens.show(said, work, turn, dialogue, kept.turns, batch)

    def _own(self, work: Submit, turn: UssdTurn, batch: Batch) -> Dialogue:
        """The dialogue that an answer is for. Raises NotInDialogue."""
        dialogue = batch.uow.dialogues.of(work.source)
        if dialogue is None:
            raise NotInDialogue("the handset has no dialogue open")
        # A handset that lets go may do so before it has seen the last screen.
        sequence = dialogue.sequence if turn.end else turn.sequence
        if (turn.dialogue, sequence) != (dialogue.number, dialogue.sequence):
            raise NotInDialogue("its_session_info is not that of the last screen")
        if not self._may_answer(dialogue, work):
            raise NotInDialogue("the dialogue belongs to another session")
        return dialogue

    def _may_answer(self, dialogue: Dialogue, work: Submit) -> bool:
        """The session that dialled, or when it is gone another one of its account.

        What the radio side dialled for a handset is shown, and answered, by whoever serves the handset.
        """
        if dialogue.session_id == work.session_id or dialogue.account == RADIO:
            return True
        return dialogue.account == work.account and dialogue.session_id not in self.live

    def _dialled(self, work: Submit, turn: UssdTurn, batch: Batch) -> Said:
        menu = self._menus.get(work.route.code)
        dial = parse_dial(turn.typed.reveal())
        if menu is not None and menu.service == work.route.target and dial is not None:
            subscriber = _ADMIT(work.origin(Channel.USSD), batch.uow)
            if isinstance(subscriber, Outcome):
                return last(subscriber)
            words = dial.segments[work.route.code.count("*") :]
            found = begin(menu, words, _facts(subscriber), work.origin(Channel.USSD))
            if found is not None:
                return self._said(found, batch)
        return self._by_grammar(work, batch)

    def _by_grammar(self, work: Submit, batch: Batch) -> Said:
        if isinstance(work.asked, Command):
            return last(self._bus.handle(work.asked, batch.uow, batch.context))
        text = Text(work.asked.text_id if isinstance(work.asked, Usage) else "system.unknown_code")
        return Said(Outcome(refusal=Refusal("usage", text)), text)

    def _stepped(self, kept: Kept, work: Submit, turn: UssdTurn, dialogue: Dialogue, batch: Batch) -> Said:
        menu = self._menus.get(dialogue.service_code)
        if menu is None or not kept.menu:
            # The last screen of several pages: there is nothing to answer but the pages.
            return Said(Outcome(), Text("menu.closed"))
        origin = replace(work.origin(Channel.USSD), service_code=dialogue.service_code)
        subscriber = _ADMIT(origin, batch.uow)
        if isinstance(subscriber, Outcome):
            return last(subscriber)
        state, typed = State.unpack(kept.menu), turn.typed.reveal()
        return self._said(step(menu, state, typed, _facts(subscriber), origin), batch)

    def _said(self, found: Turn, batch: Batch) -> Said:
        match found:
            case Close():
                return Said(Outcome(), found.text)
            case Issue():
                return last(self._bus.handle(found.command, batch.uow, batch.context))
            case Show():
                return self._shown(found, batch)

    def _shown(self, found: Show, batch: Batch) -> Said:
        """A screen, with what its leading command answers on top; a refusal is the last screen."""
        if found.lead is None:
            return Said(Outcome(), found.text, found.state.pack(), found.secret)
        lead = self._bus.handle(found.lead, batch.uow, batch.context)
        if lead.refusal is not None or not lead.replies:
            return last(lead)
        return Said(lead, found.under(lead.replies[0].text), found.state.pack(), found.secret)


_PAGING = {MORE: 1, PREVIOUS: -1}


def _facts(subscriber: Subscriber) -> Facts:
    return Facts(
        language=Language(subscriber.language),
        billing=subscriber.billing,
        brand=subscriber.brand,
        status=subscriber.status,
        roaming=subscriber.roaming,
    )
