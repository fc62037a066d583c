"""The operator's own work on subscribers: adding one, changing what one may do (control API, demo data)."""

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from handlers.base.command import Command
from handlers.base.context import Context
from handlers.base.outcome import Event, FieldError, Outcome, Text, decline, refuse_fields
from handlers.base.service import Service
from rating.money import TIYN_MAX, Money
from rating.msisdn import Msisdn
from rating.subscriber import Billing, Brand, Language, Status
from storage.model import AccountKind, AccountRef, Entry, Line, Subscriber, main_account
from storage.needs import Needs
from storage.unit_of_work import UnitOfWork

NAME: Final = "subscriber_admin"
REASON_OPENING: Final = "subscriber.opening"
EVENT_ADDED: Final = "subscriber.added"
EVENT_CHANGED: Final = "subscriber.changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddSubscriber(Command):
    """A new SIM with an opening balance. ``origin.msisdn`` is empty: the operator acts.

    A negative opening balance is a debt brought along. ``credit_limit_tiyn`` None means the profile's for
    postpaid and none for prepaid; a prepaid subscriber can have no other.
    """

    msisdn: Msisdn
    brand: Brand
    billing: Billing
    language: Language = Language.RU
    owner_name: str = ""
    opening_tiyn: int = 0
    credit_limit_tiyn: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSubscriber(Command):
    """Change what is given; None leaves it as it is."""

    msisdn: Msisdn
    status: Status | None = None
    roaming: bool | None = None
    language: Language | None = None
    ussd_barred: bool | None = None
    short_codes_barred: bool | None = None
    premium_barred: bool | None = None
    device_registered: bool | None = None


#: Fields of ChangeSubscriber that are fields of the record too.
_CHANGEABLE: Final = (
    "status",
    "roaming",
    "language",
    "ussd_barred",
    "short_codes_barred",
    "premium_barred",
    "device_registered",
)


def add_subscriber(command: AddSubscriber, uow: UnitOfWork, context: Context) -> Outcome:
    """Make the record and its main account. Result: the Subscriber. Refused where there is one already."""
    wrong = _wrong_fields(command)
    if wrong:
        return refuse_fields("subscriber.invalid", wrong)
    if uow.subscribers.get(command.msisdn) is not None:
        return decline("subscriber.exists")
    subscriber = Subscriber(
        msisdn=command.msisdn,
        brand=command.brand,
        billing=command.billing,
        language=command.language,
        owner_name=" ".join(command.owner_name.split()),
        created_us=context.now_us,
    )
    uow.subscribers.add(subscriber)
    main = main_account(command.msisdn)
    uow.ledger.open(main, credit_limit_tiyn=_credit_limit(command, context))
    seq = _post_opening(command, main, uow) if command.opening_tiyn else None
    event = Event(kind=EVENT_ADDED, data={"msisdn": command.msisdn})
    return Outcome(events=(event,), journal_seq=seq, result=subscriber)


def _wrong_fields(command: AddSubscriber) -> tuple[FieldError, ...]:
    wrong = []
    if abs(command.opening_tiyn) > TIYN_MAX:
        wrong.append(FieldError("opening_tiyn", Text("subscriber.opening_limit", {"most": Money(TIYN_MAX)})))
    limit = command.credit_limit_tiyn or 0
    if limit and command.billing is Billing.PREPAID:
        wrong.append(FieldError("credit_limit_tiyn", Text("subscriber.prepaid_limit")))
    elif not 0 <= limit <= TIYN_MAX:
        wrong.append(
            FieldError("credit_limit_tiyn", Text("subscriber.credit_limit", {"most": Money(TIYN_MAX)}))
        )
    return tuple(wrong)


def _credit_limit(command: AddSubscriber, context: Context) -> int:
    if command.credit_limit_tiyn is not None:
        return command.credit_limit_tiyn
    return context.profile.postpaid_credit_limit_tiyn if command.billing is Billing.POSTPAID else 0


def _post_opening(command: AddSubscriber, main: AccountRef, uow: UnitOfWork) -> int:
    """Forced where a debt is brought along: that passes the floor on purpose."""
    amount_tiyn = command.opening_tiyn
    lines = (Line(AccountRef(AccountKind.OPENING), -amount_tiyn), Line(main, amount_tiyn))
    return uow.ledger.post(
        Entry(
            reason=REASON_OPENING,
            lines=lines,
            source=command.origin.source_id,
            actor=command.origin.acting,
            force=amount_tiyn < 0,
        )
    )


def change_subscriber(command: ChangeSubscriber, uow: UnitOfWork, context: Context) -> Outcome:  # noqa: ARG001 - one shape
    """Change the record. Result: the Subscriber as it is now."""
    subscriber = uow.subscribers.get(command.msisdn)
    if subscriber is None:
        return decline("subscriber.unknown")
    given = {name: getattr(command, name) for name in _CHANGEABLE}
    changed = replace(subscriber, **{name: value for name, value in given.items() if value is not None})
    if changed == subscriber:
        return Outcome(result=subscriber)
    uow.subscribers.put(changed)
    event = Event(kind=EVENT_CHANGED, data={"msisdn": command.msisdn})
    return Outcome(events=(event,), result=changed)


def _needs_record(command: AddSubscriber | ChangeSubscriber, context: Context) -> Needs:  # noqa: ARG001 - one shape
    return Needs(msisdns=frozenset({command.msisdn}))


SERVICE: Final = Service(
    name=NAME,
    handlers=MappingProxyType({AddSubscriber: add_subscriber, ChangeSubscriber: change_subscriber}),
    needs=MappingProxyType({AddSubscriber: _needs_record, ChangeSubscriber: _needs_record}),
)
