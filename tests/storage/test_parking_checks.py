"""``check`` finds damage to parkings by the name of its invariant."""

# ruff: noqa: S608 (the statements are put together from constants of this file)

import pytest
from sqlalchemy import event

from storage.check import check
from storage.model import Hold, main_account, parking_account
from storage.parking_checks import PARKING_INVARIANTS
from storage.store import Store
from tests.storage.databases import Database
from tests.storage.parking_rows import EARNED, PLATE, park_a_little
from tests.storage.rows import ALIYA, BOLAT, NOW_US, pay, work

_MAIN = f"(SELECT id FROM account WHERE code = 'main:{ALIYA}')"
_PARKING = "UPDATE parking_session SET"
_BREAKS = [
    ("P1", f"{_PARKING} price = price + 1 WHERE id = 'lapsed'"),
    ("P1", f"{_PARKING} parking_hold = '' WHERE id = 'runs'"),
    ("P1", f"{_PARKING} main_hold = 'runs-main' WHERE id = 'runs'"),
    ("P1", f"{_PARKING} ends_us = began_us WHERE id = 'runs'"),
    ("P1", f"{_PARKING} began_us = 0 WHERE id = 'runs'"),
    ("P1", "UPDATE hold SET state = 'voided' WHERE id = 'runs-price'"),
    ("P1", "UPDATE hold SET amount = amount - 1 WHERE id = 'runs-price'"),
    ("P1", f"UPDATE hold SET account_id = {_MAIN} WHERE id = 'runs-price'"),
    ("P1", "UPDATE hold SET source = 'over' WHERE id = 'runs-price'"),
    ("P2", f"{_PARKING} from_main = from_main - 1 WHERE id = 'mixed'"),
    ("P2", f"{_PARKING} main_hold = '' WHERE id = 'mixed'"),
    ("P2", f"{_PARKING} parking_hold = '' WHERE id = 'mixed'"),
    ("P2", f"{_PARKING} main_hold = 'mixed-parking' WHERE id = 'mixed'"),
    ("P2", f"{_PARKING} main_hold = 'mixed-main' WHERE id = 'pays'"),
    ("P2", f"{_PARKING} method = 'main' WHERE id = 'pays'"),
    ("P2", "UPDATE hold SET amount = amount + 1 WHERE id = 'mixed-main'"),
    ("P2", "UPDATE hold SET state = 'expired' WHERE id = 'mixed-parking'"),
    ("P2", f"{_PARKING} card_code = 'CODE2' WHERE id = 'pays'"),
    ("P2", "UPDATE card_transaction SET state = 'voided' WHERE code = 'CODE1'"),
    ("P2", f"UPDATE card_transaction SET msisdn = '{BOLAT}' WHERE code = 'CODE1'"),
    ("P3", f"{_PARKING} asked_hours = 0 WHERE id = 'runs'"),
    ("P3", f"{_PARKING} asked_hours = 2 WHERE id = 'runs'"),
    ("P3", f"{_PARKING} ask_main_hold = '' WHERE id = 'runs'"),
    ("P3", f"{_PARKING} ask_by_us = 5 WHERE id = 'mixed'"),
    ("P3", f"{_PARKING} asked_hours = 1 WHERE id = 'over'"),
    ("P3", "UPDATE hold SET amount = amount - 1 WHERE id = 'runs-ask'"),
    ("P3", f"{_PARKING} method = 'card', per_hour = 1 WHERE id = 'runs'"),
    ("P4", f"{_PARKING} charge = charge + 1 WHERE id = 'over'"),
    ("P4", f"{_PARKING} charge = 0 WHERE id = 'over'"),
    ("P4", f"{_PARKING} charge = 0, journal_seq = NULL WHERE id = 'over'"),
    ("P4", f"{_PARKING} journal_seq = 1 WHERE id = 'over'"),
    ("P4", f"{_PARKING} state = 'lapsed' WHERE id = 'over'"),
    ("P4", f"{_PARKING} state = 'ended' WHERE id = 'lapsed'"),
    ("P4", f"{_PARKING} price = 1 WHERE id = 'over'"),
    ("P4", f"{_PARKING} msisdn = '{BOLAT}' WHERE id = 'over'"),
    ("P4", "UPDATE journal SET source = 'runs' WHERE reason = 'parking.charge'"),
    ("P5", f"{_PARKING} state = 'cancelled' WHERE id = 'mixed'"),
    ("P5", f"{_PARKING} parking_hold = '' WHERE id = 'mixed'"),
    ("P5", f"{_PARKING} msisdn = '{BOLAT}' WHERE id = 'runs'"),
    ("P5", "UPDATE hold SET source = 'over' WHERE id = 'runs-ask'"),
    ("P6", "DROP INDEX parking_session_open_ix", f"{_PARKING} plate = 'RUNS' WHERE id = 'mixed'"),
    ("P7", "UPDATE parking_fine SET letter_id = 'mail9' WHERE id = 'fine1'"),
    ("P7", "UPDATE mail SET recipient = 'other@example.kz'"),
    ("P7", "UPDATE parking_fine SET state = 'issued' WHERE id = 'fine2'"),
    ("P7", "UPDATE parking_sighting SET fine_id = 'fine2'"),
    ("P7", "UPDATE parking_sighting SET first_us = first_us - 1"),
    ("P7", f"UPDATE parking_fine SET plate = 'OTHER' WHERE plate = '{PLATE}'"),
]


@pytest.mark.parametrize("damage", _BREAKS, ids=lambda damage: f"{damage[0]}-{damage[1][:60]}")
def test_damage_behind_every_guard_is_found(
    breakable: Store, database: Database, damage: tuple[str, ...]
) -> None:
    """Raw SQL with constraints and triggers removed; the named invariant says so."""
    park_a_little(breakable)
    assert _broken(breakable) == {}
    database.break_in(*damage[1:])
    assert damage[0] in _broken(breakable)


def test_there_is_a_break_for_every_invariant() -> None:
    assert {damage[0] for damage in _BREAKS} == {each.name for each in PARKING_INVARIANTS}


def test_money_held_for_a_parking_that_is_not_there_is_found(breakable: Store) -> None:
    """Whatever the rest of the reason; the ledger takes any hold."""
    park_a_little(breakable)
    held = Hold("nobody", main_account(ALIYA), 10, "parking.pay", "park9", NOW_US)
    with work(breakable, NOW_US + 3) as uow:
        uow.ledger.hold(held)
        uow.ledger.hold(held._replace(id="other", reason="call.me"))
    assert _broken(breakable) == {"P5": f"hold nobody keeps 10 of main:{ALIYA} for no parking that names it"}


def test_revenue_without_a_parking_is_found(breakable: Store) -> None:
    """Charged twice, say."""
    park_a_little(breakable)
    with work(breakable, NOW_US + 3) as uow:
        uow.ledger.void("mixed-parking")
        uow.ledger.void("mixed-main")
        mixed = uow.parking.get("mixed")
        assert mixed is not None
        uow.parking.put(mixed._replace(state=mixed.state.CANCELLED, main_hold="", parking_hold=""))
        seq = uow.ledger.post(
            pay(parking_account(ALIYA), EARNED, 5, "parking.charge")._replace(source="over")
        )
    assert _broken(breakable) == {"P4": f"entry {seq} earns 5 for no parking that names it"}


def test_an_extension_that_the_bank_pays_holds_only_what_the_parking_account_gives(breakable: Store) -> None:
    """The rest is held on the card, and counts there."""
    park_a_little(breakable)
    with work(breakable, NOW_US + 3) as uow:
        runs = uow.parking.get("runs")
        assert runs is not None
        uow.ledger.void(runs.ask_main_hold)
        uow.parking.put(runs._replace(method=runs.method.CARD, ask_main_hold="", ask_by_us=0, card_code="C"))
    assert _broken(breakable) == {}


def _broken(store: Store) -> dict[str, str]:
    return {finding.invariant: finding.detail for finding in check(store.reads) if not finding.ok}


def test_the_check_does_not_walk_one_table_for_each_row_of_another(breakable: Store) -> None:
    """With 100,000 parkings it would not come to an end."""
    if breakable.dialect != "sqlite":
        pytest.skip("PostgreSQL joins by hashes where it has no index")
    said: list[str] = []
    engine = breakable.reads._engine
    event.listen(engine, "before_cursor_execute", lambda *each: said.append(each[2]))
    check(breakable.reads)
    asked = [each for each in said if "parking_" in each or "parking:" in each]
    assert len(asked) > len(PARKING_INVARIANTS)
    for query in asked:
        with breakable.reads.transaction() as connection:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}").all()
        assert len([step for step in plan if step[3].startswith("SCAN")]) <= 1, (query, plan)
