"""Tables of parking: sessions, drivers, what cameras saw, fines, and the outbox mail."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    text,
)

from storage.parking_model import FineState, MailState, ParkingState, PaymentMethod
from storage.tables import metadata


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(f"'{word}'" for word in words)


#: States as lists in SQL, in the words of the indexes: a query that says the same can use them.
OPEN_SQL = f"state IN ({_listed(tuple(each.value for each in ParkingState if each.is_open))})"
RUNNING_SQL = f"state IN ({_listed(tuple(each.value for each in ParkingState if each.is_running))})"

#: Sessions. Open ones by plate (one each), by driver, and the newest first; those that run by area and end;
#: all of them the newest first, by driver, by plate and by area; what was charged by its time.
parking_session = Table(
    "parking_session",
    metadata,
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
    CheckConstraint(f"state IN ({_listed(tuple(ParkingState))})", name="state_known"),
    CheckConstraint(f"method IN ({_listed(tuple(PaymentMethod))})", name="method_known"),
    CheckConstraint("hours > 0 AND asked_hours >= 0", name="hours_positive"),
    CheckConstraint("price > 0 AND from_parking >= 0 AND from_main >= 0", name="price_positive"),
    CheckConstraint("charge >= 0 AND charge <= price", name="charge_within_price"),
    CheckConstraint("(charge > 0) = (journal_seq IS NOT NULL)", name="charged_has_entry"),
    Index(
        "parking_session_open_ix",
        "plate",
        unique=True,
        sqlite_where=text(OPEN_SQL),
        postgresql_where=text(OPEN_SQL),
    ),
    Index(
        "parking_session_driver_ix", "msisdn", sqlite_where=text(OPEN_SQL), postgresql_where=text(OPEN_SQL)
    ),
    Index(
        "parking_session_area_ix",
        "area",
        "ends_us",
        sqlite_where=text(RUNNING_SQL),
        postgresql_where=text(RUNNING_SQL),
    ),
    Index(
        "parking_session_open_asked_us_ix",
        "asked_us",
        "id",
        sqlite_where=text(OPEN_SQL),
        postgresql_where=text(OPEN_SQL),
    ),
    Index("parking_session_asked_us_ix", "asked_us", "id"),
    Index("parking_session_area_asked_us_ix", "area", "asked_us", "id"),
    Index("parking_session_msisdn_ix", "msisdn", "asked_us"),
    Index("parking_session_plate_ix", "plate", "asked_us"),
    Index(
        "parking_session_charged_ix",
        "ended_us",
        sqlite_where=text("charge > 0"),
        postgresql_where=text("charge > 0"),
    ),
    sqlite_with_rowid=False,
)

#: Who is registered on the parking portal.
parking_driver = Table(
    "parking_driver",
    metadata,
    Column("msisdn", Text, primary_key=True),
    Column("method", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("privileged", Boolean, nullable=False),
    CheckConstraint(f"method IN ({_listed(tuple(PaymentMethod))})", name="method_known"),
    sqlite_with_rowid=False,
)

#: The plates of a registered driver, in order; a plate is one driver's.
parking_plate = Table(
    "parking_plate",
    metadata,
    Column("plate", Text, primary_key=True),
    Column("msisdn", Text, ForeignKey("parking_driver.msisdn"), nullable=False),
    Column("position", Integer, nullable=False),
    Index("parking_plate_msisdn_ix", "msisdn"),
    sqlite_with_rowid=False,
)

#: The stay in which a camera saw a car last.
parking_sighting = Table(
    "parking_sighting",
    metadata,
    Column("plate", Text, primary_key=True),
    Column("area", Text, nullable=False),
    Column("first_us", BigInteger, nullable=False),
    Column("last_us", BigInteger, nullable=False),
    Column("fine_id", Text, nullable=False),
    CheckConstraint("first_us <= last_us", name="in_order"),
    sqlite_with_rowid=False,
)

#: Fines; the newest first, of all and of one plate.
parking_fine = Table(
    "parking_fine",
    metadata,
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
    CheckConstraint(f"state IN ({_listed(tuple(FineState))})", name="state_known"),
    Index("parking_fine_at_us_ix", "at_us", "id"),
    Index("parking_fine_plate_ix", "plate", "at_us"),
    sqlite_with_rowid=False,
)

#: The outbox mail. Letters that wait are few of many, and asked for by what is due; all of them the newest
#: first, by recipient and by state.
mail = Table(
    "mail",
    metadata,
    Column("id", Text, primary_key=True),
    Column("recipient", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("error", Text, nullable=False),
    Column("retry_us", BigInteger, nullable=False),
    CheckConstraint(f"state IN ({_listed(tuple(MailState))})", name="state_known"),
    CheckConstraint("attempts >= 0", name="attempts_positive"),
    Index("mail_created_us_ix", "created_us", "id"),
    Index("mail_recipient_ix", "recipient", "created_us", "id"),
    Index("mail_state_ix", "state", "created_us", "id"),
    Index(
        "mail_waiting_ix",
        # All of them are in this state; the planner takes the index where it is said.
        "state",
        "retry_us",
        "created_us",
        "id",
        sqlite_where=text("state = 'waiting'"),
        postgresql_where=text("state = 'waiting'"),
    ),
    sqlite_with_rowid=False,
)
