"""What a form of a page sends: read, checked field by field, and kept for the next try.

What was typed is shown again, but for secrets; whatever looks like a card's number is struck out first.
"""

import re
import unicodedata
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeVar
from urllib.parse import parse_qsl

from fastapi import Request

from gateway.http.problems import Problem
from gateway.redaction import mask_text
from rating.money import InvalidAmount, Money, parse_tenge
from rating.msisdn import EXAMPLE, InvalidMsisdn, Msisdn, parse_msisdn

Choice = TypeVar("Choice", bound=StrEnum)
FIELDS_MAX: Final = 20
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
_TOKEN: Final = re.compile(r"[A-Za-z0-9-]{1,40}")
#: The name under which an error stands that belongs to no single field.
WHOLE: Final = ""


async def typed_in(request: Request) -> Mapping[str, str]:
    """The fields of a body ``application/x-www-form-urlencoded`` (URL standard, section 5), in UTF-8.

    Raises Problem for anything else.
    """
    try:
        body = (await request.body()).decode("ascii")
        pairs = parse_qsl(body, keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MAX)
    except ValueError:
        raise Problem(400, "the form cannot be read; load its page again", code="form") from None
    return dict(pairs)


class Form:
    """One form: what was typed, and what is wrong with it.

    A reading method gives the value, or None after noting what is wrong. ``secrets`` name the fields that are
    never shown again.
    """

    def __init__(self, typed: Mapping[str, str] = _NOTHING, *, secrets: frozenset[str] = frozenset()) -> None:
        self._typed = {name: _plain(value) for name, value in typed.items()}
        self._secrets = secrets
        #: Field to what is wrong, in the order in which the fields were read.
        self.errors: dict[str, str] = {}

    def shown(self, name: str) -> str:
        """What stands in a field when the form is shown."""
        if name in self._secrets:
            return ""
        return mask_text(self._typed.get(name, ""), secret_digits=False)

    def note(self, name: str, wrong: str) -> None:
        """Something is wrong with a field; the first thing counts."""
        self.errors.setdefault(name, wrong)

    def refuse(self, problem: Problem, where: Mapping[str, str] = _NOTHING) -> None:
        """The command was refused. ``where`` gives the field for a refusal that names none, by its id."""
        for each in problem.errors:
            self.note(each["field"], each["detail"])
        if not problem.errors:
            self.note(where.get(problem.code, WHOLE), problem.detail)

    # -- fields ------------------------------------------------------------------------------------

    def text(self, name: str, wrong: str, *, secret: bool = False) -> str | None:
        """Anything but nothing; ``wrong`` asks for it. Only a ``secret`` may hold a card's number."""
        value = self._typed.get(name, "")
        if not value:
            self.note(name, wrong)
        elif not secret and mask_text(value, secret_digits=False) != value:
            self.note(name, "This looks like a card number. Please leave it out.")
        else:
            return value
        return None

    def msisdn(self, name: str) -> Msisdn | None:
        """A subscriber's number, as people type it."""
        typed = self._typed.get(name, "")
        try:
            return parse_msisdn(typed)
        except InvalidMsisdn:
            begin = "This is not a mobile number. Write it like" if typed else "Type the mobile number, like"
            self.note(name, f"{begin} {EXAMPLE}.")
        return None

    def amount(self, name: str, *, default: Money | None = None) -> Money | None:
        """Tenge; nothing typed is the default, if there is one."""
        typed = self._typed.get(name, "")
        if not typed and default is not None:
            return default
        try:
            return parse_tenge(typed)
        except InvalidAmount:
            begin = "Write the amount in tenge without spaces" if typed else "Type the amount in tenge"
            self.note(name, f"{begin}, like 500 or 99.50.")
        return None

    def seconds(self, name: str) -> int | None:
        """A whole number of seconds; None also for nothing typed."""
        typed = self._typed.get(name, "")
        if typed and not (typed.isascii() and typed.isdigit() and len(typed) <= 9):
            self.note(name, "Write whole seconds, like 90, or leave it empty.")
        return int(typed) if typed and name not in self.errors else None

    def choice(self, name: str, kind: type[Choice], wrong: str) -> Choice | None:
        """One of a list; ``wrong`` asks for it."""
        try:
            return kind(self._typed.get(name, ""))
        except ValueError:
            self.note(name, wrong)
        return None

    def token(self, name: str) -> str:
        """What makes the form count once. Raises Problem when it is not there."""
        value = self._typed.get(name, "")
        if not _TOKEN.fullmatch(value):
            raise Problem(400, "the form is not complete; load its page again", code="form")
        return value


def _plain(value: str) -> str:
    """Without spaces around it, with full-width characters as the usual ones."""
    return unicodedata.normalize("NFKC", value).strip()
