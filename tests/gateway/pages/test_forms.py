"""Forms: what is read, what is refused and why, and what is shown again."""

import asyncio
from contextlib import suppress
from enum import StrEnum
from typing import Any

import pytest
from fastapi import Request
from hypothesis import given
from hypothesis import strategies as st

from gateway.http.problems import Problem
from gateway.pages.forms import FIELDS_MAX, WHOLE, Form, typed_in
from rating.money import Money

PAN = "9398000000000001"


class Colour(StrEnum):
    """A choice."""

    RED = "red"


def request(body: bytes) -> Request:
    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request({"type": "http", "method": "POST", "headers": []}, receive)


def typed(body: bytes) -> dict[str, str]:
    return dict(asyncio.run(typed_in(request(body))))


def test_a_body_is_read_as_browsers_write_it() -> None:
    assert typed(b"name=%D0%90%D0%B9+g%C3%BCl&empty=&plus=%2B7") == {
        "name": "Ай gül",
        "empty": "",
        "plus": "+7",
    }


@pytest.mark.parametrize(
    "body",
    [b"name=%FF", "name=Ай".encode(), b"\xff", b"&".join(b"a%d=1" % n for n in range(FIELDS_MAX + 1))],
)
def test_a_body_that_is_no_form_in_utf_8_or_has_too_many_fields_is_refused(body: bytes) -> None:
    with pytest.raises(Problem) as refused:
        typed(body)
    assert refused.value.status == 400


@given(st.binary(max_size=200))
def test_any_octets_are_a_form_or_a_problem(body: bytes) -> None:
    with suppress(Problem):
        assert all(isinstance(value, str) for value in typed(body).values())


@pytest.mark.parametrize("value", ["8 701 123-45-67", " +77011234567 ", "\uff17\uff1701 123 45 67"])
def test_a_number_is_read_as_people_type_it(value: str) -> None:
    form = Form({"msisdn": value})
    assert (form.msisdn("msisdn"), form.errors) == ("77011234567", {})


@pytest.mark.parametrize(("value", "begin"), [("", "Type the mobile number"), ("12", "This is not a mobile")])
def test_a_wrong_number_is_told_with_an_example(value: str, begin: str) -> None:
    form = Form({"msisdn": value})
    assert form.msisdn("msisdn") is None
    assert form.errors["msisdn"].startswith(begin)
    assert form.errors["msisdn"].endswith("like 77011234567.")


@pytest.mark.parametrize("value", ["500", " 500 ", "500.0", "\uff15\uff10\uff10"])
def test_an_amount_is_read_in_tenge(value: str) -> None:
    assert Form({"amount": value}).amount("amount") == Money(50_000)


@pytest.mark.parametrize("value", ["", "1e3", "5 000,50", "٥٠٠", "five", "--5", "1.005", "9" * 30])
def test_what_is_no_amount_is_told_with_an_example(value: str) -> None:
    form = Form({"amount": value})
    assert form.amount("amount") is None
    assert form.errors["amount"].endswith("like 500 or 99.50.")


def test_nothing_typed_is_the_default_where_there_is_one() -> None:
    form = Form({"amount": ""})
    assert (form.amount("amount", default=Money(0)), form.errors) == (Money(0), {})


@pytest.mark.parametrize(
    ("value", "seconds", "wrong"),
    [("", None, False), ("90", 90, False), ("x", None, True), ("-1", None, True), ("9" * 10, None, True)],
)
def test_seconds_are_whole_or_left_empty(value: str, seconds: int | None, wrong: bool) -> None:
    form = Form({"delay_s": value})
    assert (form.seconds("delay_s"), "delay_s" in form.errors) == (seconds, wrong)


def test_a_choice_is_one_of_the_list() -> None:
    assert Form({"colour": "red"}).choice("colour", Colour, "Choose.") is Colour.RED
    form = Form({"colour": "blue"})
    assert (form.choice("colour", Colour, "Choose."), form.errors) == (None, {"colour": "Choose."})


@pytest.mark.parametrize("value", [PAN, "Shop 9398 0000-0000 0001", "\uff19398000000000001"])
def test_a_card_number_in_another_field_is_refused_and_not_shown_again(value: str) -> None:
    form = Form({"venue": value})
    assert form.text("venue", "Type it.") is None
    assert "card number" in form.errors["venue"]
    assert not any(digit.isdigit() for digit in form.shown("venue"))


def test_a_secret_is_read_and_never_shown_again() -> None:
    form = Form({"pan": PAN}, secrets=frozenset({"pan"}))
    assert form.text("pan", "Type it.", secret=True) == PAN
    assert form.shown("pan") == ""


@given(st.text(alphabet="0123456789 -.", min_size=13, max_size=40))
def test_no_field_shows_a_run_of_thirteen_digits(value: str) -> None:
    assert not _long_run(Form({"msisdn": value}).shown("msisdn"))


def _long_run(text: str) -> bool:
    plain = text.replace(" ", "").replace("-", "")
    return any(len(run) >= 13 for run in plain.replace(".", " ").replace("*", " ").split())


@pytest.mark.parametrize("value", ["", "a/b", "x" * 41, "<script>", "ä"])
def test_a_form_without_its_token_is_not_taken(value: str) -> None:
    with pytest.raises(Problem) as refused:
        Form({"token": value}).token("token")
    assert refused.value.status == 400


def test_a_refusal_is_tied_to_its_fields_or_to_the_field_that_it_is_about() -> None:
    form = Form()
    form.refuse(Problem(422, "x", errors=[{"field": "amount", "detail": "too much"}]))
    form.refuse(Problem(409, "taken", code="bank.card_taken"), {"bank.card_taken": "pan"})
    form.refuse(Problem(409, "no", code="other"))
    assert form.errors == {"amount": "too much", "pan": "taken", WHOLE: "no"}


def test_the_first_thing_that_is_wrong_with_a_field_counts() -> None:
    form = Form()
    form.note("amount", "first")
    form.note("amount", "second")
    assert form.errors == {"amount": "first"}
