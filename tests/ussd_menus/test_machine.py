"""Random walks through every menu with nasty answers: never an error, never over the limits, never stuck."""

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from gateway.coding.ussd import screen
from rating.subscriber import Billing, Brand, Language, Status
from tests.ussd_menus import toy
from tests.ussd_menus.toy import CARDS, CODE, FACTS, paged
from tests.ussd_menus.walk import LONGEST_LEAD, origin
from ussd_menus.engine import WRONG_MAX, Close, Issue, Show, Turn, begin, step
from ussd_menus.facts import Facts
from ussd_menus.menu import Menu
from ussd_menus.registry import MENUS
from ussd_menus.state import State

_NASTY = st.sampled_from(
    [
        *(
            "",
            " ",
            "\u200b",
            "0",
            "00",
            "000",
            "98",
            "99",
            "100",
            "-1",
            "1e3",
            "٣",
            "１",
            "1 1",
            "*",
            "#",
            "1#",
        ),
        *("7" * 182, "7" * 183, "ж" * 182, "\x00", "\ud83d", "😀" * 40, "\u202eabc\u202c", "שלום", "مرحبا"),
        *("{amount}", "%s", "PREMIUM", "premium", "РRЕМIUМ", "visa", "77011234567", "500", "0.001", CODE),
    ]
)
_TYPED = st.one_of(st.integers(0, 12).map(str), _NASTY, st.text(max_size=20))
_LISTS = st.lists(st.sampled_from(CARDS), unique_by=lambda item: item.value, max_size=2)


class Dialogue(RuleBasedStateMachine):
    """A handset, an operator that knows less and less of it, and a menu."""

    def __init__(self) -> None:
        super().__init__()
        self.menu = toy.MENU
        self.facts: Facts = FACTS
        self.turn: Turn | None = None

    @rule(menu=st.sampled_from((*MENUS, toy.MENU)), words=st.lists(_TYPED, max_size=6).map(tuple))
    def dial(self, menu: Menu, words: tuple[str, ...]) -> None:
        """A new dialogue."""
        self.menu = menu
        self.turn = begin(menu, words, self.facts, origin(menu))
        assert self.turn is not None or (menu.has_grammar and words)

    @precondition(lambda self: isinstance(self.turn, Show))
    @rule(typed=_TYPED)
    def answer(self, typed: str) -> None:
        """The state has been stored and read again in between."""
        assert isinstance(self.turn, Show)
        was_secret, state = self.turn.secret, State.unpack(self.turn.state.pack())
        self.turn = step(self.menu, state, typed, self.facts, origin(self.menu))
        if was_secret and not isinstance(self.turn, Close):
            assert typed in ("", "0", "00") or typed not in self.turn.state.answers[len(state.answers) :]

    @rule(
        facts=st.builds(
            replace,
            st.just(FACTS),
            language=st.sampled_from(Language),
            billing=st.sampled_from(Billing),
            brand=st.sampled_from(Brand),
            status=st.sampled_from(Status),
            roaming=st.booleans(),
            items=_LISTS.map(lambda items: lambda _: tuple(items)),
        )
    )
    def change(self, facts: Facts) -> None:
        """Something else happens to the subscriber meanwhile."""
        self.facts = facts

    @invariant()
    def every_page_fits(self) -> None:
        """In the subscriber's language, whatever stands on top."""
        if isinstance(self.turn, Close):
            shown = [self.turn.text]
        elif isinstance(self.turn, Show):
            shown = [self.turn.text, self.turn.under(LONGEST_LEAD)]
        else:
            return
        for text in shown:
            assert not any(screen(page).cut for page in paged(text, self.facts.language))

    @invariant()
    def the_state_is_small_and_has_no_secret(self) -> None:
        """It is stored with every turn."""
        if isinstance(self.turn, Show | Issue):
            assert State.unpack(self.turn.state.pack()) == self.turn.state
            assert 0 <= self.turn.state.wrong <= WRONG_MAX
            assert len(self.turn.state.answers) <= 8
            assert CODE not in self.turn.state.pack()
            assert CODE not in repr(self.turn)

    @invariant()
    def there_is_a_way_out(self) -> None:
        """Four wrong answers in a row end it at the latest."""
        turn, left = self.turn, WRONG_MAX + 1
        while isinstance(turn, Show):
            assert left > 0
            turn, left = step(self.menu, turn.state, "", self.facts, origin(self.menu)), left - 1
        assert turn is None or isinstance(turn, Issue | Close)


def test_no_walk_raises_leaves_the_limits_or_gets_stuck() -> None:
    run_state_machine_as_test(
        Dialogue, settings=settings(max_examples=60, stateful_step_count=30, deadline=None)
    )
