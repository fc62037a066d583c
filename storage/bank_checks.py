"""The invariants of cards, payments and AutoPay rules, for ``storage.check``."""

from storage.invariants import Invariant, sql

#: What the bank's book says it owes the operator, the operator's book says of the bank.
_MIRROR = sql(
    "SELECT 'entry', seq, 'moves', due, 'on bank_operator:' || owner, 'but', owed, 'on bank_clearing' FROM ("
    " SELECT p.seq, a.owner,"
    " sum(CASE WHEN a.kind = 'bank_operator' THEN p.amount ELSE 0 END) AS due,"
    " sum(CASE WHEN a.kind = 'bank_clearing' THEN p.amount ELSE 0 END) AS owed"
    " FROM posting p JOIN account a ON a.id = p.account_id"
    " WHERE a.kind IN ('bank_operator', 'bank_clearing') GROUP BY p.seq, a.owner) m"
    " WHERE due <> 0 AND due + owed <> 0",
)
_CARD_TRANSACTIONS = sql(
    "SELECT 'card transaction', code, 'is', state, 'with entry', journal_seq FROM card_transaction"
    " WHERE (state = 'posted') <> (journal_seq IS NOT NULL)",
    "SELECT 'card transaction', t.code, 'of', t.amount, 'is not what entry', t.journal_seq, 'moves'"
    " FROM card_transaction t WHERE t.state = 'posted' AND NOT EXISTS ("
    " SELECT 1 FROM journal j JOIN posting p ON p.seq = j.seq JOIN account a ON a.id = p.account_id"
    " WHERE j.seq = t.journal_seq AND j.source = t.code AND a.kind = 'card' AND a.owner = t.card_id"
    " AND p.amount = t.amount)",
    "SELECT 'card transaction', t.code, 'is', t.state, 'without its hold' FROM card_transaction t"
    " WHERE t.state IN ('authorised', 'unknown') AND NOT EXISTS ("
    " SELECT 1 FROM hold h JOIN account a ON a.id = h.account_id WHERE h.id = t.hold_id AND h.state = 'open'"
    " AND h.amount = -t.amount AND a.kind = 'card' AND a.owner = t.card_id)",
    "SELECT 'hold', h.id, 'keeps', h.amount, 'of', a.code, 'for no transaction that waits' FROM hold h"
    " JOIN account a ON a.id = h.account_id AND a.kind = 'card'"
    " WHERE h.state = 'open' AND (SELECT count(*) FROM card_transaction t WHERE t.card_id = a.owner"
    " AND t.hold_id = h.id AND t.state IN ('authorised', 'unknown')) <> 1",
)


def _in_entry(seq: str, amount: str) -> str:
    """True where the entry moves the amount on the account of the one who has it, or on the waiting one."""
    return (
        "EXISTS (SELECT 1 FROM posting q JOIN account a ON a.id = q.account_id"  # noqa: S608 (constants)
        f" WHERE q.seq = {seq} AND q.amount = {amount} AND a.code ="
        " CASE WHEN p.credited = '' THEN 'unallocated:' || p.channel ELSE 'main:' || p.credited END)"
    )


_PAYMENTS = sql(
    "SELECT 'payment', payment_id, 'is', state, 'for', credited, 'with entries', journal_seq, reversed_seq"
    " FROM payment WHERE (state IN ('backed_out', 'reversed')) <> (reversed_seq IS NOT NULL)"
    " OR (credited = '') <> (state IN ('unallocated', 'backed_out'))",
    "SELECT 'payment', p.payment_id, 'of', p.amount, 'is not what entry', p.journal_seq, 'credits'"  # noqa: S608 (constants)
    f" FROM payment p WHERE NOT {_in_entry('p.journal_seq', 'p.amount')}",
    "SELECT 'payment', p.payment_id, 'of', p.amount, 'is not what entry', p.reversed_seq, 'takes back'"  # noqa: S608 (constants)
    " FROM payment p WHERE p.reversed_seq IS NOT NULL"
    f" AND NOT {_in_entry('p.reversed_seq', '-p.amount')}",
    "SELECT 'channel', channel, 'has', kept, 'unallocated, but its payments are', worth FROM ("
    " SELECT c.channel, coalesce((SELECT balance FROM account WHERE code = 'unallocated:' || c.channel), 0)"
    " AS kept, coalesce((SELECT sum(amount) FROM payment p"
    " WHERE p.channel = c.channel AND p.state = 'unallocated'), 0) AS worth"
    " FROM (SELECT channel FROM payment UNION SELECT owner FROM account WHERE kind = 'unallocated') c) k"
    " WHERE kept <> worth",
)
_AUTOPAY_RULES = sql(
    "SELECT 'AutoPay rule', r.id, 'pays from a card that is not its payer''s' FROM autopay_rule r"
    " LEFT JOIN card c ON c.id = r.card_id WHERE c.id IS NULL OR c.msisdn <> r.payer",
    "SELECT 'AutoPay rule', r.id, 'waits for', r.running, 'which does not wait' FROM autopay_rule r"
    " LEFT JOIN card_transaction t ON t.code = r.running AND t.state IN ('authorised', 'unknown')"
    " WHERE r.running <> '' AND t.code IS NULL",
)
BANK_INVARIANTS = (
    Invariant("B1", "what a bank owes the operator is the same in both books", _MIRROR),
    Invariant("B2", "a card transaction has its entry, or waits on its open hold", _CARD_TRANSACTIONS),
    Invariant("B3", "a payment is what its entries say, and one without an owner is kept", _PAYMENTS),
    Invariant("B4", "an AutoPay rule pays from its payer's card, one payment at a time", _AUTOPAY_RULES),
)
