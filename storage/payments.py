"""Payments through channels inside a unit of work: taken once, taken back at most once."""

from collections.abc import Collection, Iterable, Iterator
from functools import partial

from sqlalchemy import select, text

from storage.bank_model import Payment, PaymentState
from storage.driver import Driver, Lookup, Row, Verb, Write
from storage.errors import Broken
from storage.row_map import RowMap
from storage.tables import payment as table

PAYMENT_COLUMNS = tuple(table.columns)
_KEPT = ("state", "credited", "why", "cashback", "journal_seq", "reversed_seq", "updated_us")
_INSERT = Write(Verb.INSERT, table, PAYMENT_COLUMNS)
_UPDATE = Write(
    Verb.UPDATE,
    table,
    tuple(table.c[name] for name in _KEPT),
    (table.c.payment_id,),
    when=text("reversed_seq IS NULL"),
)
_LOOKUP = Lookup(select(*PAYMENT_COLUMNS), (table.c.payment_id,))
_STATES = {state.value: state for state in PaymentState}
_BACK = frozenset({PaymentState.BACKED_OUT, PaymentState.REVERSED})


class Payments:
    """Keyed by the channel's payment id, which is the idempotency key."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._rows = RowMap[str, Payment](partial(_load, driver))

    def get(self, payment_id: str) -> Payment | None:
        """The payment, or None."""
        return self._rows.get(payment_id)

    def add(self, payment: Payment) -> None:
        """A new payment. Raises Broken when there is one with its id."""
        self._rows.add(payment.payment_id, payment)

    def put(self, payment: Payment) -> None:
        """What became of it. Raises Broken for one that is unknown, or that went back already."""
        known = self._rows.get(payment.payment_id)
        if known is None or known.state in _BACK:
            raise Broken(f"payment {payment.payment_id} is not one that can change")
        self._rows.put(payment.payment_id, payment)

    def prefetch(self, payment_ids: Iterable[str]) -> None:
        """Read many at once."""
        self._rows.prefetch(payment_ids)

    def flush(self) -> None:
        """After the entries that it names. Raises Broken where somebody else took a payment back."""
        if added := self._rows.added():
            self._driver.write(_INSERT, [_row(payment) for payment in added])
        changed = [_changes(payment) for payment in self._rows.changed()]
        if changed and self._driver.write(_UPDATE, changed) != len(changed):
            raise Broken("a payment was taken back by somebody else")


def payment_of(row: Row) -> Payment:
    """The value of a row whose columns are ``PAYMENT_COLUMNS``."""
    payment_id, channel, msisdn, brand, amount, source, code, state, at_us, *rest = row
    credited, why, cashback, journal_seq, reversed_seq, updated_us = rest
    return Payment(
        payment_id=payment_id,
        channel=channel,
        msisdn=msisdn,
        brand=brand,
        amount_tiyn=amount,
        source=source,
        code=code,
        state=_STATES[state],
        at_us=at_us,
        credited=credited,
        why=why,
        cashback_tiyn=cashback,
        journal_seq=journal_seq,
        reversed_seq=reversed_seq,
        updated_us=updated_us,
    )


def _row(payment: Payment) -> Row:
    return (
        payment.payment_id,
        payment.channel,
        payment.msisdn,
        payment.brand,
        payment.amount_tiyn,
        payment.source,
        payment.code,
        payment.state.value,
        payment.at_us,
        payment.credited,
        payment.why,
        payment.cashback_tiyn,
        payment.journal_seq,
        payment.reversed_seq,
        payment.updated_us,
    )


def _changes(payment: Payment) -> Row:
    return (
        payment.state.value,
        payment.credited,
        payment.why,
        payment.cashback_tiyn,
        payment.journal_seq,
        payment.reversed_seq,
        payment.updated_us,
        payment.payment_id,
    )


def _load(driver: Driver, payment_ids: Collection[str]) -> Iterator[tuple[str, Payment]]:
    for row in driver.lookup(_LOOKUP, [(payment_id,) for payment_id in payment_ids]):
        yield row[0], payment_of(row)
