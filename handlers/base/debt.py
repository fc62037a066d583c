"""How a debt ends: by money, whichever way it came (services.md section 2)."""

from dataclasses import replace

from rating.subscriber import Status
from storage.model import Subscriber
from storage.unit_of_work import UnitOfWork


def end_debt(subscriber: Subscriber, balance_tiyn: int, uow: UnitOfWork) -> None:
    """Whoever was suspended for debt and owes nothing any more is active again (ours)."""
    if subscriber.status is Status.DEBT and balance_tiyn >= 0:
        uow.subscribers.put(replace(subscriber, status=Status.ACTIVE))
