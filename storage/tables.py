"""All tables, in SQLAlchemy Core. Amounts are tiyn, ``*_us`` microseconds since the Unix epoch.

The migrations are the truth for existing databases; a test compares both. Few indexes on purpose: each
one costs the writer a page per row. Chains replace the index that a history would need: a posting names
the account's posting before it (``prev_seq``), and the account its newest one (``last_seq``).
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from storage.model import BANK_KINDS, AccountKind

#: SQLite makes only an INTEGER primary key its row id; it holds 64 bits there all the same.
BigKey = BigInteger().with_variant(Integer(), "sqlite")

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s_ix",
        "uq": "%(table_name)s_%(column_0_N_name)s_uq",
        "ck": "%(table_name)s_%(constraint_name)s",
        "fk": "%(table_name)s_%(column_0_N_name)s_fk",
        "pk": "%(table_name)s_pk",
    }
)


#: The kinds of accounts in the bank's book, as a list in SQL.
BANK_KINDS_SQL = ", ".join(f"'{kind.value}'" for kind in AccountKind if kind in BANK_KINDS)


def _journal_key(*, deferred: bool = False) -> ForeignKey:
    """A reference to an entry; deferred where the row must be written before the entry."""
    return ForeignKey("journal.seq", deferrable=deferred or None, initially="DEFERRED" if deferred else None)


writer = Table(
    "writer",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("epoch", BigInteger, nullable=False),
    CheckConstraint("id = 1", name="single"),
)

subscriber = Table(
    "subscriber",
    metadata,
    Column("msisdn", Text, primary_key=True),
    Column("brand", Text, nullable=False),
    Column("billing", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("roaming", Boolean, nullable=False),
    Column("owner_name", Text, nullable=False),
    Column("ussd_barred", Boolean, nullable=False),
    Column("short_codes_barred", Boolean, nullable=False),
    Column("premium_barred", Boolean, nullable=False),
    Column("device_registered", Boolean, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

account = Table(
    "account",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=False),
    Column("code", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("is_system", SmallInteger, nullable=False),
    Column("balance", BigInteger, nullable=False),
    Column("held", BigInteger, nullable=False),
    Column("credit_limit", BigInteger, nullable=False),
    Column("forced_tiyn", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    CheckConstraint("held >= 0", name="held_positive"),
    CheckConstraint("credit_limit >= 0", name="credit_limit_positive"),
    CheckConstraint("forced_tiyn >= 0", name="forced_positive"),
    CheckConstraint("is_system = 1 OR balance - held >= -credit_limit - forced_tiyn", name="floor"),
    CheckConstraint("state = 'open' OR (state = 'closed' AND balance = 0 AND held = 0)", name="closed_empty"),
    CheckConstraint(
        "is_system = CASE WHEN kind IN ('main', 'bonus', 'parking', 'card', 'bank_bonus') THEN 0 ELSE 1 END",
        name="system_kind",
    ),
)

journal = Table(
    "journal",
    metadata,
    Column("seq", BigKey, primary_key=True, autoincrement=False),
    Column("op_us", BigInteger, nullable=False),
    Column("wall_us", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reverses_seq", BigInteger, _journal_key(), unique=True),
    Column("prev_hash", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    CheckConstraint("seq > 0", name="seq_positive"),
    CheckConstraint("reverses_seq < seq", name="reverses_earlier"),
)

posting = Table(
    "posting",
    metadata,
    Column("seq", BigInteger, _journal_key(deferred=True), primary_key=True, autoincrement=False),
    Column("line", SmallInteger, primary_key=True, autoincrement=False),
    Column("account_id", BigInteger, ForeignKey("account.id"), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("balance_after", BigInteger, nullable=False),
    Column("prev_seq", BigInteger, nullable=False),
    Column("forced", SmallInteger, nullable=False),
    CheckConstraint("amount <> 0", name="amount_moves"),
    CheckConstraint("prev_seq < seq", name="prev_earlier"),
    CheckConstraint("forced IN (0, 1)", name="forced_flag"),
    sqlite_with_rowid=False,
)

hold = Table(
    "hold",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account_id", BigInteger, ForeignKey("account.id"), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("expires_us", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("posted_seq", BigInteger, _journal_key(deferred=True), unique=True),
    CheckConstraint("amount > 0", name="amount_positive"),
    CheckConstraint("state IN ('open', 'posted', 'voided', 'expired')", name="state_known"),
    CheckConstraint("(state = 'posted') = (posted_seq IS NOT NULL)", name="posted_has_entry"),
    Index(
        "hold_open_ix",
        "account_id",
        sqlite_where=text("state = 'open'"),
        postgresql_where=text("state = 'open'"),
    ),
)

voucher_batch = Table(
    "voucher_batch",
    metadata,
    Column("id", Text, primary_key=True),
    Column("face_value", BigInteger, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger, nullable=False),
    Column("disabled", Boolean, nullable=False),
    CheckConstraint("face_value > 0", name="face_value_positive"),
)

voucher = Table(
    "voucher",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("serial", Text, nullable=False, unique=True),
    Column("batch_id", Text, ForeignKey("voucher_batch.id"), nullable=False),
    Column("state", Text, nullable=False),
    Column("redeemed_seq", BigInteger, _journal_key(), unique=True),
    CheckConstraint("state IN ('unused', 'used')", name="state_known"),
    CheckConstraint("(state = 'used') = (redeemed_seq IS NOT NULL)", name="used_has_entry"),
    sqlite_with_rowid=False,
)

attempts = Table(
    "attempts",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("times_us", Text, nullable=False),
    Column("locked_until_us", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

inbox = Table(
    "inbox",
    metadata,
    Column("source", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("request_hash", LargeBinary, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("reply_ids", Text, nullable=False),
    Column("journal_seq", BigInteger, _journal_key()),
    Column("wall_us", BigInteger, nullable=False),
    CheckConstraint("journal_seq IS NULL OR outcome = 'ok'", name="refused_without_entry"),
    Index("inbox_source_wall_us_ix", "source", "wall_us"),
    sqlite_with_rowid=False,
)

message = Table(
    "message",
    metadata,
    Column("position", BigKey, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False, unique=True),
    Column("direction", Text, nullable=False),
    Column("bearer", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("destination", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("route", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("encoding", Text, nullable=False),
    Column("parts", Integer, nullable=False),
    Column("data_coding", Integer, nullable=False),
    Column("esm_class", Integer, nullable=False),
    Column("pdus", LargeBinary, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("updated_us", BigInteger, nullable=False),
    Column("wall_us", BigInteger, nullable=False),
    Column("language", Text, nullable=False),
    Column("text_id", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("cause_id", Text, nullable=False),
    Column("journal_seq", BigInteger),
    Column("registered_delivery", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("service_type", Text, nullable=False, server_default=""),
    Column("error_code", Integer, nullable=False, server_default="0"),
    Index(
        "message_cause_id_ix",
        "cause_id",
        sqlite_where=text("cause_id <> ''"),
        postgresql_where=text("cause_id <> ''"),
    ),
)

#: Both ends of each message. One index of its own, instead of one per end: the message of a subscriber
#: and the answer to it land on the same page.
message_end = Table(
    "message_end",
    metadata,
    Column("address", Text, primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

outbox = Table(
    "outbox",
    metadata,
    Column("message_id", Text, ForeignKey("message.id"), primary_key=True),
    Column("lane", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("due_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("bearer", Text, nullable=False),
    Column("bind", Text, nullable=False),
    Column("fallback", Text, nullable=False),
    Column("receipt_to", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    UniqueConstraint("lane", "position"),
    Index("outbox_expires_us_ix", "expires_us"),
)

#: Delivery pending flags: who is told when a handset can be reached again.
pending_flag = Table(
    "pending_flag",
    metadata,
    Column("msisdn", Text, primary_key=True),
    Column("system_id", Text, primary_key=True),
    Column("esme", Text, nullable=False),
    Column("message_id", Text, nullable=False),
)

#: USSD dialogues; of each handset at most one is open.
dialogue = Table(
    "dialogue",
    metadata,
    Column("id", Text, primary_key=True),
    Column("msisdn", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("owner", Text, nullable=False),
    Column("service_code", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("session_id", Text, nullable=False),
    Column("opened_us", BigInteger, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("updated_us", BigInteger, nullable=False),
    Column("ended", Text, nullable=False),
    Index(
        "dialogue_open_ix",
        "msisdn",
        unique=True,
        sqlite_where=text("ended = ''"),
        postgresql_where=text("ended = ''"),
    ),
    #: The newest first, of all and of one handset.
    Index("dialogue_opened_us_ix", "opened_us", "id"),
    Index("dialogue_msisdn_ix", "msisdn", "opened_us"),
)

#: What was shown and typed in a dialogue, in order; typed secrets are masked.
dialogue_turn = Table(
    "dialogue_turn",
    metadata,
    Column("dialogue_id", Text, ForeignKey("dialogue.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at_us", BigInteger, nullable=False),
    Column("operation", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("octets", Integer, nullable=False),
    Column("note", Text, nullable=False),
    sqlite_with_rowid=False,
)

#: Bank cards. The number is a keyed digest; a holder's cards are found by theirs.
card = Table(
    "card",
    metadata,
    Column("id", Text, primary_key=True),
    Column("bank", Text, nullable=False),
    Column("pan_digest", LargeBinary, nullable=False, unique=True),
    Column("last6", Text, nullable=False),
    Column("msisdn", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    CheckConstraint("length(last6) = 6", name="last_six_digits"),
    CheckConstraint("state IN ('active', 'disabled')", name="state_known"),
    Index("card_msisdn_ix", "msisdn"),
)

#: What happened to cards. ``number`` gives the order of what happened at one moment, and keeps new rows
#: together. ``day`` is ``at_us`` in days since the epoch (UTC): the one index serves both the newest of a
#: card and what it paid since a moment, by equality, so that a batch asks for all its cards at once.
card_transaction = Table(
    "card_transaction",
    metadata,
    Column("number", BigKey, primary_key=True, autoincrement=False),
    Column("code", Text, nullable=False, unique=True),
    Column("card_id", Text, ForeignKey("card.id"), nullable=False),
    Column("msisdn", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("venue", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("day", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("hold_id", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("answer_job", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("source_id", Text, nullable=False),
    Column("journal_seq", BigInteger, _journal_key()),
    Column("settled_us", BigInteger, nullable=False),
    CheckConstraint("amount <> 0", name="amount_moves"),
    CheckConstraint("state IN ('authorised', 'posted', 'voided', 'unknown')", name="state_known"),
    CheckConstraint("(state = 'posted') = (journal_seq IS NOT NULL)", name="posted_has_entry"),
    CheckConstraint("hold_id <> '' OR state IN ('posted', 'voided')", name="waits_on_a_hold"),
    Index("card_transaction_card_day_ix", "card_id", "day", "number"),
)

#: Payments through channels. The newest first, of one channel (its reconciliation) and of all; those that
#: wait for support are few of many.
payment = Table(
    "payment",
    metadata,
    Column("payment_id", Text, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("msisdn", Text, nullable=False),
    Column("brand", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("credited", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("cashback", BigInteger, nullable=False),
    Column("journal_seq", BigInteger, _journal_key(), nullable=False),
    Column("reversed_seq", BigInteger, _journal_key(), unique=True),
    Column("updated_us", BigInteger, nullable=False),
    CheckConstraint("amount > 0", name="amount_positive"),
    CheckConstraint("cashback >= 0", name="cashback_positive"),
    CheckConstraint(
        "state IN ('credited', 'unallocated', 'moved', 'backed_out', 'reversed')", name="state_known"
    ),
    CheckConstraint(
        "(state IN ('backed_out', 'reversed')) = (reversed_seq IS NOT NULL)", name="taken_back_has_entry"
    ),
    CheckConstraint("(credited = '') = (state IN ('unallocated', 'backed_out'))", name="has_owner"),
    Index("payment_at_us_ix", "at_us"),
    Index("payment_channel_ix", "channel", "at_us"),
    Index(
        "payment_unallocated_ix",
        "at_us",
        sqlite_where=text("state = 'unallocated'"),
        postgresql_where=text("state = 'unallocated'"),
    ),
)

#: AutoPay rules, by who pays and by who gets. Due runs are jobs, so nobody looks for them here.
autopay_rule = Table(
    "autopay_rule",
    metadata,
    Column("id", Text, primary_key=True),
    Column("payer", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("card_id", Text, ForeignKey("card.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("limit_tiyn", BigInteger, nullable=False),
    Column("anchor_us", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("due_us", BigInteger, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("running", Text, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    CheckConstraint("amount > 0", name="amount_positive"),
    CheckConstraint("failures >= 0", name="failures_positive"),
    CheckConstraint("kind IN ('daily', 'weekly', 'monthly', 'limit')", name="kind_known"),
    CheckConstraint("kind <> 'limit' OR limit_tiyn > 0", name="limit_of_a_limit_rule"),
    CheckConstraint("state IN ('on', 'off', 'paused', 'declined')", name="state_known"),
    Index("autopay_rule_payer_ix", "payer"),
    Index("autopay_rule_target_ix", "target"),
)

job = Table(
    "job",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False, unique=True),
    Column("due_us", BigInteger, nullable=False),
    Column("payload", Text, nullable=False),
    Index("job_due_us_ix", "due_us", "id"),
)

setting = Table(
    "setting",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

bind = Table(
    "bind",
    metadata,
    Column("session_id", Text, primary_key=True),
    Column("system_id", Text, nullable=False),
    Column("opened_wall_us", BigInteger, nullable=False),
    Column("closed_wall_us", BigInteger),
    Column("reason", Text, nullable=False),
    Index(
        "bind_open_ix",
        "session_id",
        sqlite_where=text("closed_wall_us IS NULL"),
        postgresql_where=text("closed_wall_us IS NULL"),
    ),
)
