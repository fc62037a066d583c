"""The catalog: a text id with parameters becomes a sentence in the subscriber's language.

The texts are gettext catalogs (``handlers/texts/{kk,ru,en}.po``) with ``{name}`` placeholders; a profile
may override single texts.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Self

from babel.messages.pofile import PoFileError, read_po

from gateway.coding.gsm7 import is_gsm7
from handlers.base.outcome import Text
from rating.money import TIYN_PER_TENGE, Money
from rating.subscriber import Language

Overrides = Mapping[Language, Mapping[str, str]]
_NO_OVERRIDES: Overrides = MappingProxyType({})

#: ``{{`` and ``}}`` stand for braces, ``{name}`` for a parameter; any other brace is a mistake.
_TOKEN = re.compile(r"\{\{|\}\}|\{([a-z][a-z0-9_]*)\}|[{}]")


class TextError(LookupError):
    """A text, a parameter or a catalog is not as it must be. The message names text, language and name."""


@dataclass(frozen=True, slots=True)
class Template:
    """A text taken apart once: a %-format and the names of its values, in order."""

    format: str
    names: tuple[str, ...]

    @classmethod
    def parse(cls, source: str) -> Self:
        """Raises TextError for a brace that belongs to no placeholder."""
        names: list[str] = []
        pieces: list[str] = []
        end = 0
        for token in _TOKEN.finditer(source):
            pieces += [_escape(source[end : token.start()]), _piece(token, names)]
            end = token.end()
        pieces.append(_escape(source[end:]))
        return cls("".join(pieces), tuple(names))

    @property
    def literal(self) -> str:
        """The text with nothing in its placeholders."""
        return self.format % (("",) * len(self.names))


def _escape(literal: str) -> str:
    return literal.replace("%", "%%")


def _piece(token: re.Match[str], names: list[str]) -> str:
    if token[1]:
        names.append(token[1])
        return "%s"
    if token[0] in ("{{", "}}"):
        return token[0][0]
    raise TextError(f"a brace without a name at character {token.start()}")


@dataclass(frozen=True, slots=True)
class Catalog:
    """All texts in all languages, ready to be rendered. Make it with ``load``."""

    templates: Mapping[Language, Mapping[str, Template]]

    @classmethod
    def load(cls, overrides: Overrides = _NO_OVERRIDES, *, folder: Traversable | None = None) -> Self:
        """Read the catalogs of all languages. ``folder`` replaces the package's own; ``overrides`` replace
        single texts.

        Raises TextError, with all mistakes at once, for unreadable files and malformed placeholders.
        """
        folder = folder or files("handlers.texts")
        mistakes: list[str] = []
        templates = {
            language: _parse_all(
                {**_read(folder, language, mistakes), **overrides.get(language, {})}, language, mistakes
            )
            for language in Language
        }
        if mistakes:
            raise TextError("; ".join(mistakes))
        return cls(MappingProxyType(templates))

    def render(self, text: Text, language: Language) -> str:
        """The sentence. Values are put in as they are: a brace within a value is no placeholder.

        Raises TextError for an unknown id, a missing parameter, or one of a type that has no form.
        """
        template = self.templates[language].get(text.id)
        if template is None:
            raise TextError(f"there is no text {text.id} in {language}")
        if not template.names:
            return template.format % ()
        params = text.params
        try:
            values = [params[name] for name in template.names]
        except KeyError as missing:
            raise TextError(f"text {text.id} ({language}) lacks its parameter {missing}") from None
        return template.format % tuple([self._show(value, language) for value in values])

    def problems(self) -> list[str]:
        """What is wrong with the catalogs as a whole, one line each, in a fixed order: ids that a language
        lacks, placeholders that differ between languages, English that needs UCS-2.
        """
        ids = sorted({text_id for texts in self.templates.values() for text_id in texts})
        return [problem for text_id in ids for problem in self._problems_of(text_id)]

    def _problems_of(self, text_id: str) -> Iterator[str]:
        names: dict[Language, list[str]] = {}
        for language, texts in self.templates.items():
            if text_id in texts:
                names[language] = sorted(set(texts[text_id].names))
            else:
                yield f"{text_id}: missing in {language}"
        if len({tuple(found) for found in names.values()}) > 1:
            differing = ", ".join(f"{language} {found}" for language, found in names.items())
            yield f"{text_id}: placeholders differ: {differing}"
        english = self.templates[Language.EN].get(text_id)
        if english is not None and not is_gsm7(english.literal):
            yield f"{text_id}: the English text is not GSM 7 bit"

    def _show(self, value: object, language: Language) -> str:
        kind = type(value)
        if kind is str:
            return value  # type: ignore[return-value]  # mypy does not narrow by the exact type
        # Screens are lines of texts, so these come first, and by their exact types.
        if kind is Text:
            return self.render(value, language)  # type: ignore[arg-type]  # as above
        if isinstance(value, (tuple, list)):
            return "\n".join([self._show(line, language) for line in value])
        for form, show in _FORMS:
            if isinstance(value, form):
                return show(value, language)
        raise TextError(f"a parameter of type {type(value).__name__} has no form in a text")


def _show_money(value: Money, language: Language) -> str:
    """Whole tenge without decimals; thousands apart: by a comma in English (no-break spaces are not in
    GSM 7 bit), by a no-break space in Kazakh and Russian.
    """
    whole, rest = divmod(abs(value.tiyn), TIYN_PER_TENGE)
    grouped = f"{whole:,}" if language is Language.EN else f"{whole:,}".replace(",", "\u00a0")
    sign = "-" if value.tiyn < 0 else ""
    return f"{sign}{grouped}.{rest:02d}" if rest else sign + grouped


def _show_moment(value: datetime, _language: Language) -> str:
    return f"{value:%d.%m %H:%M}"


def _show_day(value: date, _language: Language) -> str:
    return f"{value:%d.%m.%Y}"


def _show_plain(value: object, _language: Language) -> str:
    return str(value)


#: Looked through in order: a datetime is a date too. A Secret is a str that shows as ``***``.
_FORMS: tuple[tuple[type, Callable[..., str]], ...] = (
    (Money, _show_money),
    (str, _show_plain),
    (int, _show_plain),
    (datetime, _show_moment),
    (date, _show_day),
)


def _read(folder: Traversable, language: Language, mistakes: list[str]) -> dict[str, str]:
    """Text id to text of one file; unfinished entries (empty, fuzzy) count as missing."""
    try:
        with folder.joinpath(f"{language}.po").open("rb") as file:
            catalog = read_po(file, abort_invalid=True)
    except (OSError, UnicodeDecodeError, PoFileError) as error:
        mistakes.append(f"{language}.po: {error}")
        return {}
    entries = {}
    for message in catalog:
        if isinstance(message.id, str) and isinstance(message.string, str) and not message.fuzzy:
            entries[message.id] = message.string
    return {text_id: text for text_id, text in entries.items() if text_id and text}


def _parse_all(texts: Mapping[str, str], language: Language, mistakes: list[str]) -> Mapping[str, Template]:
    templates = {}
    for text_id, source in texts.items():
        try:
            templates[text_id] = Template.parse(source)
        except TextError as error:
            mistakes.append(f"{text_id} ({language}): {error}")
    return MappingProxyType(templates)
