"""The screens of a dialogue: what a step says, cut into pages, numbered, written down and promised."""

import json
from dataclasses import dataclass
from typing import NamedTuple

from gateway.batch import Batch
from gateway.coding.ussd import screen as fitted
from gateway.coding.ussd_pages import pages
from gateway.rendering import Renderer, UssdScreen
from gateway.smpp.constants import UssdServiceOp
from gateway.work import Submit, UssdTurn
from handlers.base.outcome import Outcome, Reply, Text
from rating.msisdn import Msisdn
from storage.model import Dialogue, DialogueTurn, Job, Message, Outbox

#: The job that ends a dialogue without an answer.
GUARD_JOB = "ussd.guard"
#: Bits of the sequence number in its_session_info (SMPP 3.4 section 5.3.2.43).
SEQUENCE_MASK = 0x7F
_US = 1_000_000
_NOTHING = Outcome()


class Kept(NamedTuple):
    """What a dialogue keeps between two steps: the menu's state, and the pages of the screen."""

    menu: str
    pages: tuple[str, ...]
    page: int
    turns: int
    secret: bool = False

    @property
    def is_last(self) -> bool:
        """True for the page behind which nothing comes."""
        return not self.menu and self.page == len(self.pages) - 1

    @property
    def text(self) -> str:
        """The page that is shown now. From a dialogue's end no way leads back, so none is offered there."""
        page = self.pages[self.page]
        return page.rpartition("\n")[0] if self.is_last and self.page > 0 else page

    def pack(self) -> str:
        """As JSON."""
        return json.dumps(self, ensure_ascii=True, separators=(",", ":"))

    @classmethod
    def unpack(cls, packed: str) -> "Kept":
        """What ``pack`` wrote."""
        menu, shown, page, turns, secret = json.loads(packed)
        return cls(menu, tuple(shown), page, turns, secret)


class Done(NamedTuple):
    """What became of a step: the submit as it may be kept, the outcome, the screens and messages to promise.

    A screen, where there is one, comes first. ``asks``: it wants an answer, and nothing was carried out but
    what may stand on top of it.
    """

    work: Submit
    outcome: Outcome = _NOTHING
    replies: tuple[tuple[Message, Outbox], ...] = ()
    asks: bool = False

    def promise(self, batch: Batch) -> tuple[str, ...]:
        """Promise the replies, and their ids."""
        for message, outbox in self.replies:
            batch.promise(message, outbox)
        return tuple(message.id for message, _ in self.replies)


@dataclass(frozen=True, slots=True)
class Said:
    """What a step leads to: the outcome for the message store, and the text of the screen.

    ``menu`` is the packed state of a screen that wants an answer, None for the last one.
    """

    outcome: Outcome
    text: Text
    menu: str | None = None
    secret: bool = False
    fallback: str = ""
    others: tuple[Reply, ...] = ()


class Screens:
    """One per gateway. A dialogue has one screen at a time, which waits for an answer or is the last."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    def show(
        self, said: Said, work: Submit, turn: UssdTurn, dialogue: Dialogue, turns: int, batch: Batch
    ) -> Done:
        """The first page of what a step says. ``turns`` is how much was said in the dialogue before it."""
        msisdn = Msisdn(work.source)
        words = self._renderer.words(msisdn, batch.uow)
        shown = pages(words(said.text), words(Text("menu.more")), words(Text("menu.previous")))
        self.note(dialogue, turns, turn, work, batch)
        kept = Kept(said.menu or "", shown, 0, turns + 1, said.secret)
        sequence = _after(dialogue) if turns else turn.sequence
        sent = self._send(kept, sequence, work, dialogue, batch, said)
        others = (self._renderer.reply(each, work, batch.uow, batch.context) for each in said.others)
        return Done(work, said.outcome, (sent, *others), asks=bool(kept.menu))

    def turn_page(self, kept: Kept, work: Submit, turn: UssdTurn, dialogue: Dialogue, batch: Batch) -> Done:
        """Another page of the screen; ``kept`` names it already."""
        self.note(dialogue, kept.turns, turn, work, batch)
        kept = kept._replace(turns=kept.turns + 1)
        return Done(work, replies=(self._send(kept, _after(dialogue), work, dialogue, batch),))

    def show_again(self, kept: Kept, work: Submit, dialogue: Dialogue, batch: Batch) -> Done:
        """The page that waits for an answer, with the sequence number that it had."""
        sent = self._send(kept, dialogue.sequence, work, dialogue, batch, note="shown again")
        return Done(work, replies=(sent,))

    def _send(
        self,
        kept: Kept,
        sequence: int,
        work: Submit,
        dialogue: Dialogue,
        batch: Batch,
        said: Said | None = None,
        note: str = "",
    ) -> tuple[Message, Outbox]:
        screen = UssdScreen(
            text=kept.text,
            text_id=said.text.id if said else "",
            operation=UssdServiceOp.PSSR_RESPONSE if kept.is_last else UssdServiceOp.USSR_REQUEST,
            number=dialogue.number,
            sequence=sequence,
            end=kept.is_last,
            fallback=said.fallback if said else "",
        )
        message, outbox = self._renderer.screen(screen, work, dialogue.service_code, batch.uow, batch.context)
        state = "" if kept.is_last else kept._replace(turns=kept.turns + 1).pack()
        dialogue = dialogue._replace(sequence=sequence, state=state, updated_us=batch.uow.now_us)
        shown = DialogueTurn(
            dialogue.id,
            kept.turns,
            batch.uow.now_us,
            screen.operation.name,
            screen.text,
            len(fitted(screen.text).short_message),
            note,
        )
        batch.uow.dialogues.said(shown)
        if kept.is_last:
            self.end(dialogue, "completed", batch)
        else:
            batch.uow.dialogues.put(dialogue)
            self._guard(dialogue, batch)
        return message, outbox

    @staticmethod
    def note(dialogue: Dialogue, turns: int, turn: UssdTurn, work: Submit, batch: Batch) -> None:
        """Write down what was typed, as far as it may be kept."""
        operation = UssdServiceOp(turn.operation).name
        said = DialogueTurn(
            dialogue.id,
            turns,
            batch.uow.now_us,
            operation,
            work.text,
            turn.octets,
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
    def end(dialogue: Dialogue, how: str, batch: Batch) -> None:
        """It is over; nothing is left of its state, and nobody waits for an answer."""
        batch.uow.dialogues.put(dialogue._replace(state="", ended=how, updated_us=batch.uow.now_us))
        batch.uow.jobs.cancel(f"ussd:{dialogue.msisdn}")


def _after(dialogue: Dialogue) -> int:
    """The sequence number of the next screen."""
    return (dialogue.sequence + 1) & SEQUENCE_MASK


def last(outcome: Outcome) -> Said:
    """A service's answer as the last screen; what it says to others, or by SMS, goes its own way."""
    screens = [each for each in outcome.replies if each.to is None and not each.by_sms]
    text = screens[0].text if screens else Text("menu.done")
    others = tuple(each for each in outcome.replies if each not in screens[:1])
    fallback = screens[0].fallback if screens else ""
    return Said(outcome, text, None, fallback=fallback, others=others)
