"""E-mail addresses: what may stand in a letter's head, and nothing that could end its line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.base.email_address import domain_of, is_email


@pytest.mark.parametrize(
    "address",
    [
        "a@b",
        "aliya@example.com",
        "aliya.omarova+parking@mail.example.kz",
        "123AAA02@owners.example",
        f"{'a' * 64}@{'b' * 63}.example",
    ],
)
def test_plain_addresses_are_taken(address: str) -> None:
    assert is_email(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "@",
        "aliya",
        "@example.com",
        "aliya@",
        "aliya@@example.com",
        "a@b@c",
        ".aliya@example.com",
        "aliya.@example.com",
        "ali..ya@example.com",
        "aliya@-example.com",
        "aliya@example..com",
        "aliya@example.com.",
        "aliya@[127.0.0.1]",
        '"aliya"@example.com',
        "Aliya <aliya@example.com>",
        "aliya@example.com, bolat@example.com",
        "aliya@example.com\nBcc: bolat@example.com",
        "aliya@example.com\r\n",
        "aliya @example.com",
        "алия@example.com",
        "aliya@пример.kz",
        f"{'a' * 65}@example.com",
        f"a@{'b' * 64}.example",
        f"a@{'.'.join(['b' * 60] * 5)}",
    ],
)
def test_anything_else_is_not(address: str) -> None:
    assert not is_email(address)


@given(st.text(max_size=300))
def test_what_passes_is_one_word_of_visible_ascii(text: str) -> None:
    """So it can end no header line, and name no second recipient."""
    if is_email(text):
        assert text.isascii()
        assert text.isprintable()
        assert not set(text) & set(' ,;<>()[]:"\\')
        assert text.count("@") == 1


def test_the_domain_stands_behind_the_at() -> None:
    assert domain_of("aliya@mail.example.kz") == "mail.example.kz"
