"""Every text that a service can say exists in every language, and nothing else does."""

import ast
import re
from collections.abc import Iterator
from enum import StrEnum
from importlib import import_module
from inspect import getmembers, isclass
from itertools import chain
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from handlers.registry import SERVICES
from rating.subscriber import Language
from tests.architecture.repository import ROOT

TEXT_ID = re.compile(r"[a-z]+\.[a-z_]+")
PARAMETER = re.compile(r"\{(\w+)\}")


def catalog(language: Language) -> dict[str, str]:
    """Text id to text."""
    with (ROOT / "handlers" / "texts" / f"{language.value}.po").open("rb") as file:
        return {str(each.id): str(each.string) for each in read_po(file) if each.id}


CATALOGS = {language: catalog(language) for language in Language}
IDS = frozenset(chain.from_iterable(CATALOGS.values()))


def _said_in(path: Path) -> Iterator[str]:
    """Text ids that a file names: literals that look like one and share the first word with a known one."""
    words = {each.partition(".")[0] for each in IDS}
    calls = (each for each in ast.walk(ast.parse(path.read_bytes())) if isinstance(each, ast.Call))
    for call in calls:
        name = getattr(call.func, "id", getattr(call.func, "attr", ""))
        if name not in {"Text", "Usage", "reply", "refuse", "Service"}:
            continue
        for each in chain(call.args, (keyword.value for keyword in call.keywords)):
            literals = (node.value for node in ast.walk(each) if isinstance(node, ast.Constant))
            yield from (
                each
                for each in literals
                if isinstance(each, str) and TEXT_ID.fullmatch(each) and each.partition(".")[0] in words
            )


def _refusals() -> Iterator[str]:
    """The members of the enums of refusals."""
    modules = [import_module(f"handlers.{service.name}") for service in SERVICES]
    for module in (*modules, import_module("handlers.base.access")):
        for _, kind in getmembers(module, isclass):
            if issubclass(kind, StrEnum) and kind.__module__.startswith("handlers"):
                yield from (each.value for each in kind if TEXT_ID.fullmatch(each.value))


def said() -> set[str]:
    """Every text id in the code of the services and of the gateway."""
    files = [*(ROOT / "handlers").rglob("*.py"), *(ROOT / "gateway").rglob("*.py")]
    return {*chain.from_iterable(map(_said_in, files)), *_refusals()}


@pytest.mark.parametrize("language", list(Language))
def test_every_text_exists_in_every_language(language: Language) -> None:
    """The same ids in Kazakh, Russian and English, none empty."""
    assert set(CATALOGS[language]) == IDS
    assert [each for each, text in CATALOGS[language].items() if not text.strip()] == []


@pytest.mark.parametrize("language", list(Language))
def test_the_parameters_of_a_text_are_the_same_in_every_language(language: Language) -> None:
    """Else an amount would be missing, or a brace would be shown."""
    different = [
        each
        for each, text in CATALOGS[language].items()
        if set(PARAMETER.findall(text)) != set(PARAMETER.findall(CATALOGS[Language.EN][each]))
    ]
    assert different == []


def test_every_text_that_is_said_exists() -> None:
    """Ids in calls and in enums of refusals, in handlers and gateway."""
    ids = said()
    assert len(ids) > 20, "the search does find them"
    assert ids - IDS == set()


def test_kazakh_and_russian_are_not_english() -> None:
    """A text that was copied and not translated has no Cyrillic letter."""
    for language in (Language.KK, Language.RU):
        plain = [
            each
            for each, text in CATALOGS[language].items()
            if not re.search("[а-яА-ЯәіңғүұқөһӘІҢҒҮҰҚӨҺ]", text)
            and re.search("[a-z]", PARAMETER.sub("", text))
        ]
        assert plain == [], language
