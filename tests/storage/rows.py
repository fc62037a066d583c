"""Short ways to rows and to a small operator that has lived a little."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from rating.msisdn import Msisdn
from rating.subscriber import Billing, Brand
from storage.model import (
    AccountKind,
    AccountRef,
    Direction,
    Entry,
    Hold,
    Inbox,
    Job,
    Message,
    MessageState,
    Outbox,
    Subscriber,
    VoucherBatch,
    main_account,
    transfer,
)
from storage.store import Store
from storage.unit_of_work import UnitOfWork

NOW_US = 1_700_000_000_000_000
HOUR_US = 3_600_000_000
ALIYA = Msisdn("77011234567")
BOLAT = Msisdn("77021234567")
OPENING = AccountRef(AccountKind.OPENING)
SALES = AccountRef(AccountKind.VOUCHER_SALES)
REVENUE = AccountRef(AccountKind.REVENUE, "calls")
VAT = AccountRef(AccountKind.VAT_PAYABLE)
FACE_TIYN = 50_000


def liability(batch_id: str = "batch1") -> AccountRef:
    """What the operator owes for the unused vouchers of a batch."""
    return AccountRef(AccountKind.VOUCHER_LIABILITY, batch_id)


@contextmanager
def work(store: Store, now_us: int = NOW_US) -> Iterator[UnitOfWork]:
    """A unit of work that commits at its end."""
    with store.begin(now_us=now_us, wall_us=now_us) as uow:
        yield uow
        uow.commit()


def subscriber(msisdn: Msisdn = ALIYA) -> Subscriber:
    """An active prepaid one."""
    return Subscriber(msisdn=msisdn, brand=Brand.KCELL, billing=Billing.PREPAID, created_us=NOW_US)


def pay(debit: AccountRef, credit: AccountRef, amount_tiyn: int, reason: str = "test") -> Entry:
    """A transfer without a story."""
    return transfer(debit, credit, amount_tiyn, reason=reason, source="source", actor="test")


def digest(code: str) -> bytes:
    """Stands for the keyed digest."""
    return hashlib.sha256(code.encode()).digest()


def open_subscriber(uow: UnitOfWork, msisdn: Msisdn = ALIYA, opening_tiyn: int = FACE_TIYN) -> None:
    """A subscriber with money."""
    uow.subscribers.add(subscriber(msisdn))
    uow.ledger.open(main_account(msisdn))
    if opening_tiyn:
        uow.ledger.post(pay(OPENING, main_account(msisdn), opening_tiyn, "subscriber.opening"))


def print_vouchers(uow: UnitOfWork, count: int = 3, batch_id: str = "batch1") -> None:
    """Codes ``batch1-0``, ``batch1-1``..., with the liability."""
    batch = VoucherBatch(
        id=batch_id,
        face_value_tiyn=FACE_TIYN,
        count=count,
        created_us=NOW_US,
        expires_us=NOW_US + 365 * 24 * HOUR_US,
    )
    cards = [(f"S-{batch_id}-{i}", digest(f"{batch_id}-{i}")) for i in range(count)]
    uow.vouchers.add_batch(batch, cards)
    uow.ledger.post(pay(SALES, liability(batch_id), FACE_TIYN * count, "voucher.print"))


def redeem(uow: UnitOfWork, code: str = "batch1-0", msisdn: Msisdn = ALIYA) -> int:
    """Credit a voucher; the entry's sequence number."""
    voucher = uow.vouchers.by_digest(digest(code))
    assert voucher is not None
    entry = pay(liability(voucher.batch.id), main_account(msisdn), FACE_TIYN, "voucher.redeem")
    seq = uow.ledger.post(entry)
    uow.vouchers.redeem(voucher, seq)
    return seq


def message(
    message_id: str,
    direction: Direction = Direction.MT,
    state: MessageState = MessageState.ENROUTE,
    *,
    source: str = "9393",
    destination: str = ALIYA,
    cause_id: str = "",
    journal_seq: int | None = None,
    created_us: int = NOW_US,
) -> Message:
    """A message with something in every field."""
    return Message(
        id=message_id,
        direction=direction,
        bearer="sms",
        source=source,
        destination=destination,
        account="handset",
        route=f"handset:{destination}",
        state=state,
        text="Ақша түсті ₸",
        encoding="ucs2",
        parts=1,
        data_coding=8,
        esm_class=0,
        pdus=b"\x00\xffpdu",
        created_us=created_us,
        updated_us=created_us,
        wall_us=created_us,
        language="kk",
        text_id="voucher.credited",
        outcome="ok",
        cause_id=cause_id,
        journal_seq=journal_seq,
        registered_delivery=1,
    )


def promise(message_id: str, lane: str = f"handset:{ALIYA}", expires_us: int = NOW_US + HOUR_US) -> Outbox:
    """The outbox row of a message."""
    return Outbox(
        message_id=message_id,
        lane=lane,
        payload=b"\x01payload",
        due_us=NOW_US,
        expires_us=expires_us,
        bind="session",
        fallback="9393",
    )


def hold(hold_id: str = "hold1", amount_tiyn: int = 1000, msisdn: Msisdn = ALIYA) -> Hold:
    """Money set aside on the main account."""
    return Hold(
        id=hold_id,
        account=main_account(msisdn),
        amount_tiyn=amount_tiyn,
        reason="test",
        source="source",
        expires_us=NOW_US + HOUR_US,
    )


def inbox(
    key: str,
    *,
    outcome: str = "ok",
    message_id: str = "",
    reply_ids: tuple[str, ...] = (),
    journal_seq: int | None = None,
    wall_us: int = NOW_US,
) -> Inbox:
    """What became of a command."""
    return Inbox(
        source="handset",
        key=key,
        request_hash=b"hash",
        outcome=outcome,
        message_id=message_id,
        reply_ids=reply_ids,
        journal_seq=journal_seq,
        wall_us=wall_us,
    )


def live_a_little(store: Store, session_id: str = "session1") -> None:
    """Two subscribers, vouchers of which one is used, holds in two states, messages, a job, a bind."""
    with work(store) as uow:
        open_subscriber(uow, ALIYA)
        open_subscriber(uow, BOLAT)
        print_vouchers(uow)
        uow.binds.opened(session_id, "handset", NOW_US)
        uow.settings.put("clock", "virtual")
        uow.jobs.put(Job(kind="remind", key="remind:1", due_us=NOW_US + HOUR_US, payload={"to": ALIYA}))
    with work(store, NOW_US + 1) as uow:
        seq = redeem(uow)
        uow.messages.add(_came("mo1", seq))
        uow.messages.add(message("mt1", cause_id="mo1", journal_seq=seq), promise("mt1"))
        uow.inbox.add(inbox("key1", message_id="mo1", reply_ids=("mt1",), journal_seq=seq))
        uow.inbox.add(inbox("key2", outcome="voucher.used"))
    with work(store, NOW_US + 2) as uow:
        uow.ledger.hold(hold("hold1", 1000))
        uow.ledger.hold(hold("hold2", 2000))
        uow.ledger.settle("hold2", pay(main_account(ALIYA), REVENUE, 1500, "call"))


def _came(message_id: str, journal_seq: int) -> Message:
    """A message from a handset to the voucher service."""
    return message(
        message_id,
        Direction.MO,
        MessageState.DELIVERED,
        source=ALIYA,
        destination="9393",
        journal_seq=journal_seq,
    )
