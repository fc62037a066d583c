"""Read-only questions about cards, payments and AutoPay rules."""

from abc import ABC, abstractmethod
from collections.abc import Collection
from contextlib import AbstractContextManager
from heapq import merge
from itertools import islice

from sqlalchemy import ColumnElement, Connection, Select, or_, select, text

from rating.msisdn import Msisdn
from storage.autopay import RULE_COLUMNS, rule_of
from storage.bank_model import AutoPayRule, CardTransaction, Payment, PaymentState
from storage.card_transactions import TRANSACTION_COLUMNS, transaction_of
from storage.cards import CARD_COLUMNS, card_of
from storage.driver import Row
from storage.model import AccountKind, Balance
from storage.payments import PAYMENT_COLUMNS, payment_of
from storage.tables import account, attempts, autopay_rule, card, card_transaction, payment
from storage.views import CardFilter, CardView, PaymentFilter

#: A card with its money.
_CARDS = select(*CARD_COLUMNS, account.c.balance, account.c.held).outerjoin(
    account, account.c.code == AccountKind.CARD.value + ":" + card.c.id
)


class BankReads(ABC):
    """The part of ``Reads`` that is about the bank. Each may raise StoreUnavailable."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Connection]:
        """One consistent moment."""

    def cards(self, wanted: CardFilter) -> list[CardView]:
        """Cards that match with their money, oldest first."""
        given = (
            (card.c.msisdn, wanted.msisdn),
            (card.c.bank, wanted.bank),
            (card.c.state, wanted.state and wanted.state.value),
        )
        found = _CARDS.where(*(column == value for column, value in given if value is not None))
        oldest = found.order_by(card.c.created_us, card.c.id).limit(wanted.limit)
        with self.transaction() as connection:
            return [_view_of(tuple(row)) for row in connection.execute(oldest)]

    def card(self, card_id: str) -> CardView | None:
        """One card with its money, or None."""
        with self.transaction() as connection:
            row = connection.execute(_CARDS.where(card.c.id == card_id)).first()
        return None if row is None else _view_of(tuple(row))

    def locked_until(self, kind: str, subjects: Collection[str]) -> dict[str, int]:
        """Until when (operator time, us) each of these subjects is or was locked out of ``kind``, if ever."""
        counters = attempts.c.kind == kind, attempts.c.subject.in_(subjects), attempts.c.locked_until_us > 0
        wanted = select(attempts.c.subject, attempts.c.locked_until_us).where(*counters)
        with self.transaction() as connection:
            return {row.subject: row.locked_until_us for row in connection.execute(wanted)}

    def card_transaction(self, code: str) -> CardTransaction | None:
        """The transaction with this code, or None."""
        wanted = select(*TRANSACTION_COLUMNS).where(card_transaction.c.code == code)
        with self.transaction() as connection:
            row = connection.execute(wanted).first()
        return None if row is None else transaction_of(tuple(row))

    def card_transactions(
        self, *, card_id: str | None = None, msisdn: str | None = None, limit: int = 100
    ) -> list[CardTransaction]:
        """The newest of one card, or of all cards of a subscriber, newest first.

        Each card's are read from the end of its own stretch of the index, no further than needed.
        """
        with self.transaction() as connection:
            ids = [card_id] if card_id is not None else _ids_of(connection, msisdn)
            each = [_newest(connection, number, limit) for number in ids]
            newest = merge(*each, key=lambda row: row[0], reverse=True)
            return [transaction_of(row[1:]) for row in islice(newest, limit)]

    def payments(self, wanted: PaymentFilter) -> list[Payment]:
        """Payments that match, newest first."""
        newest = payment.c.at_us.desc(), payment.c.payment_id.desc()
        found = select(*PAYMENT_COLUMNS).where(*_of_payments(wanted)).order_by(*newest).limit(wanted.limit)
        with self.transaction() as connection:
            return [payment_of(tuple(row)) for row in connection.execute(found)]

    def payment(self, payment_id: str) -> Payment | None:
        """The payment with this id, or None."""
        wanted = select(*PAYMENT_COLUMNS).where(payment.c.payment_id == payment_id)
        with self.transaction() as connection:
            row = connection.execute(wanted).first()
        return None if row is None else payment_of(tuple(row))

    def autopay_rules(self, msisdn: Msisdn) -> list[AutoPayRule]:
        """The rules by which this subscriber pays, oldest first, in every state."""
        oldest = autopay_rule.c.created_us, autopay_rule.c.id
        wanted = select(*RULE_COLUMNS).where(autopay_rule.c.payer == msisdn).order_by(*oldest)
        with self.transaction() as connection:
            return [rule_of(tuple(row)) for row in connection.execute(wanted)]


def _view_of(row: Row) -> CardView:
    *fields, balance, held = row
    return CardView(card_of(tuple(fields)), Balance(balance or 0, held or 0))


def _ids_of(connection: Connection, msisdn: str | None) -> list[str]:
    return list(connection.execute(select(card.c.id).where(card.c.msisdn == msisdn)).scalars())


def _newest(connection: Connection, card_id: str, limit: int) -> list[Row]:
    """Rows that begin with their number."""
    mine: Select[tuple[object, ...]] = select(card_transaction.c.number, *TRANSACTION_COLUMNS)
    mine = mine.where(card_transaction.c.card_id == card_id).limit(limit)
    newest = card_transaction.c.day.desc(), card_transaction.c.number.desc()
    return [tuple(row) for row in connection.execute(mine.order_by(*newest))]


def _of_payments(wanted: PaymentFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.state is PaymentState.UNALLOCATED:
        conditions.append(payment.c.payment_id.in_(_UNALLOCATED))
    elif wanted.state is not None:
        conditions.append(payment.c.state == wanted.state.value)
    if wanted.channel is not None:
        conditions.append(payment.c.channel == wanted.channel)
    if wanted.msisdn is not None:
        conditions.append(or_(payment.c.msisdn == wanted.msisdn, payment.c.credited == wanted.msisdn))
    if wanted.since_us is not None:
        conditions.append(payment.c.at_us >= wanted.since_us)
    if wanted.until_us is not None:
        conditions.append(payment.c.at_us < wanted.until_us)
    return conditions


#: Few wait of many: asked for like this they come from their own index, not from a walk through all.
_UNALLOCATED = select(payment.c.payment_id).where(text("state = 'unallocated'")).correlate(None)
