"""What a channel says it was paid in a day against what came here (services.md section 5).

Their side is a CSV file (RFC 4180) with the columns ``payment_id,msisdn,amount,time``, separated by commas or
semicolons, in any order and with more of them if they like. Pure: text and payments in, text out.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from io import StringIO
from typing import Final

from rating.money import InvalidAmount, format_tenge, parse_tenge
from rating.msisdn import InvalidMsisdn, parse_msisdn
from storage.bank_model import Payment, PaymentState

COLUMNS: Final = ("payment_id", "msisdn", "amount", "time")
_OURS: Final = (*COLUMNS, "source", "state", "credited", "code")
_DIFFERENCES: Final = ("kind", "payment_id", "ours", "theirs")
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
#: How a cell begins that a spreadsheet would compute, or that would move to the next cell (CWE-1236).
_FORMULA: Final = ("=", "+", "-", "@", "\t")
_BACK: Final = frozenset({PaymentState.BACKED_OUT, PaymentState.REVERSED})
_SHOWN_MAX: Final = 200


class Kind(StrEnum):
    """What can be different."""

    MISSING_HERE = "missing_here"
    MISSING_THERE = "missing_there"
    AMOUNT = "amount"
    NUMBER = "number"
    STATE = "state"
    DUPLICATE_THERE = "duplicate_there"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not the same. ``ours`` and ``theirs`` are empty where there is nothing to show."""

    kind: Kind
    payment_id: str
    ours: str = ""
    theirs: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """One payment as they have it; ``line`` counts from 1, the heading included."""

    line: int
    payment_id: str
    number: str
    amount_tiyn: int


class NotAReport(ValueError):
    """The text cannot be read at all: the message says what is missing."""


Show = Callable[[int], str]


def differences(
    report: str, ours: Iterable[Payment], nearby: Iterable[Payment], show: Show
) -> Iterator[Difference]:
    """In the order of their file, then what they lack, oldest first. Raises NotAReport.

    ``nearby`` are payments shortly before and after the day: what they have today and we yesterday is
    missing in both reports, and this one says when it came. ``show`` writes a moment.
    """
    here = {payment.payment_id: payment for payment in ours}
    around = {payment.payment_id: payment for payment in nearby}
    lines: dict[str, int] = {}
    for row in _read(report):
        if isinstance(row, Difference):
            yield row
        elif row.payment_id in lines:
            again = f"line {row.line}, first in line {lines[row.payment_id]}"
            yield Difference(Kind.DUPLICATE_THERE, row.payment_id, theirs=again)
        else:
            lines[row.payment_id] = row.line
            yield from _compare(row, here, around, show)
    # What went back again need not be in their report.
    lacking = (each for each in here.values() if each.payment_id not in lines and each.state not in _BACK)
    for payment in sorted(lacking, key=lambda each: (each.at_us, each.payment_id)):
        yield Difference(Kind.MISSING_THERE, payment.payment_id, ours=format_tenge(payment.amount_tiyn))


def differences_csv(found: Iterable[Difference]) -> str:
    """One row for each."""
    return csv_text(_DIFFERENCES, ((each.kind, each.payment_id, each.ours, each.theirs) for each in found))


def our_csv(payments: Iterable[Payment], show: Show) -> str:
    """Our side, oldest first: their columns and some of ours."""
    ordered = sorted(payments, key=lambda each: (each.at_us, each.payment_id))
    return csv_text(_OURS, (_our_row(each, show) for each in ordered))


def _compare(
    claim: Claim, here: Mapping[str, Payment], around: Mapping[str, Payment], show: Show
) -> Iterator[Difference]:
    number = claim.payment_id
    payment = here.get(number)
    if payment is None:
        other = around.get(number)
        came = show(other.at_us) if other else ""
        yield Difference(Kind.MISSING_HERE, number, ours=came, theirs=format_tenge(claim.amount_tiyn))
        return
    if payment.amount_tiyn != claim.amount_tiyn:
        amounts = format_tenge(payment.amount_tiyn), format_tenge(claim.amount_tiyn)
        yield Difference(Kind.AMOUNT, number, *amounts)
    if payment.msisdn != claim.number:
        yield Difference(Kind.NUMBER, number, payment.msisdn, claim.number)
    if payment.state in _BACK:
        yield Difference(Kind.STATE, number, payment.state.value, "paid")


# -- reading ---------------------------------------------------------------------------------------


def _read(report: str) -> Iterator[Claim | Difference]:
    """Line by line, so that a broken one does not take its neighbours along."""
    lines = [(number, line) for number, line in enumerate(_LINE_END.split(report), 1) if line.strip()]
    if not lines:
        raise NotAReport(f"the report is empty; its first line is {','.join(COLUMNS)}")
    heading = lines[0][1]
    separator = ";" if ";" in heading and "," not in heading else ","
    names = [name.strip().lower() for name in _cells(heading, separator) or ()]
    missing = [name for name in COLUMNS if names.count(name) != 1]
    if missing:
        raise NotAReport(f"the first line must name each of these columns once: {', '.join(missing)}")
    places = [names.index(name) for name in COLUMNS]
    for number, line in lines[1:]:
        cells = _cells(line, separator)
        claim = _claim(number, [cells[place] for place in places]) if len(cells) == len(names) else None
        yield claim or Difference(Kind.UNREADABLE, "", theirs=f"line {number}: {line[:_SHOWN_MAX]}")


def _cells(line: str, separator: str) -> list[str]:
    """The cells of a line; none where its quotes are wrong."""
    try:
        return next(csv.reader([line], delimiter=separator, strict=True), [])
    except csv.Error:
        return []


def _claim(line: int, cells: Sequence[str]) -> Claim | None:
    """The row's values, or None where one cannot be read. The time is looked at, and not compared."""
    payment_id, typed, amount, time = (_plain(cell) for cell in cells)
    try:
        tiyn = parse_tenge(amount).tiyn
        datetime.fromisoformat(time)
    except (InvalidAmount, ValueError):
        return None
    return Claim(line, payment_id, _number(typed), tiyn) if payment_id else None


def _plain(cell: str) -> str:
    """A cell without the mark that ``_safe`` gave it."""
    cell = cell.strip()
    return cell[1:] if cell.startswith("'") and _is_formula(cell) else cell


def _number(typed: str) -> str:
    try:
        return parse_msisdn(typed)
    except InvalidMsisdn:
        return typed


# -- writing ---------------------------------------------------------------------------------------


def _our_row(payment: Payment, show: Show) -> tuple[str, ...]:
    return (
        payment.payment_id,
        payment.msisdn,
        format_tenge(payment.amount_tiyn),
        show(payment.at_us),
        payment.source,
        payment.state.value,
        payment.credited,
        payment.code,
    )


def csv_text(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A file of RFC 4180 in which no cell is a formula (CWE-1236)."""
    output = StringIO()
    writer = csv.writer(output)
    writer.writerow(heading)
    writer.writerows([_safe(cell) for cell in row] for row in rows)
    return output.getvalue()


def _safe(cell: str) -> str:
    """A cell that a spreadsheet takes for text."""
    return f"'{cell}" if _is_formula(cell) else cell


def _is_formula(cell: str) -> bool:
    """A formula, or one that was made safe already: a mark more keeps the two apart."""
    return cell.lstrip("'").startswith(_FORMULA)
