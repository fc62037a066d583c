"""The same as in the folder above, on an operator with many customers (customers.py)."""

from collections.abc import Callable, Iterator

import pytest

from tests.e2e.conftest import Raw
from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.raw_link import RawLink
from tests.e2e.smsc.customers import PASSWORD, operator_toml

#: Binds an application by its system_id; keyword arguments are RawLink.bind's.
App = Callable[..., RawLink]


@pytest.fixture(scope="session")
def shared_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """In place of the one above: its configuration is ``shortcode.toml`` in its working directory."""
    folder = tmp_path_factory.mktemp("operator")
    (folder / "shortcode.toml").write_text(operator_toml())
    gateway = GatewayProcess(folder).start()
    yield gateway
    try:
        if gateway.is_alive:
            gateway.stop()
    finally:
        gateway.end()


@pytest.fixture
def app(raw: Raw) -> App:
    """Binds applications as transceivers."""
    return lambda system_id, **bind: raw(system_id=system_id, password=PASSWORD, **bind)
