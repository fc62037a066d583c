"""What SQLite itself refuses, whoever asks: the ledger's rules as triggers.

Postings come first and move their account; the journal row comes last and closes the entry. So a balance
changes only by a posting, an entry exists only with postings that sum to zero, and neither ever changes.
"""

from storage.tables import BANK_KINDS_SQL

#: An account moves only to its newest posting, and no raw UPDATE can invent one: inserting a posting has
#: moved ``last_seq`` to it already.
_ACCOUNT_GUARD = """
CREATE TRIGGER account_moves BEFORE UPDATE OF balance, last_seq, forced_tiyn ON account
WHEN (NEW.balance <> OLD.balance OR NEW.last_seq <> OLD.last_seq OR NEW.forced_tiyn <> OLD.forced_tiyn)
 AND NOT (NEW.last_seq > OLD.last_seq AND EXISTS (
     SELECT 1 FROM posting
     WHERE seq = NEW.last_seq AND account_id = NEW.id AND balance_after = NEW.balance))
BEGIN SELECT RAISE(ABORT, 'a balance changes only by a posting'); END"""

_ACCOUNT_HELD = """
CREATE TRIGGER account_held BEFORE UPDATE OF held ON account
WHEN NEW.held <> OLD.held AND NEW.held <> (
     SELECT coalesce(sum(amount), 0) FROM hold WHERE account_id = NEW.id AND state = 'open')
BEGIN SELECT RAISE(ABORT, 'held money is the sum of open holds'); END"""

_ACCOUNT_NEW = """
CREATE TRIGGER account_new BEFORE INSERT ON account
WHEN NEW.balance <> 0 OR NEW.held <> 0 OR NEW.forced_tiyn <> 0 OR NEW.last_seq <> 0
  OR EXISTS (SELECT 1 FROM account WHERE id = NEW.id OR code = NEW.code)
BEGIN SELECT RAISE(ABORT, 'a new account is empty'); END"""

_ACCOUNT_IDENTITY = """
CREATE TRIGGER account_identity BEFORE UPDATE OF id, code, kind, owner, is_system ON account
BEGIN SELECT RAISE(ABORT, 'an account keeps its identity'); END"""

_ACCOUNT_STAYS = """
CREATE TRIGGER account_stays BEFORE DELETE ON account
BEGIN SELECT RAISE(ABORT, 'accounts are never deleted'); END"""

#: ``forced_tiyn`` is how far below its floor forced entries have brought the account; credits shrink it,
#: and only a forced posting lets it grow. The CHECK on the account does the rest.
_POSTING_APPLIED = """
CREATE TRIGGER posting_applied AFTER INSERT ON posting
BEGIN
  UPDATE account SET balance = NEW.balance_after, last_seq = NEW.seq,
    forced_tiyn = CASE
      WHEN NEW.forced = 0 AND forced_tiyn = 0 THEN 0
      WHEN NEW.forced = 0 THEN min(forced_tiyn, max(0, held - credit_limit - NEW.balance_after))
      ELSE max(0, held - credit_limit - NEW.balance_after) * (1 - is_system) END
  WHERE id = NEW.account_id AND last_seq = NEW.prev_seq AND balance + NEW.amount = NEW.balance_after
    AND NOT EXISTS (SELECT 1 FROM journal WHERE seq = NEW.seq);
  SELECT RAISE(ABORT, 'a posting continues its account, in a new entry') WHERE changes() <> 1;
END"""

#: One WHEN after the other: for an IN list SQLite would make a table anew for each entry.
_BANK_AMOUNT = " ".join(f"WHEN {kind} THEN amount" for kind in BANK_KINDS_SQL.split(", "))
_JOURNAL_CLOSES = f"""
CREATE TRIGGER journal_closes BEFORE INSERT ON journal
BEGIN
  SELECT RAISE(ABORT, 'an entry has two postings or more that sum to zero in each book')
  WHERE (SELECT count(*) < 2 OR sum(amount) <> 0
      OR sum(CASE a.kind {_BANK_AMOUNT} ELSE 0 END) <> 0
    FROM posting JOIN account a ON a.id = account_id WHERE seq = NEW.seq);
  SELECT RAISE(ABORT, 'an entry continues the journal')
  WHERE NOT EXISTS (SELECT 1 FROM journal
      WHERE seq = NEW.seq - 1 AND op_us <= NEW.op_us AND hash = NEW.prev_hash)
    AND NOT (NEW.seq = 1 AND NOT EXISTS (SELECT 1 FROM journal));
  SELECT RAISE(ABORT, 'an entry continues the journal')
  WHERE EXISTS (SELECT 1 FROM journal WHERE seq = NEW.seq);
END"""  # noqa: S608 (an enum)

_HOLD_OPENED = """
CREATE TRIGGER hold_opened AFTER INSERT ON hold
BEGIN
  SELECT RAISE(ABORT, 'a new hold is open') WHERE NEW.state <> 'open';
  UPDATE account SET held = held + NEW.amount WHERE id = NEW.account_id;
END"""

_HOLD_RESOLVED = """
CREATE TRIGGER hold_resolved AFTER UPDATE OF state ON hold
BEGIN UPDATE account SET held = held - OLD.amount WHERE id = OLD.account_id; END"""

_HOLD_ONCE = """
CREATE TRIGGER hold_once BEFORE UPDATE ON hold
WHEN OLD.state <> 'open' OR NEW.state = 'open' OR NEW.id <> OLD.id OR NEW.account_id <> OLD.account_id
  OR NEW.amount <> OLD.amount
BEGIN SELECT RAISE(ABORT, 'a hold resolves once'); END"""

_VOUCHER_ONCE = """
CREATE TRIGGER voucher_once BEFORE UPDATE ON voucher
WHEN OLD.state = 'used' OR NEW.digest <> OLD.digest OR NEW.batch_id <> OLD.batch_id
BEGIN SELECT RAISE(ABORT, 'a used voucher stays used'); END"""

_BATCH_FACE = """
CREATE TRIGGER voucher_batch_face BEFORE UPDATE OF id, face_value ON voucher_batch
BEGIN SELECT RAISE(ABORT, 'a face value never changes'); END"""


_CARD_IDENTITY = """
CREATE TRIGGER card_identity BEFORE UPDATE OF id, bank, pan_digest, last6, msisdn ON card
BEGIN SELECT RAISE(ABORT, 'a card keeps its number and its holder'); END"""

_TRANSACTION_ONCE = """
CREATE TRIGGER card_transaction_once BEFORE UPDATE ON card_transaction
WHEN OLD.state IN ('posted', 'voided') OR NEW.code <> OLD.code OR NEW.card_id <> OLD.card_id
  OR NEW.amount <> OLD.amount OR NEW.target <> OLD.target
BEGIN SELECT RAISE(ABORT, 'a card transaction is settled once'); END"""

_PAYMENT_ONCE = """
CREATE TRIGGER payment_once BEFORE UPDATE ON payment
WHEN OLD.reversed_seq IS NOT NULL OR NEW.payment_id <> OLD.payment_id OR NEW.channel <> OLD.channel
  OR NEW.amount <> OLD.amount OR NEW.msisdn <> OLD.msisdn OR NEW.source <> OLD.source
BEGIN SELECT RAISE(ABORT, 'a payment stays as it was sent, and is taken back once'); END"""


_CALL_ONCE = """
CREATE TRIGGER call_once BEFORE UPDATE ON call
WHEN OLD.ended <> '' OR NEW.id <> OLD.id OR NEW.service <> OLD.service OR NEW.caller <> OLD.caller
  OR NEW.began_us <> OLD.began_us
BEGIN SELECT RAISE(ABORT, 'a call that has ended stays as it is'); END"""

_LEG_ONCE = """
CREATE TRIGGER call_leg_once BEFORE UPDATE ON call_leg
WHEN OLD.state = 'released' OR NEW.call_id <> OLD.call_id OR NEW.number <> OLD.number
  OR NEW.msisdn <> OLD.msisdn
BEGIN SELECT RAISE(ABORT, 'a leg that was released stays as it is'); END"""

_PARKING_ONCE = """
CREATE TRIGGER parking_session_once BEFORE UPDATE ON parking_session
WHEN OLD.state IN ('ended', 'stopped', 'cancelled', 'lapsed') OR NEW.id <> OLD.id
  OR NEW.msisdn <> OLD.msisdn OR NEW.area <> OLD.area OR NEW.plate <> OLD.plate
  OR NEW.version <> OLD.version OR NEW.per_hour <> OLD.per_hour
BEGIN SELECT RAISE(ABORT, 'a parking that is over stays as it is, and its price is kept'); END"""

_FINE_STAYS = """
CREATE TRIGGER parking_fine_stays BEFORE UPDATE ON parking_fine
WHEN NEW.id <> OLD.id OR NEW.plate <> OLD.plate OR NEW.area <> OLD.area OR NEW.at_us <> OLD.at_us
  OR NEW.amount <> OLD.amount OR NEW.first_us <> OLD.first_us
BEGIN SELECT RAISE(ABORT, 'a fine keeps what it is for'); END"""

_MAIL_ONCE = """
CREATE TRIGGER mail_once BEFORE UPDATE ON mail
WHEN OLD.state IN ('sent', 'failed') OR NEW.id <> OLD.id OR NEW.recipient <> OLD.recipient
  OR NEW.subject <> OLD.subject OR NEW.body <> OLD.body
BEGIN SELECT RAISE(ABORT, 'a letter never changes, and is sent once'); END"""


def _never(table: str, verb: str) -> str:
    """Refuses every change of one kind."""
    return (
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table}\n"
        f"BEGIN SELECT RAISE(ABORT, '{table} rows are never changed or deleted'); END"
    )


#: On the tables of the first version.
LEDGER = (
    _ACCOUNT_GUARD,
    _ACCOUNT_HELD,
    _ACCOUNT_NEW,
    _ACCOUNT_IDENTITY,
    _ACCOUNT_STAYS,
    _POSTING_APPLIED,
    _JOURNAL_CLOSES,
    _HOLD_OPENED,
    _HOLD_RESOLVED,
    _HOLD_ONCE,
    _VOUCHER_ONCE,
    _BATCH_FACE,
    _never("journal", "UPDATE"),
    _never("journal", "DELETE"),
    _never("posting", "UPDATE"),
    _never("posting", "DELETE"),
    _never("hold", "DELETE"),
    _never("voucher", "DELETE"),
    _never("inbox", "UPDATE"),
)
#: On the tables of cards and payments.
BANK = (
    _CARD_IDENTITY,
    _TRANSACTION_ONCE,
    _PAYMENT_ONCE,
    _never("card", "DELETE"),
    _never("card_transaction", "DELETE"),
    _never("payment", "DELETE"),
)
#: On the tables of calls.
CALLS = (
    _CALL_ONCE,
    _LEG_ONCE,
    _never("call", "DELETE"),
    _never("call_leg", "DELETE"),
    _never("call_turn", "UPDATE"),
    _never("call_turn", "DELETE"),
)
#: On the tables of parking and of the outbox mail.
PARKING = (
    _PARKING_ONCE,
    _FINE_STAYS,
    _MAIL_ONCE,
    _never("parking_session", "DELETE"),
    _never("parking_fine", "DELETE"),
    _never("mail", "DELETE"),
)
CREATE = LEDGER + BANK + CALLS + PARKING
DROP = tuple(f"DROP TRIGGER {statement.split()[2]}" for statement in CREATE)
