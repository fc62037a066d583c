"""Text from strangers on a terminal."""

from hypothesis import given
from hypothesis import strategies as st

from simulator.visible import indented, one_line, visible


def test_letters_spaces_and_line_breaks_stay() -> None:
    assert visible("Теңге 1\u00a0500 😀\r\nnext\rlast") == "Теңге 1\u00a0500 😀\nnext\nlast"


def test_terminal_sequences_and_direction_tricks_are_made_harmless() -> None:
    assert visible("\x1b[2J\u202eevil\x07\x9b") == "�[2J�evil��"


def test_several_lines_are_set_in_or_joined() -> None:
    assert indented("a\nb") == "a\n    b"
    assert one_line("a\r\nb") == "a / b"


@given(st.text())
def test_no_text_gets_a_control_character_through(text: str) -> None:
    assert not {
        character for character in one_line(text) if ord(character) < 32 or 0x7F <= ord(character) < 0xA0
    }
