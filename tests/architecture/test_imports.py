"""Who may know whom: the contracts of setup.cfg hold, and they do catch a breach."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.repository import ROOT, roots

LINT = str(Path(sys.executable).with_name("lint-imports"))


def _lint(folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603 - the linter of our own environment
        [LINT, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False, timeout=100
    )


def test_the_import_contracts_hold() -> None:
    """import-linter over the whole product."""
    done = _lint(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("simulator/delivery.py", "import gateway.smpp.codec"),
        ("handlers/scratch_cards.py", "import handlers.account_basics"),
        ("handlers/base/bus.py", "import time"),
        ("gateway/smpp/window.py", "import socket"),
        ("gateway/routing.py", "import sqlalchemy"),
        ("rating/money.py", "import storage.model"),
        ("storage/model.py", "import twisted"),
    ],
)
def test_a_breach_is_caught(tmp_path: Path, file: str, line: str) -> None:
    """One forbidden import, planted in a copy: the linter names a broken contract."""
    for root in roots():
        shutil.copytree(ROOT / root, tmp_path / root, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "setup.cfg", tmp_path)
    planted = tmp_path / file
    planted.write_text(planted.read_text() + f"\n{line}\n")
    done = _lint(tmp_path)
    assert done.returncode != 0
    assert "BROKEN" in done.stdout
