"""The operator's menus: where paths lead, that every screen fits, and that every service is reached."""

from dataclasses import replace

import pytest

from gateway.coding import gsm7
from gateway.coding.ussd import screen
from handlers.account_basics import LastCharges, SetLanguage, ShowBalance
from handlers.base.command import Command, Secret
from handlers.base.outcome import Text
from handlers.collect_call import CallBack
from handlers.collect_lists import ActivateList, ShowListed
from handlers.registry import SERVICES
from handlers.scratch_cards import RedeemVoucher
from rating.subscriber import Billing, Brand, Language
from tests.ussd_menus import toy
from tests.ussd_menus.toy import CODE, FACTS, ITEMS, paged, words
from tests.ussd_menus.walk import everybody, origin, texts, turns
from ussd_menus.engine import Close, Issue, Show, Turn, begin, step
from ussd_menus.menu import Menu
from ussd_menus.model import Ask, Options, Unconnected, nodes
from ussd_menus.registry import BY_CODE, MENUS

#: The toy has one of everything.
by_code = pytest.mark.parametrize("menu", [*MENUS, toy.MENU], ids=lambda menu: str(menu.service_code))


def dial(code: str, *path: str) -> Turn | None:
    """The first turn of a menu."""
    menu = BY_CODE[code]
    return begin(menu, path, FACTS, origin(menu))


@pytest.mark.parametrize("menu", MENUS, ids=lambda menu: str(menu.service_code))
@pytest.mark.parametrize("language", Language)
def test_every_screen_that_anybody_can_reach_fits_when_paged(menu: Menu, language: Language) -> None:
    shown = {
        words(text, language): text
        for facts in everybody(language)
        for turn in turns(menu, facts)
        for text in texts(turn)
    }
    assert len(shown) > 2
    for read, text in shown.items():
        pages = paged(text, language)
        assert not any(screen(page).cut for page in pages), read
        kept = "\n".join(pages).split()
        assert [word for word in read.split() if word not in kept] == []


@by_code
def test_english_screens_need_no_ucs2(menu: Menu) -> None:
    for turn in turns(menu, FACTS):
        for text in texts(turn):
            assert gsm7.is_gsm7(words(text, Language.EN)), text


@by_code
def test_every_screen_has_a_way_out(menu: Menu) -> None:
    """Back as often as there are answers leads to the start, and four wrong answers end it."""
    start = begin(menu, (), FACTS, origin(menu))
    for turn in turns(menu, FACTS):
        if not isinstance(turn, Show):
            continue
        back: Turn = turn
        for _ in range(max(1, len(turn.state.answers))):
            assert isinstance(back, Show)
            back = step(menu, back.state, "0", FACTS, origin(menu))
        assert back == start
        ended: Turn = turn
        for _ in range(4):
            if isinstance(ended, Show):
                ended = step(menu, ended.state, "", FACTS, origin(menu))
        assert isinstance(ended, Close)


@by_code
def test_every_way_down_can_be_dialled_at_once(menu: Menu) -> None:
    for turn in turns(menu, FACTS):
        # What was picked is kept by its name, and dialled by its number.
        if isinstance(turn, Show) and not turn.state.wrong and not ITEMS.intersection(turn.state.answers):
            dialled = begin(menu, turn.state.answers, FACTS, origin(menu))
            assert dialled == turn


@by_code
def test_a_secret_stands_in_no_state_and_no_representation(menu: Menu) -> None:
    for turn in turns(menu, FACTS):
        assert CODE not in repr(turn)
        if not isinstance(turn, Close):
            assert CODE not in turn.state.pack()


@by_code
def test_wherever_a_code_is_asked_for_the_answer_is_secret(menu: Menu) -> None:
    asks = [node for node in nodes(menu.root) if isinstance(node, Ask) and node.kind == "voucher_code"]
    assert all(ask.secret for ask in asks)
    assert menu.asks_secrets == bool(asks)


def test_each_service_code_has_one_menu() -> None:
    assert list(BY_CODE) == ["*100", "*110", "*111", "*133", "*911"]
    assert tuple(BY_CODE.values()) == MENUS


@pytest.mark.parametrize("menu", MENUS, ids=lambda menu: str(menu.service_code))
def test_a_menu_with_a_grammar_is_of_a_service_that_has_one(menu: Menu) -> None:
    dialled = {service.name for service in SERVICES if service.ussd}
    assert menu.has_grammar == (menu.service in dialled)


# -- what is dialled at once -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "path", "command"),
    [
        ("*100", ("1",), LastCharges),
        ("*110", (CODE,), RedeemVoucher),
        ("*111", ("2", "1", "87011234567"), CallBack),
        ("*111", ("2", "2", "1"), ShowListed),
        ("*111", ("2", "2", "5"), ActivateList),
        ("*133", ("87011234567",), CallBack),
        ("*110", ("1234-5678 90123",), RedeemVoucher),
        ("*111", ("1", "1"), ShowBalance),
        ("*111", ("1", "4", CODE), RedeemVoucher),
        ("*911", ("1",), ShowBalance),
        ("*911", ("3", CODE), RedeemVoucher),
    ],
)
def test_a_full_command_skips_all_screens(code: str, path: tuple[str, ...], command: type[Command]) -> None:
    turn = dial(code, *path)
    assert isinstance(turn, Issue)
    assert type(turn.command) is command
    if isinstance(turn.command, RedeemVoucher):
        assert turn.command.code == Secret(CODE)


@pytest.mark.parametrize(("key", "language"), [("1", Language.KK), ("2", Language.RU), ("3", Language.EN)])
def test_the_language_is_chosen_under_3_of_100_and_under_5_of_111(key: str, language: Language) -> None:
    for code, branch in (("*100", "3"), ("*111", "5")):
        turn = dial(code, branch, key)
        assert isinstance(turn, Issue)
        assert turn.command == SetLanguage(origin=origin(BY_CODE[code]), language=language)


@pytest.mark.parametrize(
    ("code", "path"),
    [
        ("*100", ("LANG",)),
        ("*100", ("LANG", "RU")),
        ("*100", ("LANG", "1")),
        ("*100", ("1", "1")),
        ("*100", ("99",)),
        ("*110", (CODE[:6], CODE[6:])),
        ("*110", ("",)),
    ],
)
def test_what_a_service_reads_by_its_own_rules_is_left_to_it(code: str, path: tuple[str, ...]) -> None:
    assert dial(code, *path) is None


def test_100_begins_with_the_balance() -> None:
    turn = dial("*100")
    assert isinstance(turn, Show)
    assert isinstance(turn.lead, ShowBalance)
    head = words(turn.under(Text("account.no_charges"))).splitlines()
    assert head == [
        "There were no charges.",
        "1 Last charges",
        "2 Packages",
        "3 Language",
        "4 Bar paid numbers",
    ]


@pytest.mark.parametrize(
    ("code", "path", "service"),
    [
        ("*100", ("PREMIUM",), "Bar paid numbers"),
        ("*100", ("4",), "Bar paid numbers"),
    ],
)
def test_what_is_not_connected_yet_says_so(code: str, path: tuple[str, ...], service: str) -> None:
    turn = dial(code, *path)
    assert isinstance(turn, Close)
    assert words(turn.text) == f"{service}: this service is not connected yet."


def test_dialling_911_2_2_is_answering_2_and_2() -> None:
    menu, turn = BY_CODE["*911"], dial("*911")
    for typed in ("2", "2"):
        assert isinstance(turn, Show)
        turn = step(menu, turn.state, typed, FACTS, origin(menu))
    assert turn == dial("*911", "2", "2")


def test_below_a_limit_is_not_for_postpaid_subscribers_unless_a_friend_is_paid_for() -> None:
    postpaid = replace(FACTS, billing=Billing.POSTPAID)
    menu = BY_CODE["*911"]
    own = begin(menu, ("2", "2", "1", "4"), postpaid, origin(menu))
    assert isinstance(own, Show)
    assert words(own.text).startswith("There is no such choice.\nWhen to pay?")
    friend = begin(menu, ("2", "3", "77021234567", "1", "4"), postpaid, origin(menu))
    assert isinstance(friend, Show)
    assert friend.screen == "autopay_friend_limit"


def test_a_card_code_typed_as_an_amount_is_kept_nowhere() -> None:
    turn = dial("*911", "2", "2", "1", "1", CODE)
    assert isinstance(turn, Show)
    assert turn.screen == "autopay_own_daily_amount"
    assert CODE not in turn.state.pack()


def test_a_wrong_number_is_asked_for_again() -> None:
    turn = dial("*133", "911")
    assert isinstance(turn, Show)
    assert words(turn.text).startswith(
        "This is not a mobile number. Write it like 77011234567.\nWhom to call?"
    )


# -- the home menu ---------------------------------------------------------------------------------


def test_the_home_menu_reaches_every_command_and_every_service_of_the_other_menus() -> None:
    def ends(menu: Menu) -> set[str]:
        return {
            node.service if isinstance(node, Unconnected) else repr(node)
            for node in nodes(menu.root)
            if not isinstance(node, (Options, Ask))
        }

    home = ends(BY_CODE["*111"])
    assert set().union(*map(ends, MENUS)) == home
    assert {"menu.bank", "menu.bank_voice", "menu.channels"} <= home
    assert {"menu.price", "menu.fraud", "menu.business", "menu.allowances"} <= home


@pytest.mark.parametrize(
    ("path", "who"),
    [(("3",), {"brand": Brand.KCELL}), (("2", "1"), {"roaming": True})],
    ids=["parking is for activ", "no collect call in roaming"],
)
def test_choices_of_the_home_menu_that_are_not_for_everybody(
    path: tuple[str, ...], who: dict[str, object]
) -> None:
    menu = BY_CODE["*111"]
    for facts in everybody(Language.EN):
        turn = begin(menu, path, facts, origin(menu))
        assert isinstance(turn, Show | Close)
        is_wrong = words(turn.text).startswith("There is no such choice.")
        assert is_wrong == all(getattr(facts, name) == value for name, value in who.items())
