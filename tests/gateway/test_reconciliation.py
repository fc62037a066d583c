"""Reconciliation: every planted difference is found, and nothing else is."""

import csv
from contextlib import suppress
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.reconciliation import (
    _FORMULA,
    Difference,
    Kind,
    NotAReport,
    differences,
    differences_csv,
    our_csv,
)
from storage.bank_model import Payment, PaymentState

HEAD = "payment_id,msisdn,amount,time"
TIME = "2026-03-01T09:00:00+05:00"


def ours(number: int, **changes: object) -> Payment:
    """A payment of 500 KZT that came here."""
    payment = Payment(
        payment_id=f"p-{number}",
        channel="qiwi",
        msisdn="77011234567",
        brand="kcell",
        amount_tiyn=50_000,
        source="cash",
        code=f"CODE{number}",
        state=PaymentState.CREDITED,
        at_us=number,
        credited="77011234567",
    )
    return payment._replace(**changes)  # type: ignore[arg-type]  # the names are Payment's own


def theirs(number: int, msisdn: str = "77011234567", amount: str = "500.00", time: str = TIME) -> str:
    """A line of their report."""
    return f"p-{number},{msisdn},{amount},{time}"


def found(lines: list[str], here: list[Payment], nearby: list[Payment] | None = None) -> list[Difference]:
    """What a report of these lines differs by."""
    report = "\r\n".join([HEAD, *lines])
    return list(differences(report, here, nearby or [], lambda us: f"at {us}"))


def rows(text: str) -> list[list[str]]:
    """A CSV file read back."""
    return list(csv.reader(StringIO(text), strict=True))


def test_finds_exactly_the_differences_that_were_planted() -> None:
    here = [
        *(ours(number) for number in range(1, 8)),
        ours(8, state=PaymentState.REVERSED),
        ours(9, state=PaymentState.BACKED_OUT, credited=""),
        ours(10, state=PaymentState.UNALLOCATED, credited="", msisdn="12345"),
        ours(11, state=PaymentState.MOVED, msisdn="77051234567"),
        ours(12, state=PaymentState.REVERSED),
    ]
    report = [
        theirs(1),
        theirs(2, amount="499.99"),
        theirs(3, msisdn="77021234567"),
        theirs(4, msisdn="77021234567", amount="5000"),
        theirs(5),
        theirs(5),
        "p-6,77011234567,five hundred," + TIME,
        theirs(8),
        theirs(9),
        theirs(10, msisdn="12345"),
        theirs(11, msisdn="+7 705 123-45-67"),
        theirs(99),
        theirs(98),
    ]
    assert found(report, here, [ours(98)]) == [
        Difference(Kind.AMOUNT, "p-2", "500.00", "499.99"),
        Difference(Kind.NUMBER, "p-3", "77011234567", "77021234567"),
        Difference(Kind.AMOUNT, "p-4", "500.00", "5000.00"),
        Difference(Kind.NUMBER, "p-4", "77011234567", "77021234567"),
        Difference(Kind.DUPLICATE_THERE, "p-5", "", "line 7, first in line 6"),
        Difference(Kind.UNREADABLE, "", "", f"line 8: p-6,77011234567,five hundred,{TIME}"),
        Difference(Kind.STATE, "p-8", "reversed", "paid"),
        Difference(Kind.STATE, "p-9", "backed_out", "paid"),
        Difference(Kind.MISSING_HERE, "p-99", "", "500.00"),
        Difference(Kind.MISSING_HERE, "p-98", "at 98", "500.00"),
        Difference(Kind.MISSING_THERE, "p-6", "500.00", ""),
        Difference(Kind.MISSING_THERE, "p-7", "500.00", ""),
    ]


def test_two_days_that_agree_differ_by_nothing() -> None:
    assert found([theirs(2), theirs(1)], [ours(1), ours(2)]) == []
    assert found([], []) == []


def test_what_went_back_need_not_be_in_their_report() -> None:
    back = [
        ours(1, state=PaymentState.REVERSED),
        ours(2, state=PaymentState.BACKED_OUT, credited=""),
    ]
    assert found([], back) == []


@pytest.mark.parametrize(
    "line",
    [
        "p-1",
        "p-1,77011234567,500.00",
        f"p-1,77011234567,1,500.00,{TIME}",
        f",77011234567,500.00,{TIME}",
        f"p-1,77011234567,1e3,{TIME}",
        f'p-1,77011234567,"5 000,50",{TIME}',
        f"p-1,77011234567,٥٠٠,{TIME}",
        f"p-1,77011234567,,{TIME}",
        f"p-1,77011234567,{10**30},{TIME}",
        "p-1,77011234567,500.00,yesterday",
        "p-1,77011234567,500.00,",
        f'"p-1,77011234567,500.00,{TIME}',
        f'p-1,"770"11234567,500.00,{TIME}',
    ],
)
def test_a_line_that_cannot_be_read_is_a_difference_and_spares_its_neighbours(line: str) -> None:
    assert found([line, theirs(2)], [ours(2)]) == [Difference(Kind.UNREADABLE, "", "", f"line 2: {line}")]


@pytest.mark.parametrize(
    "report",
    [
        f"{HEAD}\n{theirs(1)}\n",
        f"\n\n{HEAD}\r\r{theirs(1)}",
        f" Payment_ID ,MSISDN,Amount,TIME\r\n{theirs(1)}",
        "payment_id;msisdn;amount;time\np-1;8 701 123 45 67;500;2026-03-01 09:00:00",
        f'time,note,amount,msisdn,payment_id\n{TIME},"a, b",500.00,\'+77011234567,p-1',
        f'{HEAD}\n"p-1"," 77011234567 ","500.0",{TIME}',
    ],
    ids=["plain", "blank lines", "capitals", "semicolons", "other columns", "quotes"],
)
def test_their_file_may_look_as_spreadsheets_make_it(report: str) -> None:
    assert list(differences(report, [ours(1)], [], str)) == []


@pytest.mark.parametrize(
    ("report", "missing"),
    [
        ("", "empty"),
        ("\n \n", "empty"),
        ("payment_id,msisdn,amount", "time"),
        (theirs(1), "payment_id, msisdn, amount, time"),
        (f"{HEAD},amount", "amount"),
        ('"payment_id', "payment_id"),
    ],
)
def test_a_text_without_the_columns_is_no_report(report: str, missing: str) -> None:
    with pytest.raises(NotAReport, match=missing):
        list(differences(report, [], [], str))


def test_our_side_has_their_columns_and_the_oldest_first() -> None:
    text = our_csv(
        [ours(2, state=PaymentState.MOVED, credited="77021234567"), ours(1)], lambda us: f"at {us}"
    )
    assert rows(text) == [
        ["payment_id", "msisdn", "amount", "time", "source", "state", "credited", "code"],
        ["p-1", "77011234567", "500.00", "at 1", "cash", "credited", "77011234567", "CODE1"],
        ["p-2", "77011234567", "500.00", "at 2", "cash", "moved", "77021234567", "CODE2"],
    ]


TYPED = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=12)
STARTS = st.sampled_from(["", *_FORMULA[:4], "'", "'="])


@given(st.lists(st.builds(str.__add__, STARTS, TYPED), max_size=5))
def test_our_own_side_sent_back_differs_by_nothing(numbers: list[str]) -> None:
    """Whatever payers typed for a number, and although cells are made safe."""
    here = [ours(place, msisdn=typed) for place, typed in enumerate(numbers)]
    text = our_csv(here, lambda _: TIME)
    assert list(differences(text, here, [], str)) == []


@given(st.builds(str.__add__, STARTS, st.text(max_size=12)))
def test_no_cell_begins_as_a_formula_does(typed: str) -> None:
    """``=HYPERLINK(...)`` in a report that somebody else wrote is shown, and not computed."""
    files = (
        differences_csv([Difference(Kind.NUMBER, typed, typed, typed)]),
        our_csv([ours(1, payment_id=typed, msisdn=typed)], lambda _: typed),
    )
    for text in files:
        for row in rows(text):
            assert not any(cell.startswith(_FORMULA) for cell in row)


@given(st.text(max_size=200))
def test_no_text_makes_it_fail(report: str) -> None:
    """It is no report, or has differences."""
    with suppress(NotAReport):
        assert all(isinstance(each, Difference) for each in differences(report, [ours(1)], [], str))


def test_a_line_is_shown_in_short() -> None:
    (difference,) = found(["x" * 100_000], [])
    assert len(difference.theirs) < 250
