"""What PostgreSQL itself refuses: the same rules as ``triggers_sqlite``, once per statement where it pays.

The writer inserts a whole batch by one statement, so the rules look at all new rows at once (transition
tables) and move each account once.
"""

from storage.tables import BANK_KINDS_SQL

_REFUSE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation'; END $$"""

_ACCOUNT_GUARD = """
CREATE FUNCTION account_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT (NEW.last_seq > OLD.last_seq AND EXISTS (
      SELECT 1 FROM posting
      WHERE seq = NEW.last_seq AND account_id = NEW.id AND balance_after = NEW.balance)) THEN
    RAISE EXCEPTION 'a balance changes only by a posting' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$"""

_ACCOUNT_HELD = """
CREATE FUNCTION account_held() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.held <> (SELECT coalesce(sum(amount), 0) FROM hold
      WHERE account_id = NEW.id AND state = 'open') THEN
    RAISE EXCEPTION 'held money is the sum of open holds' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$"""

_POSTING_APPLIED = """
CREATE FUNCTION posting_applied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM fresh JOIN journal USING (seq)) OR EXISTS (
      SELECT 1 FROM (
        SELECT f.prev_seq, f.amount, f.balance_after, a.last_seq, a.balance,
               lag(f.seq) OVER chain AS seq_before, lag(f.balance_after) OVER chain AS balance_before
        FROM fresh f JOIN account a ON a.id = f.account_id
        WINDOW chain AS (PARTITION BY f.account_id ORDER BY f.seq, f.line)) c
      WHERE c.prev_seq <> coalesce(c.seq_before, c.last_seq)
         OR c.balance_after <> coalesce(c.balance_before, c.balance) + c.amount) THEN
    RAISE EXCEPTION 'a posting continues its account, in a new entry'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  UPDATE account a SET balance = n.balance_after, last_seq = n.seq,
    forced_tiyn = CASE
      WHEN a.is_system = 1 THEN 0
      WHEN n.forced = 0
        THEN least(a.forced_tiyn, greatest(0, a.held - a.credit_limit - n.balance_after))
      ELSE greatest(0, a.held - a.credit_limit - n.balance_after) END
  FROM (SELECT DISTINCT ON (account_id) account_id, seq, balance_after,
               max(forced) OVER (PARTITION BY account_id) AS forced
        FROM fresh ORDER BY account_id, seq DESC, line DESC) n
  WHERE a.id = n.account_id;
  RETURN NULL;
END $$"""

JOURNAL_CLOSES = f"""
CREATE OR REPLACE FUNCTION journal_closes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
      SELECT 1 FROM fresh f LEFT JOIN posting p ON p.seq = f.seq LEFT JOIN account a ON a.id = p.account_id
      GROUP BY f.seq HAVING count(p.seq) < 2 OR sum(p.amount) <> 0
        OR sum(p.amount) FILTER (WHERE a.kind IN ({BANK_KINDS_SQL})) <> 0) THEN
    RAISE EXCEPTION 'an entry has two postings or more that sum to zero in each book'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF EXISTS (
      SELECT 1 FROM fresh f LEFT JOIN journal b ON b.seq = f.seq - 1
      WHERE f.seq > 1 AND (b.seq IS NULL OR b.op_us > f.op_us OR b.hash <> f.prev_hash)) THEN
    RAISE EXCEPTION 'an entry continues the journal' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$"""  # noqa: S608 (an enum)

_HOLD_CHANGED = """
CREATE FUNCTION hold_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE account a SET held = (
    SELECT coalesce(sum(amount), 0) FROM hold WHERE account_id = a.id AND state = 'open')
  WHERE a.id IN (SELECT account_id FROM fresh);
  RETURN NULL;
END $$"""

_FUNCTIONS = (
    _REFUSE,
    _ACCOUNT_GUARD,
    _ACCOUNT_HELD,
    _POSTING_APPLIED,
    JOURNAL_CLOSES,
    _HOLD_CHANGED,
)


def _refused(table: str, name: str, event: str, when: str, why: str) -> str:
    """A row trigger that refuses ``event`` where ``when`` holds."""
    return (
        f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW "
        f"WHEN ({when}) EXECUTE FUNCTION refuse('{why}')"
    )


def _never(table: str, verb: str) -> str:
    """Refuses every change of one kind, an emptying of the table too."""
    return (
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} FOR EACH STATEMENT "
        f"EXECUTE FUNCTION refuse('{table} rows are never changed or deleted')"
    )


#: On the tables of the first version.
LEDGER = (
    """CREATE TRIGGER account_moves BEFORE UPDATE ON account FOR EACH ROW
       WHEN (NEW.balance <> OLD.balance OR NEW.last_seq <> OLD.last_seq OR NEW.forced_tiyn <> OLD.forced_tiyn)
       EXECUTE FUNCTION account_moves()""",
    """CREATE TRIGGER account_held BEFORE UPDATE ON account FOR EACH ROW
       WHEN (NEW.held <> OLD.held) EXECUTE FUNCTION account_held()""",
    _refused(
        "account",
        "account_new",
        "INSERT",
        "NEW.balance <> 0 OR NEW.held <> 0 OR NEW.forced_tiyn <> 0 OR NEW.last_seq <> 0",
        "a new account is empty",
    ),
    _refused(
        "account",
        "account_identity",
        "UPDATE",
        "NEW.id <> OLD.id OR NEW.code <> OLD.code OR NEW.kind <> OLD.kind OR NEW.owner <> OLD.owner"
        " OR NEW.is_system <> OLD.is_system",
        "an account keeps its identity",
    ),
    """CREATE TRIGGER posting_applied AFTER INSERT ON posting REFERENCING NEW TABLE AS fresh
       FOR EACH STATEMENT EXECUTE FUNCTION posting_applied()""",
    """CREATE TRIGGER journal_closes AFTER INSERT ON journal REFERENCING NEW TABLE AS fresh
       FOR EACH STATEMENT EXECUTE FUNCTION journal_closes()""",
    _refused("hold", "hold_new", "INSERT", "NEW.state <> 'open'", "a new hold is open"),
    _refused(
        "hold",
        "hold_once",
        "UPDATE",
        "OLD.state <> 'open' OR NEW.state = 'open' OR NEW.id <> OLD.id"
        " OR NEW.account_id <> OLD.account_id OR NEW.amount <> OLD.amount",
        "a hold resolves once",
    ),
    """CREATE TRIGGER hold_opened AFTER INSERT ON hold REFERENCING NEW TABLE AS fresh
       FOR EACH STATEMENT EXECUTE FUNCTION hold_changed()""",
    """CREATE TRIGGER hold_resolved AFTER UPDATE ON hold REFERENCING NEW TABLE AS fresh
       FOR EACH STATEMENT EXECUTE FUNCTION hold_changed()""",
    _refused(
        "voucher",
        "voucher_once",
        "UPDATE",
        "OLD.state = 'used' OR NEW.digest <> OLD.digest OR NEW.batch_id <> OLD.batch_id",
        "a used voucher stays used",
    ),
    _refused(
        "voucher_batch",
        "voucher_batch_face",
        "UPDATE",
        "NEW.id <> OLD.id OR NEW.face_value <> OLD.face_value",
        "a face value never changes",
    ),
    *(
        _never(table, verb)
        for table, verbs in (
            ("account", ("DELETE", "TRUNCATE")),
            ("journal", ("UPDATE", "DELETE", "TRUNCATE")),
            ("posting", ("UPDATE", "DELETE", "TRUNCATE")),
            ("hold", ("DELETE", "TRUNCATE")),
            ("voucher", ("DELETE", "TRUNCATE")),
            ("inbox", ("UPDATE",)),
        )
        for verb in verbs
    ),
)


#: On the tables of cards and payments.
BANK = (
    _refused(
        "card",
        "card_identity",
        "UPDATE",
        "NEW.id <> OLD.id OR NEW.bank <> OLD.bank OR NEW.pan_digest <> OLD.pan_digest"
        " OR NEW.last6 <> OLD.last6 OR NEW.msisdn <> OLD.msisdn",
        "a card keeps its number and its holder",
    ),
    _refused(
        "card_transaction",
        "card_transaction_once",
        "UPDATE",
        "OLD.state IN ('posted', 'voided') OR NEW.code <> OLD.code OR NEW.card_id <> OLD.card_id"
        " OR NEW.amount <> OLD.amount OR NEW.target <> OLD.target",
        "a card transaction is settled once",
    ),
    _refused(
        "payment",
        "payment_once",
        "UPDATE",
        "OLD.reversed_seq IS NOT NULL OR NEW.payment_id <> OLD.payment_id OR NEW.channel <> OLD.channel"
        " OR NEW.amount <> OLD.amount OR NEW.msisdn <> OLD.msisdn OR NEW.source <> OLD.source",
        "a payment stays as it was sent, and is taken back once",
    ),
    *(
        _never(table, verb)
        for table in ("card", "card_transaction", "payment")
        for verb in ("DELETE", "TRUNCATE")
    ),
)

#: On the tables of calls.
CALLS = (
    _refused(
        "call",
        "call_once",
        "UPDATE",
        "OLD.ended <> '' OR NEW.id <> OLD.id OR NEW.service <> OLD.service OR NEW.caller <> OLD.caller"
        " OR NEW.began_us <> OLD.began_us",
        "a call that has ended stays as it is",
    ),
    _refused(
        "call_leg",
        "call_leg_once",
        "UPDATE",
        "OLD.state = 'released' OR NEW.call_id <> OLD.call_id OR NEW.number <> OLD.number"
        " OR NEW.msisdn <> OLD.msisdn",
        "a leg that was released stays as it is",
    ),
    *(_never(table, verb) for table in ("call", "call_leg") for verb in ("DELETE", "TRUNCATE")),
    *(_never("call_turn", verb) for verb in ("UPDATE", "DELETE", "TRUNCATE")),
)

#: On the tables of parking and of the outbox mail.
PARKING = (
    _refused(
        "parking_session",
        "parking_session_once",
        "UPDATE",
        "OLD.state IN ('ended', 'stopped', 'cancelled', 'lapsed') OR NEW.id <> OLD.id"
        " OR NEW.msisdn <> OLD.msisdn OR NEW.area <> OLD.area OR NEW.plate <> OLD.plate"
        " OR NEW.version <> OLD.version OR NEW.per_hour <> OLD.per_hour",
        "a parking that is over stays as it is, and its price is kept",
    ),
    _refused(
        "parking_fine",
        "parking_fine_stays",
        "UPDATE",
        "NEW.id <> OLD.id OR NEW.plate <> OLD.plate OR NEW.area <> OLD.area OR NEW.at_us <> OLD.at_us"
        " OR NEW.amount <> OLD.amount OR NEW.first_us <> OLD.first_us",
        "a fine keeps what it is for",
    ),
    _refused(
        "mail",
        "mail_once",
        "UPDATE",
        "OLD.state IN ('sent', 'failed') OR NEW.id <> OLD.id OR NEW.recipient <> OLD.recipient"
        " OR NEW.subject <> OLD.subject OR NEW.body <> OLD.body",
        "a letter never changes, and is sent once",
    ),
    *(
        _never(table, verb)
        for table in ("parking_session", "parking_fine", "mail")
        for verb in ("DELETE", "TRUNCATE")
    ),
)


def _drop(create: str) -> str:
    """``DROP TRIGGER name ON table`` for a statement that creates one."""
    words = create.split()
    return f"DROP TRIGGER {words[2]} ON {words[words.index('ON') + 1]}"


CREATE_FUNCTIONS = _FUNCTIONS
CREATE = LEDGER + BANK + CALLS + PARKING
DROP = tuple(_drop(statement) for statement in CREATE)
