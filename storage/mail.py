"""The outbox mail inside a unit of work: letters written with what they are about, sent later."""

from collections.abc import Collection, Iterator
from functools import partial

from sqlalchemy import select, text

from storage.driver import Driver, Lookup, Row, Verb, Write
from storage.errors import Broken
from storage.parking_model import Mail, MailState
from storage.parking_tables import mail as table
from storage.row_map import RowMap
from storage.visible_text import visible

MAIL_COLUMNS = tuple(table.columns)
_INSERT = Write(Verb.INSERT, table, MAIL_COLUMNS)
_UPDATE = Write(
    Verb.UPDATE,
    table,
    (table.c.state, table.c.attempts, table.c.error, table.c.retry_us),
    (table.c.id,),
    when=text("state IN ('waiting', 'sending')"),
)
_LOOKUP = Lookup(select(*MAIL_COLUMNS), (table.c.id,))
_STATE_AT = Mail._fields.index("state")
_STATES = {each.value: each for each in MailState}
_UNDER_WAY = frozenset({MailState.WAITING, MailState.SENDING})


class Mails:
    """A letter never changes; what became of it does, until it is sent or given up."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._rows = RowMap[str, Mail](partial(_load, driver))

    def get(self, mail_id: str) -> Mail | None:
        """The letter, or None."""
        return self._rows.get(mail_id)

    def add(self, mail: Mail) -> None:
        """A new one; the database refuses a known id."""
        self._rows.add_unseen(mail.id, mail)

    def put(self, mail: Mail) -> None:
        """What became of it. Raises Broken for one that is sent or given up, or is another letter."""
        known = self._rows.get(mail.id)
        if known is None or known.state not in _UNDER_WAY:
            raise Broken(f"letter {mail.id} is not under way")
        if known[:_STATE_AT] != mail[:_STATE_AT]:
            raise Broken(f"letter {mail.id} stays as it was written")
        self._rows.put(mail.id, mail)

    def flush(self) -> None:
        """Write what is new or changed. Raises Broken where somebody else has sent a letter."""
        if added := self._rows.added():
            self._driver.write(_INSERT, [_row(each) for each in added])
        rows = [
            (each.state._value_, each.attempts, visible(each.error), each.retry_us, each.id)
            for each in self._rows.changed()
        ]
        if rows and self._driver.write(_UPDATE, rows) != len(rows):
            raise Broken("a letter was sent by somebody else")


def mail_of(row: Row) -> Mail:
    """The value of a row whose columns are ``MAIL_COLUMNS``."""
    return Mail._make((*row[:_STATE_AT], _STATES[row[_STATE_AT]], *row[_STATE_AT + 1 :]))


def _row(mail: Mail) -> Row:
    return (*mail[:_STATE_AT], mail.state._value_, mail.attempts, visible(mail.error), mail.retry_us)


def _load(driver: Driver, ids: Collection[str]) -> Iterator[tuple[str, Mail]]:
    for row in driver.lookup(_LOOKUP, [(number,) for number in ids]):
        yield row[0], mail_of(row)
