"""Which tests say by ``@pytest.mark.conformance("submit_sm.priority_flag", ...)`` that they show an item."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
_NAME = "conformance"


@dataclass(frozen=True, slots=True, order=True)
class Shown:
    """A test function, by the file that it stands in (from the repository's root)."""

    path: str
    function: str

    @property
    def sentence(self) -> str:
        """What the test says by its name."""
        return self.function.removeprefix("test_").replace("_", " ")


class MarkerError(Exception):
    """A marker that nobody could read: not on a test function, or not with plain texts."""


@cache
def marked() -> dict[str, tuple[Shown, ...]]:
    """The tests of each item. Raises MarkerError."""
    found: dict[str, list[Shown]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        source = path.read_text("utf-8")
        if f"mark.{_NAME}" in source:
            for item, function in markers_in(ast.parse(source), str(path.relative_to(ROOT))):
                found.setdefault(item, []).append(Shown(path.relative_to(ROOT).as_posix(), function))
    return {item: tuple(dict.fromkeys(tests)) for item, tests in found.items()}


def markers_in(tree: ast.AST, path: str) -> Iterator[tuple[str, str]]:
    """Item and test function of every marker. Raises MarkerError."""
    on_functions = 0
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for call in _calls(node.decorator_list):
            on_functions += 1
            if not node.name.startswith("test_"):
                raise MarkerError(f"{path}:{call.lineno}: {node.name} is no test")
            yield from ((item, node.name) for item in _texts(call, path))
    if on_functions != sum(1 for _ in _calls([tree])):
        raise MarkerError(f"{path}: a marker stands on something else than a test function")


def _calls(nodes: Iterable[ast.AST]) -> Iterator[ast.Call]:
    for node in nodes:
        for each in ast.walk(node):
            if (
                isinstance(each, ast.Call)
                and isinstance(each.func, ast.Attribute)
                and each.func.attr == _NAME
            ):
                yield each


def _texts(call: ast.Call, path: str) -> Iterator[str]:
    for argument in call.args:
        if not isinstance(argument, ast.Constant) or not isinstance(argument.value, str):
            raise MarkerError(f"{path}:{call.lineno}: items are plain texts")
        yield argument.value
    if not call.args or call.keywords:
        raise MarkerError(f"{path}:{call.lineno}: items are plain texts, at least one")
