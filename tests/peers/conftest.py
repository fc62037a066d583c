"""The gateways and handsets of tests/e2e, for clients of other makers."""

import pytest

# Their asserts are the tests' asserts.
pytest.register_assert_rewrite("tests.peers.behaviour", "tests.peers.application", "tests.peers.kannel")

from tests.e2e.conftest import (  # noqa: E402 (the line above comes first)
    api,
    connect,
    gateway,
    phone,
    pytest_runtest_makereport,
    raw,
    shared_gateway,
    start_gateway,
)

__all__ = [
    "api",
    "connect",
    "gateway",
    "phone",
    "pytest_runtest_makereport",
    "raw",
    "shared_gateway",
    "start_gateway",
]
