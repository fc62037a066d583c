"""Which of the national tables are the best for a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.coding.errors import CodingError
from gateway.coding.national import National, shortest
from gateway.coding.shift_tables import Language
from gateway.coding.shifts import Shift, decode, try_encode

LANGUAGES = list(Language)[1:]


def test_no_language_and_no_fitting_language_mean_none() -> None:
    assert shortest("ğ", ()) is None
    assert shortest("ж", LANGUAGES) is None


@pytest.mark.parametrize(
    ("text", "shift"),
    [("ı", Shift(locking=1)), ("Í", Shift(locking=3)), ("१", Shift(single=6)), ("क१", Shift(6, 6))],
)
def test_the_tables_with_the_fewest_septets_are_taken(text: str, shift: Shift) -> None:
    found = shortest(text, LANGUAGES)
    assert found is not None
    assert found.shift == shift


def test_the_single_shift_table_comes_before_the_locking_one_of_equals() -> None:
    assert shortest("plain", (Language.TURKISH,)) == National(Shift(single=1), (b"plain",))


@given(st.text("çğıİşŞ€íóúâ 123क१", max_size=300))
def test_no_other_choice_is_shorter_and_the_parts_hold_the_text(text: str) -> None:
    found = shortest(text, LANGUAGES)
    if found is None:
        assert all(try_encode(text, Shift(one, one)) is None for one in LANGUAGES)
        return
    assert "".join(decode(part, found.shift) for part in found.parts) == text
    for one in LANGUAGES:
        octets = try_encode(text, Shift(one, one))
        assert octets is None or len(octets) <= 152 or len(found.parts) <= -(-len(octets) // 145)


@pytest.mark.parametrize("language", [0, 14, 255])
def test_a_language_without_tables_is_refused(language: int) -> None:
    with pytest.raises(CodingError):
        shortest("a", (language,))
