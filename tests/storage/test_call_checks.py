"""``check`` finds damage to calls by the name of its invariant."""

# ruff: noqa: S608 (the statements are put together from constants of this file)

import pytest

from storage.check import check
from storage.model import main_account
from storage.store import Store
from tests.storage.call_rows import call_a_little
from tests.storage.databases import Database
from tests.storage.rows import ALIYA, BOLAT, REVENUE, hold, pay, work

_OF_ALIYA = f"(SELECT id FROM account WHERE code = 'main:{ALIYA}')"
_BREAKS = [
    ("V1", "UPDATE call SET charge = charge + 1 WHERE id = 'call1'"),
    ("V1", "UPDATE call SET charge = 0 WHERE id = 'call1'"),
    ("V1", "UPDATE call SET journal_seq = NULL, charge = 0 WHERE id = 'call1'"),
    ("V1", "UPDATE call SET journal_seq = 1 WHERE id = 'call1'"),
    ("V1", f"UPDATE call SET payer = '{ALIYA}' WHERE id = 'call1'"),
    ("V1", "UPDATE journal SET source = 'call2' WHERE source = 'call1'"),
    ("V1", "UPDATE journal SET reason = 'gift' WHERE source = 'call1'"),
    ("V1", "UPDATE call SET ended = 'hangup' WHERE id = 'call3'"),
    ("V2", "UPDATE call SET ended = 'hangup' WHERE id = 'call3'"),
    ("V2", "UPDATE call SET hold_id = '' WHERE id = 'call3'"),
    ("V2", f"UPDATE call SET payer = '{ALIYA}' WHERE id = 'call3'"),
    ("V2", "UPDATE hold SET source = 'call2' WHERE id = 'hold-call3'"),
    ("V2", "UPDATE hold SET reason = 'other' WHERE id = 'hold-call3'"),
    ("V2", "UPDATE hold SET state = 'voided' WHERE id = 'hold-call3'"),
    ("V2", f"UPDATE hold SET account_id = {_OF_ALIYA} WHERE id = 'hold-call3'"),
    ("V3", "DROP INDEX call_leg_open_ix", "UPDATE call_leg SET state = 'offered' WHERE call_id = 'call2'"),
    ("V4", "UPDATE call SET ended = 'hangup' WHERE id = 'call3'"),
    ("V4", "UPDATE call_leg SET call_id = 'call9' WHERE call_id = 'call2'"),
]


@pytest.mark.parametrize("damage", _BREAKS, ids=lambda damage: f"{damage[0]}-{damage[1][:60]}")
def test_damage_behind_every_guard_is_found(
    breakable: Store, database: Database, damage: tuple[str, ...]
) -> None:
    """Raw SQL with constraints and triggers removed; the named invariant says so."""
    call_a_little(breakable)
    assert _broken(breakable) == {}
    database.break_in(*damage[1:])
    assert damage[0] in _broken(breakable)


def test_money_held_for_a_call_that_is_not_there_is_found(breakable: Store) -> None:
    """The ledger takes any hold; that a call needs it is for the check to see."""
    call_a_little(breakable)
    with work(breakable) as uow:
        uow.ledger.hold(hold("nobody", 10, BOLAT)._replace(reason="call", source="call9"))
    expected = f"hold nobody keeps 10 of main:{BOLAT} for no call that is open"
    assert _broken(breakable) == {"V2": expected}


def test_a_charge_for_a_call_that_does_not_name_it_is_found(breakable: Store) -> None:
    """Twice for one call, say."""
    call_a_little(breakable)
    with work(breakable) as uow:
        entry = pay(main_account(BOLAT), REVENUE, 5, "call.charge")._replace(source="call1")
        seq = uow.ledger.post(entry)
    expected = f"entry {seq} charges for call call1 which does not name it"
    assert _broken(breakable) == {"V1": expected}


def _broken(store: Store) -> dict[str, str]:
    return {finding.invariant: finding.detail for finding in check(store.reads) if not finding.ok}
