"""What a person reads of a wrong setting, where pydantic's own words speak of Python or of expressions."""

from collections.abc import Callable, Mapping
from typing import Any, Final

SYSTEM_ID: Final = r"^[!-~]{1,15}$"
DIGITS: Final = r"^[0-9]{1,15}$"
USSD_CODE: Final = r"^\*[0-9*]{1,14}#?$"
SENDER_NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,10}$"
LIST_NAME: Final = r"^[!-~]{1,20}$"
PROFILE: Final = r"^[a-z0-9_]{1,40}$"
LOG_LEVEL: Final = r"^(debug|info|warning|error)$"

_PATTERNS: Final = {
    SYSTEM_ID: "has 1 to 15 visible ASCII characters, without spaces",
    DIGITS: "has 1 to 15 digits, such as 1234",
    USSD_CODE: "is written like *500#, with at most 15 characters before the #",
    SENDER_NAME: "has up to 11 letters, digits, spaces, dots, dashes and underscores; the first is no mark",
    LIST_NAME: "has 1 to 20 visible ASCII characters, without spaces",
    PROFILE: "is the name of a file in profiles/ without its ending, such as kz",
    LOG_LEVEL: "is one of debug, info, warning, error",
}
_TABLE: Final = "is a table, such as [timers], with a line for each value"

#: By pydantic's type of error: the words, from the error's context.
_WORDS: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "string_pattern_mismatch": lambda context: _PATTERNS[context["pattern"]],
    # Secrets are no strings to pydantic, which counts their "items".
    "too_long": lambda context: f"has at most {context['max_length']} characters",
    "too_short": lambda context: f"has at least {context['min_length']} character",
    "missing": lambda _: "is needed and not there",
    "tuple_type": lambda _: "is a list: [[...]] tables or [...] in the file, JSON in the environment",
    "dict_type": lambda _: _TABLE,
    "model_type": lambda _: _TABLE,
    "bool_parsing": lambda _: "is true or false",
    "bool_type": lambda _: "is true or false",
}


def said(error: Mapping[str, Any]) -> str:
    """The words for one of ``ValidationError.errors()``; pydantic's where those are plain."""
    words = _WORDS.get(error["type"])
    return words(error.get("ctx", {})) if words else str(error["msg"]).removeprefix("Value error, ")


def place(loc: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Where it is, without pydantic's mark for "the key and not its value"."""
    return tuple(part for part in loc if part != "[key]")
