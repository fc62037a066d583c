"""The stand on which the gateway's own modules are tried, who talks on it, and a logger that keeps what it is
told.
"""

import shutil
from collections.abc import Callable, Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from gateway.clock import ClockMode
from gateway.work import SetClock
from storage.check import check
from tests.gateway.stand import ALIYA, BOLAT, START_US, Stand
from tests.gateway.talk import App, Talk
from tests.gateway.toy_menus import TOYS


@pytest.fixture
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """Every line that is logged during the test, as its fields."""
    before = structlog.get_config()
    structlog.configure(cache_logger_on_first_use=False)
    with capture_logs() as lines:
        yield lines
    structlog.configure(**before)


@pytest.fixture
def stand(tmp_path: Path, migrated: Path) -> Iterator[Stand]:
    """An empty gateway; in the end all invariants of its store hold."""
    shutil.copy(migrated, tmp_path / "stand.db")
    stand = Stand(tmp_path)
    yield stand
    assert [finding for finding in check(stand.store.reads) if not finding.ok] == []
    stand.store.close()


@pytest.fixture
def subscribed(stand: Stand) -> Stand:
    """The stand with Aliya and Bolat, 500 KZT each, who read English; its clock stands still."""
    stand.subscribe(ALIYA, BOLAT)
    stand.run(SetClock(ClockMode.VIRTUAL, START_US))
    return stand


@pytest.fixture
def talk(subscribed: Stand) -> Talk:
    """Aliya's handset."""
    return Talk(subscribed)


@pytest.fixture
def app(subscribed: Stand) -> App:
    """The demo's application, which owns ``*500#``."""
    return App(subscribed)


@pytest.fixture
def toys(tmp_path: Path) -> Iterator[Talk]:
    """Aliya's handset where the menus are those of ``toy_menus``."""
    folder = tmp_path / "toys"
    folder.mkdir()
    stand = Stand(folder, menus=TOYS)
    stand.subscribe(ALIYA)
    yield Talk(stand)
    assert [finding for finding in check(stand.store.reads) if not finding.ok] == []
    stand.store.close()


@pytest.fixture
def restarted() -> Callable[..., None]:
    """The process ends and is there again; whoever is named binds anew."""

    def restart(*speakers: Talk | App) -> None:
        speakers[0].stand.restart()
        for each in speakers:
            session_id = f"{each.bind.session_id}+"
            each.bind = each.stand.bound(session_id, each.bind.account)

    return restart
