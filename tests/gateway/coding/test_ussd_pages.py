"""USSD pages: each fits one operation, whole words, nothing lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.coding import gsm7
from gateway.coding.errors import CodingError
from gateway.coding.ussd import screen
from gateway.coding.ussd_pages import pages

MORE, BACK = "98 More", "99 Previous"
RU_MORE, RU_BACK = "98 Далее", "99 Выше"


def bodies(found: tuple[str, ...], more: str, back: str) -> list[str]:
    """The pages without their footers, which are checked to be there."""
    result = []
    for number, page in enumerate(found):
        footer = [more] * (number < len(found) - 1) + [back] * (number > 0)
        lines = page.split("\n")
        assert lines[len(lines) - len(footer) :] == footer
        result.append("\n".join(lines[: len(lines) - len(footer)]))
    return result


@pytest.mark.parametrize("text", ["", " a \n", "a" * 182, "€" * 91, "ж" * 80, "😀" * 40])
def test_what_fits_one_screen_is_one_page_as_it_is(text: str) -> None:
    assert pages(text, MORE, BACK) == (text,)


def test_each_page_says_how_to_turn_it() -> None:
    found = pages("word " * 100, MORE, BACK)
    assert len(found) == 3
    assert found[0].endswith("word\n98 More")
    assert found[1].endswith("word\n98 More\n99 Previous")
    assert found[2].endswith("word\n99 Previous")


def test_a_page_ends_with_a_line_where_one_ends_in_its_last_two_thirds() -> None:
    menu = "Меню\n" + "\n".join(f"{key} Длинная строчка меню" for key in range(1, 8))
    assert bodies(pages(menu, RU_MORE, RU_BACK), RU_MORE, RU_BACK) == [
        "Меню\n1 Длинная строчка меню\n2 Длинная строчка меню",
        "3 Длинная строчка меню\n4 Длинная строчка меню",
        "5 Длинная строчка меню\n6 Длинная строчка меню\n7 Длинная строчка меню",
    ]


def test_a_short_title_does_not_get_a_page_of_its_own() -> None:
    first = pages("Меню\n" + "слово " * 20, RU_MORE, RU_BACK)[0]
    assert first.startswith("Меню\nслово слово")


def test_an_amount_is_not_parted_at_its_no_break_space() -> None:
    found = bodies(pages("ж" * 66 + " 100\u00a0000 тг и ещё", RU_MORE, RU_BACK), RU_MORE, RU_BACK)
    assert found == ["ж" * 66, "100\u00a0000 тг и ещё"]


def test_every_page_has_the_alphabet_that_it_needs_itself() -> None:
    found = pages("word " * 34 + "слово", MORE, BACK)
    assert [gsm7.is_gsm7(page) for page in found] == [True, False]


def test_a_word_longer_than_a_page_is_cut_between_two_characters() -> None:
    found = bodies(pages("e\u0301" * 100, MORE, BACK), MORE, BACK)
    assert "".join(found) == "e\u0301" * 100
    assert not any(body.startswith("\u0301") for body in found)


def test_half_a_surrogate_pair_cannot_be_shown() -> None:
    with pytest.raises(CodingError):
        pages("\ud83d", MORE, BACK)


def test_a_footer_that_leaves_no_room_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="no room"):
        pages("ж" * 81, "ж" * 40, "ж" * 40)


_WORDS = st.lists(st.text("abжқ€[😀\u0301", min_size=1, max_size=100), max_size=60)
_JOINTS = st.sampled_from([" ", "\n", "  ", "\n\n"])


@given(_WORDS, _JOINTS, st.sampled_from([(MORE, BACK), (RU_MORE, RU_BACK)]))
def test_every_page_fits_and_all_words_come_whole_and_in_order(
    typed: list[str], joint: str, footer: tuple[str, str]
) -> None:
    found = pages(joint.join(typed), *footer)
    assert not any(screen(page).cut for page in found)
    read = bodies(found, *footer)
    assert "".join("".join(read).split()) == "".join(typed)
    cut = "\n".join(read).split()
    assert [word for word in typed if len(word) <= 24 and word not in cut] == []


@given(st.text(max_size=500))
def test_any_text_is_paged_without_an_empty_page(text: str) -> None:
    found = pages(text, MORE, BACK)
    assert not any(screen(page).cut for page in found)
    assert len(found) == 1 or all(body.strip() for body in bodies(found, MORE, BACK))


@given(st.text(" \n\t\u2003", min_size=183, max_size=500))
def test_blanks_alone_are_one_page(text: str) -> None:
    assert len(pages(text, MORE, BACK)) == 1
