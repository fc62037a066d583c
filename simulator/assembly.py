"""Joining the segments of long incoming messages, by user data header or by SAR parameters."""

from collections import OrderedDict
from dataclasses import dataclass

from simulator.delivery import Concat, Delivery
from simulator.text import decode
from simulator.user_data import UserData, user_data


@dataclass(frozen=True, slots=True)
class Whole:
    """A message all of whose segments have come; ``deliveries`` in the order of their numbers."""

    text: str
    port: int | None
    deliveries: tuple[Delivery, ...]

    @property
    def is_flash(self) -> bool:
        """Shown at once and not stored."""
        return self.deliveries[0].is_flash


@dataclass(frozen=True, slots=True)
class _Part:
    delivery: Delivery
    data: UserData


class Assembler:
    """Open messages of one handset. At most ``open_max`` wait for segments; then the oldest is forgotten."""

    def __init__(self, open_max: int = 32) -> None:
        self._open: OrderedDict[tuple[str, int, int], dict[int, _Part]] = OrderedDict()
        self._open_max = open_max

    def add(self, delivery: Delivery) -> Whole | None:
        """The message once its last segment is there, else None. Not concatenated: the message at once."""
        part = _Part(delivery, user_data(delivery))
        if part.data.concat is None:
            return _whole([part])
        return self._add_part(part, part.data.concat)

    def _add_part(self, part: _Part, concat: Concat) -> Whole | None:
        key = (part.delivery.source, concat.reference, concat.total)
        parts = self._open.setdefault(key, {})
        parts.setdefault(concat.number, part)
        if len(parts) == concat.total:
            del self._open[key]
            return _whole([parts[number] for number in sorted(parts)])
        if len(self._open) > self._open_max:
            self._open.popitem(last=False)
        return None


def _whole(parts: list[_Part]) -> Whole:
    return Whole(_text(parts), parts[0].data.port, tuple(part.delivery for part in parts))


def _text(parts: list[_Part]) -> str:
    """Octets first, characters second: a sender that cut a pair in two is read right all the same."""
    if len({part.delivery.data_coding for part in parts}) == 1:
        return decode(parts[0].delivery.data_coding, b"".join(part.data.octets for part in parts))
    return "".join(decode(part.delivery.data_coding, part.data.octets) for part in parts)
