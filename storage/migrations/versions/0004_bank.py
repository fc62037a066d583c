"""Money from the bank: cards and their transactions, payments, AutoPay rules; the bank's own book."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    ForeignKey,
    Integer,
    LargeBinary,
    Text,
    text,
)

from storage import triggers_postgresql, triggers_sqlite

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_BigKey = BigInteger().with_variant(Integer(), "sqlite")
_KINDS = "kind IN ('main', 'bonus', 'parking')"
_KINDS_NOW = "kind IN ('main', 'bonus', 'parking', 'card', 'bank_bonus')"


def upgrade() -> None:
    """Until now no account stood in the bank's book, and there was no card, payment or rule."""
    _create_cards()
    _create_payments()
    _create_rules()
    if op.get_bind().dialect.name == "sqlite":
        _customers_on_sqlite(op.get_bind())
    else:
        _customers_on_postgresql()


def _create_cards() -> None:
    op.create_table(
        "card",
        Column("id", Text, primary_key=True),
        Column("bank", Text, nullable=False),
        Column("pan_digest", LargeBinary, nullable=False, unique=True),
        Column("last6", Text, nullable=False),
        Column("msisdn", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("created_us", BigInteger, nullable=False),
        CheckConstraint("length(last6) = 6", name="last_six_digits"),
        CheckConstraint("state IN ('active', 'disabled')", name="state_known"),
    )
    op.create_index("card_msisdn_ix", "card", ["msisdn"])
    op.create_table(
        "card_transaction",
        Column("number", _BigKey, primary_key=True, autoincrement=False),
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
        Column("journal_seq", BigInteger, ForeignKey("journal.seq")),
        Column("settled_us", BigInteger, nullable=False),
        CheckConstraint("amount <> 0", name="amount_moves"),
        CheckConstraint("state IN ('authorised', 'posted', 'voided', 'unknown')", name="state_known"),
        CheckConstraint("(state = 'posted') = (journal_seq IS NOT NULL)", name="posted_has_entry"),
        CheckConstraint("hold_id <> '' OR state IN ('posted', 'voided')", name="waits_on_a_hold"),
    )
    op.create_index("card_transaction_card_day_ix", "card_transaction", ["card_id", "day", "number"])


def _create_payments() -> None:
    op.create_table(
        "payment",
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
        Column("journal_seq", BigInteger, ForeignKey("journal.seq"), nullable=False),
        Column("reversed_seq", BigInteger, ForeignKey("journal.seq"), unique=True),
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
    )
    op.create_index("payment_at_us_ix", "payment", ["at_us"])
    op.create_index("payment_channel_ix", "payment", ["channel", "at_us"])
    waits = text("state = 'unallocated'")
    op.create_index(
        "payment_unallocated_ix", "payment", ["at_us"], sqlite_where=waits, postgresql_where=waits
    )


def _create_rules() -> None:
    op.create_table(
        "autopay_rule",
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
    )
    op.create_index("autopay_rule_payer_ix", "autopay_rule", ["payer"])
    op.create_index("autopay_rule_target_ix", "autopay_rule", ["target"])


def _customers_on_sqlite(connection: Connection) -> None:
    """SQLite changes no CHECK in place: a new table under the same name, all triggers out of the way.

    The caller's connection checks no foreign keys, so those that point here point at the new table then
    (www.sqlite.org/lang_altertable.html, section 7).
    """
    triggers = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars()
    for name in list(triggers):
        op.execute(f"DROP TRIGGER {name}")
    asked = text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'account'")
    old = str(connection.execute(asked).scalar())
    new = old.replace("CREATE TABLE account ", "CREATE TABLE account_new ", 1).replace(_KINDS, _KINDS_NOW, 1)
    op.execute(text(new))
    op.execute("INSERT INTO account_new SELECT * FROM account")
    op.execute("DROP TABLE account")
    op.execute("ALTER TABLE account_new RENAME TO account")
    for statement in triggers_sqlite.LEDGER + triggers_sqlite.BANK:
        op.execute(text(statement.replace(":", r"\:")))


def _customers_on_postgresql() -> None:
    op.execute("ALTER TABLE account DROP CONSTRAINT account_system_kind")
    op.execute(
        "ALTER TABLE account ADD CONSTRAINT account_system_kind"
        f" CHECK (is_system = CASE WHEN {_KINDS_NOW} THEN 0 ELSE 1 END)"
    )
    op.execute(text(triggers_postgresql.JOURNAL_CLOSES.replace(":", r"\:")))
    for statement in triggers_postgresql.BANK:
        op.execute(text(statement.replace(":", r"\:")))
