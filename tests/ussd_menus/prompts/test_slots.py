"""What a command takes from a flow's slots has the right type, and no error shows it."""

import pytest

from handlers.base.command import Secret
from ussd_menus.prompts.slots import secret_in, words_in


def test_a_secret_is_given_as_it_was_typed() -> None:
    assert secret_in({"pin": Secret("4711")}, "pin").reveal() == "4711"


def test_a_text_is_no_secret() -> None:
    with pytest.raises(TypeError, match=r"^pin is no secret$"):
        secret_in({"pin": "4711"}, "pin")


def test_a_text_is_given_as_it_is() -> None:
    assert words_in({"amount": "500"}, "amount") == "500"


def test_anything_else_is_no_text() -> None:
    with pytest.raises(TypeError, match=r"^amount is no text$"):
        words_in({"amount": 500}, "amount")
