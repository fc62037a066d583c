"""What an invariant is: a name, a promise, and a way to find what breaks it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, text

#: Yields one short text per thing that breaks an invariant.
Breaks = Callable[[Connection], Iterator[str]]


@dataclass(frozen=True, slots=True)
class Invariant:
    """``promise`` says what holds in a healthy store."""

    name: str
    promise: str
    breaks: Breaks


def sql(*queries: str) -> Breaks:
    """Breaks found by queries whose rows join to one text each."""

    def breaks(connection: Connection) -> Iterator[str]:
        for query in queries:
            for row in connection.execute(text(query)):
                yield " ".join(str(value) for value in row)

    return breaks
