"""Rules about files: their length, their twins, and what must not stand in them."""

import ast
import re
from pathlib import Path

import pytest

from handlers.registry import SERVICES
from tests.architecture.repository import ROOT, files, sources

LINES_MAX = 500
#: Folders of particular machines, and hosts that only somebody's own network knows. In pieces, for this
#: file is looked at too.
FORBIDDEN = (
    re.compile(
        "/(" + "|".join(("work" + "/main", "work" + "/shared", "home" + "/[a-z]", "Users" + "/[A-Z]")) + ")"
    ),
    re.compile("(index" + "-url|PIP_" + "INDEX|extra" + "-index|registry" + "\\s*=\\s*.?https?:)"),
    re.compile(r"https?://[\w.-]*(artifactory|nexus|\.internal|\.corp|\.lan)\b"),
)
TESTS = ROOT / "tests"


def test_no_python_file_is_longer_than_500_lines() -> None:
    """One noun per file; what grows beyond is two nouns."""
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in sources()}
    assert {name: length for name, length in lengths.items() if length > LINES_MAX} == {}


@pytest.mark.skipif(not files(), reason="not a git checkout: nobody can say which files are ours")
def test_no_file_names_a_machines_folder_or_a_private_registry() -> None:
    """The repository works anywhere."""
    found = []
    for path in files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [
            f"{path.relative_to(ROOT)}:{number}"
            for number, line in enumerate(text.splitlines(), start=1)
            if any(pattern.search(line) for pattern in FORBIDDEN)
        ]
    assert found == []


@pytest.mark.parametrize(
    "line", ["cd /work" + "/main", "pip install --index" + "-url https://x", "/home" + "/me"]
)
def test_the_search_does_find_such_lines(line: str) -> None:
    """Else the rule above would be dead."""
    assert any(pattern.search(line) for pattern in FORBIDDEN)


@pytest.mark.parametrize("service", SERVICES, ids=lambda each: each.name)
def test_every_service_has_its_file_and_its_twin_test(service: object) -> None:
    """``handlers/NAME.py`` and ``tests/handlers/test_NAME.py``."""
    name = getattr(service, "name", "")
    assert (ROOT / "handlers" / f"{name}.py").is_file()
    assert (TESTS / "handlers" / f"test_{name}.py").is_file()


def test_every_test_file_has_tests() -> None:
    """A file that pytest looks into and finds nothing in was meant to hold something."""
    empty = [
        str(path.relative_to(ROOT))
        for path in sorted(TESTS.rglob("test_*.py"))
        if "def test_" not in path.read_text(encoding="utf-8")
    ]
    assert empty == []


def test_no_test_sleeps() -> None:
    """Tests wait for conditions; the one pause is inside the helper that does so."""
    helpers = {TESTS / "e2e" / "waiting.py"}
    sleeping = [
        str(path.relative_to(ROOT))
        for path in TESTS.rglob("*.py")
        if path not in helpers and _calls_sleep(path)
    ]
    assert sleeping == []


def _calls_sleep(path: Path) -> bool:
    calls = (each for each in ast.walk(ast.parse(path.read_bytes())) if isinstance(each, ast.Call))
    return any(
        isinstance(each.func, ast.Attribute)
        and each.func.attr == "sleep"
        and isinstance(each.func.value, ast.Name)
        and each.func.value.id == "time"
        for each in calls
    )
