"""The invariants of calls, for ``storage.check``."""

from storage.invariants import Invariant, sql

_CHARGES = sql(
    "SELECT 'call', id, 'costs', charge, 'with entry', journal_seq FROM call"
    " WHERE (charge > 0) <> (journal_seq IS NOT NULL)",
    "SELECT 'call', c.id, 'of', c.charge, 'is not what entry', c.journal_seq, 'takes' FROM call c"
    " WHERE c.journal_seq IS NOT NULL AND NOT EXISTS ("
    " SELECT 1 FROM journal j JOIN posting p ON p.seq = j.seq JOIN account a ON a.id = p.account_id"
    " WHERE j.seq = c.journal_seq AND j.source = c.id AND j.reason = 'call.charge'"
    " AND a.kind = 'main' AND a.owner = c.payer AND p.amount = -c.charge)",
    "SELECT 'entry', j.seq, 'charges for call', j.source, 'which does not name it' FROM journal j"
    " LEFT JOIN call c ON c.id = j.source AND c.journal_seq = j.seq"
    " WHERE j.reason = 'call.charge' AND c.id IS NULL",
    "SELECT 'call', c.id, 'has ended and keeps hold', h.id FROM call c"
    " JOIN hold h ON h.source = c.id AND h.reason = 'call' AND h.state = 'open' WHERE c.ended <> ''",
)
_HOLDS = sql(
    "SELECT 'hold', h.id, 'keeps', h.amount, 'of', a.code, 'for no call that is open' FROM hold h"
    " JOIN account a ON a.id = h.account_id"
    " LEFT JOIN call c ON c.id = h.source AND c.hold_id = h.id AND c.ended = ''"
    " AND a.kind = 'main' AND a.owner = c.payer"
    " WHERE h.state = 'open' AND h.reason = 'call' AND c.id IS NULL",
    "SELECT 'call', c.id, 'names hold', c.hold_id, 'which is not open for it' FROM call c"
    " LEFT JOIN hold h ON h.id = c.hold_id AND h.source = c.id AND h.reason = 'call' AND h.state = 'open'"
    " WHERE c.ended = '' AND c.hold_id <> '' AND h.id IS NULL",
)
_HANDSETS = sql(
    "SELECT 'handset', msisdn, 'is in', count(*), 'calls' FROM call_leg WHERE state <> 'released'"
    " GROUP BY msisdn HAVING count(*) > 1",
)
_LEGS = sql(
    "SELECT 'call', c.id, 'has ended, but leg', l.number, 'is', l.state FROM call c"
    " JOIN call_leg l ON l.call_id = c.id AND l.state <> 'released' WHERE c.ended <> ''",
    "SELECT 'leg', l.number, 'is of call', l.call_id, 'which is not there' FROM call_leg l"
    " LEFT JOIN call c ON c.id = l.call_id WHERE c.id IS NULL",
)
CALL_INVARIANTS = (
    Invariant("V1", "a call costs what its entry took from its payer, and ends without a hold", _CHARGES),
    Invariant("V2", "money that is held for a call is held while it is open", _HOLDS),
    Invariant("V3", "a handset is in one open call", _HANDSETS),
    Invariant("V4", "a call that has ended has only released legs", _LEGS),
)
