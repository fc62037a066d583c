"""Plates as people type them."""

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.base.plates import read_plate

LETTERS = "ABEKMHOPCTYXI"
CYRILLIC = dict(zip(LETTERS, "АВЕКМНОРСТУХІ", strict=True))
GOOD = re.compile(r"[A-Z]\d{3}[A-Z]{2,3}|\d{3}[A-Z]{2,3}(0[1-9]|1\d|20)", re.ASCII)
PLATES = st.from_regex(GOOD, fullmatch=True).map(str)


@pytest.mark.parametrize(
    ("typed", "plate"),
    [
        ("A111AAA", "A111AAA"),
        ("А111ААА", "A111AAA"),
        ("a111aa", "A111AA"),
        ("123AAA02", "123AAA02"),
        ("123 ааа 02", "123AAA02"),
        ("123-AA-20", "123AA20"),
        ("123 ABC – 01", "123ABC01"),
        ("１２３ＡＢＣ０２", "123ABC02"),
        ("x 777 ух", "X777YX"),
    ],
)
def test_old_and_new_forms_in_latin_and_cyrillic(typed: str, plate: str) -> None:
    assert read_plate(typed) == plate


@pytest.mark.parametrize(
    "typed",
    ["", "123", "AAA", "A11AAA", "A1111AAA", "AA111AA", "123AAA", "123AAA00", "123AAA21", "123AAA2",
     "12AAA02", "123AAAA02", "123A02", "Я123АА", "123ЖАЖ02", "123AAA02X", "A111A", "A111AAAA", "ß123AA",
     "A١١١AAA", "A111AAA\x00", "A111AA;", "A111AAA" * 100],
)  # fmt: skip
def test_what_is_no_plate(typed: str) -> None:
    assert read_plate(typed) is None


@given(PLATES, st.data())
def test_case_alphabet_and_separators_do_not_matter(plate: str, data: st.DataObject) -> None:
    typed = "".join(
        data.draw(
            st.sampled_from([each, each.lower(), CYRILLIC.get(each, each), CYRILLIC.get(each, each).lower()])
        )
        + data.draw(st.sampled_from(["", "", " ", "-", "\u2013"]))
        for each in plate
    )
    assert read_plate(typed) == plate


@given(st.text(max_size=60) | st.text(string.ascii_uppercase + string.digits, max_size=10))
def test_what_is_read_has_a_form_and_is_read_the_same_again(typed: str) -> None:
    plate = read_plate(typed)
    assert plate is None or (GOOD.fullmatch(plate) and read_plate(plate) == plate)
