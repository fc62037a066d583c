"""USSD dialogues with the operator's own menus, and full commands that are answered by one screen."""

from collections.abc import Sequence
from dataclasses import replace

from gateway.batch import Batch
from gateway.dialogue_screens import Done, Kept, Said, Screens, last
from gateway.menu_items import items_of
from gateway.work import Submit, UssdTurn
from handlers.base.access import Access, gate
from handlers.base.bus import Bus
from handlers.base.command import Channel, Command
from handlers.base.grammar import Usage, clean, parse_dial
from handlers.base.outcome import Outcome, Refusal, Text
from rating.subscriber import Language
from storage.model import Dialogue, Subscriber
from ussd_menus.engine import Close, Issue, Show, Turn, begin, step
from ussd_menus.facts import Facts
from ussd_menus.menu import Menu
from ussd_menus.model import MORE, PREVIOUS
from ussd_menus.state import State

#: Whoever may not call may still look around; what costs money asks for itself.
ADMIT = gate(Access(allow_blocked_outgoing=True, allow_debt=True, allow_negative=True))
_PAGING = {MORE: 1, PREVIOUS: -1}


class MenuDialogues:
    """One per gateway, in the writer thread."""

    def __init__(self, bus: Bus, screens: Screens, menus: Sequence[Menu]) -> None:
        self._bus = bus
        self._screens = screens
        self._menus = {menu.service_code: menu for menu in menus}

    def dialled(self, work: Submit, turn: UssdTurn, batch: Batch) -> Said:
        """What was dialled: a menu or a place in it, or a full command."""
        menu = self._menus.get(work.route.code)
        dial = parse_dial(turn.typed.reveal())
        if menu is not None and menu.service == work.route.target and dial is not None:
            subscriber = ADMIT(work.origin(Channel.USSD), batch.uow)
            if isinstance(subscriber, Outcome):
                return last(subscriber)
            words = dial.segments[work.route.code.count("*") :]
            facts = _facts(subscriber, batch)
            found = begin(menu, words, facts, work.origin(Channel.USSD))
            if found is not None:
                return self._said(found, batch)
        return self._by_grammar(work, batch)

    def _by_grammar(self, work: Submit, batch: Batch) -> Said:
        if isinstance(work.asked, Command):
            return last(self._bus.handle(work.asked, batch.uow, batch.context))
        text = Text(work.asked.text_id if isinstance(work.asked, Usage) else "system.unknown_code")
        return Said(Outcome(refusal=Refusal("usage", text)), text)

    def answered(self, kept: Kept, work: Submit, turn: UssdTurn, dialogue: Dialogue, batch: Batch) -> Done:
        """Another page of the screen, or the next step."""
        page = kept.page + _PAGING.get(clean(turn.typed.reveal()), 0)
        if page != kept.page and 0 <= page < len(kept.pages):
            return self._screens.turn_page(kept._replace(page=page), work, turn, dialogue, batch)
        said = self._stepped(kept, work, turn, dialogue, batch)
        return self._screens.show(said, work, turn, dialogue, kept.turns, batch)

    def _stepped(self, kept: Kept, work: Submit, turn: UssdTurn, dialogue: Dialogue, batch: Batch) -> Said:
        menu = self._menus.get(dialogue.service_code)
        if menu is None or not kept.menu:
            # The last screen of several pages: there is nothing to answer but the pages.
            return Said(Outcome(), Text("menu.closed"))
        origin = replace(work.origin(Channel.USSD), service_code=dialogue.service_code)
        subscriber = ADMIT(origin, batch.uow)
        if isinstance(subscriber, Outcome):
            return last(subscriber)
        state, typed = State.unpack(kept.menu), turn.typed.reveal()
        return self._said(step(menu, state, typed, _facts(subscriber, batch), origin), batch)

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


def _facts(subscriber: Subscriber, batch: Batch) -> Facts:
    return Facts(
        language=Language(subscriber.language),
        billing=subscriber.billing,
        brand=subscriber.brand,
        status=subscriber.status,
        roaming=subscriber.roaming,
        items=items_of(subscriber.msisdn, batch.uow),
    )
