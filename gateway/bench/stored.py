"""Fills a store before a benchmark: delivered messages, which make the tables large, and subscribers."""

import time

from gateway.app import wall_us
from gateway.bench.numbers import msisdn_of
from gateway.bench.running import ACCOUNTS
from gateway.secret_keys import IdSource
from handlers.subscriber_admin import REASON_OPENING
from rating.money import TIYN_PER_TENGE
from rating.subscriber import Billing, Brand, Language
from storage.model import (
    AccountKind,
    AccountRef,
    Direction,
    Entry,
    Inbox,
    Line,
    Message,
    MessageState,
    Subscriber,
    main_account,
)
from storage.store import Store
from storage.unit_of_work import UnitOfWork

_NUMBERS = 10_000
_BATCH = 5_000
_TEXT = "Your parcel has come; the code of the door is on its label."
_SENDER = "1234"
_SOURCE = "bench"
#: In the order of the menu that asks for one.
_LANGUAGES = (Language.KK, Language.RU, Language.EN)


def fill(url: str, messages: int) -> float:
    """Store ``messages`` delivered messages, each with its inbox row. Returns the seconds that it took."""
    began = time.monotonic()
    store = Store.open(url, migrate=True)
    new_id = IdSource(wall_us)
    try:
        for first in range(0, messages, _BATCH):
            now_us = wall_us()
            with store.begin(now_us=now_us, wall_us=now_us) as uow:
                for number in range(first, min(first + _BATCH, messages)):
                    _add(uow, number, new_id())
                uow.commit()
    finally:
        store.close()
    return time.monotonic() - began


def subscribe(url: str, count: int) -> None:
    """Store the first ``count`` subscribers of the benchmarks, prepaid; the n-th has the n-th language
    (Kazakh, Russian, English, in turn) and n tenge, so that no two see the same balance.
    """
    store = Store.open(url, migrate=True)
    now_us = wall_us()
    try:
        with store.begin(now_us=now_us, wall_us=now_us) as uow:
            for number in range(count):
                _subscribe(uow, number)
            uow.commit()
    finally:
        store.close()


def _subscribe(uow: UnitOfWork, number: int) -> None:
    msisdn = msisdn_of(number)
    uow.subscribers.add(
        Subscriber(
            msisdn=msisdn,
            brand=Brand.ACTIV,
            billing=Billing.PREPAID,
            language=_LANGUAGES[number % len(_LANGUAGES)],
            created_us=uow.now_us,
        )
    )
    main, amount_tiyn = main_account(msisdn), number * TIYN_PER_TENGE
    uow.ledger.open(main)
    if amount_tiyn:
        lines = (Line(AccountRef(AccountKind.OPENING), -amount_tiyn), Line(main, amount_tiyn))
        uow.ledger.post(Entry(reason=REASON_OPENING, lines=lines, source=_SOURCE, actor=_SOURCE))


def _add(uow: UnitOfWork, number: int, message_id: str) -> None:
    uow.messages.add(_message(uow, number, message_id))
    uow.inbox.add(
        Inbox(
            source="smpp:filled",
            key=str(number),
            request_hash=number.to_bytes(32, "big"),
            outcome="ok",
            message_id=message_id,
            wall_us=uow.wall_us,
        )
    )


def _message(uow: UnitOfWork, number: int, message_id: str) -> Message:
    destination = msisdn_of(number % _NUMBERS)
    return Message(
        id=message_id,
        direction=Direction.MT,
        bearer="sms",
        source=_SENDER,
        destination=destination,
        account=str(ACCOUNTS[1]["system_id"]),
        route=f"handset:{destination}",
        state=MessageState.DELIVERED,
        text=_TEXT,
        encoding="GSM 7 bit",
        parts=1,
        data_coding=0,
        esm_class=0,
        pdus=bytes(120),
        created_us=uow.now_us,
        updated_us=uow.now_us,
        wall_us=uow.wall_us,
    )
