"""What a release consists of: our packages, all of them, and nothing of anybody else's."""

import subprocess
import sys
from importlib.metadata import entry_points, packages_distributions
from pathlib import Path

import pytest

from tests.architecture.repository import ROOT, packages, roots, setup, sources


def test_setup_cfg_lists_exactly_the_folders_with_code() -> None:
    """A folder that is not listed would be missing from a release; a stray one would be part of it."""
    folders = {
        path.parent.relative_to(ROOT) for path in sources() if path.is_relative_to(ROOT / "tests") is False
    }
    assert {".".join(folder.parts) for folder in folders} == packages()


def test_every_package_is_a_real_one() -> None:
    """With an ``__init__.py``: a namespace package could be joined by another distribution."""
    missing = [name for name in packages() if not (ROOT / name.replace(".", "/") / "__init__.py").is_file()]
    assert missing == []


@pytest.mark.parametrize("root", sorted(roots()))
def test_each_root_belongs_to_this_distribution_alone(root: str) -> None:
    """Names like ``storage`` are common: no other installed distribution may bring the same."""
    assert set(packages_distributions()[root]) == {"shortcode-emulator"}


@pytest.mark.parametrize("root", sorted(roots()))
def test_each_root_is_imported_from_here(root: str) -> None:
    """No module of that name stands before ours on the path."""
    code = f"import {root}, pathlib; print(pathlib.Path({root}.__file__).resolve().parent)"
    command = [sys.executable, "-I", "-c", code]
    found = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our interpreter
    assert Path(found.stdout.strip()) == ROOT / root


@pytest.mark.parametrize("root", sorted(roots() - {"profiles"}))
def test_each_root_tells_type_checkers_that_it_is_typed(root: str) -> None:
    """PEP 561."""
    assert (ROOT / root / "py.typed").is_file()


def test_data_files_are_part_of_the_release() -> None:
    """What stands beside the code and is no code has to be named in setup.cfg."""
    patterns = setup()["options.package_data"]
    named = {
        path
        for package, globs in patterns.items()
        for name in (packages() if package == "*" else {package})
        for glob in globs.split()
        for path in (ROOT / name.replace(".", "/")).glob(glob)
    }
    beside = {
        path
        for root in roots()
        for path in (ROOT / root).rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc", ".mako"}
    }
    assert beside - named == set()


def test_the_console_script_and_the_foreign_commands_can_be_loaded() -> None:
    """``shortcode``, and the commands that live in other packages."""
    (script,) = entry_points(group="console_scripts", name="shortcode")
    assert callable(script.load())
    commands = entry_points(group="shortcode.commands")
    assert {point.name for point in commands} >= {"handset", "phones"}
    assert all(callable(point.load()) for point in commands)
