"""What a peer needs, and what to say where it is not there."""

import os
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: Where ``make peers`` puts what comes from npm.
NODE_MODULES = ROOT / "build" / "peers" / "node_modules"
#: Debian keeps servers where a user's PATH does not look.
_PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"))


def required() -> bool:
    """True where a peer that is missing is a failure: ``TEST_PEERS=required``, as in CI."""
    return os.environ.get("TEST_PEERS") == "required"


def program(name: str, package: str) -> str:
    """The path of a program of a Debian package; without it the test is skipped, or fails in CI."""
    found = shutil.which(name, path=_PATH)
    return found or missing(f"{name} is not installed: apt-get install {package}, or make peers as root")


def module(name: str) -> None:
    """A Python package of the dev extras."""
    if find_spec(name) is None:
        missing(f"{name} is not installed: pip install {name}, or make setup")


def node_package(name: str) -> None:
    """An npm package of tests/peers/node/package.json."""
    if not (NODE_MODULES / name).is_dir():
        missing(f"the npm package {name} is not installed: make peers")


def missing(reason: str) -> NoReturn:
    """Skip, or fail where peers are required."""
    if required():
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
