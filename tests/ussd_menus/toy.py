"""A menu with one of everything, for the engine's tests; its texts, and a subscriber who dials it."""

from dataclasses import dataclass, replace
from typing import Final

from gateway.coding.ussd_pages import pages
from gateway.texts import Catalog
from handlers.base.command import Channel, Command, Origin, Secret
from handlers.base.grammar import SLOT_TYPES, SlotType, Usage
from handlers.base.outcome import Text
from rating.money import InvalidAmount, Money, parse_tenge, tenge
from rating.msisdn import Msisdn
from rating.subscriber import Billing, Brand, Language
from ussd_menus.engine import Turn, begin, step
from ussd_menus.facts import PREPAID, Facts, Item
from ussd_menus.menu import Menu
from ussd_menus.model import Ask, Choice, Confirm, Leaf, Options, Pick, Unconnected
from ussd_menus.screens import MORE_LINE, PREVIOUS_LINE
from ussd_menus.state import State

CODE: Final = "1234567890123"
ORIGIN: Final = Origin(
    msisdn=Msisdn("77011234567"), channel=Channel.USSD, service_code="*700", source_id="message 1"
)
CARDS: Final = (
    Item("visa", Text("toy.card", {"name": "Visa 1111"})),
    Item("master", Text("toy.card", {"name": "Mastercard 2222"})),
)
RULES: Final = (
    Item("rule 1", Text("toy.card", {"name": "on: 1,000 KZT"})),
    Item("rule 2", Text("toy.card", {"name": "off: 500 KZT"})),
)
ITEMS: Final = frozenset(item.value for item in (*CARDS, *RULES))
FACTS: Final = Facts(
    language=Language.EN,
    billing=Billing.PREPAID,
    brand=Brand.ACTIV,
    items={"cards": CARDS, "rules": RULES, "nothing": ()}.__getitem__,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pay(Command):
    """Pays somebody from a card."""

    amount: Money
    payee: Msisdn
    card: str = ""
    monthly: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeem(Command):
    """Takes a code."""

    code: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Greet(Command):
    """Needs nothing."""


def _read_amount(typed: str) -> object:
    try:
        amount = parse_tenge(typed)
    except InvalidAmount:
        return Usage("toy.bad_amount")
    return amount if amount <= tenge(200_000) else Usage("toy.bad_amount")


SLOTS: Final = {**SLOT_TYPES, "amount": SlotType(_read_amount)}
CONFIRM: Final = Confirm("sure", "toy.sure", ("amount", "payee"), Leaf(Pay, {"monthly": True}))
PAY: Final = Ask(
    "payee", "toy.payee", "payee", "msisdn", Ask("amount", "toy.amount", "amount", "amount", CONFIRM)
)
CARD: Final = Pick("card", "toy.cards", "card", "cards", PAY, "toy.no_cards")
EMPTY: Final = Pick("empty", "toy.cards", "card", "nothing", Leaf(Greet), "toy.no_cards")
SECRET: Final = Ask("code", "toy.code", "code", "voucher_code", Leaf(Redeem), secret=True)
MENU: Final = Menu(
    service_code="*700",
    service="toy",
    slot_types=SLOTS,
    root=Options(
        "root",
        "toy.root",
        (
            Choice("1", "toy.pay", CARD),
            Choice("2", "toy.limit", Unconnected("toy.limit"), PREPAID, word="LIMIT"),
            Choice("3", "toy.code", SECRET),
            Choice("4", "toy.empty", EMPTY),
            Choice("9", "toy.greet", Leaf(Greet)),
        ),
        lead=lambda origin: Greet(origin=origin),
    ),
)
_TEXTS: Final = {
    "toy.root": "Toys",
    "toy.pay": "Pay",
    "toy.limit": "Limit",
    "toy.code": "Code",
    "toy.empty": "Empty",
    "toy.greet": "Greet",
    "toy.cards": "From which card?",
    "toy.card": "{name}",
    "toy.card_of": "From {card_label}",
    "toy.no_cards": "No cards",
    "toy.payee": "To whom?",
    "toy.amount": "How much?",
    "toy.bad_amount": "No amount",
    "toy.sure": "Pay {amount} to {payee}?",
}
CATALOG: Final = Catalog.load(dict.fromkeys(Language, _TEXTS))
POSTPAID: Final = replace(FACTS, billing=Billing.POSTPAID)


def dial(*words: str, menu: Menu = MENU, facts: Facts = FACTS) -> Turn | None:
    """The first turn."""
    return begin(menu, words, facts, ORIGIN)


def answer(answers: tuple[str, ...], typed: str, *, wrong: int = 0, facts: Facts = FACTS) -> Turn:
    """The turn after an answer to the screen that these answers lead to."""
    return step(MENU, State(answers, wrong), typed, facts, ORIGIN)


def words(text: Text, language: Language = Language.EN) -> str:
    """The text as it is read."""
    return CATALOG.render(text, language)


def paged(text: Text, language: Language) -> tuple[str, ...]:
    """The pages as they are sent."""
    return pages(words(text, language), words(MORE_LINE, language), words(PREVIOUS_LINE, language))
