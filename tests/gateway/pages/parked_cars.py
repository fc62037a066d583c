"""Parkings as they stand in the store with the money that belongs to them, without the SMS that led there."""

from rating.msisdn import Msisdn
from storage.model import AccountKind, AccountRef, Entry, Hold, Line, main_account, parking_account, transfer
from storage.parking_model import ParkingSession, ParkingState
from storage.unit_of_work import UnitOfWork
from tests.gateway.stand import ALIYA, START_US, S, Stand

HOUR_US = 3600 * S
PER_HOUR_TIYN = 10_000
OPENING = AccountRef(AccountKind.OPENING)
REVENUE = AccountRef(AccountKind.REVENUE, "parking")
VAT = AccountRef(AccountKind.VAT_PAYABLE)


def park(
    stand: Stand,
    plate: str,
    area: str = "1001",
    *,
    hours: int = 1,
    began_us: int = START_US,
    msisdn: Msisdn = ALIYA,
) -> ParkingSession:
    """A car that is parked and paid for."""
    session = ParkingSession(
        id=f"{plate}-{began_us}",
        msisdn=msisdn,
        area=area,
        plate=plate,
        state=ParkingState.RUNNING,
        hours=hours,
        asked_us=began_us,
        confirm_by_us=began_us + 600 * S,
        version="1",
        per_hour_tiyn=PER_HOUR_TIYN,
        price_tiyn=hours * PER_HOUR_TIYN,
        from_parking_tiyn=hours * PER_HOUR_TIYN,
        parking_hold=f"hold-{plate}-{began_us}",
        began_us=began_us,
        ends_us=began_us + hours * HOUR_US,
    )
    with stand.processor.begin() as batch:
        _pay(batch.uow, session)
        batch.uow.parking.add(session)
        batch.uow.commit()
    return session


def ask(stand: Stand, plate: str) -> None:
    """A car that somebody wants to park and has not confirmed."""
    session = ParkingSession(
        id=f"{plate}-asked",
        msisdn=ALIYA,
        area="1001",
        plate=plate,
        state=ParkingState.ASKED,
        hours=1,
        asked_us=START_US,
        confirm_by_us=START_US + 600 * S,
        version="1",
        per_hour_tiyn=PER_HOUR_TIYN,
        price_tiyn=PER_HOUR_TIYN,
        from_main_tiyn=PER_HOUR_TIYN,
        main_hold=f"hold-{plate}",
    )
    with stand.processor.begin() as batch:
        _hold(batch.uow, session.main_hold, main_account(ALIYA), session)
        batch.uow.parking.add(session)
        batch.uow.commit()


def stop(stand: Stand, session: ParkingSession, charge_tiyn: int, *, ended_us: int = START_US) -> None:
    """It drove away; of the charge 12 of 112 parts are VAT."""
    vat = charge_tiyn * 12 // 112
    lines = (
        Line(parking_account(session.msisdn), -charge_tiyn),
        Line(REVENUE, charge_tiyn - vat),
        Line(VAT, vat),
    )
    with stand.processor.begin() as batch:
        seq = batch.uow.ledger.settle(session.parking_hold, Entry("parking", lines, session.id, "clock"))
        over = session._replace(
            state=ParkingState.STOPPED,
            parking_hold="",
            ended_us=ended_us,
            charge_tiyn=charge_tiyn,
            journal_seq=seq,
        )
        batch.uow.parking.put(over)
        batch.uow.commit()


def _pay(uow: UnitOfWork, session: ParkingSession) -> None:
    account = parking_account(session.msisdn)
    if uow.ledger.balance(account) is None:
        uow.ledger.open(account)
    given = transfer(OPENING, account, session.price_tiyn, reason="test", source=session.id, actor="test")
    uow.ledger.post(given)
    _hold(uow, session.parking_hold, account, session)


def _hold(uow: UnitOfWork, hold_id: str, account: AccountRef, session: ParkingSession) -> None:
    uow.ledger.hold(
        Hold(
            hold_id,
            account,
            session.price_tiyn,
            "parking",
            session.id,
            session.ends_us or session.confirm_by_us,
        )
    )
