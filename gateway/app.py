"""The composition root: everything is made here, once, and handed what it needs. ``run`` is the gateway."""

import gc
import secrets
import signal
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import structlog

from gateway.admission import Admission
from gateway.availability import Availability
from gateway.binds import Binds
from gateway.capture import Capture
from gateway.clock import OperatorClock
from gateway.config import Config
from gateway.database import ensure_directory
from gateway.demo import Demo, unused_vouchers
from gateway.dispatcher import Dispatcher
from gateway.due_timer import DueTimer
from gateway.http.app import create_app
from gateway.http.context import ApiSettings
from gateway.hub import Hub
from gateway.inbound import Inbound
from gateway.inquiries import Inquiries
from gateway.listeners import Listeners
from gateway.logs import bridge_twisted
from gateway.mailroom import Mailroom
from gateway.metrics import Metrics
from gateway.multi import Multi
from gateway.operator import Operator
from gateway.outbind import Outbinds
from gateway.passwords import Passwords
from gateway.ports import Ports, clear_ports, write_ports
from gateway.processor import Processor
from gateway.radio import Radio, with_radio
from gateway.reactor import install_reactor
from gateway.rendering import Renderer
from gateway.requests import Requests
from gateway.routing import Routes
from gateway.secret_keys import Digest, IdSource, KeyFileError, load_key
from gateway.seed import DemoVoucher, demo_commands
from gateway.server import TICK_S, SmppServer
from gateway.shutdown import Shutdown
from gateway.texts import Catalog
from gateway.ussd_http import HttpApplications, with_ussd_http
from gateway.voice.exchange import PULSE_S, Exchange
from gateway.voice.numbers import check_voice
from gateway.voice.records import tell_calls
from gateway.web import WebServer, listening_socket
from gateway.work import Execute, Reset, Result
from gateway.worker import Worker
from handlers.base.bus import Bus
from handlers.base.command import Command
from handlers.base.context import Context
from handlers.base.profile import Profile, load_profile
from handlers.issuer import Issuer
from handlers.registry import SERVICES
from rating.subscriber import Language
from storage.store import Store
from ussd_menus.prompts.registry import FLOWS

if TYPE_CHECKING:
    from gateway.mail_post import Postman

log = structlog.get_logger("gateway")

_KEY_FILE = "secret.key"
#: Holds the digest of its own name: the same key gives the same value.
_KEY_SETTING = "key check"
_READ_THREADS = 4
_MIB = 1_048_576
#: The writer and the reactor take turns this often; the default of 5 ms would be each command's latency.
_SWITCH_S = 0.0001
_GC_THRESHOLD = 50_000


def run(config: Config) -> int:
    """Serve until stopped. Returns the exit code. Raises StartError, StoreError and the like."""
    if config.ports_file is not None:
        clear_ports(config.ports_file)
    ensure_directory(config)
    sys.setswitchinterval(_SWITCH_S)
    store = Store.open(config.database_url, migrate=True)
    try:
        digest = key_of(store, config.data_dir / _KEY_FILE)
        gateway = Gateway(config, store, digest)
        gateway.run()
        if gateway.worker.alive:
            # It hangs in the database: the end of the process rolls its transaction back.
            log.error("writer.hangs")
            return 1
    except BaseException:
        store.close()
        raise
    store.close()
    return 0


def key_of(store: Store, path: Path) -> Digest:
    """The digest under the installation's key, made on first use. Raises KeyFileError.

    With another key than the database was made with, every voucher in it would be unknown.
    """
    expected = store.reads.setting(_KEY_SETTING)
    if expected is not None and not path.exists():
        raise KeyFileError(f"key file {path} is missing, and the database needs it; restore it from a backup")
    digest = Digest(load_key(path))
    if expected not in (None, digest(_KEY_SETTING).hex()):
        raise KeyFileError(f"key file {path} is not the one that the database was made with")
    return digest


def wall_us() -> int:
    """The machine's time in microseconds since the epoch: the only place that asks for it."""
    return time.time_ns() // 1000


class Gateway:
    """All parts of one gateway process."""

    def __init__(self, config: Config, store: Store, digest: Digest) -> None:
        shown, config = config, with_ussd_http(with_radio(config))
        self.config = config
        self.store = store
        self.digest = digest
        self.profile = load_profile(config.profile)
        self.new_id = IdSource(wall_us)
        self.clock = OperatorClock(wall_us, ZoneInfo(self.profile.timezone))
        self.clock.restore(store.reads.setting("clock"), store.reads.journal_head().op_us)
        self.metrics = Metrics()
        self.hub = Hub()
        self.reactor, self.loop = install_reactor()
        self.pool = ThreadPoolExecutor(_READ_THREADS, thread_name_prefix="read")
        bus = Bus(SERVICES)
        bus.check_profile(self.profile)
        check_voice(self.profile, FLOWS)
        self.catalog = Catalog.load()
        # The writer's ids come from a source of its own: it would wait for the reactor's.
        renderer = Renderer(self.catalog, IdSource(wall_us), config.accounts)
        context_at = context_factory(self.clock, self.profile, digest, self.new_id)
        self.processor = Processor(
            store, bus, self.clock, renderer, context_at, self._seed, config.accounts, self.new_id
        )
        self.worker = Worker(
            self.processor,
            self.reactor.callFromThread,
            queue_max=config.limits.queue_max,
            batch_max=config.limits.batch_max,
            on_batch=self._committed,
            monotonic=time.monotonic,
        )
        self.binds = Binds()
        self.mailroom = Mailroom(store.reads, self.pool, self.worker, self.clock, self.loop, self.metrics)
        self.dispatcher = Dispatcher(self.binds, self.mailroom, on_unreachable_account=self._unreachable)
        self.exchange = Exchange(self.worker, self.new_id, self.clock.now_us)
        self.due_timer = DueTimer(self.clock, self.loop.call_later, self._run_due)
        self.operator = self._operator()
        requests = self._requests(bus)
        self.server = SmppServer(
            config,
            self.binds,
            self.dispatcher,
            requests,
            self.worker,
            self.metrics,
            self.new_id,
            time.monotonic,
            self._admission(),
            self._congestion,
        )
        self.outbinds = Outbinds(config.accounts, self.server, self.reactor, self._account_waits)
        self.server.capture = self._capture()
        availability = Availability(self.binds, self.mailroom)
        self.server.on_bound, requests.on_flagged = availability.bound, availability.flagged
        self.radio = Radio(config, self.reactor, self.loop, time.monotonic)
        self.ussd_http = HttpApplications(config, self.reactor, self.loop, time.monotonic, self.new_id)
        self.postman = self._postman()
        self.demo = Demo(shown) if config.demo else None
        self._vouchers: list[DemoVoucher] = []

    def _requests(self, bus: Bus) -> Requests:
        config, now_us = self.config, self.clock.now_us
        routes = Routes(self.profile, config.accounts)
        inbound = Inbound(
            config.accounts, config.default_messages, routes, bus, self.digest, self.new_id, now_us
        )
        busy = self.dispatcher.busy
        return Requests(
            config.accounts,
            self.binds,
            inbound,
            Multi(inbound, config.distribution_lists, self.new_id),
            Inquiries(config.accounts, config.default_messages, inbound, routes, now_us, busy),
            self.dispatcher,
            self.worker,
            self.metrics,
            self.clock.at,
            time.monotonic,
        )

    def _postman(self) -> "Postman | None":
        server = self.config.mail
        if server is None:
            return None
        # Here, because only a configured server makes the start wait for these imports.
        from gateway.mail_link import SmtpLink  # noqa: PLC0415
        from gateway.mail_post import Postman  # noqa: PLC0415

        return Postman(self.operator, SmtpLink(server), server.sender, self.clock.at, wall_us)

    def _forget(self) -> None:
        self.dispatcher.forget()
        self.server.requests.forget()
        if self.postman is not None:
            self.postman.forget()

    def _capture(self) -> Capture | None:
        path = self.config.capture_file
        if path is None:
            return None
        return Capture(path, wall_us, self.loop.call_soon, self.config.limits.capture_mib_max * _MIB)

    def _admission(self) -> Admission:
        accounts = self.config.accounts
        passwords = Passwords(accounts, self.pool, self.reactor.callFromThread, secrets.token_bytes(32))
        return Admission(accounts, passwords, self.binds.count)

    def _congestion(self) -> int:
        """How full the writer's queue is, in percent."""
        return min(100, self.worker.depth * 100 // self.config.limits.queue_max)

    def _unreachable(self, system_id: str) -> None:
        self.outbinds.wanted(system_id)

    def _account_waits(self, system_id: str, done: Callable[[bool], None]) -> None:
        lane = f"account:{system_id}"
        self.mailroom.pending_lanes(lane, lambda names: done(lane in names))

    def _operator(self) -> Operator:
        return Operator(
            worker=self.worker,
            reads=self.store.reads,
            pool=self.pool,
            clock=self.clock,
            hub=self.hub,
            due_timer=self.due_timer,
            profile=self.profile,
            new_id=self.new_id,
            digest=self.digest,
            emulator=self.config.emulator,
            forget=self._forget,
            rests=lambda: self.dispatcher.rests and self.exchange.rests,
        )

    # -- life --------------------------------------------------------------------------------------

    def run(self) -> None:
        """Listen, then serve until a signal comes."""
        self._seed(self.processor)
        if self.demo is not None:
            self._vouchers = unused_vouchers(
                self._execute, self.store, self.digest, self.profile, self.clock.now_us()
            )
        tell_calls(self.processor.recover(), self.metrics)
        web_socket = listening_socket(self.config.http_host, self.config.http_port)
        listeners = Listeners(self.reactor, self.config, self.server)
        ports = Ports(listeners.smpp, web_socket.getsockname()[1], listeners.smpp_tls)
        self.radio.listens(self.config.smpp_host, ports.smpp)
        web = WebServer(self._web_app(), lambda: self.ussd_http.when_ready(lambda: self._started(ports)))
        serving: list[Any] = []
        self.reactor.callWhenRunning(lambda: serving.append(self.loop.create_task(web.serve([web_socket]))))
        self.reactor.callWhenRunning(lambda: self._begin(ports))
        # The terminal was closed: a stop like any other.
        self.reactor.callWhenRunning(
            lambda: self.loop.add_signal_handler(
                signal.SIGHUP, self.reactor.callFromThread, self.reactor.stop
            )
        )
        shutdown = Shutdown(self, listeners, web, serving)
        self.reactor.addSystemEventTrigger("before", "shutdown", shutdown.run)
        bridge_twisted()
        calm_collector()
        self.reactor.run()
        if self.server.capture is not None:
            self.server.capture.close()

    def _begin(self, ports: Ports) -> None:
        self.worker.start()
        self.dispatcher.recover()
        self.due_timer.set(self.store.reads.next_due_us())
        self._tick()
        self._pulse()
        self.ussd_http.start(ports.smpp)
        if self.postman is not None:
            self.postman.start(self.loop)

    def _run_due(self) -> None:
        self.operator.run_due()

    def _tick(self) -> None:
        self.server.tick()
        self.loop.call_later(TICK_S, self._tick)

    def _pulse(self) -> None:
        self.exchange.pulse()
        self.loop.call_later(PULSE_S, self._pulse)

    def _web_app(self) -> Any:
        settings = ApiSettings(
            token=self.config.api_token,
            metrics=self.metrics,
            say=lambda text: self.catalog.render(text, Language.EN),
            speak=self.catalog.render,
            version=version("shortcode-emulator"),
            radio=self.radio,
            voice=self.exchange,
        )
        return create_app(self.operator, settings)

    def _started(self, ports: Ports) -> None:
        tls = {} if ports.smpp_tls is None else {"smpp_tls_port": ports.smpp_tls}
        log.info("listening", smpp_port=ports.smpp, http_port=ports.http, **tls)
        if self.config.ports_file is not None:
            write_ports(self.config.ports_file, ports)
        if self.demo is not None:
            self.demo.begin(ports, self.store, self._vouchers)

    # -- what follows a commit ---------------------------------------------------------------------

    def _committed(self, results: Sequence[Result], seconds: float) -> None:
        """In the reactor, after every answer of a batch has been given."""
        for result in results:
            try:
                self._follow(result)
            except Exception:
                # A bug with one result must not make the others wait for their handsets' next bind.
                log.exception("follow.failed", work=type(result.work).__name__)
        self.hub.publish()
        self.metrics.batch(len(results), seconds)
        self.metrics.queue_depth.set(self.worker.depth)

    def _follow(self, result: Result) -> None:
        if result.withdrawn:
            self.dispatcher.withdraw(result.withdrawn)
        if result.outboxes:
            self.dispatcher.enqueue(result.outboxes)
        if result.signals:
            self.exchange.deliver(result.signals)
        if result.events:
            tell_calls(result.events, self.metrics)
        if isinstance(result.work, Reset):
            self.exchange.forget_missed()
        for lane in result.wake:
            self.dispatcher.wake(lane)
        if result.mail and self.postman is not None:
            self.postman.wake()
        self.due_timer.note(result.due_us)

    def _seed(self, processor: Processor) -> None:
        with processor.begin() as batch:
            batch.uow.settings.put(_KEY_SETTING, self.digest(_KEY_SETTING).hex())
            batch.uow.commit()
        if self.config.demo_data:
            for command in demo_commands(self.digest, self.profile.voucher_face_values_tiyn):
                self._execute(command)

    def _execute(self, command: Command) -> None:
        """Carry out a command of the seeded state: before the writer runs, or in it."""
        (result,) = self.processor.process([Execute(command=command)])
        if result.error is not None:
            raise result.error


def context_factory(
    clock: OperatorClock, profile: Profile, digest: Digest, new_id: Callable[[], str]
) -> Callable[[int], Context]:
    """Makes what handlers may know at a moment of operator time."""
    bank = Issuer()

    def context_at(now_us: int) -> Context:
        return Context(
            now=clock.at(now_us),
            now_us=now_us,
            profile=profile,
            digest=digest,
            new_id=new_id,
            random_digits=random_digits,
            bank=bank,
        )

    return context_at


def random_digits(count: int) -> str:
    """A code of ``count`` digits from the system's randomness."""
    return f"{secrets.randbelow(10**count):0{count}d}"


def calm_collector() -> None:
    """What was made at start lives as long as the process; looking through it again costs latency."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GC_THRESHOLD, 20, 20)
