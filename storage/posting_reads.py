"""The lines of one journal entry, for readers."""

from sqlalchemy import Connection, select

from storage.tables import account, posting
from storage.views import PostingView


def postings_of(connection: Connection, seq: int | None) -> tuple[PostingView, ...]:
    """The lines of the entry with this sequence number, in order; none for None."""
    if seq is None:
        return ()
    wanted = (
        select(
            posting.c.seq,
            posting.c.line,
            account.c.code.label("account"),
            posting.c.amount.label("amount_tiyn"),
            posting.c.balance_after.label("balance_after_tiyn"),
        )
        .join(account)
        .where(posting.c.seq == seq)
        .order_by(posting.c.line)
    )
    return tuple(PostingView(**row) for row in connection.execute(wanted).mappings())
