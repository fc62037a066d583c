"""First light: subscribers, ledger, vouchers, messages, inbox and outbox, jobs, settings, binds."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    insert,
    text,
)

from storage import triggers_postgresql, triggers_sqlite
from storage.tables import writer

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_BigKey = BigInteger().with_variant(Integer(), "sqlite")


def _journal_key(*, deferred: bool = False) -> ForeignKey:
    return ForeignKey("journal.seq", deferrable=deferred or None, initially="DEFERRED" if deferred else None)


def upgrade() -> None:
    """Create everything; the writer's row is there from the start."""
    _create_subscribers()
    _create_ledger()
    _create_vouchers()
    _create_messages()
    _create_the_rest()
    op.execute(insert(writer).values(id=1, epoch=0))
    for statement in _triggers():
        op.execute(text(statement.replace(":", r"\:")))


def _triggers() -> tuple[str, ...]:
    if op.get_bind().dialect.name == "sqlite":
        return triggers_sqlite.LEDGER
    return triggers_postgresql.CREATE_FUNCTIONS + triggers_postgresql.LEDGER


def _create_subscribers() -> None:
    """The writer lease and the subscribers."""
    op.create_table(
        "writer",
        Column("id", SmallInteger, primary_key=True, autoincrement=False),
        Column("epoch", BigInteger, nullable=False),
        CheckConstraint("id = 1", name="single"),
    )
    op.create_table(
        "subscriber",
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


def _create_ledger() -> None:
    """Accounts, journal, postings, holds."""
    op.create_table(
        "account",
        Column("id", _BigKey, primary_key=True, autoincrement=False),
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
        CheckConstraint(
            "state = 'open' OR (state = 'closed' AND balance = 0 AND held = 0)", name="closed_empty"
        ),
        CheckConstraint(
            "is_system = CASE WHEN kind IN ('main', 'bonus', 'parking') THEN 0 ELSE 1 END", name="system_kind"
        ),
    )
    op.create_table(
        "journal",
        Column("seq", _BigKey, primary_key=True, autoincrement=False),
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
    op.create_table(
        "posting",
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
    op.create_table(
        "hold",
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


def _create_vouchers() -> None:
    """Voucher batches, vouchers, wrong tries."""
    op.create_table(
        "voucher_batch",
        Column("id", Text, primary_key=True),
        Column("face_value", BigInteger, nullable=False),
        Column("count", BigInteger, nullable=False),
        Column("created_us", BigInteger, nullable=False),
        Column("expires_us", BigInteger, nullable=False),
        Column("disabled", Boolean, nullable=False),
        CheckConstraint("face_value > 0", name="face_value_positive"),
    )
    op.create_table(
        "voucher",
        Column("digest", LargeBinary, primary_key=True),
        Column("serial", Text, nullable=False, unique=True),
        Column("batch_id", Text, ForeignKey("voucher_batch.id"), nullable=False),
        Column("state", Text, nullable=False),
        Column("redeemed_seq", BigInteger, _journal_key(), unique=True),
        CheckConstraint("state IN ('unused', 'used')", name="state_known"),
        CheckConstraint("(state = 'used') = (redeemed_seq IS NOT NULL)", name="used_has_entry"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "attempts",
        Column("kind", Text, primary_key=True),
        Column("subject", Text, primary_key=True),
        Column("times_us", Text, nullable=False),
        Column("locked_until_us", BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )


def _create_messages() -> None:
    """Inbox, messages, outbox."""
    op.create_table(
        "inbox",
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
    op.create_table(
        "message",
        Column("position", _BigKey, primary_key=True, autoincrement=False),
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
        Index(
            "message_cause_id_ix",
            "cause_id",
            sqlite_where=text("cause_id <> ''"),
            postgresql_where=text("cause_id <> ''"),
        ),
    )
    op.create_table(
        "message_end",
        Column("address", Text, primary_key=True),
        Column("position", BigInteger, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "outbox",
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


def _create_the_rest() -> None:
    """Jobs, settings, binds."""
    op.create_table(
        "job",
        Column("id", _BigKey, primary_key=True, autoincrement=False),
        Column("kind", Text, nullable=False),
        Column("key", Text, nullable=False, unique=True),
        Column("due_us", BigInteger, nullable=False),
        Column("payload", Text, nullable=False),
        Index("job_due_us_ix", "due_us", "id"),
    )
    op.create_table(
        "setting",
        Column("name", Text, primary_key=True),
        Column("value", Text, nullable=False),
    )
    op.create_table(
        "bind",
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
