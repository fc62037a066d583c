"""Calls with their legs and turns, the lists of collect calls, and the bank's customers by phone."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    Text,
    text,
)

from storage import triggers_postgresql, triggers_sqlite

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Until now nobody could call anybody, so there is nothing to take along."""
    _create_calls()
    _create_legs()
    _create_lists()
    _create_customers()
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in triggers_sqlite.CALLS if on_sqlite else triggers_postgresql.CALLS:
        op.execute(text(statement.replace(":", r"\:")))


def _create_calls() -> None:
    op.create_table(
        "call",
        Column("id", Text, primary_key=True),
        Column("service", Text, nullable=False),
        Column("caller", Text, nullable=False),
        Column("called", Text, nullable=False),
        Column("way", Text, nullable=False),
        Column("began_us", BigInteger, nullable=False),
        Column("name", Text, nullable=False),
        Column("payer", Text, nullable=False),
        Column("tariff", Text, nullable=False),
        Column("hold_id", Text, nullable=False),
        Column("bridged_us", BigInteger, nullable=False),
        Column("covered_us", BigInteger, nullable=False),
        Column("ended_us", BigInteger, nullable=False),
        Column("ended", Text, nullable=False),
        Column("duration_s", BigInteger, nullable=False),
        Column("charge", BigInteger, nullable=False),
        Column("journal_seq", BigInteger, ForeignKey("journal.seq")),
        Column("rating", Text, nullable=False),
        CheckConstraint("duration_s >= 0", name="duration_positive"),
        CheckConstraint("charge >= 0", name="charge_positive"),
        CheckConstraint("(charge > 0) = (journal_seq IS NOT NULL)", name="charged_has_entry"),
        sqlite_with_rowid=False,
    )
    is_open = text("ended = ''")
    op.create_index("call_open_ix", "call", ["began_us"], sqlite_where=is_open, postgresql_where=is_open)
    op.create_index("call_began_us_ix", "call", ["began_us", "id"])
    op.create_index("call_caller_ix", "call", ["caller", "began_us"])
    op.create_index("call_called_ix", "call", ["called", "began_us"])


def _create_legs() -> None:
    op.create_table(
        "call_leg",
        Column("call_id", Text, ForeignKey("call.id"), primary_key=True),
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("msisdn", Text, nullable=False),
        Column("direction", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("began_us", BigInteger, nullable=False),
        Column("alerting_us", BigInteger, nullable=False),
        Column("answered_us", BigInteger, nullable=False),
        Column("bridged_us", BigInteger, nullable=False),
        Column("ended_us", BigInteger, nullable=False),
        Column("cause", Text, nullable=False),
        Column("lost_us", BigInteger, nullable=False),
        CheckConstraint("direction IN ('mo', 'mt')", name="direction_known"),
        CheckConstraint(
            "state IN ('offered', 'alerting', 'answered', 'prompting', 'bridged', 'released')",
            name="state_known",
        ),
        sqlite_with_rowid=False,
    )
    is_open = text("state <> 'released'")
    op.create_index(
        "call_leg_open_ix",
        "call_leg",
        ["msisdn"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_table(
        "call_turn",
        Column("call_id", Text, ForeignKey("call.id"), primary_key=True),
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("leg", Integer, nullable=False),
        Column("at_us", BigInteger, nullable=False),
        Column("kind", Text, nullable=False),
        Column("text", Text, nullable=False),
        Column("text_id", Text, nullable=False),
        sqlite_with_rowid=False,
    )


def _create_lists() -> None:
    op.create_table(
        "collect_entry",
        Column("owner", Text, primary_key=True),
        Column("list", Text, primary_key=True),
        Column("msisdn", Text, primary_key=True),
        Column("position", Integer, nullable=False),
        CheckConstraint("list IN ('black', 'white', 'friends')", name="list_known"),
        CheckConstraint("owner <> msisdn", name="of_others"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "collect_choice",
        Column("owner", Text, primary_key=True),
        Column("active", Text, nullable=False),
        CheckConstraint("active IN ('black', 'white')", name="active_known"),
        sqlite_with_rowid=False,
    )


def _create_customers() -> None:
    op.create_table(
        "phone_customer",
        Column("identifier", Text, primary_key=True),
        Column("msisdn", Text, nullable=False),
        Column("card_id", Text, ForeignKey("card.id"), nullable=False, unique=True),
        Column("card_code", Text, nullable=False),
        Column("password", LargeBinary, nullable=False),
        Column("is_initial", Boolean, nullable=False),
        Column("created_us", BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("phone_customer_msisdn_ix", "phone_customer", ["msisdn"])
