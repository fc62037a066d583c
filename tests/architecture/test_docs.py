"""What README and docs say of the command line is true."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command

from gateway.cli import app
from tests.architecture.repository import ROOT

FLAG = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")
CALL = re.compile(r"(?:^|[\s`$/])shortcode ((?:[a-z]+ ?){1,2})([^`|#]*)")
INLINE = re.compile(r"`(--[a-z][a-z0-9-]*)[^`]*`")


def pages() -> list[Path]:
    """README and every page of the docs."""
    return [path for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))) if path.is_file()]


@cache
def commands() -> dict[str, frozenset[str]]:
    """``"serve"`` or ``"db check"`` to its options."""
    found: dict[str, frozenset[str]] = {}

    def walk(name: str, command: Any) -> None:
        options = [each for param in command.params for each in param.opts]
        found[name] = frozenset(each for each in options if each.startswith("--")) | {"--help"}
        context = typer.Context(command)
        for each in command.list_commands(context) if hasattr(command, "list_commands") else ():
            # Not get_command: for a command of another package that gives a stand-in without options.
            walk(f"{name} {each}".strip(), command.resolve_command(context, [each])[1])

    walk("", get_command(app))
    return found


def wrong_flags(text: str) -> list[str]:
    """Commands and options that a text names and the command line does not know."""
    known = frozenset().union(*commands().values())
    wrong = [flag for flag in INLINE.findall(text) if flag not in known]
    for line in text.splitlines():
        for words, rest in CALL.findall(line):
            names = words.split()
            name = next((each for each in (" ".join(names[:2]), names[0]) if each in commands()), None)
            if name is None:
                continue
            wrong += [f"{name} {flag}" for flag in FLAG.findall(rest) if flag not in commands()[name]]
    return wrong


def test_the_commands_of_the_contract_exist() -> None:
    """interfaces.md "Command line", as far as this version goes."""
    assert {"serve", "demo", "handset", "ready", "db upgrade", "db check", "bench"} <= set(commands())
    both = {"--smpp-port", "--http-port", "--data-dir", "--database-url", "--ports-file", "--config"}
    assert both | {"--log-format", "--demo-data"} <= commands()["serve"]
    assert both | {"--log-format"} <= commands()["demo"]
    assert "--plain" in commands()["handset"]
    assert "--wait" in commands()["ready"]


def test_a_wrong_option_in_a_text_is_found() -> None:
    """Else the rule below would be dead."""
    assert wrong_flags("run `shortcode serve --smtp-port 0`") == ["serve --smtp-port"]
    assert wrong_flags("use `--colour`") == ["--colour"]
    assert wrong_flags("run `shortcode db check --data-dir x` or `--plain`") == []


@pytest.mark.parametrize("page", pages(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_option_that_a_page_names_is_known_to_the_command_line(page: Path) -> None:
    """In calls of ``shortcode``, and alone between backticks."""
    assert wrong_flags(page.read_text(encoding="utf-8")) == []
