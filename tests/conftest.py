"""What holds for all tests; and the capture of their whole traffic, read by Wireshark's dissector once all
have run.

``TEST_CAPTURE_DIR`` names the folder in which every gateway process of the tests captures; nothing happens
without it. One malformed frame fails the session.
"""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

from storage.store import Store
from tests import wireshark

_KEY = pytest.StashKey[str]()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite database, up to date: to copy it takes a tenth of the time that migrating takes."""
    path = tmp_path_factory.mktemp("migrated") / "empty.db"
    Store.open(f"sqlite:///{path}").close()
    return path


# How long one example takes says more of the machine than of the code; the benchmarks measure, and each test
# has its time-out.
settings.register_profile("shared", deadline=None)
settings.load_profile("shared")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In the controller, after the workers: only then is all traffic written."""
    folder = os.environ.get("TEST_CAPTURE_DIR")
    if folder is None or hasattr(session.config, "workerinput"):
        return
    captures = sorted(Path(folder).glob("*.pcap"))
    tshark = shutil.which("tshark")
    if tshark is None:
        _tell(session, "tshark is not installed: apt-get install tshark", failed=_required())
        return
    frames, found = wireshark.count(tshark, captures)
    said = (
        f"{frames} frames of {len(captures)} gateways read by Wireshark's dissector, {len(found)} malformed"
    )
    _tell(session, "\n".join([said, *found[:50]]), failed=bool(found) or (_required() and not frames))


def _tell(session: pytest.Session, said: str, *, failed: bool) -> None:
    session.config.stash[_KEY] = said
    if failed and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _required() -> bool:
    return os.environ.get("TEST_PEERS") == "required"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """One line, and the malformed frames if there are any."""
    said = config.stash.get(_KEY, "")
    if said:
        terminalreporter.section("captures")
        terminalreporter.write_line(said)
