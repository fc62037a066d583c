"""Commands that live in other packages, found by entry point and loaded only when they are called.

gateway may not import simulator; the names stand in setup.cfg under ``shortcode.commands``.
"""

import ast
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from typer.core import TyperGroup
from typer.main import get_command

if TYPE_CHECKING:
    # Typer carries its own Click; these names are for annotations only.
    from typer._click import Command, Context

GROUP = "shortcode.commands"


class CommandGroup(TyperGroup):
    """A group whose further commands come from entry points; ``--help`` shows them without loading them."""

    def list_commands(self, ctx: "Context") -> list[str]:
        """The group's own commands as they stand in the file, then the others by name."""
        own = super().list_commands(ctx)
        return [*own, *sorted(name for name in _found() if name not in own)]

    def get_command(self, ctx: "Context", cmd_name: str) -> "Command | None":
        """The command, or for one of another package a stand-in that has only its help."""
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        point = _found().get(cmd_name)
        return None if point is None else _stand_in(point)

    def resolve_command(
        self, ctx: "Context", args: list[str]
    ) -> "tuple[str | None, Command | None, list[str]]":
        """What is really called is loaded."""
        name, command, rest = super().resolve_command(ctx, args)
        point = _found().get(name or "")
        if point is not None and super().get_command(ctx, point.name) is None:
            command = _command_of(point)
        return name, command, rest


def _found() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def _command_of(point: EntryPoint) -> "Command":
    plain = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False, rich_markup_mode=None)
    plain.command(point.name)(point.load())
    return get_command(plain)


def _stand_in(point: EntryPoint) -> "Command":
    def nothing() -> None:
        pass

    plain = typer.Typer(add_completion=False, rich_markup_mode=None)
    plain.command(point.name, help=_summary(point))(nothing)
    return get_command(plain)


def _summary(point: EntryPoint) -> str:
    """The docstring's first line, read from the source: importing it would make ``--help`` slow."""
    try:
        spec = find_spec(point.module)
        tree = ast.parse(Path((spec and spec.origin) or "").read_bytes())
    except (ImportError, OSError, SyntaxError, ValueError):
        return f"(from {point.module})"
    found = (each for each in tree.body if isinstance(each, ast.FunctionDef) and each.name == point.attr)
    text = next((ast.get_docstring(each) for each in found), None)
    return (text or f"(from {point.module})").splitlines()[0]
