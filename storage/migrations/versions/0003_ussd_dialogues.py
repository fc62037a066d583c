"""USSD dialogues and what was said in them."""

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKey, Integer, Text, text

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Until now every dialogue was over with its first screen, so there are none."""
    op.create_table(
        "dialogue",
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
    )
    is_open = text("ended = ''")
    op.create_index(
        "dialogue_open_ix",
        "dialogue",
        ["msisdn"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_index("dialogue_opened_us_ix", "dialogue", ["opened_us", "id"])
    op.create_index("dialogue_msisdn_ix", "dialogue", ["msisdn", "opened_us"])
    op.create_table(
        "dialogue_turn",
        Column("dialogue_id", Text, ForeignKey("dialogue.id"), primary_key=True),
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("at_us", BigInteger, nullable=False),
        Column("operation", Text, nullable=False),
        Column("text", Text, nullable=False),
        Column("octets", Integer, nullable=False),
        Column("note", Text, nullable=False),
        sqlite_with_rowid=False,
    )
