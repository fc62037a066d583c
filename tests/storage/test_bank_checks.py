"""``check`` finds damage to cards, payments and rules by the name of its invariant."""

# ruff: noqa: S608 (the statements are put together from constants of this file)

import pytest

from storage.check import check
from storage.model import main_account
from storage.store import Store
from tests.storage.bank_rows import BANK, OPERATOR, bank_a_little, card, entry
from tests.storage.databases import Database
from tests.storage.rows import ALIYA, BOLAT, OPENING, work

_OF_CARD = "(SELECT id FROM account WHERE code = 'card:card1')"
_OF_MAIN = f"(SELECT id FROM account WHERE code = 'main:{ALIYA}')"
_OF_OPERATOR = f"(SELECT id FROM account WHERE code = 'bank_operator:{BANK}')"
_BREAKS = [
    ("L1", f"UPDATE account SET kind = 'bank_cash' WHERE code = 'main:{ALIYA}'"),
    ("L1", "UPDATE account SET kind = 'suspense' WHERE code = 'card:card1'"),
    ("B1", f"UPDATE account SET owner = 'halyk' WHERE code = 'bank_clearing:{BANK}'"),
    (
        "B1",
        f"UPDATE posting SET amount = amount + 1 WHERE account_id = {_OF_OPERATOR}",
    ),
    ("B2", "UPDATE card_transaction SET journal_seq = NULL WHERE code = 'CODE1'"),
    ("B2", "UPDATE card_transaction SET journal_seq = 1 WHERE code = 'CODE1'"),
    ("B2", "UPDATE card_transaction SET amount = amount - 1 WHERE code = 'CODE1'"),
    ("B2", "UPDATE card_transaction SET card_id = 'card2' WHERE code = 'CODE1'"),
    ("B2", "UPDATE journal SET source = 'CODE9' WHERE source = 'CODE1'"),
    ("B2", "UPDATE card_transaction SET state = 'unknown' WHERE code = 'CODE2'"),
    ("B2", "UPDATE card_transaction SET state = 'voided' WHERE code = 'CODE3'"),
    ("B2", "UPDATE card_transaction SET amount = amount - 1 WHERE code = 'CODE3'"),
    ("B2", "UPDATE card_transaction SET card_id = 'card2' WHERE code = 'CODE3'"),
    ("B2", "UPDATE hold SET state = 'voided' WHERE id = 'hold-CODE4'"),
    ("B2", f"UPDATE hold SET account_id = {_OF_MAIN} WHERE id = 'hold-CODE4'"),
    ("B2", f"INSERT INTO hold VALUES ('nobody', {_OF_CARD}, 1, 'r', 's', 0, 'open', NULL)"),
    ("B2", "DELETE FROM card_transaction WHERE code = 'CODE4'"),
    ("B3", "UPDATE payment SET amount = amount + 1 WHERE payment_id = 'P2'"),
    ("B3", "UPDATE payment SET journal_seq = 1 WHERE payment_id = 'P2'"),
    ("B3", f"UPDATE payment SET credited = '{BOLAT}' WHERE payment_id = 'P2'"),
    ("B3", "UPDATE payment SET state = 'reversed' WHERE payment_id = 'P2'"),
    ("B3", "UPDATE payment SET state = 'credited' WHERE payment_id = 'P3'"),
    ("B3", "UPDATE payment SET state = 'credited' WHERE payment_id = 'P1'"),
    ("B3", "UPDATE payment SET reversed_seq = 1 WHERE payment_id = 'P3'"),
    ("B3", "UPDATE payment SET reversed_seq = 1 WHERE payment_id = 'P4'"),
    ("B3", "UPDATE payment SET channel = 'qiwi' WHERE payment_id = 'P1'"),
    ("B3", "DELETE FROM payment WHERE payment_id = 'P1'"),
    ("B4", "UPDATE autopay_rule SET running = 'CODE1'"),
    ("B4", "UPDATE autopay_rule SET running = 'CODE9'"),
    ("B4", f"UPDATE autopay_rule SET payer = '{BOLAT}'"),
    ("B4", "UPDATE autopay_rule SET card_id = 'card9'"),
]


@pytest.mark.parametrize("damage", _BREAKS, ids=lambda damage: f"{damage[0]}-{damage[1][:60]}")
def test_damage_behind_every_guard_is_found(
    breakable: Store, database: Database, damage: tuple[str, str]
) -> None:
    """Raw SQL with constraints and triggers removed; the named invariant says so."""
    bank_a_little(breakable)
    assert _broken(breakable) == {}
    database.break_in(damage[1])
    assert damage[0] in _broken(breakable)


def test_an_entry_that_is_in_balance_only_across_the_books_is_found(
    breakable: Store, database: Database
) -> None:
    """As a whole it is in balance, so that nothing else sees it; two of them cancel out in total, too."""
    bank_a_little(breakable)
    with work(breakable) as uow:
        there = uow.ledger.post(
            entry((card().account, -5), (OPERATOR, 5), (OPENING, -5), (main_account(ALIYA), 5))
        )
        back = uow.ledger.post(
            entry((card().account, 5), (OPERATOR, -5), (OPENING, 5), (main_account(ALIYA), -5))
        )
    swap = "UPDATE posting SET amount = -amount WHERE seq = {} AND line IN (2, 4)"
    database.break_in(swap.format(there), swap.format(back))
    assert _broken(breakable)["L1"].startswith(f"entry {there} moves -10 between the books")


def test_what_a_bank_owes_only_in_its_own_book_is_found(breakable: Store) -> None:
    """The ledger takes an entry within one book; that the operator knows nothing of it is for the check."""
    bank_a_little(breakable)
    with work(breakable) as uow:
        seq = uow.ledger.post(entry((card().account, -5), (OPERATOR, 5)))
    assert _broken(breakable) == {"B1": f"entry {seq} moves 5 on bank_operator:{BANK} but 0 on bank_clearing"}


def test_unallocated_money_without_its_payment_is_found(breakable: Store, database: Database) -> None:
    bank_a_little(breakable)
    database.break_in("DELETE FROM payment WHERE payment_id = 'P1'")
    expected = f"channel {BANK} has 500 unallocated, but its payments are 0"
    assert _broken(breakable) == {"B3": expected}


def _broken(store: Store) -> dict[str, str]:
    return {finding.invariant: finding.detail for finding in check(store.reads) if not finding.ok}
