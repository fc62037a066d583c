"""Gateways as processes, and everything that talks to them.

``gateway`` is shared by all tests of one pytest worker and reset before each of them; ``start_gateway``
makes further ones with settings of their own. After every test all ledger invariants hold in each.
"""

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.control_api import ControlApi
from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.phone import Phone
from tests.e2e.raw_link import RawLink
from tests.e2e.ussd_app import UssdApp
from tests.e2e.voice import MORNING, Voice, voice_of

GATEWAYS = pytest.StashKey[list[GatewayProcess]]()
StartGateway = Callable[..., GatewayProcess]
Raw = Callable[..., RawLink]
MakePhone = Callable[[str], Phone]
MakeApp = Callable[[], UssdApp]
Connect = Callable[[GatewayProcess], RawLink]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: "pytest.CallInfo[None]"
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What the gateways logged belongs to the report of a failure."""
    report = yield
    if report.failed:
        for gateway in item.stash.get(GATEWAYS, []):
            report.sections.append((f"gateway log, {call.when}", gateway.log_tail()))
    return report


@pytest.fixture(scope="session")
def shared_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """One gateway for many tests; stopped by SIGTERM at the end, which has to go well too."""
    gateway = GatewayProcess(tmp_path_factory.mktemp("shared"), settings={"LOG_LEVEL": "debug"})
    gateway.start()
    yield gateway
    try:
        if gateway.is_alive:
            gateway.stop()
    finally:
        gateway.end()


@pytest.fixture
def gateway(
    shared_gateway: GatewayProcess, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[GatewayProcess]:
    """A gateway in its seeded state: demo data, real time, nobody bound by this test yet."""
    if not shared_gateway.is_alive:
        shared_gateway.start()
    shared_gateway.api.reset()
    _report(request, shared_gateway)
    yield shared_gateway
    assert shared_gateway.is_alive, "the gateway died during this test"
    shared_gateway.assert_sound(tmp_path / "copy.db")


@pytest.fixture
def start_gateway(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StartGateway]:
    """Starts gateways that are this test's own; keyword arguments are GatewayProcess's."""
    with ExitStack() as stack:
        started: list[GatewayProcess] = []

        def start(**options: Any) -> GatewayProcess:
            folder = tmp_path / f"gateway{len(started)}"
            folder.mkdir()
            gateway = GatewayProcess(folder, **options)
            stack.callback(gateway.end)
            started.append(gateway)
            _report(request, gateway)
            return gateway.start()

        yield start
        for gateway in started:
            if gateway.is_alive:
                gateway.stop()
            gateway.assert_sound(tmp_path / "copy.db")


def _report(request: pytest.FixtureRequest, gateway: GatewayProcess) -> None:
    # The node of a function-scoped fixture is its test; pytest's types say any node.
    request.node.stash.setdefault(GATEWAYS, []).append(gateway)


@pytest.fixture
def api(gateway: GatewayProcess) -> ControlApi:
    """The shared gateway's control API."""
    return gateway.api


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Opens plain connections to any gateway, and closes them at the end."""
    with ExitStack() as stack:

        def make(gateway: GatewayProcess) -> RawLink:
            link = RawLink(gateway.smpp_port)
            stack.callback(link.close)
            return link

        yield make


@pytest.fixture
def raw(gateway: GatewayProcess, connect: Connect) -> Raw:
    """Opens plain connections to the shared gateway.

    With arguments they are bound with them (RawLink.bind); without, they are not bound yet.
    """

    def make(**bind: Any) -> RawLink:
        link = connect(gateway)
        if bind:
            response = link.bind(**bind)
            assert response.command_status == 0
        return link

    return make


@pytest.fixture
def app1(raw: Raw) -> RawLink:
    """The demo's application, bound as a transceiver."""
    return raw(system_id="app1", password="secret1")


@pytest.fixture
def phone(gateway: GatewayProcess) -> Iterator[MakePhone]:
    """Switches simulator handsets on, and off at the end."""
    with ExitStack() as stack:

        def make(msisdn: str) -> Phone:
            made = Phone(msisdn, gateway.smpp_port)
            stack.callback(made.handset.switch_off)
            return made

        yield make


@pytest.fixture
def voice(api: ControlApi) -> Iterator[Voice]:
    """Handsets that can call, on a virtual clock."""
    api.virtual_clock(MORNING)
    with voice_of(api) as voice:
        yield voice


@pytest.fixture
def bind_app(gateway: GatewayProcess) -> Iterator[MakeApp]:
    """Binds app1 with smpplib, as a USSD application."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(UssdApp(gateway.smpp_port))
