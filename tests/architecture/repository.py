"""The repository as these tests look at it: its files, its packages, its texts."""

import configparser
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def files() -> tuple[Path, ...]:
    """All files that are, or are about to be, part of the repository. Empty outside a git checkout."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],  # noqa: S607 - as on the PATH
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    names = listed.stdout.split("\0") if listed.returncode == 0 else []
    return tuple(path for name in names if name and (path := ROOT / name).is_file())


@cache
def setup() -> configparser.ConfigParser:
    """setup.cfg."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def packages() -> set[str]:
    """The packages of a release, as setup.cfg lists them."""
    return set(setup()["options"]["packages"].split())


def roots() -> set[str]:
    """The top-level packages."""
    return {name.partition(".")[0] for name in packages()}


def sources() -> list[Path]:
    """Every Python file of the product and its tests."""
    tops = {*roots(), "tests"}
    return [path for top in sorted(tops) for path in sorted((ROOT / top).rglob("*.py"))]
