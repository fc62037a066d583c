"""Stores drivers and running parkings, as a gateway finds them at its start; and checks a store's books."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from gateway.app import context_factory, wall_us
from gateway.bench.customers import in_batches
from gateway.bench.numbers import msisdn_of
from gateway.bench.parking_cars import area_of, plate_of
from gateway.clock import OperatorClock
from gateway.secret_keys import Digest, IdSource
from handlers.base.context import Context
from handlers.base.parking_running import begin
from handlers.base.parking_states import US_PER_HOUR
from handlers.base.profile import load_profile
from rating.parking_price import hours_tiyn, price_at
from rating.subscriber import Billing, Brand, Language
from storage.check import check
from storage.model import AccountKind, AccountRef, Subscriber, main_account, parking_account, transfer
from storage.parking_model import ParkingSession, ParkingState
from storage.store import Store
from storage.unit_of_work import UnitOfWork

#: Enough for every hour of a benchmark.
_MAIN_TIYN = 100_000_000
_OPENING = AccountRef(AccountKind.OPENING)

#: Number of the car -> how many hours it parks, and when they end (microseconds of operator time).
Stay = Callable[[int], tuple[int, int]]


def store_drivers(url: str, count: int) -> None:
    """Subscribers 0 to ``count``, in all languages in turn, each with money on the main balance."""
    in_batches(url, count, add_driver)


def store_parked(url: str, first: int, count: int, stay: Stay) -> None:
    """Drivers from number ``first`` on, each with one car that is parked, paid for, and has its jobs."""
    context_at = _contexts()

    def add(uow: UnitOfWork, number: int) -> None:
        hours, ends_us = stay(number)
        add_driver(uow, first + number)
        _park(uow, first + number, hours, context_at(ends_us - hours * US_PER_HOUR))

    in_batches(url, count, add)


def add_driver(uow: UnitOfWork, number: int) -> None:
    """The n-th subscriber and their money."""
    msisdn = msisdn_of(number)
    uow.subscribers.add(
        Subscriber(
            msisdn=msisdn,
            brand=Brand.ACTIV,
            billing=Billing.PREPAID,
            language=tuple(Language)[number % 3],
            created_us=uow.now_us,
        )
    )
    _open(uow, main_account(msisdn), _MAIN_TIYN)


def broken_in(url: str) -> list[str]:
    """Which invariants of a store that nobody has open do not hold, each with what breaks it."""
    store = Store.open(url, migrate=False)
    try:
        return [f"{each.invariant}: {each.detail}" for each in check(store.reads) if not each.ok]
    finally:
        store.close()


def _open(uow: UnitOfWork, account: AccountRef, amount_tiyn: int) -> None:
    uow.ledger.open(account)
    uow.ledger.post(
        transfer(_OPENING, account, amount_tiyn, reason="bench.opening", source="bench", actor="bench")
    )


def _park(uow: UnitOfWork, number: int, hours: int, context: Context) -> None:
    """As at its confirmation: the price is on the parking account already, and the service does the rest."""
    msisdn = msisdn_of(number)
    price = price_at(context.profile.parking_prices, context.now_us)
    session = ParkingSession(
        id=context.new_id(),
        msisdn=msisdn,
        area=area_of(number),
        plate=plate_of(number),
        state=ParkingState.ASKED,
        hours=hours,
        asked_us=context.now_us,
        confirm_by_us=context.now_us,
        version=price.version,
        per_hour_tiyn=price.per_hour_tiyn,
        price_tiyn=hours_tiyn(price.per_hour_tiyn, hours),
        from_main_tiyn=hours_tiyn(price.per_hour_tiyn, hours),
    )
    _open(uow, parking_account(msisdn), session.price_tiyn)
    uow.parking.add(session)
    begin(session, None, uow, context)


def _contexts() -> Callable[[int], Context]:
    profile, new_id = load_profile("kz"), IdSource(wall_us)
    clock = OperatorClock(wall_us, ZoneInfo(profile.timezone))
    return context_factory(clock, profile, Digest(bytes(32)), new_id)
