"""The parts of a concatenated message, put together (3GPP TS 23.040 section 9.2.3.24.1). Time is an
argument; memory is bounded.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from gateway.coding import udh
from gateway.coding.alphabet import Alphabet, Binary, alphabet_of, decode
from gateway.coding.errors import CodingError
from gateway.coding.part import Part
from gateway.coding.shifts import NO_SHIFT, Shift


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """A complete message, with its parts in order."""

    source: str
    destination: str
    parts: tuple[Part, ...]

    @property
    def tokens(self) -> tuple[str, ...]:
        """The tokens of the parts, in order."""
        return tuple(part.token for part in self.parts)

    @property
    def header(self) -> udh.UserDataHeader:
        """The user data header of the first part (ports and the like stand in every part)."""
        return self.parts[0].header

    def content(self, default: Alphabet = Alphabet.GSM7) -> str | Binary:
        """The text, or Binary where there is no alphabet. Raises CodingError when it cannot be decoded.

        Where all parts have one coding the octets are joined before they are decoded: senders that cut a
        character in two (escape pairs, surrogate pairs) are read all the same. ``default`` is what
        data_coding 0 means to the sender.
        """
        first = self.parts[0]
        codings = {_coding(part, default) for part in self.parts}
        if len(codings) == 1:
            octets = b"".join([part.octets for part in self.parts])
            return decode(first.data_coding, octets, default, first.shift)
        if any(alphabet is Alphabet.BINARY for alphabet, _ in codings):
            raise CodingError("the parts of one message are text and 8 bit data")
        return "".join([str(part.content(default)) for part in self.parts])


def _coding(part: Part, default: Alphabet) -> tuple[Alphabet, Shift]:
    alphabet = alphabet_of(part.data_coding, default)
    return alphabet, part.shift if alphabet is Alphabet.GSM7 else NO_SHIFT


class DropReason(StrEnum):
    """Why a message was given up before it was complete."""

    TIMEOUT = "timeout"
    REPLACED = "replaced"
    FULL = "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """An incomplete message that is forgotten; ``tokens`` are those of the parts that had come."""

    source: str
    destination: str
    reason: DropReason
    total: int
    tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What one part led to: a complete message or not yet, and what had to go."""

    joined: Joined | None = None
    duplicate: bool = False
    dropped: tuple[Dropped, ...] = ()


_Key = tuple[str, str, int, int]


@dataclass(slots=True)
class _Open:
    """A message that lacks parts."""

    opened_us: int
    parts: dict[int, Part]

    @property
    def octets(self) -> int:
        return sum(len(part.octets) for part in self.parts.values())


class Reassembler:
    """Collects parts by source, destination, reference and total. Not for use by several threads.

    An incomplete message is given up ``timeout_us`` after its first part, and the oldest one (of the same
    source first) when there are more than ``max_open``, more than ``max_open_per_source`` of one source,
    or more than ``octets_max`` octets in all. After a restart, add the stored parts again with the times
    at which they had come.
    """

    def __init__(
        self, max_open: int, timeout_us: int, *, max_open_per_source: int = 16, octets_max: int = 16 << 20
    ) -> None:
        self._max_open = max_open
        self._timeout_us = timeout_us
        self._max_open_per_source = max_open_per_source
        self._octets_max = octets_max
        self._octets = 0
        self._open: dict[_Key, _Open] = {}
        self._by_source: dict[str, dict[_Key, None]] = {}

    def __len__(self) -> int:
        """How many messages lack parts."""
        return len(self._open)

    @property
    def octets(self) -> int:
        """How many octets of text are held."""
        return self._octets

    def add(self, part: Part, now_us: int) -> Added:
        """Take one part. A part that comes again changes nothing; one that differs from the part of the
        same number starts a new message, for the sender has begun to count again.
        """
        if part.total == 1:
            return Added(joined=_joined((part,)))
        dropped = list(self.expire(now_us))
        key = (part.source, part.destination, part.reference, part.total)
        known = self._open.get(key)
        if known is not None and part.number in known.parts:
            if _same(known.parts[part.number], part):
                return Added(duplicate=True, dropped=tuple(dropped))
            dropped.append(self._drop(key, DropReason.REPLACED))
        parts = self._keep(key, part, now_us)
        if len(parts) == part.total:
            self._forget(key)
            whole = tuple(parts[number] for number in sorted(parts))
            return Added(joined=_joined(whole), dropped=tuple(dropped))
        dropped.extend(self._make_room(part.source))
        return Added(dropped=tuple(dropped))

    def expire(self, now_us: int) -> tuple[Dropped, ...]:
        """Give up what has waited too long: call it now and then, also when no part comes."""
        return tuple(self._expire(now_us - self._timeout_us))

    def _expire(self, opened_before_us: int) -> Iterator[Dropped]:
        # The oldest stands first, so that the usual call looks at one entry only.
        while self._open:
            key = next(iter(self._open))
            if self._open[key].opened_us > opened_before_us:
                return
            yield self._drop(key, DropReason.TIMEOUT)

    def _keep(self, key: _Key, part: Part, now_us: int) -> dict[int, Part]:
        known = self._open.get(key)
        if known is None:
            known = self._open[key] = _Open(now_us, {})
            self._by_source.setdefault(part.source, {})[key] = None
        known.parts[part.number] = part
        self._octets += len(part.octets)
        return known.parts

    def _make_room(self, source: str) -> Iterator[Dropped]:
        if len(self._by_source[source]) > self._max_open_per_source:
            yield self._drop(next(iter(self._by_source[source])), DropReason.FULL)
        while len(self._open) > self._max_open or self._octets > self._octets_max:
            yield self._drop(next(iter(self._open)), DropReason.FULL)

    def _drop(self, key: _Key, reason: DropReason) -> Dropped:
        parts = self._forget(key).parts
        tokens = tuple(parts[number].token for number in sorted(parts))
        source, destination, _, total = key
        return Dropped(source=source, destination=destination, reason=reason, total=total, tokens=tokens)

    def _forget(self, key: _Key) -> _Open:
        known = self._open.pop(key)
        self._octets -= known.octets
        of_source = self._by_source[key[0]]
        del of_source[key]
        if not of_source:
            del self._by_source[key[0]]
        return known


def _same(one: Part, other: Part) -> bool:
    return one.octets == other.octets and one.data_coding == other.data_coding


def _joined(parts: tuple[Part, ...]) -> Joined:
    return Joined(source=parts[0].source, destination=parts[0].destination, parts=parts)
