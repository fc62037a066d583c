"""Tables of calls, of the lists of collect calls, and of the bank's customers by phone."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
)

from storage.tables import metadata

#: Calls. Those that are open are few of many; the newest first, of all and of either party.
call = Table(
    "call",
    metadata,
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
    Index(
        "call_open_ix",
        "began_us",
        sqlite_where=text("ended = ''"),
        postgresql_where=text("ended = ''"),
    ),
    Index("call_began_us_ix", "began_us", "id"),
    Index("call_caller_ix", "caller", "began_us"),
    Index("call_called_ix", "called", "began_us"),
    sqlite_with_rowid=False,
)

#: Handsets in calls; each is in one at a time.
call_leg = Table(
    "call_leg",
    metadata,
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
        "state IN ('offered', 'alerting', 'answered', 'prompting', 'bridged', 'released')", name="state_known"
    ),
    Index(
        "call_leg_open_ix",
        "msisdn",
        unique=True,
        sqlite_where=text("state <> 'released'"),
        postgresql_where=text("state <> 'released'"),
    ),
    sqlite_with_rowid=False,
)

#: What happened on the legs of a call, in order: prompts, keys, words. Secrets are masked.
call_turn = Table(
    "call_turn",
    metadata,
    Column("call_id", Text, ForeignKey("call.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("leg", Integer, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("text_id", Text, nullable=False),
    sqlite_with_rowid=False,
)

#: Whom a subscriber has on a list; ``position`` gives the order in which it was filled.
collect_entry = Table(
    "collect_entry",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("list", Text, primary_key=True),
    Column("msisdn", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    CheckConstraint("list IN ('black', 'white', 'friends')", name="list_known"),
    CheckConstraint("owner <> msisdn", name="of_others"),
    sqlite_with_rowid=False,
)

#: Which list is active where it was ever chosen; the Black List is for all others.
collect_choice = Table(
    "collect_choice",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("active", Text, nullable=False),
    CheckConstraint("active IN ('black', 'white')", name="active_known"),
    sqlite_with_rowid=False,
)

#: Who uses the bank by phone, and with which card. The password is a keyed digest.
phone_customer = Table(
    "phone_customer",
    metadata,
    Column("identifier", Text, primary_key=True),
    Column("msisdn", Text, nullable=False),
    Column("card_id", Text, ForeignKey("card.id"), nullable=False, unique=True),
    Column("card_code", Text, nullable=False),
    Column("password", LargeBinary, nullable=False),
    Column("is_initial", Boolean, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Index("phone_customer_msisdn_ix", "msisdn"),
    sqlite_with_rowid=False,
)
