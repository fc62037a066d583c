"""What is typed in the golden transcripts, and how they are written: ``python -m tests.ussd_menus.scripts``.

``>>`` is what the handset sends, ``<<`` what it shows, page by page as it turns them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from handlers.account_basics import ShowBalance
from handlers.base.command import Command
from handlers.base.grammar import parse_dial
from handlers.base.outcome import Text
from rating.money import tenge
from rating.subscriber import Billing, Brand, Language
from tests.ussd_menus.toy import CARDS, CODE, FACTS, paged
from tests.ussd_menus.walk import origin
from ussd_menus.engine import Close, Issue, Turn, begin, step
from ussd_menus.facts import Facts
from ussd_menus.menu import Menu
from ussd_menus.model import MORE, PREVIOUS
from ussd_menus.registry import BY_CODE

FOLDER: Final = Path(__file__).parent / "transcripts"
KCELL: Final = "as a kcell subscriber in roaming"
ONE_CARD: Final = "with one card"
NOTHING: Final = "without a card, and without rules"
POSTPAID: Final = "as a postpaid subscriber"
_OTHERS: Final[Mapping[str, Mapping[str, Any]]] = {
    KCELL: {"brand": Brand.KCELL, "roaming": True},
    ONE_CARD: {"items": lambda _: CARDS[:1]},
    NOTHING: {"items": lambda _: ()},
    POSTPAID: {"billing": Billing.POSTPAID},
}

_BALANCE: Final = Text(
    "account.balances",
    {
        "lines": (
            Text("account.balance", {"amount": tenge(12_500)}),
            Text("account.bonus", {"amount": tenge(150)}),
            Text("account.parking", {"amount": tenge(40)}),
        )
    },
)

#: One row is one dialogue: what is dialled, then what is answered.
SCRIPTS: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "*100": (
        ("*100#", "98", "99", "1"),
        ("*100#", "3", "0", "3", "2"),
        ("*100#", "2"),
        ("*100#", "4"),
        ("*100#", "7", "", "99", "привет"),
        ("*100*1#",),
        ("*100*3#", "00", "1"),
        ("*100*3*1#",),
        ("*100*PREMIUM#",),
        ("*100*LANG#",),
        ("*100*LANG*RU#",),
    ),
    "*110": (("*110#", "", CODE), (f"*110*{CODE}#",), ("*110#", "0", "00", "12 34")),
    "*111": (
        ("*111#", "1", "98", "1"),
        ("*111#", "1", "4", CODE),
        ("*111#", "1", "5", "0", "0", "2", "1", "8 701 123 45 67"),
        ("*111#", "3", "1"),
        ("*111*3*2#",),
        ("*111#", "4", "2"),
        ("*111#", "5", "1"),
        ("*111#", "6"),
        (KCELL, "*111#", "3", "2", "1", "2", "1"),
        ("*111#", "2", "2", "98", "4"),
        ("*111*1*8#",),
        ("*111*7#", "00"),
    ),
    "*133": (("*133#", "911", "87011234567"), ("*133*77011234567#",), ("*133*911#", "0")),
    "*911": (
        ("*911#", "2", "2", "2", "1", "1e3", "1000", "0", "1500.50", "1"),
        ("*911*2#", "1", "2"),
        ("*911*2*1*1#",),
        ("*911*2*2#", "1", "4", "500", "1000", "2"),
        ("*911*2*2*1*3*2000*1#",),
        ("*911*2*3#", "911", "8 702 123 45 67", "1", "2", "700", "1"),
        ("*911*2*3*87021234567*2*4*300*1000#", "1"),
        (ONE_CARD, "*911*2*2#", "0", "2", "1", "500", "1"),
        (NOTHING, "*911*2*2#"),
        (NOTHING, "*911*2*3*87021234567*1#"),
        (NOTHING, "*911*2*1#"),
        (POSTPAID, "*911*2*2*1#", "4"),
        ("*911*2*4#", "0", "3", CODE),
        ("*911#", "5", "5", "5", "5"),
    ),
}


def transcript(code: str, language: Language) -> str:
    """All dialogues of a menu in a language."""
    dialogues = ("\n".join(_dialogue(BY_CODE[code], row, language)) for row in SCRIPTS[code])
    return "\n\n".join(dialogues) + "\n"


def path(code: str, language: Language) -> Path:
    """Where a transcript lies."""
    return FOLDER / f"{code[1:]}.{language}.txt"


def _dialogue(menu: Menu, row: tuple[str, ...], language: Language) -> Iterator[str]:
    facts = replace(FACTS, language=language)
    if row[0] in _OTHERS:
        yield f"-- {row[0]}"
        facts, row = replace(facts, **_OTHERS[row[0]]), row[1:]
    dial = parse_dial(row[0])
    assert dial is not None
    yield f">> {row[0]}"
    handset = Handset(menu, facts, begin(menu, dial.words, facts, origin(menu)))
    yield from handset.shown()
    for typed in row[1:]:
        yield f">> {typed}"
        handset.type(typed)
        yield from handset.shown()


class Handset:
    """One dialogue as its caller leads it: the turn, and which page of it is shown."""

    def __init__(self, menu: Menu, facts: Facts, turn: Turn | None) -> None:
        self.menu, self.facts, self.turn, self.page = menu, facts, turn, 0

    @property
    def pages(self) -> tuple[str, ...]:
        """The pages of the screen, or of the last one."""
        if self.turn is None or isinstance(self.turn, Issue):
            return ()
        if isinstance(self.turn, Close):
            return paged(self.turn.text, self.facts.language)
        text = self.turn.under(_BALANCE) if isinstance(self.turn.lead, ShowBalance) else self.turn.text
        return paged(text, self.facts.language)

    def type(self, typed: str) -> None:
        """Answer. Turning a page is between the handset and whoever pages: the menu does not hear of it."""
        assert self.turn is not None
        assert not isinstance(self.turn, (Close, Issue)), "the dialogue is over"
        if typed == MORE and self.page + 1 < len(self.pages):
            self.page += 1
        elif typed == PREVIOUS and self.page > 0:
            self.page -= 1
        else:
            self.turn = step(self.menu, self.turn.state, typed, self.facts, origin(self.menu))
            self.page = 0

    def shown(self) -> Iterator[str]:
        """What is on the display."""
        if self.turn is None:
            yield "<< (read by the rules of the service)"
        elif isinstance(self.turn, Issue):
            yield f"<< ({_command(self.turn.command)})"
        else:
            first, *lines = self.pages[self.page].split("\n")
            yield f"<< {first}"
            yield from (f"   {line}" for line in lines)
            if isinstance(self.turn, Close):
                yield "   (end)"


def _command(command: Command) -> str:
    fields = ((name, getattr(command, name)) for name in command.__dataclass_fields__ if name != "origin")
    return " ".join((type(command).__name__, *(f"{name}={value}" for name, value in fields if value != "")))


def main() -> None:
    """Write all transcripts."""
    for code in SCRIPTS:
        for language in Language:
            path(code, language).write_text(transcript(code, language), "utf-8")


if __name__ == "__main__":
    main()
