"""Collect call: every rule of services.md section 7, in all combinations, against an oracle of its own.

The oracle is written from the sentences there and knows nothing of the code's order of checks but what the
documentation promises. Nothing here asks a database, so that all combinations take seconds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import TYPE_CHECKING, Final, NamedTuple, cast
from zoneinfo import ZoneInfo

from handlers.base.access import Denied
from handlers.base.collect_rules import Refused
from handlers.base.command import Channel, Origin
from handlers.base.context import Context
from handlers.base.profile import load_profile
from handlers.collect_call import AskCollect, CollectAsked, ask
from handlers.issuer import Issuer
from rating.msisdn import Msisdn
from rating.subscriber import Billing, Brand, Status
from storage.call_model import CollectList, CollectLists
from storage.model import AccountRef, Attempts, Balance, Subscriber, main_account

if TYPE_CHECKING:
    from storage.unit_of_work import UnitOfWork

CALLER, OTHER = Msisdn("77011234567"), Msisdn("77017654321")
CALLED, PORTED_IN = Msisdn("77021234567"), Msisdn("77051234567")
NOW: Final = datetime(2025, 3, 14, 12, 0, tzinfo=ZoneInfo("Asia/Almaty"))
CONTEXT: Final = Context(
    now=NOW,
    now_us=int(NOW.timestamp()) * 1_000_000,
    profile=load_profile("kz"),
    digest=str.encode,
    new_id=str,
    random_digits=str,
    bank=Issuer(),
)
#: Just too little, and just enough, for a second at 7 and at 15 KZT a minute.
MONEY_TIYN: Final = (11, 12, 24, 25)


class Case(NamedTuple):
    """One combination. ``called`` is None where there is no record of the number."""

    caller: Subscriber
    number: Msisdn
    called: Subscriber | None
    lists: CollectLists
    money_tiyn: int


def people(msisdn: Msisdn) -> tuple[Subscriber, ...]:
    """Subscribers of every status, brand and device, at home and abroad."""
    return tuple(
        Subscriber(
            msisdn=msisdn,
            brand=brand,
            billing=Billing.PREPAID,
            status=status,
            roaming=roaming,
            device_registered=registered,
        )
        for brand, status, roaming, registered in product(Brand, Status, (False, True), (False, True))
    )


def all_lists() -> Iterator[CollectLists]:
    """Either list active; the caller on each list or not; an empty White List and one with somebody else."""
    switches = (CollectList.BLACK, CollectList.WHITE)
    whites = ((), (OTHER,), (OTHER, CALLER))
    for active, black, white, friends in product(switches, ((), (CALLER,)), whites, ((), (CALLER,))):
        yield CollectLists(owner=CALLED, active=active, black=black, white=white, friends=friends)


def cases() -> Iterator[Case]:
    """All of them."""
    called: list[tuple[Msisdn, Subscriber | None]] = [(CALLED, None), (PORTED_IN, None)]
    called += [(number, person) for number in (CALLED, PORTED_IN) for person in people(number)]
    for caller, (number, person), lists, money in product(
        people(CALLER), called, tuple(all_lists()), MONEY_TIYN
    ):
        yield Case(caller, number, person, lists, money)


# -- the oracle ------------------------------------------------------------------------------------


def expected(case: Case) -> str:
    """What the sentences say: ``friend``, ``announced``, or the id of the refusal."""
    return _of_the_caller(case.caller) or _of_the_called(case) or _of_the_lists(case)


def _of_the_caller(caller: Subscriber) -> str:
    """Not blocked, on a registered device, not roaming; in debt is fine, and so is either brand."""
    if caller.status == "blocked":
        return "access.blocked"
    if not caller.device_registered:
        return "access.device"
    if caller.status == "blocked_outgoing":
        return "access.blocked_outgoing"
    return "access.roaming" if caller.roaming else ""


def _of_the_called(case: Case) -> str:
    """On-net by the record, else by the prefix; not blocked, not in debt, not roaming, with a device."""
    called = case.called
    if called is None:
        on_net = case.number.startswith(("7701", "7702", "7775", "7778"))
        return "collect.no_subscriber" if on_net else "collect.off_net"
    is_fine = called.status == "active" and called.device_registered and not called.roaming
    return "" if is_fine else "collect.called_away"


def _of_the_lists(case: Case) -> str:
    """Friends override both lists and pay 7; without money for a second nobody is asked."""
    lists = case.lists
    if CALLER in lists.friends:
        return "friend" if case.money_tiyn >= 7 * 100 / 60 else "collect.cannot_pay"
    black_bars = lists.active == "black" and CALLER in lists.black
    white_bars = lists.active == "white" and CALLER not in lists.white
    if black_bars or white_bars:
        return "collect.not_wanted"
    return "announced" if case.money_tiyn >= 15 * 100 / 60 else "collect.cannot_pay"


# -- the service, on values ------------------------------------------------------------------------


@dataclass(slots=True)
class Values:
    """All that a request reads, in the place of a unit of work; it knows the called party's balance alone."""

    case: Case

    @property
    def subscribers(self) -> "Values":
        return self

    attempts = collect = ledger = subscribers

    def get(self, first: str, *rest: str) -> Subscriber | Attempts | None:
        """A subscriber by number, or a counter by kind and subject."""
        if rest:
            return Attempts(kind=first, subject=rest[0])
        return self.case.caller if first == CALLER else self.case.called

    def put(self, _attempts: Attempts) -> None:
        """A counter is kept."""

    def lists(self, _owner: Msisdn) -> CollectLists:
        """The called party's."""
        return self.case.lists

    def balance(self, ref: AccountRef) -> Balance:
        """The called party's: half of it is credit, and something is held."""
        assert ref == main_account(self.case.number)
        return Balance(self.case.money_tiyn, held_tiyn=5, credit_limit_tiyn=5)


def judged(case: Case) -> str:
    """What the service says, in the oracle's words."""
    origin = Origin(msisdn=CALLER, channel=Channel.VOICE, service_code="000", source_id="call")
    outcome = ask(AskCollect(origin=origin, called=case.number), cast("UnitOfWork", Values(case)), CONTEXT)
    if outcome.refusal is not None:
        assert outcome.result is None
        return outcome.refusal.id
    assert isinstance(outcome.result, CollectAsked)
    assert outcome.result.called == case.number
    return "friend" if outcome.result.is_friend else "announced"


def test_every_combination_is_judged_as_the_sentences_say() -> None:
    wrong = [case for case in cases() if judged(case) != expected(case)]
    assert wrong == []


def test_the_table_meets_every_answer_that_values_can_lead_to() -> None:
    met = {expected(case) for case in cases()}
    elsewhere = {Refused.SUSPENDED, Refused.BAD_NUMBER, Refused.SELF}
    of_access = {Denied.BLOCKED, Denied.DEVICE, Denied.BLOCKED_OUTGOING, Denied.ROAMING}
    assert met == {"friend", "announced", *of_access, *Refused} - elsewhere


def test_what_a_friend_pays_is_never_too_little_for_who_could_pay_the_full_price() -> None:
    """Whoever gets through without being a friend gets through as one, in every combination."""
    for case in cases():
        if expected(case) == "announced":
            assert judged(case._replace(lists=_befriended(case.lists))) == "friend"


def _befriended(lists: CollectLists) -> CollectLists:
    return CollectLists(
        owner=lists.owner, active=lists.active, black=lists.black, white=lists.white, friends=(CALLER,)
    )
