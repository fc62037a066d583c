"""A complete SMSC: service types, error codes, and flags for handsets that could not be reached."""

from alembic import op
from sqlalchemy import Column, Integer, Text

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Messages so far had no service type, and an error of which only the words are known."""
    op.add_column("message", Column("service_type", Text, nullable=False, server_default=""))
    op.add_column("message", Column("error_code", Integer, nullable=False, server_default="0"))
    op.create_table(
        "pending_flag",
        Column("msisdn", Text, primary_key=True),
        Column("system_id", Text, primary_key=True),
        Column("esme", Text, nullable=False),
        Column("message_id", Text, nullable=False),
    )
