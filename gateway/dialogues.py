"""USSD dialogues: whose they are, and who may speak in them.

Runs in the writer thread, inside a batch: a step, its command and its screen are one transaction. A handset
has one dialogue at a time, with a menu of the operator's own or with an application; one without an answer
ends after the profile's time (services.md section 1, interfaces.md "USSD over SMPP").
"""

from collections.abc import Callable, Sequence

from gateway import dialogue_book as book
from gateway.account_dialects import AccountDialects
from gateway.app_dialogues import AppDialogues
from gateway.batch import Batch
from gateway.config import RADIO
from gateway.dialogue_book import ACCOUNT, NotInDialogue
from gateway.dialogue_screens import Done, Kept, Screens, last
from gateway.kept import blinded
from gateway.menu_dialogues import ADMIT, MenuDialogues
from gateway.onward import Onward
from gateway.rendering import Renderer
from gateway.routing import RouteKind
from gateway.smpp.constants import UssdServiceOp
from gateway.work import Submit, UssdTurn
from handlers.base.bus import Bus
from handlers.base.command import Channel
from handlers.base.outcome import Outcome
from rating.msisdn import Msisdn, is_canonical
from storage.model import Dialogue, Job, Message
from ussd_menus.menu import Menu

_OWN = "menu"


class Dialogues:
    """One per gateway."""

    def __init__(
        self,
        bus: Bus,
        renderer: Renderer,
        menus: Sequence[Menu],
        onward: Onward,
        dialects: AccountDialects,
        new_id: Callable[[], str],
    ) -> None:
        #: Sessions that are bound now; a dialogue whose session is gone goes on from another of its account.
        self.live: set[str] = set()
        self._dialects = dialects
        self._screens = Screens(renderer)
        self._own = MenuDialogues(bus, self._screens, menus)
        self._apps = AppDialogues(self._screens, renderer, onward, dialects, new_id)

    def run(self, work: Submit, batch: Batch) -> Done:
        """Carry out what was dialled or answered, or what an application says. Raises NotInDialogue."""
        turn = work.turn
        if turn is None:
            return Done(work)
        if is_of_application(work):
            return self._apps.said(work, turn, batch)
        if turn.operation == UssdServiceOp.PSSR_INDICATION:
            return self._begin(work, turn, batch)
        return self._answer(work, turn, batch)

    def awaits(self, work: Submit, turn: UssdTurn, batch: Batch) -> bool:
        """Whether it is what an open dialogue waits for now: so it cannot have been taken before."""
        if is_of_application(work):
            return self._apps.awaits(work, turn, batch)
        dialogue = batch.uow.dialogues.of(work.source)
        if dialogue is None or turn.operation == UssdServiceOp.PSSR_INDICATION:
            return False
        if turn.end:  # Ended is ended, also where it was said before.
            return turn.dialogue is not None and self._names(dialogue, turn._replace(sequence=None), work)
        return turn.sequence is not None and self._names(dialogue, turn, work)

    def again(self, work: Submit, opened_by: str, batch: Batch) -> None:
        """A submit was repeated because its session died before it was answered: so its screen was not seen.

        ``opened_by`` is the message that it repeats. Where that led to the screen that still waits for an
        answer, the screen is shown again.
        """
        dialogue, turn = batch.uow.dialogues.of(work.source), work.turn
        if dialogue is None or turn is None or dialogue.session_id == work.session_id:
            return
        if turn.operation == UssdServiceOp.PSSR_INDICATION:
            led_to = dialogue.id == opened_by and turn.sequence in (None, dialogue.sequence)
        else:
            before = dialogue._replace(sequence=(dialogue.sequence - 1) & book.SEQUENCE_MASK)
            led_to = self._names(before, turn, work)
        if led_to and self._may_answer(dialogue, work):
            dialogue = dialogue._replace(account=work.account, session_id=work.session_id)
            self._shown_again(work, dialogue, batch).promise(batch)

    def timed_out(self, job: Job, batch: Batch) -> None:
        """No answer came: the network lets go."""
        dialogue = batch.uow.dialogues.of(str(job.payload["msisdn"]))
        if dialogue is None or dialogue.id != job.payload["dialogue"]:
            return
        if _is_owned(dialogue):
            self._apps.timed_out(dialogue, batch)
        else:
            book.end(dialogue, "no answer in time", batch)

    def lost(self, message: Message, batch: Batch) -> None:
        """A message of a dialogue, ended without being delivered: an application's dialogue ends with it.

        A screen of the operator's own menus may still be asked for again.
        """
        msisdn = message.source if is_canonical(message.source) else message.destination
        dialogue = batch.uow.dialogues.of(msisdn)
        if dialogue is not None and _is_owned(dialogue):
            self._apps.lost(dialogue, message.id, message.error_code, batch)

    def give_up(self, work: Submit, turn: UssdTurn, outcome: Outcome, batch: Batch) -> tuple[str, ...]:
        """After a fault: the outcome's text is the last screen of whatever was open. Returns its id."""
        before = batch.uow.dialogues.of(work.source)
        if before is not None:
            self._let_go(before, batch)
        # What was open may be what is at fault, so the screen stands in a dialogue of its own.
        dialogue = self._opened(work, turn, batch)
        if before is not None and turn.operation != UssdServiceOp.PSSR_INDICATION:
            code, sequence = before.service_code, book.after(before)
            dialogue = dialogue._replace(service_code=code, sequence=sequence)
        return self._screens.show(last(outcome), work, turn, dialogue, 0, batch).promise(batch)

    # -- steps -------------------------------------------------------------------------------------

    def _begin(self, work: Submit, turn: UssdTurn, batch: Batch) -> Done:
        before = batch.uow.dialogues.of(work.source)
        if before is not None:
            self._end(before, "the handset dialled anew", batch)
        dialogue = self._opened(work, turn, batch)
        if not _is_owned(dialogue):
            said = self._own.dialled(work, turn, batch)
            return self._screens.show(said, work, turn, dialogue, 0, batch)
        if batch.uow.subscribers.get(Msisdn(work.source)) is not None:
            admitted = ADMIT(work.origin(Channel.USSD), batch.uow)
            if isinstance(admitted, Outcome):
                return self._screens.show(last(admitted), work, turn, dialogue, 0, batch)
        return self._apps.dialled(work, turn, dialogue, batch)

    @staticmethod
    def _opened(work: Submit, turn: UssdTurn, batch: Batch) -> Dialogue:
        dialogue = Dialogue(
            id=work.message_id,
            msisdn=work.source,
            number=turn.dialogue or 0,
            owner=work.route.lane if work.route.kind is RouteKind.ACCOUNT else _OWN,
            service_code=work.route.code or work.destination,
            account=work.account,
            session_id=work.session_id,
            opened_us=batch.uow.now_us,
            sequence=turn.sequence or 0,
        )
        batch.uow.dialogues.begin(dialogue)
        return dialogue

    def _answer(self, work: Submit, turn: UssdTurn, batch: Batch) -> Done:
        try:
            dialogue = self._spoken_in(work, turn, batch)
        except NotInDialogue:
            if turn.operation == UssdServiceOp.USSN_CONFIRM and not turn.end:
                return Done(work)  # A telephone confirms every notice, also one that nobody waits for.
            raise
        dialogue = dialogue._replace(account=work.account, session_id=work.session_id)
        if _is_owned(dialogue):
            return self._apps.answered(work, turn, dialogue, batch)
        kept = Kept.unpack(dialogue.state)
        if kept.secret:
            work = blinded(work)
        if turn.end:
            book.note(dialogue, kept.turns, turn, work, batch)
            book.end(dialogue, "the handset ended it", batch)
            return Done(work)
        if turn.operation == UssdServiceOp.USSN_CONFIRM:
            return Done(work)
        return self._own.answered(kept, work, turn, dialogue, batch)

    def _spoken_in(self, work: Submit, turn: UssdTurn, batch: Batch) -> Dialogue:
        """The dialogue that an answer is for. Raises NotInDialogue."""
        dialogue = batch.uow.dialogues.of(work.source)
        if dialogue is None:
            raise NotInDialogue("the handset has no dialogue open")
        # A handset that lets go may do so before it has seen the last screen.
        named = turn._replace(sequence=None) if turn.end else turn
        if not self._names(dialogue, named, work):
            raise NotInDialogue("its_session_info is not that of the last screen")
        if not self._may_answer(dialogue, work):
            raise NotInDialogue("the dialogue belongs to another session")
        return dialogue

    def _names(self, dialogue: Dialogue, turn: UssdTurn, work: Submit) -> bool:
        return book.names(dialogue, turn, self._dialects.of(work.account).numbers)

    def _may_answer(self, dialogue: Dialogue, work: Submit) -> bool:
        """The session that dialled, or when it is gone another one of its account.

        What the radio side dialled for a handset, and what an application began, is shown and answered by
        whoever serves the handset.
        """
        if dialogue.session_id == work.session_id or dialogue.account in (RADIO, ""):
            return True
        return dialogue.account == work.account and dialogue.session_id not in self.live

    def _shown_again(self, work: Submit, dialogue: Dialogue, batch: Batch) -> Done:
        if _is_owned(dialogue):
            return self._apps.show_again(work, dialogue, batch)
        return self._screens.show_again(Kept.unpack(dialogue.state), work, dialogue, batch)

    def _let_go(self, dialogue: Dialogue, batch: Batch) -> None:
        """End it after a fault."""
        try:
            self._end(dialogue, "a fault", batch)
        except Exception:  # noqa: BLE001 - what is at fault may be that the application is told
            if batch.uow.dialogues.of(dialogue.msisdn) is not None:
                book.end(dialogue, "a fault", batch)

    def _end(self, dialogue: Dialogue, how: str, batch: Batch) -> None:
        """End it from this side, and tell an application whose it is."""
        if _is_owned(dialogue):
            self._apps.end(dialogue, how, batch)
        else:
            book.end(dialogue, how, batch)


def is_of_application(work: Submit) -> bool:
    """True for what an application says to a handset."""
    return work.turn is not None and work.route.kind is RouteKind.HANDSET


def _is_owned(dialogue: Dialogue) -> bool:
    return dialogue.owner.startswith(ACCOUNT)
