"""What people text and dial, turned into commands by declared rules (services.md section 0).

A rule is a pattern of words and slots (``"BAL"``, ``"LANG {language}"``, ``"{code:voucher_code}"``) and
the command that it makes. Rules are compiled once; nothing here uses a regular expression on a typed text.
"""

import dataclasses
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Final

from handlers.base.command import Command, Origin, Secret
from rating.money import InvalidAmount, Money, parse_tenge, tenge
from rating.msisdn import InvalidMsisdn, parse_msisdn
from rating.subscriber import Language

#: Longest dialled string that is looked at: 182 septets of one USSD operation (TS 23.038 section 5).
DIAL_CHARS_MAX: Final = 182

_CARD_DIGITS: Final = (4, 6)
_SMALL_AMOUNT_MAX: Final = tenge(1_000_000)
_LOOKALIKES: Final = str.maketrans("АВСЕНКМОРТХ", "ABCEHKMOPTX")
#: Zero-width and formatting marks that a phone or a paste may leave between letters.
_INVISIBLE: Final = dict.fromkeys(
    [0xAD, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F), 0x2060, 0xFEFF]
)
_NO_VALUES: Final[Mapping[str, object]] = MappingProxyType({})
_CODE_SEPARATORS: Final = dict.fromkeys(map(ord, " -\u2010\u2011\u2012\u2013\u2014\u2015\u2212"))


class GrammarError(Exception):
    """A rule cannot work: the message names its pattern. Raised when rules are compiled, never later."""


@dataclass(frozen=True, slots=True)
class Rule:
    """``pattern`` is words and ``{slots}`` separated by single spaces; ``""`` matches an empty input.

    A slot ``{name}`` fills the command's field of that name; ``{name:type}`` says which slot type reads
    it where the two names differ. The last slot may take several words if its type says so.
    ``values`` fills the fields that the words alone decide.
    """

    pattern: str
    command: type[Command]
    values: Mapping[str, object] = field(default_factory=lambda: _NO_VALUES)


@dataclass(frozen=True, slots=True)
class Usage:
    """No command was meant, or not quite: the text id of the answer. It costs and changes nothing."""

    text_id: str


@dataclass(frozen=True, slots=True)
class SlotType:
    """How a slot is read. ``read`` answers with the value, or with a Usage that says why not.

    It gets what was typed (cleaned, but neither in capitals nor with look-alikes replaced).
    ``takes_rest`` lets it take all the words that are left, joined as they were typed.
    """

    read: Callable[[str], object]
    takes_rest: bool = False


def clean(text: str) -> str:
    """NFKC (full-width forms become plain), no invisible marks, single spaces, none around."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate(_INVISIBLE)
    return " ".join(text.split())


def fold(cleaned: str) -> str:
    """Capitals, and Latin letters for the Cyrillic ones that look like them. For comparing only."""
    upper = cleaned.upper()
    return upper if upper.isascii() else upper.translate(_LOOKALIKES)


def _read_code(typed: str) -> Secret:
    # Never refused here: a malformed code must pass the checks that come before that refusal.
    return Secret(typed.translate(_CODE_SEPARATORS))


_LANGUAGES: Final[Mapping[str, Language]] = MappingProxyType(
    {
        "KK": Language.KK,
        "RU": Language.RU,
        "EN": Language.EN,
        "1": Language.KK,
        "2": Language.RU,
        "3": Language.EN,
    }
)


def _read_language(typed: str) -> object:
    return _LANGUAGES.get(fold(typed)) or Usage("system.bad_language")


def _read_msisdn(typed: str) -> object:
    try:
        return parse_msisdn(typed)
    except InvalidMsisdn:
        return Usage("system.bad_number")


def read_amount(typed: str) -> Money | Usage:
    """An amount above zero in tenge, as people write it: ``100``, ``99.5``, ``99.50``.

    Anything else is answered with an example: grouping, commas, exponents, other digits, zero, minus.
    """
    try:
        amount = parse_tenge(typed)
    except InvalidAmount:
        return Usage("system.bad_amount")
    return amount if amount.tiyn > 0 else Usage("system.bad_amount")


def _read_small_amount(typed: str) -> object:
    """An amount that a person may type: a card's code of 13 digits by mistake is none, so it is not kept."""
    amount = read_amount(typed)
    return Usage("system.bad_amount") if isinstance(amount, Money) and amount > _SMALL_AMOUNT_MAX else amount


def _read_card_digits(typed: str) -> object:
    """The last four digits of a card; six where four are not enough."""
    if typed.isascii() and typed.isdigit() and len(typed) in _CARD_DIGITS:
        return typed
    return Usage("system.bad_card_digits")


def _read_as_typed(typed: str) -> str:
    # What is wrong with it is said by the handler: after the refusals that come before that one.
    return typed


def _starred(counts: Collection[int], usage: str, head: str = "") -> Callable[[str], object]:
    """Reads what stands between stars: ``1001*A111AAA*1``. A ``head`` comes first, and is left out."""

    def read(typed: str) -> tuple[str, ...] | Usage:
        parts = tuple(part.strip() for part in typed.split("*"))
        if len(parts) not in counts or not all(parts) or (head and fold(parts[0]) != head):
            return Usage(usage)
        return parts[1:] if head else parts

    return read


def _read_stop(typed: str) -> str | Usage:
    """The plate in ``S*123AAA02``, as after ``X*1``; the letter is either alphabet's."""
    head, _, plate = (part.strip() for part in typed.partition("*"))
    return plate if plate and fold(head) in {"S", "C"} else Usage("parking.usage")


#: Every slot type by name. A later service adds a line here, or passes its own table to Grammar.
SLOT_TYPES: Final[Mapping[str, SlotType]] = MappingProxyType(
    {
        "amount": SlotType(read_amount),
        "card_digits": SlotType(_read_card_digits),
        "language": SlotType(_read_language),
        "msisdn": SlotType(_read_msisdn, takes_rest=True),
        "parking_place": SlotType(_starred({3}, "parking.usage"), takes_rest=True),
        "parking_more": SlotType(_starred({2, 3}, "parking.usage", head="X"), takes_rest=True),
        "parking_stop": SlotType(_read_stop, takes_rest=True),
        "small_amount": SlotType(_read_small_amount),
        "typed": SlotType(_read_as_typed),
        "typed_rest": SlotType(_read_as_typed, takes_rest=True),
        "voucher_code": SlotType(_read_code, takes_rest=True),
    }
)

#: (origin, typed words, folded words, joint) -> command, usage, or None where the words do not match.
_Match = Callable[[Origin, Sequence[str], Sequence[str], str], Command | Usage | None]


class Grammar:
    """The rules of one service on one bearer, compiled.

    A rule of plain words wins over rules with slots; those are tried in order. Where a rule's words match
    and its slot cannot be read, the slot's reason is the answer unless a later rule matches. Raises
    GrammarError when a rule cannot work.
    """

    __slots__ = ("_exact", "_open", "_usage")

    def __init__(
        self, rules: Iterable[Rule], usage: str, slot_types: Mapping[str, SlotType] = SLOT_TYPES
    ) -> None:
        self._usage = Usage(usage)
        self._exact: dict[tuple[str, ...], Callable[..., Command]] = {}
        self._open: list[_Match] = []
        for rule in rules:
            self._add(rule, slot_types)

    def _add(self, rule: Rule, slot_types: Mapping[str, SlotType]) -> None:
        words, slots = _split_pattern(rule.pattern)
        _check_fields(rule, [*rule.values, *(name for name, _ in slots)])
        if slots:
            self._open.append(_compile(rule, words, slots, slot_types))
        elif words in self._exact:
            raise GrammarError(f"pattern {rule.pattern!r} is there twice")
        else:
            self._exact[words] = _maker(rule)

    def sms(self, origin: Origin, text: str) -> Command | Usage:
        """Read the text of a message. Never raises, whatever was typed."""
        typed = clean(text)
        return self._match(origin, typed.split(), fold(typed).split(), " ")

    def ussd(self, origin: Origin, words: Sequence[str]) -> Command | Usage:
        """Read what was dialled after the service code (``DialString.words``). Never raises."""
        typed = [clean(word) for word in words]
        return self._match(origin, typed, [fold(word) for word in typed], "*")

    def _match(self, origin: Origin, typed: list[str], keys: list[str], joint: str) -> Command | Usage:
        command = self._exact.get(tuple(keys))
        if command is not None:
            return command(origin=origin)
        reason = None
        for match in self._open:
            found = match(origin, typed, keys, joint)
            if isinstance(found, Command):
                return found
            reason = reason or found
        return reason or self._usage


def _maker(rule: Rule) -> Callable[..., Command]:
    if not rule.values:
        return rule.command
    # The values were checked against the command's fields; the type of Command knows of its origin only.
    return partial(rule.command, **rule.values)  # type: ignore[arg-type]


def _split_pattern(pattern: str) -> tuple[tuple[str, ...], list[tuple[str, str]]]:
    """Words first, then slots as (field, slot type): the only order that people type."""
    words: list[str] = []
    slots: list[tuple[str, str]] = []
    for part in pattern.split():
        if part.startswith("{") and part.endswith("}"):
            name, _, kind = part[1:-1].partition(":")
            slots.append((name, kind or name))
        elif slots or part != fold(part) or "{" in part or "}" in part:
            raise GrammarError(f"pattern {pattern!r}: words in capitals come first, then whole slots")
        else:
            words.append(part)
    return tuple(words), slots


def _check_fields(rule: Rule, names: list[str]) -> None:
    fields = {f.name: f for f in dataclasses.fields(rule.command) if f.name != "origin"}
    required = {
        name
        for name, f in fields.items()
        if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
    }
    wrong = (set(names) - set(fields)) | (required - set(names))
    if wrong or len(set(names)) != len(names):
        raise GrammarError(
            f"pattern {rule.pattern!r} and the fields of {rule.command.__name__} disagree: {sorted(wrong)}"
        )


def _compile(
    rule: Rule, words: tuple[str, ...], slots: list[tuple[str, str]], types: Mapping[str, SlotType]
) -> _Match:
    unknown = [kind for _, kind in slots if kind not in types]
    if unknown:
        raise GrammarError(f"pattern {rule.pattern!r}: no slot type {', '.join(unknown)}")
    reads = [(name, types[kind].read) for name, kind in slots]
    if any(types[kind].takes_rest for _, kind in slots[:-1]):
        raise GrammarError(f"pattern {rule.pattern!r}: only the last slot can take the rest")
    takes_rest = types[slots[-1][1]].takes_rest
    head, total, make = list(words), len(words) + len(slots), _maker(rule)

    def match(
        origin: Origin, typed: Sequence[str], keys: Sequence[str], joint: str
    ) -> Command | Usage | None:
        count = len(keys)
        if count < total or (count > total and not takes_rest) or keys[: len(head)] != head:
            return None
        parts = typed[len(head) :]
        if count > total:
            parts = [*parts[: len(reads) - 1], joint.join(parts[len(reads) - 1 :])]
        values: dict[str, object] = {}
        for (name, read), part in zip(reads, parts, strict=True):
            value = read(part)
            if isinstance(value, Usage):
                return value
            values[name] = value
        # The names were checked against the command's fields when the rule was compiled.
        return make(origin=origin, **values)

    return match


@dataclass(frozen=True, slots=True)
class DialString:
    """A dialled USSD string, split at its stars: ``*110*123#`` has the segments ``("110", "123")``.

    Its representation shows the service code only: what follows may be a secret.
    """

    segments: tuple[str, ...]

    def __repr__(self) -> str:
        return f"DialString({self.service_code!r}, ...)"

    @property
    def service_code(self) -> str:
        """The first segment with its star, without ``#``: ``*110``."""
        return "*" + self.segments[0]

    @property
    def words(self) -> tuple[str, ...]:
        """What follows the service code."""
        return self.segments[1:]


def parse_dial(text: str) -> DialString | None:
    """``*100#``, ``*110*1234567890123#``, also in full width and with spaces; None for anything else.

    The closing ``#`` is required, and the service code is digits (TS 22.090 section 4.2.2).
    """
    typed = clean(text)
    if len(typed) > DIAL_CHARS_MAX or not (typed.startswith("*") and typed.endswith("#")):
        return None
    body = typed[1:-1]
    code, *words = body.split("*")
    code = code.replace(" ", "")
    if "#" in body or not (code.isascii() and code.isdigit()):
        return None
    return DialString((code, *(word.strip() for word in words)))
