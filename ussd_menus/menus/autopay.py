"""``*911#``, whose branch 2 tops up by AutoPay: ``*911*2*1#`` to ``*911*2*3#`` (services.md section 6)."""

from typing import Final

from handlers.autopay import AddRule, SwitchRule
from storage.bank_model import RuleKind
from ussd_menus.facts import CARDS, PREPAID, RULES, Guard
from ussd_menus.menu import Menu
from ussd_menus.menus.account import BALANCE
from ussd_menus.menus.card_code import CARD_CODE
from ussd_menus.model import Ask, Choice, Confirm, Leaf, Need, Node, Options, Pick

_KINDS: Final = (
    ("1", RuleKind.DAILY, "menu.autopay_daily"),
    ("2", RuleKind.WEEKLY, "menu.autopay_weekly"),
    ("3", RuleKind.MONTHLY, "menu.autopay_monthly"),
)
_SURE: Final = {
    ("own", RuleKind.DAILY): "menu.autopay_sure_own_daily",
    ("own", RuleKind.WEEKLY): "menu.autopay_sure_own_weekly",
    ("own", RuleKind.MONTHLY): "menu.autopay_sure_own_monthly",
    ("own", RuleKind.LIMIT): "menu.autopay_sure_own_limit",
    ("friend", RuleKind.DAILY): "menu.autopay_sure_friend_daily",
    ("friend", RuleKind.WEEKLY): "menu.autopay_sure_friend_weekly",
    ("friend", RuleKind.MONTHLY): "menu.autopay_sure_friend_monthly",
    ("friend", RuleKind.LIMIT): "menu.autopay_sure_friend_limit",
}


def _amount(whose: str, kind: RuleKind) -> Node:
    """The amount, then everything once more with a yes or no."""
    name = f"autopay_{whose}_{kind}"
    shows = ["card_label", "amount"]
    shows += ["target"] if whose == "friend" else []
    shows += ["limit"] if kind is RuleKind.LIMIT else []
    sure = Confirm(f"{name}_sure", _SURE[whose, kind], tuple(shows), Leaf(AddRule, {"kind": kind}))
    return Ask(f"{name}_amount", "menu.autopay_ask_amount", "amount", "small_amount", sure)


def _rule(whose: str, limit_guard: Guard | None) -> Node:
    """Card, where there are several; when to pay; limit or amount."""
    limit = Ask(
        f"autopay_{whose}_limit",
        "menu.autopay_ask_limit",
        "limit",
        "small_amount",
        _amount(whose, RuleKind.LIMIT),
    )
    choices = [Choice(key, label, _amount(whose, kind)) for key, kind, label in _KINDS]
    choices.append(Choice("4", "menu.autopay_limit", limit, limit_guard))
    when = Options(f"autopay_{whose}_when", "menu.autopay_when", tuple(choices))
    return Pick(
        f"autopay_{whose}_card",
        "menu.autopay_cards",
        "card",
        CARDS,
        when,
        "autopay.no_card",
        skips_one=True,
    )


_FRIEND: Final = Need(
    CARDS,
    "autopay.no_card",
    # The dialler's billing says nothing of the friend's: AutoPay itself refuses a friend who is postpaid.
    Ask("autopay_friend", "menu.autopay_ask_friend", "target", "msisdn", _rule("friend", None)),
)

AUTOPAY: Final = Options(
    "autopay",
    "menu.autopay",
    (
        Choice(
            "1",
            "menu.autopay_rules",
            Pick(
                "autopay_rules",
                "menu.autopay_switch",
                "rule",
                RULES,
                Leaf(SwitchRule),
                "menu.autopay_no_rules",
            ),
        ),
        Choice("2", "menu.autopay_own", _rule("own", PREPAID)),
        Choice("3", "menu.autopay_friend", _FRIEND),
    ),
)

MENU: Final = Menu(
    service_code="*911",
    service="autopay",
    root=Options(
        "payments",
        "menu.payments",
        (
            Choice("1", "menu.balance", BALANCE),
            Choice("2", "menu.autopay", AUTOPAY),
            Choice("3", "menu.card_code", CARD_CODE),
        ),
    ),
)
