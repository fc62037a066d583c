"""Read-only questions about parking, fines and the outbox mail."""

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, TextClause, func, select, text

from rating.msisdn import Msisdn
from storage.drivers import DRIVER_COLUMNS, driver_of
from storage.fines import FINE_COLUMNS, fine_of
from storage.mail import MAIL_COLUMNS, mail_of
from storage.model import AccountKind, AccountRef
from storage.parking import SESSION_COLUMNS, session_of
from storage.parking_model import Driver, Fine, Mail, ParkingSession
from storage.parking_tables import (
    OPEN_SQL,
    RUNNING_SQL,
    mail,
    parking_driver,
    parking_fine,
    parking_plate,
    parking_session,
)
from storage.parking_views import AreaRevenue, FineFilter, MailFilter, ParkingFilter
from storage.tables import account, posting

#: In the words of the indexes; an expression would be compared with 1, and no index says that.
_OPEN = text(OPEN_SQL)
_OVER = text(f"NOT ({OPEN_SQL})")
_NEWEST = parking_session.c.asked_us.desc(), parking_session.c.id.desc()
_FIRST_DUE = mail.c.retry_us, mail.c.created_us, mail.c.id
_WAITING = text("state = 'waiting'")
_NEXT_END = parking_session.c.ends_us, parking_session.c.id
_REVENUE = AccountRef(AccountKind.REVENUE, "parking").code


class ParkingReads(ABC):
    """The part of ``Reads`` that is about parking. Each may raise StoreUnavailable."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Connection]:
        """One consistent moment."""

    def parking_sessions(self, wanted: ParkingFilter) -> list[ParkingSession]:
        """Sessions that match, newest first."""
        found = select(*SESSION_COLUMNS).where(*_of_sessions(wanted)).order_by(*_NEWEST).limit(wanted.limit)
        with self.transaction() as connection:
            return [session_of(tuple(row)) for row in connection.execute(found)]

    def parking_session(self, session_id: str) -> ParkingSession | None:
        """One session, or None."""
        wanted = select(*SESSION_COLUMNS).where(parking_session.c.id == session_id)
        with self.transaction() as connection:
            row = connection.execute(wanted).first()
        return None if row is None else session_of(tuple(row))

    def parking_now(self, area: str | None = None, limit: int | None = 1000) -> list[ParkingSession]:
        """Who is parked and paid for (in one area, or in any), the next to end first."""
        found = select(*SESSION_COLUMNS).where(text(RUNNING_SQL)).order_by(*_NEXT_END).limit(limit)
        if area is not None:
            found = found.where(parking_session.c.area == area)
        with self.transaction() as connection:
            return [session_of(tuple(row)) for row in connection.execute(found)]

    def parking_counts(self) -> dict[str, int]:
        """How many cars are parked and paid for in each area that has any."""
        area = parking_session.c.area
        counted = select(area, func.count()).where(text(RUNNING_SQL)).group_by(area)
        with self.transaction() as connection:
            return {row[0]: row[1] for row in connection.execute(counted.order_by(area))}

    def parking_revenue(self, began_us: int, ends_us: int) -> list[AreaRevenue]:
        """What sessions that ended from ``began_us`` on, before ``ends_us``, cost, by area."""
        taken = parking_session.c
        of_parking = select(account.c.id).where(account.c.code == _REVENUE).scalar_subquery()
        net = (posting.c.seq == taken.journal_seq) & (posting.c.account_id == of_parking)
        sums = func.count(), func.sum(taken.charge), func.coalesce(func.sum(posting.c.amount), 0)
        wanted = (
            select(taken.area, *sums)
            .select_from(parking_session)
            .outerjoin(posting, net)
            .where(text("charge > 0"), taken.ended_us >= began_us, taken.ended_us < ends_us)
            .group_by(taken.area)
            .order_by(taken.area)
        )
        with self.transaction() as connection:
            return [
                AreaRevenue(area=area, sessions=number, charge_tiyn=int(charge), net_tiyn=int(net_tiyn))
                for area, number, charge, net_tiyn in connection.execute(wanted)
            ]

    def parking_driver(self, msisdn: Msisdn) -> Driver | None:
        """What the subscriber registered on the parking portal, or None."""
        wanted = select(*DRIVER_COLUMNS).where(parking_driver.c.msisdn == msisdn)
        plates = select(parking_plate.c.plate).where(parking_plate.c.msisdn == msisdn)
        with self.transaction() as connection:
            row = connection.execute(wanted).first()
            if row is None:
                return None
            named = connection.execute(plates.order_by(parking_plate.c.position)).scalars()
            return driver_of(tuple(row), named)

    def fines(self, wanted: FineFilter) -> list[Fine]:
        """Fines that match, newest first."""
        table = parking_fine.c
        conditions = _equal((table.plate, wanted.plate), (table.area, wanted.area))
        conditions += _since(table.at_us, wanted.since_us)
        newest = select(*FINE_COLUMNS).where(*conditions).order_by(table.at_us.desc(), table.id.desc())
        with self.transaction() as connection:
            return [fine_of(tuple(row)) for row in connection.execute(newest.limit(wanted.limit))]

    def fine(self, fine_id: str) -> Fine | None:
        """One fine, or None."""
        wanted = select(*FINE_COLUMNS).where(parking_fine.c.id == fine_id)
        with self.transaction() as connection:
            row = connection.execute(wanted).first()
        return None if row is None else fine_of(tuple(row))

    def mails(self, wanted: MailFilter) -> list[Mail]:
        """Letters that match, newest first."""
        state = wanted.state and wanted.state.value
        conditions = _equal((mail.c.recipient, wanted.to), (mail.c.state, state))
        conditions += _since(mail.c.created_us, wanted.since_us)
        newest = select(*MAIL_COLUMNS).where(*conditions).order_by(mail.c.created_us.desc(), mail.c.id.desc())
        with self.transaction() as connection:
            return [mail_of(tuple(row)) for row in connection.execute(newest.limit(wanted.limit))]

    def waiting_mails(self, limit: int = 100, due_us: int | None = None) -> list[Mail]:
        """Letters that are to be sent by ``due_us`` (real time; None for any time), the first due first.

        Those that are due at once come oldest first.
        """
        wanted = select(*MAIL_COLUMNS).where(_WAITING).order_by(*_FIRST_DUE)
        if due_us is not None:
            wanted = wanted.where(mail.c.retry_us <= due_us)
        with self.transaction() as connection:
            return [mail_of(tuple(row)) for row in connection.execute(wanted.limit(limit))]

    def next_mail_us(self) -> int | None:
        """When the next letter is to be sent (real time), None where none waits."""
        next_one = select(mail.c.retry_us).where(_WAITING).order_by(*_FIRST_DUE).limit(1)
        with self.transaction() as connection:
            found: int | None = connection.execute(next_one).scalar()
        return found

    def mail(self, mail_id: str) -> Mail | None:
        """One letter, or None."""
        with self.transaction() as connection:
            row = connection.execute(select(*MAIL_COLUMNS).where(mail.c.id == mail_id)).first()
        return None if row is None else mail_of(tuple(row))


def _of_sessions(wanted: ParkingFilter) -> list[ColumnElement[bool] | TextClause]:
    table = parking_session.c
    conditions: list[ColumnElement[bool] | TextClause] = []
    conditions += _equal(
        (table.msisdn, wanted.msisdn),
        (table.plate, wanted.plate),
        (table.state, wanted.state and wanted.state.value),
    )
    is_open = wanted.is_open
    if is_open is None and wanted.state is not None and wanted.state.is_open:
        is_open = True  # It says no more, but in the words of the indexes.
    if is_open is not None:
        conditions.append(_OPEN if is_open else _OVER)
    if wanted.area is not None:
        # An area's open ones are among few, and not among all that it ever had: so not by the area's index.
        area = table.area.concat("") if is_open else table.area
        conditions.append(area == wanted.area)
    return conditions + _since(table.asked_us, wanted.since_us)


def _equal(*given: tuple[Column[Any], str | None]) -> list[ColumnElement[bool]]:
    return [column == value for column, value in given if value is not None]


def _since(column: Column[Any], since_us: int | None) -> list[ColumnElement[bool]]:
    return [] if since_us is None else [column >= since_us]
