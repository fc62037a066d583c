"""The stand on which the gateway's own modules are tried, and a logger that keeps what it is told."""

from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from storage.check import check
from tests.gateway.stand import Stand


@pytest.fixture
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """Every line that is logged during the test, as its fields."""
    before = structlog.get_config()
    structlog.configure(cache_logger_on_first_use=False)
    with capture_logs() as lines:
        yield lines
    structlog.configure(**before)


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    """An empty gateway; in the end all invariants of its store hold."""
    stand = Stand(tmp_path)
    yield stand
    assert [finding for finding in check(stand.store.reads) if not finding.ok] == []
    stand.store.close()
