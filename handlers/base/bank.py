"""The bank as the operator sees it: a narrow interface, behind which a real one could stand.

The bank answers an order at once (it holds the money, or says why not) and concludes it later: the answer
comes as a job of the kind that the order names, with the payload ``{"code": ..., "verdict": ...}``.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from handlers.base.command import Origin
from rating.msisdn import Msisdn
from storage.bank_model import Card, CardTransaction
from storage.model import AccountKind

if TYPE_CHECKING:
    from handlers.base.context import Context
    from storage.unit_of_work import UnitOfWork


class Declined(StrEnum):
    """Why the bank holds nothing."""

    DISABLED = "disabled"
    NOT_ENOUGH = "not_enough"


class Verdict(StrEnum):
    """What the bank says later; OVERDUE is what the operator says when it has said nothing in time."""

    APPROVED = "approved"
    ERROR = "error"
    OVERDUE = "overdue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A top-up: ``amount_tiyn`` (> 0) from ``card`` to an account of ``target``: the main one, mostly.

    ``answer_job`` is the kind of job that brings the answer, ``purpose`` the ordering service's own word.
    """

    card: Card
    amount_tiyn: int
    target: Msisdn
    venue: str
    answer_job: str
    origin: Origin
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class Concluded:
    """What a verdict led to. ``is_news`` is False where all was settled before, or nothing changed.

    A transaction that is POSTED has credited its target; a VOIDED one has moved nothing.
    """

    transaction: CardTransaction
    is_news: bool


class Bank(Protocol):
    """Called in the writer, inside a unit of work."""

    def authorise(self, order: Order, uow: "UnitOfWork", context: "Context") -> CardTransaction | Declined:
        """Hold the amount. What the bank says of it later comes as jobs."""

    def conclude(
        self,
        code: str,
        verdict: Verdict,
        uow: "UnitOfWork",
        context: "Context",
        *,
        into: AccountKind = AccountKind.MAIN,
    ) -> Concluded | None:
        """Book, void, or note that nobody knows; None for a code that the bank does not know.

        ``into`` is the kind of the target's account that is credited: the service knows which that ordered,
        and it alone gets the answer. The main account has to be open, a parking account is opened.
        """
