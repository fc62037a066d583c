"""Read-only questions about calls, the lists of collect calls, and the bank's customers by phone."""

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, select, text, union_all

from rating.msisdn import Msisdn
from storage.call_model import Call, CallTurn, CollectLists, PhoneCustomer, TurnKind
from storage.call_tables import call, call_leg, call_turn, collect_choice, collect_entry, phone_customer
from storage.call_views import CallFilter, CallView
from storage.collect import kept_of
from storage.driver import Row
from storage.open_calls import CALL_COLUMNS, LEG_COLUMNS, calls_of
from storage.phone_customers import CUSTOMER_COLUMNS, customer_of
from storage.posting_reads import postings_of

_NEWEST = call.c.began_us.desc(), call.c.id.desc()
#: Few are open of many: asked for like this they come from their own index, not from a walk through all.
_OPEN = select(call.c.id).where(text("ended = ''")).correlate(None)
_KINDS = {each.value: each for each in TurnKind}


class CallReads(ABC):
    """The part of ``Reads`` that is about calls. Each may raise StoreUnavailable."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Connection]:
        """One consistent moment."""

    def calls(self, wanted: CallFilter) -> list[Call]:
        """Calls that match with their legs, newest first."""
        found = select(*CALL_COLUMNS).where(*_of_calls(wanted)).order_by(*_NEWEST).limit(wanted.limit)
        with self.transaction() as connection:
            return _with_legs(connection, found)

    def call(self, call_id: str) -> CallView | None:
        """One call with all that belongs to it, or None."""
        turns = select(*call_turn.columns).where(call_turn.c.call_id == call_id).order_by(call_turn.c.number)
        with self.transaction() as connection:
            found = _with_legs(connection, select(*CALL_COLUMNS).where(call.c.id == call_id))
            if not found:
                return None
            said = tuple(_turn_of(tuple(row)) for row in connection.execute(turns))
            return CallView(found[0], said, postings_of(connection, found[0].journal_seq))

    def collect_lists(self, msisdn: Msisdn) -> CollectLists:
        """The lists of a subscriber; empty ones where none was ever filled."""
        entries = select(*collect_entry.columns).where(collect_entry.c.owner == msisdn)
        choice = select(collect_choice.c.active).where(collect_choice.c.owner == msisdn)
        with self.transaction() as connection:
            active = connection.execute(choice).scalar()
            rows = [tuple(row) for row in connection.execute(entries)]
        return kept_of(msisdn, rows, active).lists

    def phone_customers(self, msisdn: Msisdn | None = None, limit: int = 100) -> list[PhoneCustomer]:
        """The bank's customers by phone, of one subscriber or all, oldest first."""
        oldest = phone_customer.c.created_us, phone_customer.c.identifier
        found = select(*CUSTOMER_COLUMNS).order_by(*oldest).limit(limit)
        if msisdn is not None:
            found = found.where(phone_customer.c.msisdn == msisdn)
        with self.transaction() as connection:
            return [customer_of(tuple(row)) for row in connection.execute(found)]


def _with_legs(connection: Connection, wanted: Select[Any]) -> list[Call]:
    """One query for the legs of all of them."""
    rows = [tuple(row) for row in connection.execute(wanted)]
    if not rows:
        return []
    ids = wanted.with_only_columns(call.c.id).subquery()
    legs = select(*LEG_COLUMNS).join(ids, ids.c.id == call_leg.c.call_id).order_by(call_leg.c.number)
    return calls_of(rows, map(tuple, connection.execute(legs)))


def _turn_of(row: Row) -> CallTurn:
    call_id, number, leg, at_us, kind, *rest = row
    return CallTurn(call_id, number, leg, at_us, _KINDS[kind], *rest)


def _of_calls(wanted: CallFilter) -> list[ColumnElement[bool]]:
    given = (
        (call.c.caller, wanted.caller),
        (call.c.called, wanted.called),
        (call.c.service, wanted.service),
        (call.c.ended, wanted.ended),
    )
    conditions = [column == value for column, value in given if value is not None]
    if wanted.msisdn is not None:
        conditions.append(call.c.id.in_(_with_party(wanted.msisdn)))
    if wanted.is_open is not None:
        conditions.append(call.c.id.in_(_OPEN) if wanted.is_open else call.c.ended != "")
    if wanted.since_us is not None:
        conditions.append(call.c.began_us >= wanted.since_us)
    return conditions


def _with_party(msisdn: str) -> Select[Any]:
    """Each end from its own index."""
    ends = [select(call.c.id).where(end == msisdn).correlate(None) for end in (call.c.caller, call.c.called)]
    return select(union_all(*ends).subquery().c.id)
