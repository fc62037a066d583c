"""Account basics: balance, last charges, language (services.md section 1).

``*100#`` and ``BAL`` to 6000, ``*100*1#``, ``*100*LANG#`` and ``LANG KK|RU|EN``. Free, and open to all but
those who are blocked two-way: whoever may not call may still ask why.
"""

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from handlers.base.access import Access, gate
from handlers.base.command import Command
from handlers.base.context import Context
from handlers.base.grammar import Rule
from handlers.base.outcome import Outcome, Reply, Text, reply
from handlers.base.service import Service
from rating.money import Money, tenge
from rating.subscriber import Language
from storage.model import AccountKind, AccountRef, main_account
from storage.needs import Needs
from storage.unit_of_work import UnitOfWork

NAME: Final = "account_basics"
CHARGES_SHOWN: Final = 5
#: From here on an amount is so long that five of them leave no room for a heading (80 characters).
_HEADING_BELOW: Final = tenge(1000)

_ADMIT: Final = gate(Access(allow_blocked_outgoing=True, allow_debt=True, allow_negative=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowBalance(Command):
    """Main balance; what is free of bonus and parking, where that is something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastCharges(Command):
    """The last five debits of the main account, newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListLanguages(Command):
    """Which languages there are, and how to choose one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLanguage(Command):
    """From now on every text comes in this language, the answer to this command too."""

    language: Language


_EXTRA_BALANCES: Final = (
    (AccountKind.BONUS, "account.bonus"),
    (AccountKind.PARKING, "account.parking"),
)


def show_balance(command: ShowBalance, uow: UnitOfWork, context: Context) -> Outcome:  # noqa: ARG001 - one shape
    """Answer with one line for each account that has something to show."""
    subscriber = _ADMIT(command.origin, uow)
    if isinstance(subscriber, Outcome):
        return subscriber
    msisdn = subscriber.msisdn
    extras = [(text_id, _free(AccountRef(kind, msisdn), uow)) for kind, text_id in _EXTRA_BALANCES]
    lines = [Text(text_id, {"amount": amount}) for text_id, amount in extras if amount]
    main = Text("account.balance", {"amount": _balance(main_account(msisdn), uow)})
    text = Text("account.balances", {"lines": (main, *lines)}) if lines else main
    return Outcome(replies=(Reply(text=text),))


def _balance(ref: AccountRef, uow: UnitOfWork) -> Money:
    balance = uow.ledger.balance(ref)
    return Money(balance.balance_tiyn if balance else 0)


def _free(ref: AccountRef, uow: UnitOfWork) -> Money:
    """What lowers the next payment: what a parking under way has paid for is not among it."""
    balance = uow.ledger.balance(ref)
    return Money(balance.available_tiyn if balance else 0)


def last_charges(command: LastCharges, uow: UnitOfWork, context: Context) -> Outcome:
    """Day and amount of each; what each was for is in the subscriber's history at the control API."""
    subscriber = _ADMIT(command.origin, uow)
    if isinstance(subscriber, Outcome):
        return subscriber
    debits = uow.ledger.recent_debits(subscriber.msisdn, CHARGES_SHOWN)
    if not debits:
        return reply("account.no_charges")
    charges = [(f"{context.at(op_us):%d.%m}", Money(abs(amount))) for op_us, _, amount in debits]
    lines = tuple(Text("account.charge", {"day": day, "amount": amount}) for day, amount in charges)
    short = max(amount for _, amount in charges) < _HEADING_BELOW
    return reply("account.charges" if short else "account.charges_bare", lines=lines)


def list_languages(command: ListLanguages, uow: UnitOfWork, context: Context) -> Outcome:  # noqa: ARG001 - one shape
    """One screen with what to dial for each language."""
    subscriber = _ADMIT(command.origin, uow)
    return subscriber if isinstance(subscriber, Outcome) else reply("account.languages")


def set_language(command: SetLanguage, uow: UnitOfWork, context: Context) -> Outcome:  # noqa: ARG001 - one shape
    """Store the choice; the answer is rendered from the changed record, so in the new language."""
    subscriber = _ADMIT(command.origin, uow)
    if isinstance(subscriber, Outcome):
        return subscriber
    uow.subscribers.put(replace(subscriber, language=command.language))
    return reply("account.language_set")


def _needs_balances(command: Command, context: Context) -> Needs:  # noqa: ARG001 - one shape for all services
    msisdn = command.origin.msisdn
    kinds = (AccountKind.MAIN, *(kind for kind, _ in _EXTRA_BALANCES))
    return Needs(msisdns=frozenset({msisdn}), accounts=frozenset(AccountRef(kind, msisdn) for kind in kinds))


SERVICE: Final = Service(
    name=NAME,
    sms=(Rule("BAL", ShowBalance), Rule("LANG {language}", SetLanguage)),
    ussd=(
        Rule("", ShowBalance),
        Rule("1", LastCharges),
        Rule("LANG", ListLanguages),
        Rule("LANG {language}", SetLanguage),
    ),
    usage="account.usage",
    ussd_usage="account.ussd_usage",
    handlers=MappingProxyType(
        {
            ShowBalance: show_balance,
            LastCharges: last_charges,
            ListLanguages: list_languages,
            SetLanguage: set_language,
        }
    ),
    needs=MappingProxyType({ShowBalance: _needs_balances}),
)
