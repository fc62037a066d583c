"""7000: identifier, password, then pay, look, or change the password (services.md section 4)."""

from typing import Final

from handlers.bank_phone import (
    NAME,
    AmountChecked,
    ChangePassword,
    CheckAmount,
    Identified,
    Identify,
    PayByPhone,
    PhoneBalance,
    Refused,
)
from handlers.base.command import Origin
from handlers.base.outcome import Outcome
from storage.call_model import Cause
from ussd_menus.prompts.model import Choose, Collect, End, Flow, Fork, Run, Say, Slots, Step
from ussd_menus.prompts.slots import secret_in, words_in

#: Slots. What was typed is not yet what the bank knows, so the two have names of their own.
_TYPED_IDENTIFIER: Final = "typed_identifier"
_PASSWORD: Final = "password"  # noqa: S105 (the name of a slot, no password)
_IDENTIFIER: Final = "identifier"
_IS_INITIAL: Final = "is_initial"
_TYPED_AMOUNT: Final = "typed_amount"
_NEW: Final = "new"
_AGAIN: Final = "again"

#: Another amount may do.
_OTHER_AMOUNT: Final = (Refused.BAD_AMOUNT, Refused.BELOW_MINIMUM, Refused.ABOVE_LIMIT, Refused.NOT_ENOUGH)
#: Another password may do.
_OTHER_PASSWORD: Final = (
    Refused.PASSWORD_DIFFERS,
    Refused.PASSWORD_FORM,
    Refused.PASSWORD_INITIAL,
    Refused.PASSWORD_SAME,
)


def _identify(origin: Origin, slots: Slots) -> Identify:
    identifier, password = secret_in(slots, _TYPED_IDENTIFIER), secret_in(slots, _PASSWORD)
    return Identify(origin=origin, identifier=identifier, password=password)


def _identified(outcome: Outcome) -> Slots:
    found = outcome.result
    if not isinstance(found, Identified):
        return {}
    return {_IDENTIFIER: found.identifier, _IS_INITIAL: found.is_initial}


def _check(origin: Origin, slots: Slots) -> CheckAmount:
    identifier, amount = words_in(slots, _IDENTIFIER), words_in(slots, _TYPED_AMOUNT)
    return CheckAmount(origin=origin, identifier=identifier, amount=amount)


def _checked(outcome: Outcome) -> Slots:
    found = outcome.result
    if not isinstance(found, AmountChecked):
        return {}
    return {"amount": found.amount, "number": found.number, "card": found.card}


def _pay(origin: Origin, slots: Slots) -> PayByPhone:
    identifier, amount = words_in(slots, _IDENTIFIER), words_in(slots, _TYPED_AMOUNT)
    return PayByPhone(origin=origin, identifier=identifier, amount=amount)


def _balance(origin: Origin, slots: Slots) -> PhoneBalance:
    return PhoneBalance(origin=origin, identifier=words_in(slots, _IDENTIFIER))


def _change(origin: Origin, slots: Slots) -> ChangePassword:
    identifier, new, again = words_in(slots, _IDENTIFIER), secret_in(slots, _NEW), secret_in(slots, _AGAIN)
    return ChangePassword(origin=origin, identifier=identifier, new=new, again=again)


def _secret(text: str, slot: str, then: str, gives_up: str) -> Collect:
    return Collect(text, slot, end="#", then=then, gives_up=gives_up, secret=True)


_IDENTIFYING: Final[dict[str, Step]] = {
    "identifier": _secret("phone.ask_identifier", _TYPED_IDENTIFIER, "password", "gave_up"),
    "password": _secret("phone.ask_password", _PASSWORD, "identify", "gave_up"),
    "identify": Run(
        _identify,
        {"ok": "initial?", Refused.WRONG: "identifier"},
        other="refused",
        learns=_identified,
        forgets=(_TYPED_IDENTIFIER, _PASSWORD),
    ),
    "initial?": Fork(_IS_INITIAL, filled="recommend", empty="menu"),
    "recommend": Say("phone.change_advised", "menu"),
    "menu": Choose("phone.menu", {"1": "amount", "2": "balance", "3": "new"}, gives_up="gave_up"),
}
_PAYING: Final[dict[str, Step]] = {
    "amount": Collect("phone.ask_amount", _TYPED_AMOUNT, end="#", then="check", gives_up="menu"),
    "check": Run(
        _check,
        {"ok": "confirm", **dict.fromkeys(_OTHER_AMOUNT, "amount")},
        other="menu",
        learns=_checked,
    ),
    "confirm": Choose(
        "phone.confirm",
        {"1": "pay", "2": "cancelled"},
        gives_up="cancelled",
        shows=("amount", "number", "card"),
    ),
    "pay": Run(_pay, {"ok": "menu"}, other="menu"),
    "cancelled": Say("phone.cancelled", "menu"),
    "balance": Run(_balance, {"ok": "menu"}, other="menu"),
}
_CHANGING: Final[dict[str, Step]] = {
    "new": _secret("phone.ask_new_password", _NEW, "again", "menu"),
    "again": _secret("phone.ask_new_password_again", _AGAIN, "change", "menu"),
    "change": Run(
        _change,
        {"ok": "menu", **dict.fromkeys(_OTHER_PASSWORD, "new")},
        other="menu",
        forgets=(_NEW, _AGAIN),
    ),
}
_ENDS: Final[dict[str, Step]] = {
    "refused": End(Cause.NOT_ALLOWED),
    "gave_up": Say("phone.goodbye", "no_answer"),
    "no_answer": End(Cause.GAVE_UP),
}

FLOW: Final = Flow(service=NAME, first="identifier", steps={**_IDENTIFYING, **_PAYING, **_CHANGING, **_ENDS})
