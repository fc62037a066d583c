"""The forms of a message's id: what an application sees, and what it may send back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.message_ids import ID_DIGITS, SHORT_DIGITS, IdForm, base_id, recipient_id
from gateway.secret_keys import IdSource

ID = "19834ea94549fff437f1b7bb1b9052e4"
WHOLE = (IdForm.HEX, IdForm.HEX_UPPER, IdForm.DECIMAL)
SHORT = (IdForm.SHORT_HEX, IdForm.SHORT_HEX_UPPER, IdForm.SHORT_DECIMAL)
ids = st.integers(0, 2**128 - 1).map(lambda number: f"{number:032x}")


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        (IdForm.HEX, "19834ea94549fff437f1b7bb1b9052e4"),
        (IdForm.HEX_UPPER, "19834EA94549FFF437F1B7BB1B9052E4"),
        (IdForm.DECIMAL, "33912486222043434953893361292810408676"),
        (IdForm.SHORT_HEX, "19834ea94549fff4"),
        (IdForm.SHORT_HEX_UPPER, "19834EA94549FFF4"),
        (IdForm.SHORT_DECIMAL, "1838399561816211444"),
    ],
)
def test_an_id_in_every_form(form: IdForm, shown: str) -> None:
    assert form.shown(ID) == shown
    assert form.shown(recipient_id(ID, 254)) == shown, "nobody outside sees a recipient's number"


@pytest.mark.parametrize("form", WHOLE)
@given(message_id=ids)
def test_what_is_shown_is_read_again(form: IdForm, message_id: str) -> None:
    assert form.read(form.shown(message_id)) == message_id


@pytest.mark.parametrize("form", SHORT)
@given(message_id=ids)
def test_a_short_id_is_read_as_the_beginning_of_the_whole_one(form: IdForm, message_id: str) -> None:
    assert form.read(form.shown(message_id)) == message_id[:SHORT_DIGITS]


@pytest.mark.parametrize("form", IdForm)
@given(text=st.text(max_size=70))
def test_anything_else_is_no_id_of_ours(form: IdForm, text: str) -> None:
    read = form.read(text)
    if read is not None:
        assert form.shown(read.ljust(ID_DIGITS, "0")).lower() == text.lower()


@pytest.mark.parametrize("form", [IdForm.HEX, IdForm.HEX_UPPER])
def test_hexadecimal_digits_are_read_in_either_case(form: IdForm) -> None:
    assert form.read(ID.upper()) == form.read(ID) == ID


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (IdForm.HEX, ""),
        (IdForm.HEX, ID[:-1]),
        (IdForm.HEX, f"{ID}0"),
        (IdForm.HEX, f"{ID}-001"),
        (IdForm.HEX, f"0x{ID[2:]}"),
        (IdForm.HEX, f" {ID[1:]}"),
        (IdForm.HEX, f"{ID[:-1]}\n"),
        (IdForm.HEX, f"{ID[:-1]}٣"),
        (IdForm.SHORT_HEX, ID),
        (IdForm.DECIMAL, ""),
        (IdForm.DECIMAL, "-1"),
        (IdForm.DECIMAL, "+1"),
        (IdForm.DECIMAL, "1_000"),
        (IdForm.DECIMAL, "01"),
        (IdForm.DECIMAL, "12\n"),
        (IdForm.DECIMAL, "١٢"),
        (IdForm.DECIMAL, str(2**128)),
        (IdForm.DECIMAL, "9" * 5000),
        (IdForm.SHORT_DECIMAL, str(2**64)),
    ],
)
def test_texts_that_only_look_like_ids(form: IdForm, text: str) -> None:
    assert form.read(text) is None


def test_the_longest_id_of_each_form_fits_into_message_id() -> None:
    longest = {form: len(form.shown("f" * ID_DIGITS)) for form in IdForm}
    assert longest == {form: form.octets_max for form in IdForm}
    assert longest[IdForm.DECIMAL] == 39
    assert longest[IdForm.SHORT_DECIMAL] == 20
    assert max(longest.values()) <= 64, "message_id has 65 octets with its terminator"


def test_short_ids_of_today_fit_into_a_signed_number_of_64_bits_and_rise() -> None:
    new_id = IdSource(lambda: 1_772_000_000_000_000)
    numbers = [int(IdForm.SHORT_DECIMAL.shown(new_id())) for _ in range(1000)]
    assert numbers == sorted(set(numbers))
    assert max(numbers) < 2**63
    last_of_2254 = IdSource(lambda: 8_993_980_799_999_999)
    assert int(IdForm.SHORT_DECIMAL.shown(last_of_2254())) < 2**63


def test_a_recipients_id_and_back() -> None:
    assert recipient_id(ID, 1) == f"{ID}-001"
    assert base_id(recipient_id(ID, 254)) == base_id(ID) == ID


def test_forms_have_names_for_a_person() -> None:
    assert [form.value for form in IdForm] == [
        "hex",
        "HEX",
        "decimal",
        "short hex",
        "short HEX",
        "short decimal",
    ]
