"""The messages that a handset has sent, and the marks on them."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Final

from simulator.events import MarkChanged
from simulator.mark import Mark, of_segments
from simulator.report import Report

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

_KEPT_MAX: Final = 1000


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message as its owner sees it; ``number`` counts from 1. Its text may hold a voucher's code."""

    number: int
    to: str
    text: str = field(repr=False)
    mark: Mark


@dataclass(slots=True)
class _Record:
    number: int
    to: str
    text: str = field(repr=False)
    #: By user_message_reference, one for each segment.
    marks: dict[int, Mark]
    ids: list[str] = field(default_factory=list)


class SentBox:
    """The last ``kept_max`` messages. Thread-safe."""

    def __init__(self, kept_max: int = _KEPT_MAX) -> None:
        self._kept_max = kept_max
        self._lock = Lock()
        self._number = 0
        self._records: OrderedDict[int, _Record] = OrderedDict()
        self._by_id: dict[str, tuple[_Record, int]] = {}
        self._by_reference: dict[int, _Record] = {}

    @property
    def messages(self) -> list[SentMessage]:
        """What was sent, oldest first."""
        with self._lock:
            return [
                SentMessage(each.number, each.to, each.text, of_segments(each.marks.values()))
                for each in self._records.values()
            ]

    def begin(self, to: str, text: str, references: Sequence[int]) -> "Callable[[int, Future[str]], None]":
        """Note a message that is about to be sent, with the user_message_reference of each segment.

        Returns what is to be called with a segment's reference and its settled response.
        """
        with self._lock:
            self._number += 1
            record = _Record(self._number, to, text, dict.fromkeys(references, Mark.SENT))
            self._records[record.number] = record
            self._by_reference.update(dict.fromkeys(references, record))
            if len(self._records) > self._kept_max:
                self._forget(self._records.popitem(last=False)[1])
        return partial(self._settled, record)

    def take(self, report: Report, source: str) -> MarkChanged | None:
        """What a report changes: None when nothing. ``source`` is the address that it came from."""
        with self._lock:
            found = self._find(report)
            if found is None:
                return MarkChanged(None, source, report.mark)
            record, reference = found
            before = of_segments(record.marks.values())
            record.marks[reference] = record.marks[reference].then(report.mark)
            after = of_segments(record.marks.values())
        return None if after is before else MarkChanged(record.number, record.to, after)

    def _settled(self, record: _Record, reference: int, response: "Future[str]") -> None:
        """On the reading thread, and so before any receipt is read."""
        with self._lock:
            if response.exception() is not None:
                record.marks[reference] = Mark.FAILED
            elif record.number in self._records:
                record.ids.append(response.result())
                self._by_id[response.result()] = record, reference

    def _find(self, report: Report) -> tuple[_Record, int] | None:
        if report.message_id in self._by_id:
            return self._by_id[report.message_id]
        if report.reference is None or report.reference not in self._by_reference:
            return None
        return self._by_reference[report.reference], report.reference

    def _forget(self, record: _Record) -> None:
        for message_id in record.ids:
            self._by_id.pop(message_id, None)
        for reference in record.marks:
            # Another message may have the number by now: they are drawn again after 65,536.
            if self._by_reference.get(reference) is record:
                del self._by_reference[reference]
