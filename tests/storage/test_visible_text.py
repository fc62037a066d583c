"""Texts from outside: whatever they are, both databases can keep what becomes of them."""

from hypothesis import given
from hypothesis import strategies as st

from storage.visible_text import visible


@given(st.text(st.characters(codec=None)))
def test_what_is_visible_can_be_kept_and_stays_as_it_is_when_seen_again(said: str) -> None:
    """No NUL and no half of a surrogate pair; all other characters are untouched."""
    shown = visible(said)
    assert "\0" not in shown
    assert shown.encode().decode() == shown == visible(shown)
    if said.isascii() and "\0" not in said:
        assert shown == said
