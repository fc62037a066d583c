"""``check`` finds each kind of damage by the name of its invariant."""

# ruff: noqa: S608 (the statements are put together from constants of this file)

import pytest

from storage.check import check
from storage.model import main_account
from storage.store import Store
from tests.storage.databases import Database
from tests.storage.rows import ALIYA, VAT, live_a_little, pay, work

_MAIN = f"code = 'main:{ALIYA}'"
_BREAKS = [
    ("L1", f"UPDATE account SET balance = balance + 1 WHERE {_MAIN}"),
    ("L1", "UPDATE posting SET amount = amount + 1 WHERE seq = 1 AND line = 1"),
    ("L2", "DELETE FROM posting WHERE seq = 1 AND line = 2"),
    ("L2", "DELETE FROM journal WHERE seq = 5"),
    ("L3", f"UPDATE account SET balance = balance + 1 WHERE {_MAIN}"),
    ("L3", "UPDATE posting SET balance_after = balance_after + 1 WHERE seq = 1 AND line = 1"),
    ("L3", f"UPDATE account SET last_seq = 1 WHERE {_MAIN}"),
    ("L4", f"UPDATE account SET held = held + 1 WHERE {_MAIN}"),
    ("L4", "UPDATE hold SET state = 'voided' WHERE id = 'hold1'"),
    ("L5", "UPDATE inbox SET outcome = 'voucher.used' WHERE key = 'key1'"),
    ("L5", "UPDATE inbox SET journal_seq = 4 WHERE key = 'key2'"),
    ("L5", "UPDATE inbox SET journal_seq = 999 WHERE key = 'key1'"),
    (
        "L5",
        "UPDATE journal SET source = 'mo2' WHERE seq = 4",
        "UPDATE inbox SET message_id = 'mo2' WHERE key = 'key2'",
    ),
    ("L6", "UPDATE journal SET op_us = op_us - 1000 WHERE seq = 4"),
    ("L6", "DELETE FROM journal WHERE seq = 2"),
    ("L7", "UPDATE journal SET reason = 'gift' WHERE seq = 2"),
    ("L7", "UPDATE posting SET account_id = 1 WHERE seq = 3 AND line = 1"),
    ("L8", f"UPDATE account SET balance = -1 WHERE {_MAIN}"),
    ("L8", f"UPDATE account SET held = balance + 1 WHERE {_MAIN}"),
    ("L8", f"UPDATE account SET forced_tiyn = 100 WHERE {_MAIN}"),
    ("L9", "UPDATE voucher SET state = 'used', redeemed_seq = 1 WHERE serial = 'S-batch1-1'"),
    ("L9", "UPDATE voucher SET state = 'unused' WHERE serial = 'S-batch1-0'"),
    ("L9", "DELETE FROM voucher WHERE serial = 'S-batch1-2'"),
    ("L10", "UPDATE hold SET amount = 1499 WHERE id = 'hold2'"),
    ("L10", "UPDATE hold SET posted_seq = 999 WHERE id = 'hold2'"),
    ("L10", "UPDATE hold SET state = 'voided' WHERE id = 'hold2'"),
    ("L11", "UPDATE journal SET reverses_seq = 999 WHERE seq = 3"),
    ("L12", "DELETE FROM outbox"),
    ("L12", "UPDATE message SET state = 'DELIVERED' WHERE id = 'mt1'"),
    ("L14", "UPDATE inbox SET reply_ids = 'mt9' WHERE key = 'key1'"),
    ("L14", "UPDATE message SET cause_id = 'mo9' WHERE id = 'mt1'"),
    ("L15", "UPDATE account SET kind = 'company' WHERE code = 'revenue:calls'"),
    ("L16", f"UPDATE account SET balance = balance + 1 WHERE {_MAIN}"),
    ("L16", "DELETE FROM posting WHERE seq = 1"),
]


@pytest.mark.parametrize("damage", _BREAKS, ids=lambda damage: f"{damage[0]}-{damage[1][:40]}")
def test_damage_behind_every_guard_is_found(
    breakable: Store, database: Database, damage: tuple[str, ...]
) -> None:
    """Raw SQL with constraints and triggers removed; the named invariant says so."""
    live_a_little(breakable)
    assert _broken(breakable) == set()
    database.break_in(*damage[1:])
    assert damage[0] in _broken(breakable)


def test_vat_without_a_net_beside_it_breaks_l13(breakable: Store) -> None:
    """The ledger takes any balanced entry; that a price includes its VAT is for the check to see."""
    live_a_little(breakable)
    with work(breakable) as uow:
        uow.ledger.post(pay(main_account(ALIYA), VAT, 12))
    assert _broken(breakable) == {"L13"}


def test_every_invariant_of_the_ledger_is_asked_and_can_break(breakable: Store) -> None:
    """L1 to L16, in order, and a planted break for each (L13's is a test of its own); others follow."""
    names = [finding.invariant for finding in check(breakable.reads)]
    numbered = (("B", 4), ("V", 4), ("P", 7))
    assert names[16:] == [f"{letter}{number}" for letter, last in numbered for number in range(1, last + 1)]
    del names[16:]
    assert names == [f"L{number}" for number in range(1, 17)]
    assert {damage[0] for damage in _BREAKS} | {"L13"} == set(names)


def test_a_broken_finding_names_the_row_and_a_whole_one_says_what_holds(
    breakable: Store, database: Database
) -> None:
    live_a_little(breakable)
    database.break_in(f"UPDATE account SET held = held + 1 WHERE {_MAIN}")
    findings = {finding.invariant: finding for finding in check(breakable.reads)}
    assert f"main:{ALIYA} holds 1001 but open holds are 1000" in findings["L4"].detail
    assert findings["L1"].detail == "every book sums to zero"


def _broken(store: Store) -> set[str]:
    return {finding.invariant for finding in check(store.reads) if not finding.ok}
