"""Short ways to cards, payments and rules, and to a bank that has lived a little."""

from typing import Any

from rating.msisdn import Msisdn
from storage.bank_model import (
    AutoPayRule,
    Card,
    CardEventKind,
    CardTransaction,
    Payment,
    PaymentState,
    RuleKind,
    TransactionState,
)
from storage.model import AccountKind, AccountRef, Entry, Hold, Line, main_account
from storage.store import Store
from storage.unit_of_work import UnitOfWork
from tests.storage.rows import ALIYA, HOUR_US, NOW_US, digest, open_subscriber, work

BANK = "kaspi"
CASH = AccountRef(AccountKind.BANK_CASH, BANK)
CLEARING = AccountRef(AccountKind.BANK_CLEARING, BANK)
OPERATOR = AccountRef(AccountKind.BANK_OPERATOR, BANK)
UNALLOCATED = AccountRef(AccountKind.UNALLOCATED, BANK)
CARD_TIYN = 100_000


def card(card_id: str = "card1", msisdn: Msisdn = ALIYA, created_us: int = NOW_US) -> Card:
    """An active one; its number's digest is that of its id."""
    return Card(
        id=card_id,
        bank=BANK,
        pan_digest=digest(card_id),
        last6="123456",
        msisdn=msisdn,
        created_us=created_us,
    )


def open_card(uow: UnitOfWork, new: Card | None = None, opening_tiyn: int = CARD_TIYN) -> Card:
    """A card with money."""
    new = new or card()
    uow.cards.add(new)
    uow.ledger.open(new.account)
    uow.ledger.post(entry((CASH, -opening_tiyn), (new.account, opening_tiyn)))
    return new


def entry(*lines: tuple[AccountRef, int], source: str = "source", reverses_seq: int | None = None) -> Entry:
    """An entry without a story."""
    moved = tuple(Line(account, amount) for account, amount in lines)
    return Entry(reason="test", lines=moved, source=source, actor="test", reverses_seq=reverses_seq)


def top_up(code: str = "CODE1", amount_tiyn: int = 1000, **changes: object) -> CardTransaction:
    """Authorised, from ``card1`` to its holder's own balance."""
    made = CardTransaction(
        code=code,
        card_id="card1",
        msisdn=ALIYA,
        kind=CardEventKind.TOP_UP,
        amount_tiyn=-amount_tiyn,
        venue="8080",
        at_us=NOW_US,
        state=TransactionState.AUTHORISED,
        hold_id=f"hold-{code}",
        target=ALIYA,
        answer_job="bank.answer",
        source_id="mo1",
    )
    return made._replace(**changes)  # type: ignore[arg-type]  # fields by name


def authorise(uow: UnitOfWork, transaction: CardTransaction) -> CardTransaction:
    """With its hold."""
    held = Hold(
        id=transaction.hold_id,
        account=AccountRef(AccountKind.CARD, transaction.card_id),
        amount_tiyn=-transaction.amount_tiyn,
        reason="bank.top_up",
        source=transaction.code,
        expires_us=NOW_US + HOUR_US,
    )
    uow.ledger.hold(held)
    uow.cards.add_transaction(transaction)
    return transaction


def top_up_entry(transaction: CardTransaction) -> Entry:
    """Four lines, two in each book."""
    amount = -transaction.amount_tiyn
    source = AccountRef(AccountKind.CARD, transaction.card_id)
    target = main_account(Msisdn(transaction.target))
    lines = ((source, -amount), (OPERATOR, amount), (CLEARING, -amount), (target, amount))
    return entry(*lines, source=transaction.code)


def approve(uow: UnitOfWork, code: str = "CODE1") -> int:
    """The bank said yes; the entry's number."""
    found = uow.cards.transaction(code)
    assert found is not None
    seq = uow.ledger.settle(found.hold_id, top_up_entry(found))
    settled = found._replace(state=TransactionState.POSTED, journal_seq=seq, settled_us=NOW_US)
    uow.cards.put_transaction(settled)
    return seq


def void(uow: UnitOfWork, code: str = "CODE1") -> None:
    """The bank said no."""
    found = uow.cards.transaction(code)
    assert found is not None
    uow.ledger.void(found.hold_id)
    uow.cards.put_transaction(found._replace(state=TransactionState.VOIDED, settled_us=NOW_US))


def payment(payment_id: str = "P1", amount_tiyn: int = 500, **changes: object) -> Payment:
    """Sent by a channel, credited to nobody yet."""
    made = Payment(
        payment_id=payment_id,
        channel=BANK,
        msisdn="8 701 123 45 67",
        brand="kcell",
        amount_tiyn=amount_tiyn,
        source="card",
        code=f"CODE-{payment_id}",
        state=PaymentState.UNALLOCATED,
        at_us=NOW_US,
        why="payment.wrong_brand",
        updated_us=NOW_US,
    )
    return made._replace(**changes)  # type: ignore[arg-type]  # fields by name


def _owner(of: Payment) -> AccountRef:
    if of.credited:
        return main_account(Msisdn(of.credited))
    return AccountRef(AccountKind.UNALLOCATED, of.channel)


def take(uow: UnitOfWork, new: Payment) -> Payment:
    """Book it where it belongs, and keep it."""
    owner, clearing = _owner(new), AccountRef(AccountKind.BANK_CLEARING, new.channel)
    lines = ((clearing, -new.amount_tiyn), (owner, new.amount_tiyn))
    taken = new._replace(journal_seq=uow.ledger.post(entry(*lines, source=new.code)))
    uow.payments.add(taken)
    return taken


def give_back(uow: UnitOfWork, payment_id: str = "P1") -> Payment:
    """Back to the channel."""
    found = uow.payments.get(payment_id)
    assert found is not None
    owner, clearing = _owner(found), AccountRef(AccountKind.BANK_CLEARING, found.channel)
    lines = ((owner, -found.amount_tiyn), (clearing, found.amount_tiyn))
    seq = uow.ledger.post(entry(*lines, source=found.code, reverses_seq=found.journal_seq))
    state = PaymentState.REVERSED if found.credited else PaymentState.BACKED_OUT
    taken_back = found._replace(state=state, reversed_seq=seq)
    uow.payments.put(taken_back)
    return taken_back


def rule(rule_id: str = "rule1", **changes: object) -> AutoPayRule:
    """A limit rule for oneself."""
    made = AutoPayRule(
        id=rule_id,
        payer=ALIYA,
        target=ALIYA,
        card_id="card1",
        kind=RuleKind.LIMIT,
        amount_tiyn=1000,
        limit_tiyn=500,
        created_us=NOW_US,
    )
    return made._replace(**changes)  # type: ignore[arg-type]  # fields by name


CREDITED: dict[str, Any] = {"state": PaymentState.CREDITED, "credited": ALIYA, "why": ""}


def bank_a_little(store: Store) -> None:
    """A card with transactions in all states, payments in all states but one, a rule that waits."""
    with work(store) as uow:
        open_subscriber(uow, ALIYA, 2000)
        open_card(uow)
        for code in ("CODE1", "CODE2", "CODE3", "CODE4"):
            authorise(uow, top_up(code))
        take(uow, payment("P1"))
        take(uow, payment("P2", **CREDITED))
        take(uow, payment("P3", **CREDITED))
        take(uow, payment("P4"))
        uow.autopay.add(rule(running="CODE3"))
    with work(store, NOW_US + 1) as uow:
        approve(uow, "CODE1")
        void(uow, "CODE2")
        fourth = uow.cards.transaction("CODE4")
        assert fourth is not None
        uow.cards.put_transaction(fourth._replace(state=TransactionState.UNKNOWN))
        give_back(uow, "P3")
        give_back(uow, "P4")
