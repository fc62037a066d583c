"""The conformance page says something of everything, and nothing that no test shows."""

import ast
from collections import Counter

import pytest

from tests.docs.conformance import items
from tests.docs.conformance.markers import MarkerError, marked, markers_in
from tests.docs.conformance.page import BY_ITEM, PAGE, ROWS, clause_of, page, shown_by

ITEMS = {item.name: item for item in items.everything()}


def test_every_item_of_the_codes_tables_has_one_row_and_no_other_has() -> None:
    """A new field, parameter or status has to be described."""
    assert {name: count for name, count in Counter(row.item for row in ROWS).items() if count > 1} == {}
    assert BY_ITEM.keys() == ITEMS.keys()


def test_every_item_has_its_clause() -> None:
    assert [name for name, item in ITEMS.items() if not clause_of(item)] == []


def test_what_is_claimed_is_shown_by_a_test() -> None:
    claimed = [row.item for row in ROWS if row.how.wants_a_test]
    assert [item for item in claimed if not shown_by(item)] == []


def test_no_marker_names_an_item_that_is_not_there() -> None:
    assert marked().keys() - ITEMS.keys() == set()


def test_what_is_like_another_item_names_one_that_is_there() -> None:
    assert [row.item for row in ROWS if row.like and row.like not in ITEMS] == []


def test_the_page_is_as_make_docs_writes_it() -> None:
    assert PAGE.read_text("utf-8") == page(), "the page is behind: make docs"


@pytest.mark.parametrize(
    "source",
    [
        "pytestmark = pytest.mark.conformance('submit_sm')",
        "@pytest.mark.conformance('submit_sm')\ndef helper(): ...",
        "@pytest.mark.conformance(ITEM)\ndef test_it(): ...",
        "@pytest.mark.conformance()\ndef test_it(): ...",
        "@pytest.mark.conformance('submit_sm')\nclass TestIt: ...",
    ],
)
def test_a_marker_that_would_be_overlooked_is_an_error(source: str) -> None:
    with pytest.raises(MarkerError):
        list(markers_in(ast.parse(source), "x.py"))


def test_markers_are_found_on_functions_and_on_their_parameters() -> None:
    source = """
@pytest.mark.conformance("a", "b")
@pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.conformance("c"))])
def test_it(x): ...
"""
    assert list(markers_in(ast.parse(source), "x.py")) == [
        ("a", "test_it"),
        ("b", "test_it"),
        ("c", "test_it"),
    ]
