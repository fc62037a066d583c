"""Fills a store with delivered messages, so that the path can be measured on large tables."""

import time

from gateway.app import wall_us
from gateway.bench.numbers import msisdn_of
from gateway.bench.running import ACCOUNTS
from gateway.secret_keys import IdSource
from storage.model import Direction, Inbox, Message, MessageState
from storage.store import Store
from storage.unit_of_work import UnitOfWork

_NUMBERS = 10_000
_BATCH = 5_000
_TEXT = "Your parcel has come; the code of the door is on its label."
_SENDER = "1234"


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
