"""Parking sessions, drivers with their plates, what cameras saw, fines, and the outbox mail."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    Text,
    text,
)

from storage import triggers_postgresql, triggers_sqlite

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Until now nobody could park, so there is nothing to take along."""
    _create_sessions()
    _index_sessions()
    _create_drivers()
    _create_fines()
    _create_mail()
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in triggers_sqlite.PARKING if on_sqlite else triggers_postgresql.PARKING:
        op.execute(text(statement.replace(":", r"\:")))


def _create_sessions() -> None:
    op.create_table(
        "parking_session",
        Column("id", Text, primary_key=True),
        Column("msisdn", Text, nullable=False),
        Column("area", Text, nullable=False),
        Column("plate", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("hours", Integer, nullable=False),
        Column("asked_us", BigInteger, nullable=False),
        Column("confirm_by_us", BigInteger, nullable=False),
        Column("version", Text, nullable=False),
        Column("per_hour", BigInteger, nullable=False),
        Column("price", BigInteger, nullable=False),
        Column("method", Text, nullable=False),
        Column("from_parking", BigInteger, nullable=False),
        Column("from_main", BigInteger, nullable=False),
        Column("main_hold", Text, nullable=False),
        Column("parking_hold", Text, nullable=False),
        Column("began_us", BigInteger, nullable=False),
        Column("ends_us", BigInteger, nullable=False),
        Column("card_code", Text, nullable=False),
        Column("asked_hours", Integer, nullable=False),
        Column("ask_by_us", BigInteger, nullable=False),
        Column("ask_main_hold", Text, nullable=False),
        Column("ask_parking_hold", Text, nullable=False),
        Column("ended_us", BigInteger, nullable=False),
        Column("charge", BigInteger, nullable=False),
        Column("journal_seq", BigInteger, ForeignKey("journal.seq")),
        CheckConstraint(
            "state IN ('asked', 'paying', 'running', 'reminded', 'ended', 'stopped', 'cancelled', 'lapsed')",
            name="state_known",
        ),
        CheckConstraint("method IN ('main', 'card')", name="method_known"),
        CheckConstraint("hours > 0 AND asked_hours >= 0", name="hours_positive"),
        CheckConstraint("price > 0 AND from_parking >= 0 AND from_main >= 0", name="price_positive"),
        CheckConstraint("charge >= 0 AND charge <= price", name="charge_within_price"),
        CheckConstraint("(charge > 0) = (journal_seq IS NOT NULL)", name="charged_has_entry"),
        sqlite_with_rowid=False,
    )


def _index_sessions() -> None:
    is_open = "state IN ('asked', 'paying', 'running', 'reminded')"
    _index_where("open", ["plate"], is_open, unique=True)
    _index_where("driver", ["msisdn"], is_open)
    _index_where("open_asked_us", ["asked_us", "id"], is_open)
    _index_where("area", ["area", "ends_us"], "state IN ('running', 'reminded')")
    _index_where("charged", ["ended_us"], "charge > 0")
    for name, columns in (
        ("asked_us", ["asked_us", "id"]),
        ("area_asked_us", ["area", "asked_us", "id"]),
        ("msisdn", ["msisdn", "asked_us"]),
        ("plate", ["plate", "asked_us"]),
    ):
        op.create_index(f"parking_session_{name}_ix", "parking_session", columns)


def _index_where(name: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    op.create_index(
        f"parking_session_{name}_ix",
        "parking_session",
        columns,
        unique=unique,
        sqlite_where=text(where),
        postgresql_where=text(where),
    )


def _create_drivers() -> None:
    op.create_table(
        "parking_driver",
        Column("msisdn", Text, primary_key=True),
        Column("method", Text, nullable=False),
        Column("email", Text, nullable=False),
        Column("privileged", Boolean, nullable=False),
        CheckConstraint("method IN ('main', 'card')", name="method_known"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "parking_plate",
        Column("plate", Text, primary_key=True),
        Column("msisdn", Text, ForeignKey("parking_driver.msisdn"), nullable=False),
        Column("position", Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("parking_plate_msisdn_ix", "parking_plate", ["msisdn"])


def _create_fines() -> None:
    op.create_table(
        "parking_sighting",
        Column("plate", Text, primary_key=True),
        Column("area", Text, nullable=False),
        Column("first_us", BigInteger, nullable=False),
        Column("last_us", BigInteger, nullable=False),
        Column("fine_id", Text, nullable=False),
        CheckConstraint("first_us <= last_us", name="in_order"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "parking_fine",
        Column("id", Text, primary_key=True),
        Column("plate", Text, nullable=False),
        Column("area", Text, nullable=False),
        Column("at_us", BigInteger, nullable=False),
        Column("amount", BigInteger, nullable=False),
        Column("first_us", BigInteger, nullable=False),
        Column("email", Text, nullable=False),
        Column("letter_id", Text, nullable=False),
        Column("state", Text, nullable=False),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("first_us <= at_us", name="after_first"),
        CheckConstraint("state IN ('issued', 'unaddressed', 'cancelled')", name="state_known"),
        sqlite_with_rowid=False,
    )
    op.create_index("parking_fine_at_us_ix", "parking_fine", ["at_us", "id"])
    op.create_index("parking_fine_plate_ix", "parking_fine", ["plate", "at_us"])


def _create_mail() -> None:
    op.create_table(
        "mail",
        Column("id", Text, primary_key=True),
        Column("recipient", Text, nullable=False),
        Column("subject", Text, nullable=False),
        Column("body", Text, nullable=False),
        Column("created_us", BigInteger, nullable=False),
        Column("state", Text, nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("error", Text, nullable=False),
        Column("retry_us", BigInteger, nullable=False),
        CheckConstraint("state IN ('waiting', 'sending', 'sent', 'failed')", name="state_known"),
        CheckConstraint("attempts >= 0", name="attempts_positive"),
        sqlite_with_rowid=False,
    )
    op.create_index("mail_created_us_ix", "mail", ["created_us", "id"])
    op.create_index("mail_recipient_ix", "mail", ["recipient", "created_us", "id"])
    op.create_index("mail_state_ix", "mail", ["state", "created_us", "id"])
    waiting, due = text("state = 'waiting'"), ["state", "retry_us", "created_us", "id"]
    op.create_index("mail_waiting_ix", "mail", due, sqlite_where=waiting, postgresql_where=waiting)
