"""Stores the handsets of the voice benchmark as subscribers, each with money for hours of talk."""

from gateway.bench.customers import in_batches
from gateway.bench.numbers import msisdn_of
from handlers.subscriber_admin import REASON_OPENING
from rating.money import TIYN_PER_TENGE
from rating.subscriber import Billing, Brand, Language
from storage.model import AccountKind, AccountRef, Entry, Line, Subscriber, main_account
from storage.unit_of_work import UnitOfWork

_MONEY_TIYN = 100_000 * TIYN_PER_TENGE
_SOURCE = "bench"


def store_callers(url: str, count: int) -> None:
    """Subscribers 0 to ``count``, in all languages in turn."""
    in_batches(url, count, _add)


def _add(uow: UnitOfWork, number: int) -> None:
    msisdn = msisdn_of(number)
    uow.subscribers.add(
        Subscriber(
            msisdn=msisdn,
            brand=Brand.ACTIV,
            billing=Billing.PREPAID,
            language=tuple(Language)[number // 2 % 3],
            created_us=uow.now_us,
        )
    )
    main = main_account(msisdn)
    uow.ledger.open(main)
    lines = (Line(AccountRef(AccountKind.OPENING), -_MONEY_TIYN), Line(main, _MONEY_TIYN))
    uow.ledger.post(Entry(reason=REASON_OPENING, lines=lines, source=_SOURCE, actor=_SOURCE))
