"""Vouchers are credited once, whatever happens at the same moment."""

from dataclasses import replace

import pytest

from storage.errors import Broken
from storage.model import Balance, VoucherBatch, VoucherState, main_account
from storage.store import Store
from tests.storage.databases import Database
from tests.storage.rows import (
    ALIYA,
    BOLAT,
    FACE_TIYN,
    NOW_US,
    digest,
    liability,
    open_subscriber,
    pay,
    print_vouchers,
    redeem,
    work,
)


@pytest.fixture
def printed(store: Store) -> Store:
    """Two subscribers without money and a batch of three vouchers."""
    with work(store) as uow:
        open_subscriber(uow, ALIYA, 0)
        open_subscriber(uow, BOLAT, 0)
        print_vouchers(uow)
    return store


def test_a_redeemed_voucher_is_used_for_good(printed: Store) -> None:
    with work(printed) as uow:
        seq = redeem(uow)
    with work(printed) as uow:
        voucher = uow.vouchers.by_digest(digest("batch1-0"))
        assert voucher is not None
        assert (voucher.state, voucher.redeemed_seq) == (VoucherState.USED, seq)
        assert uow.ledger.balance(liability()) == Balance(2 * FACE_TIYN)


def test_two_in_one_batch_see_each_other(printed: Store) -> None:
    """The second command of the batch finds the voucher used; redeeming it all the same is refused."""
    with printed.begin(now_us=NOW_US, wall_us=NOW_US) as uow:
        before = uow.vouchers.by_digest(digest("batch1-0"))
        assert before is not None
        redeem(uow, msisdn=ALIYA)
        after = uow.vouchers.by_digest(digest("batch1-0"))
        assert after is not None
        assert after.state is VoucherState.USED
        seq = uow.ledger.post(pay(liability(), main_account(BOLAT), FACE_TIYN))
        with pytest.raises(Broken):
            uow.vouchers.redeem(before, seq)


def test_a_voucher_used_behind_the_writers_back_rolls_everything_back(
    printed: Store, database: Database
) -> None:
    """The conditional UPDATE is the last word, not what was read before."""
    with work(printed) as uow:
        redeem(uow, "batch1-1")
    with printed.begin(now_us=NOW_US, wall_us=NOW_US) as uow:
        stale = uow.vouchers.by_digest(digest("batch1-1"))
        assert stale is not None
        unused = replace(stale, state=VoucherState.UNUSED, redeemed_seq=None)
        uow.vouchers._rows.put(unused.digest, unused)
        redeem(uow, "batch1-1", BOLAT)
        with pytest.raises(Broken, match="voucher"):
            uow.commit()
    assert database.scalar("SELECT count(*) FROM voucher WHERE state = 'used'") == 1
    assert dict(printed.reads.trial_balance())[f"main:{BOLAT}"] == 0


def test_an_unknown_digest_finds_nothing(printed: Store) -> None:
    with work(printed) as uow:
        assert uow.vouchers.by_digest(digest("no such code")) is None


def test_a_batch_can_be_disabled_and_enabled(printed: Store) -> None:
    """Also for vouchers that were read before it happened."""
    with work(printed) as uow:
        assert not _voucher_batch(uow.vouchers.by_digest(digest("batch1-0"))).disabled
        uow.vouchers.set_disabled("batch1", True)
        assert _voucher_batch(uow.vouchers.by_digest(digest("batch1-0"))).disabled
    with work(printed) as uow:
        assert _voucher_batch(uow.vouchers.by_digest(digest("batch1-2"))).disabled
        uow.vouchers.set_disabled("batch1", False)
    with work(printed) as uow:
        batch = uow.vouchers.batch("batch1")
        assert batch is not None
        assert not batch.disabled
        assert uow.vouchers.batch("batch9") is None
        with pytest.raises(Broken):
            uow.vouchers.set_disabled("batch9", True)


def test_a_code_that_exists_already_is_refused_before_anything_is_written(printed: Store) -> None:
    batch = VoucherBatch(id="batch2", face_value_tiyn=1, count=1, created_us=0, expires_us=1)
    with printed.begin(now_us=NOW_US, wall_us=NOW_US) as uow, pytest.raises(Broken):
        uow.vouchers.add_batch(batch, [("S-new", digest("batch1-0"))])


def test_a_large_batch_of_vouchers_is_stored_whole(store: Store) -> None:
    with work(store) as uow:
        print_vouchers(uow, 2000, "large")
    with work(store) as uow:
        found = [uow.vouchers.by_digest(digest(f"large-{i}")) for i in range(0, 2000, 199)]
        assert all(voucher is not None and voucher.batch.count == 2000 for voucher in found)


def _voucher_batch(voucher: object) -> VoucherBatch:
    batch = getattr(voucher, "batch", None)
    assert isinstance(batch, VoucherBatch)
    return batch
