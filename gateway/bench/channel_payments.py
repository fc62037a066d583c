"""Payments through channels, in the writer alone: as the control API hands them over, in groups."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from gateway.app import calm_collector
from gateway.bench.customers import store_customers
from gateway.bench.figure import Figure, percentile
from gateway.bench.ledger import make_processor
from gateway.bench.numbers import msisdn_of
from gateway.processor import Processor
from gateway.work import Execute, Executed, Result
from handlers.base.command import Channel, Command, Origin
from handlers.base.payment_channels import Source
from handlers.payments import Taken, TakePayment
from rating.msisdn import Msisdn
from storage.bank_model import PaymentState
from storage.store import Store

GROUP = 256
_SUBSCRIBERS = 1_000
_AMOUNT_TIYN = 50_000
#: Whoever has bonuses has an account for them, as after some use; first payments are not measured.
_FIRST = 4
#: Channel, source, and how it is told.
_WAYS = (("qiwi", Source.CASH, "qiwi, cash"), ("kaspi", Source.CARD, "kaspi, card with cashback"))


def run(payments: int) -> list[Figure]:
    """Measure ``payments`` (in whole groups) of each way on SQLite, on a database on disk."""
    with tempfile.TemporaryDirectory(prefix="shortcode-bench-") as folder:
        url = f"sqlite:///{Path(folder) / 'bench.db'}"
        store_customers(url, _SUBSCRIBERS)
        store = Store.open(url)
        try:
            processor = make_processor(store)
            # As the gateway does at its start.
            calm_collector()
            return [figure for way in _WAYS for figure in _measure(processor, *way, payments)]
        finally:
            store.close()


def _measure(processor: Processor, channel: str, source: Source, label: str, payments: int) -> list[Figure]:
    commands = _payments(channel, source)
    _timed(processor, commands, _FIRST)
    groups = max(1, payments // GROUP)
    cpu_s, slices = _timed(processor, commands, groups)
    label = f"Channel payments, {label}"
    cpu_us = cpu_s / (groups * GROUP) * 1e6
    return [
        Figure(label, groups * GROUP / sum(slices), "payments/s", goal=5_000),
        Figure(f"{label}: p99 of a group", percentile(slices, 0.99) * 1e3, "ms"),
        Figure(f"{label}: writer CPU per payment", cpu_us, "µs"),
    ]


def _timed(processor: Processor, commands: Iterator[Command], groups: int) -> tuple[float, list[float]]:
    """CPU seconds of this thread, and wall seconds of each group."""
    cpu_s, slices = 0.0, []
    for _ in range(groups):
        group = [Execute(command=next(commands)) for _ in range(GROUP)]
        at, cpu_at = time.perf_counter(), time.thread_time()
        results = processor.process(group)
        slices.append(time.perf_counter() - at)
        cpu_s += time.thread_time() - cpu_at
        if not all(map(_credited, results)):
            raise AssertionError("payments of the benchmark were not credited")
    return cpu_s, slices


def _credited(result: Result) -> bool:
    taken = result.value.outcome.result if isinstance(result.value, Executed) else None
    return isinstance(taken, Taken) and taken.payment.state is PaymentState.CREDITED


def _payments(channel: str, source: Source) -> Iterator[Command]:
    number = 0
    while True:
        payment_id = f"{channel}-{number:012d}"
        origin = Origin(
            msisdn=Msisdn(""), channel=Channel.API, service_code="", source_id=payment_id, actor=channel
        )
        yield TakePayment(
            origin=origin,
            payment_id=payment_id,
            channel=channel,
            msisdn=msisdn_of(number % _SUBSCRIBERS),
            brand="activ",
            amount_tiyn=_AMOUNT_TIYN,
            source=source,
        )
        number += 1
