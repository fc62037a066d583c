"""The screens of the operator's own menus: what a step says, cut into pages, numbered, noted and promised."""

import json
from dataclasses import dataclass
from typing import Final, NamedTuple

from gateway import dialogue_book as book
from gateway.batch import Batch
from gateway.coding.ussd import screen as fitted
from gateway.coding.ussd_pages import pages
from gateway.rendering import Renderer, UssdScreen
from gateway.smpp.constants import UssdServiceOp
from gateway.smpp.quick import quick
from gateway.work import Submit, UssdTurn
from handlers.base.outcome import Outcome, Reply, Text
from rating.msisdn import Msisdn
from storage.model import Dialogue, Message, Outbox

_NOTHING = Outcome()
#: ``json.dumps`` with separators of its own would make an encoder for each call.
_dump: Final = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


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
        return _dump(self)

    @classmethod
    def unpack(cls, packed: str) -> "Kept":
        """What ``pack`` wrote."""
        menu, shown, page, turns, secret = json.loads(packed)
        return cls(menu, tuple(shown), page, turns, secret)


class Done(NamedTuple):
    """What became of a step: the submit as it may be kept, the outcome, the screens and messages to promise.

    A screen, where there is one, comes first. ``asks``: it wants an answer, and nothing was carried out but
    what may stand on top of it. ``onward`` is the promise to bring the submit itself to the other side.
    """

    work: Submit
    outcome: Outcome = _NOTHING
    replies: tuple[tuple[Message, Outbox], ...] = ()
    asks: bool = False
    onward: Outbox | None = None

    def promise(self, batch: Batch) -> tuple[str, ...]:
        """Promise the replies, and their ids."""
        for message, outbox in self.replies:
            batch.promise(message, outbox)
        return tuple(message.id for message, _ in self.replies)


@quick
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
        book.note(dialogue, turns, turn, work, batch)
        sequence = book.after(dialogue) if turns else dialogue.sequence
        dialogue = dialogue._replace(sequence=sequence)
        sent = self.say(said, dialogue, turns + 1, work.message_id, batch)
        others = (self._renderer.reply(each, work, batch.uow, batch.context) for each in said.others)
        return Done(work, said.outcome, (sent, *others), asks=bool(said.menu))

    def say(
        self,
        said: Said,
        dialogue: Dialogue,
        turns: int,
        cause_id: str,
        batch: Batch,
        ending: str = "completed",
        left: str = "",
    ) -> tuple[Message, Outbox]:
        """The first page of what is said, under the dialogue's sequence number. ``ending`` is how the
        dialogue ends with a last screen, and ``left`` the state that stays of it then.
        """
        words = self._renderer.words(Msisdn(dialogue.msisdn), batch.uow)
        shown = pages(words(said.text), words(Text("menu.more")), words(Text("menu.previous")))
        kept = Kept(said.menu or "", shown, 0, turns, said.secret)
        return self._send(kept, dialogue, cause_id, batch, said, ending=ending, left=left)

    def turn_page(self, kept: Kept, work: Submit, turn: UssdTurn, dialogue: Dialogue, batch: Batch) -> Done:
        """Another page of the screen; ``kept`` names it already."""
        book.note(dialogue, kept.turns, turn, work, batch)
        kept = kept._replace(turns=kept.turns + 1)
        dialogue = dialogue._replace(sequence=book.after(dialogue))
        return Done(work, replies=(self._send(kept, dialogue, work.message_id, batch),))

    def show_again(self, kept: Kept, work: Submit, dialogue: Dialogue, batch: Batch) -> Done:
        """The page that waits for an answer, with the sequence number that it had."""
        sent = self._send(kept, dialogue, work.message_id, batch, remark="shown again")
        return Done(work, replies=(sent,))

    def _send(
        self,
        kept: Kept,
        dialogue: Dialogue,
        cause_id: str,
        batch: Batch,
        said: Said | None = None,
        remark: str = "",
        ending: str = "completed",
        left: str = "",
    ) -> tuple[Message, Outbox]:
        screen = UssdScreen(
            text=kept.text,
            text_id=said.text.id if said else "",
            operation=UssdServiceOp.PSSR_RESPONSE if kept.is_last else UssdServiceOp.USSR_REQUEST,
            end=kept.is_last,
            fallback=said.fallback if said else "",
            cause_id=cause_id,
        )
        message, outbox = self._renderer.screen(screen, dialogue, batch.uow, batch.context)
        octets = len(fitted(screen.text).short_message)
        book.said(dialogue, kept.turns, screen.operation, screen.text, octets, remark, batch)
        if kept.is_last:
            book.end(dialogue, ending, batch, left)
        else:
            book.go_on(dialogue._replace(state=kept._replace(turns=kept.turns + 1).pack()), batch)
        return message, outbox


def last(outcome: Outcome) -> Said:
    """A service's answer as the last screen; what it says to others, or by SMS, goes its own way."""
    screens = [each for each in outcome.replies if each.to is None and not each.by_sms]
    text = screens[0].text if screens else Text("menu.done")
    others = tuple(each for each in outcome.replies if each not in screens[:1])
    fallback = screens[0].fallback if screens else ""
    return Said(outcome, text, None, fallback=fallback, others=others)
