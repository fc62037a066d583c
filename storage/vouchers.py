"""Vouchers and their batches inside a unit of work. Codes exist here only as keyed digests."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from sqlalchemy import select, text

from storage.driver import Driver, Lookup, Row, Verb, Write
from storage.errors import Broken
from storage.model import AccountKind, AccountRef, Voucher, VoucherBatch, VoucherState
from storage.row_map import RowMap
from storage.tables import voucher, voucher_batch

_BATCH_INSERT = Write(Verb.INSERT, voucher_batch, tuple(voucher_batch.columns))
_BATCH_UPDATE = Write(Verb.UPDATE, voucher_batch, (voucher_batch.c.disabled,), (voucher_batch.c.id,))
_BATCH_LOOKUP = Lookup(select(voucher_batch), (voucher_batch.c.id,))
_INSERT = Write(Verb.INSERT, voucher, tuple(voucher.columns))
_REDEEM = Write(
    Verb.UPDATE,
    voucher,
    (voucher.c.state, voucher.c.redeemed_seq),
    (voucher.c.digest,),
    when=text("state = 'unused'"),
)
_STATES = {state.value: state for state in VoucherState}
_LOOKUP = Lookup(select(voucher), (voucher.c.digest,))


class Vouchers:
    """A voucher is redeemed once, whatever happens: here, and by a conditional UPDATE at commit."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._batches = RowMap[str, VoucherBatch](partial(_load_batches, driver))
        self._rows = RowMap[bytes, Voucher](partial(_load, driver, self._batches))
        self._new: list[Row] = []
        self._redeemed: list[Row] = []

    def by_digest(self, digest: bytes) -> Voucher | None:
        """The voucher whose code has this digest, or None."""
        found = self._rows.get(digest)
        if found is None:
            return None
        batch = self._batches.get(found.batch.id)
        return found if batch is found.batch or batch is None else replace(found, batch=batch)

    def redeem(self, voucher: Voucher, journal_seq: int) -> None:
        """Mark it used by this entry. Raises Broken when it is used already."""
        present = self._rows.get(voucher.digest)
        if present is None or present.state is not VoucherState.UNUSED:
            raise Broken(f"voucher {voucher.serial} is not unused")
        self._rows.put(voucher.digest, _used(present, journal_seq))
        self._redeemed.append(("used", journal_seq, voucher.digest))

    def add_batch(self, batch: VoucherBatch, cards: Sequence[tuple[str, bytes]]) -> None:
        """A new batch of unused vouchers, each ``(serial, digest)``. Raises Broken for a taken digest."""
        if len(cards) != batch.count:
            raise ValueError(f"the batch says {batch.count} vouchers, there are {len(cards)}")
        self._batches.add(batch.id, batch)
        self._rows.prefetch([digest for _, digest in cards])
        for serial, digest in cards:
            self._rows.add(digest, Voucher(serial=serial, digest=digest, batch=batch))
            self._new.append((digest, serial, batch.id, "unused", None))

    def batch(self, batch_id: str) -> VoucherBatch | None:
        """The batch, or None."""
        return self._batches.get(batch_id)

    def set_disabled(self, batch_id: str, disabled: bool) -> None:
        """Disable or enable all vouchers of a batch. Raises Broken for an unknown one."""
        batch = self._batches.get(batch_id)
        if batch is None:
            raise Broken(f"there is no voucher batch {batch_id}")
        self._batches.put(batch_id, replace(batch, disabled=disabled))

    def prefetch(self, digests: Iterable[bytes]) -> None:
        """Read many at once."""
        self._rows.prefetch(digests)

    def liabilities(self, digests: Iterable[bytes]) -> frozenset[AccountRef]:
        """The accounts that owe for these vouchers: who reads a voucher is about to need them."""
        found = (self._rows.get(digest) for digest in digests)
        batches = {voucher.batch.id for voucher in found if voucher is not None}
        return frozenset(AccountRef(AccountKind.VOUCHER_LIABILITY, batch) for batch in batches)

    def flush(self) -> None:
        """Batches, new vouchers, redemptions. Raises Broken unless each redemption found its voucher."""
        write = self._driver.write
        if added := self._batches.added():
            write(_BATCH_INSERT, [_batch_row(batch) for batch in added])
        if changed := self._batches.changed():
            write(_BATCH_UPDATE, [(batch.disabled, batch.id) for batch in changed])
        if self._new:
            write(_INSERT, self._new)
        if self._redeemed and write(_REDEEM, self._redeemed) != len(self._redeemed):
            raise Broken("a voucher was redeemed by somebody else")


def _used(voucher: Voucher, journal_seq: int) -> Voucher:
    """Written out: ``dataclasses.replace`` takes twice as long, and this is the hot path."""
    return Voucher(
        serial=voucher.serial,
        digest=voucher.digest,
        batch=voucher.batch,
        state=VoucherState.USED,
        redeemed_seq=journal_seq,
    )


def _batch_row(batch: VoucherBatch) -> Row:
    return (
        batch.id,
        batch.face_value_tiyn,
        batch.count,
        batch.created_us,
        batch.expires_us,
        batch.disabled,
    )


def _load(
    driver: Driver, batches: RowMap[str, VoucherBatch], digests: Collection[bytes]
) -> Iterator[tuple[bytes, Voucher]]:
    rows = list(driver.lookup(_LOOKUP, [(digest,) for digest in digests]))
    batches.prefetch({row[2] for row in rows})
    for digest, serial, batch_id, state, redeemed_seq in rows:
        batch = batches.get(batch_id)
        if batch is not None:
            yield (
                digest,
                Voucher(
                    serial=serial,
                    digest=digest,
                    batch=batch,
                    state=_STATES[state],
                    redeemed_seq=redeemed_seq,
                ),
            )


def _load_batches(driver: Driver, ids: Collection[str]) -> Iterator[tuple[str, VoucherBatch]]:
    for row in driver.lookup(_BATCH_LOOKUP, [(batch_id,) for batch_id in ids]):
        number, face_value, count, created_us, expires_us, disabled = row
        yield (
            number,
            VoucherBatch(
                id=number,
                face_value_tiyn=face_value,
                count=count,
                created_us=created_us,
                expires_us=expires_us,
                disabled=bool(disabled),
            ),
        )
