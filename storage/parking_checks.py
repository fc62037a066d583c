"""The invariants of parking, for ``storage.check``."""

from storage.invariants import Invariant, sql
from storage.parking_tables import OPEN_SQL, RUNNING_SQL

#: Sessions with aliases would need other words.
_OPEN = f"SELECT * FROM parking_session WHERE {OPEN_SQL}"  # noqa: S608 (an enum)
_RUNNING = f"SELECT * FROM parking_session WHERE {RUNNING_SQL}"  # noqa: S608 (an enum)


def _held(hold_id: str, kind: str, amount: str) -> str:
    """True where this open hold keeps this amount of the driver's account of a kind, for the session."""
    return (
        "EXISTS (SELECT 1 FROM hold h JOIN account a ON a.id = h.account_id"  # noqa: S608 (constants)
        f" WHERE h.id = {hold_id} AND h.state = 'open' AND h.source = s.id AND h.amount = {amount}"
        f" AND a.kind = '{kind}' AND a.owner = s.msisdn)"
    )


_PRICES = sql(
    "SELECT 'parking', id, 'of', hours, 'hours for', per_hour, 'each has price', price FROM parking_session"
    " WHERE price <> hours * per_hour",
    "SELECT 'parking', s.id, 'is', s.state, 'and does not hold', s.price, 'by', s.parking_hold"  # noqa: S608 (constants)
    f" FROM ({_RUNNING}) s WHERE NOT {_held('s.parking_hold', 'parking', 's.price')}",
    "SELECT 'parking', s.id, 'is', s.state, 'and keeps hold', s.main_hold"  # noqa: S608 (constants)
    f" FROM ({_RUNNING}) s WHERE s.main_hold <> ''",
    "SELECT 'parking', s.id, 'is', s.state, 'from', s.began_us, 'to', s.ends_us"  # noqa: S608 (constants)
    f" FROM ({_RUNNING}) s WHERE s.began_us <= 0 OR s.ends_us <= s.began_us",
)
_ASKED = sql(
    "SELECT 'parking', id, 'asks', from_parking, 'and', from_main, 'of', price FROM parking_session"
    " WHERE state IN ('asked', 'paying') AND from_parking + from_main <> price",
    "SELECT 'parking', s.id, 'asks', s.from_parking, 'and does not hold it by', s.parking_hold"  # noqa: S608 (constants)
    " FROM parking_session s WHERE s.state IN ('asked', 'paying') AND NOT ("
    " CASE WHEN s.from_parking = 0 THEN s.parking_hold = ''"
    f" ELSE {_held('s.parking_hold', 'parking', 's.from_parking')} END)",
    "SELECT 'parking', s.id, 'asks', s.from_main, 'and does not hold it by', s.main_hold"  # noqa: S608 (constants)
    " FROM parking_session s WHERE s.state IN ('asked', 'paying') AND NOT ("
    " CASE WHEN s.method = 'card' OR s.from_main = 0 THEN s.main_hold = ''"
    f" ELSE {_held('s.main_hold', 'main', 's.from_main')} END)",
    "SELECT 'parking', s.id, 'waits for', s.card_code, 'which does not wait' FROM parking_session s"
    " LEFT JOIN card_transaction t ON t.code = s.card_code AND t.msisdn = s.msisdn"
    " AND t.state IN ('authorised', 'unknown') WHERE s.state = 'paying' AND t.code IS NULL",
)
#: The holds of an extension by their sums: the part that comes from a card is held there.
_EXTENSIONS = sql(
    "SELECT 'parking', id, 'asks for no hour and holds', ask_main_hold, ask_parking_hold FROM parking_session"  # noqa: S608 (constants)
    f" WHERE (asked_hours = 0 OR NOT ({RUNNING_SQL}))"
    " AND (ask_main_hold <> '' OR ask_parking_hold <> '' OR ask_by_us <> 0 OR asked_hours <> 0)",
    "SELECT s.id, 'asks for', s.asked_hours, 'hours and holds', coalesce(sum(h.amount), 0)"  # noqa: S608 (constants)
    f" FROM ({_RUNNING}) s LEFT JOIN hold h ON h.id IN (s.ask_main_hold, s.ask_parking_hold)"
    " AND h.state = 'open' AND h.source = s.id WHERE s.asked_hours > 0"
    " GROUP BY s.id, s.method, s.asked_hours, s.per_hour"
    " HAVING coalesce(sum(h.amount), 0) > s.asked_hours * s.per_hour"
    " OR (s.method = 'main' AND coalesce(sum(h.amount), 0) <> s.asked_hours * s.per_hour)",
)
_CHARGES = sql(
    "SELECT 'parking', id, 'is', state, 'and costs', charge, 'with entry', journal_seq FROM parking_session"
    " WHERE (state IN ('ended', 'stopped')) <> (journal_seq IS NOT NULL)"
    " OR (charge > 0) <> (journal_seq IS NOT NULL) OR charge > price",
    "SELECT 'parking', s.id, 'of', s.charge, 'is not what entry', s.journal_seq, 'takes'"
    " FROM parking_session s WHERE s.journal_seq IS NOT NULL AND NOT EXISTS ("
    " SELECT 1 FROM journal j JOIN posting p ON p.seq = j.seq JOIN account a ON a.id = p.account_id"
    " WHERE j.seq = s.journal_seq AND j.source = s.id"
    " AND a.kind = 'parking' AND a.owner = s.msisdn AND p.amount = -s.charge)",
    "SELECT 'entry', p.seq, 'earns', p.amount, 'for no parking that names it' FROM posting p"
    " JOIN account a ON a.id = p.account_id AND a.code = 'revenue:parking' JOIN journal j ON j.seq = p.seq"
    " LEFT JOIN parking_session s ON s.id = j.source AND s.journal_seq = p.seq WHERE s.id IS NULL",
)
_HOLDS = sql(
    "SELECT 'hold', h.id, 'keeps', h.amount, 'of', a.code, 'for no parking that names it' FROM hold h"  # noqa: S608 (constants)
    f" JOIN account a ON a.id = h.account_id LEFT JOIN ({_OPEN}) s ON s.id = h.source AND s.msisdn = a.owner"
    " AND h.id IN (s.main_hold, s.parking_hold, s.ask_main_hold, s.ask_parking_hold)"
    " WHERE h.state = 'open' AND substr(h.reason, 1, 7) = 'parking' AND s.id IS NULL",
)
_PLATES = sql(
    f"SELECT 'plate', plate, 'is in', count(*), 'parkings' FROM ({_OPEN}) s"  # noqa: S608 (constants)
    " GROUP BY plate HAVING count(*) > 1",
)
_FINES = sql(
    "SELECT 'fine', f.id, 'was written by letter', f.letter_id, 'which is not there' FROM parking_fine f"
    " LEFT JOIN mail m ON m.id = f.letter_id AND m.recipient = f.email"
    " WHERE f.state = 'issued' AND m.id IS NULL",
    "SELECT 'plate', s.plate, 'was seen for fine', s.fine_id, 'which is not of it' FROM parking_sighting s"
    " LEFT JOIN parking_fine f ON f.id = s.fine_id AND f.plate = s.plate AND f.first_us = s.first_us"
    " WHERE s.fine_id <> '' AND f.id IS NULL",
)
PARKING_INVARIANTS = (
    Invariant("P1", "a parking that runs holds its price on the parking account", _PRICES),
    Invariant("P2", "a parking that is asked holds what it asks for", _ASKED),
    Invariant("P3", "an extension that is asked holds what it asks for", _EXTENSIONS),
    Invariant("P4", "a parking that is over cost what its entry took", _CHARGES),
    Invariant("P5", "money that is held for a parking is held while it is open", _HOLDS),
    Invariant("P6", "a plate is in one open parking", _PLATES),
    Invariant("P7", "a fine has its letter, and a stay its fine", _FINES),
)
