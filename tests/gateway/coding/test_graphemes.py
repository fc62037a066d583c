"""Where a text may be cut."""

import pytest

from gateway.coding.graphemes import last_cut, may_cut

UNCUT = {
    "accent": "e\u0301",
    "two accents": "e\u0301\u0323",
    "short i": "и\u0306",
    "CR LF": "\r\n",
    "surrogate with skin": "👍\U0001f3fd",
    "family": "👨\u200d👩\u200d👧",
    "keycap": "1\ufe0f\u20e3",
    "flag": "🇰🇿",
    "subdivision flag": "🏴\U000e0067\U000e0062\U000e007f",
    "jamo": "\u1112\u1161\u11ab",
    "two leading jamo": "\u1112\u1112\u1161",
    "jamo and syllable": "\u1100\uac00",
    "syllable and vowel": "\uac00\u1161",
    "syllable and final": "\uac00\u11ab",
    "closed syllable and final": "\uac01\u11ab",
    "two finals": "\u11a8\u11a8",
    "spacing mark": "\u0915\u093e",
    "half-width voicing": "\uff76\uff9e",
}


@pytest.mark.parametrize("cluster", UNCUT.values(), ids=UNCUT.keys())
def test_a_readers_character_is_not_cut(cluster: str) -> None:
    assert not any(may_cut("a" + cluster + "b", at) for at in range(2, len(cluster) + 1))
    assert may_cut("a" + cluster + "b", 1)
    assert may_cut("a" + cluster + "b", len(cluster) + 1)


@pytest.mark.parametrize(
    "pair", ["ab", "жә", "\n\r", "😀😀", "\uac01\u1161", "\u1161\u1112", "\u11a8\u1161", "가나"]
)
def test_two_characters_may_be_parted(pair: str) -> None:
    assert may_cut(pair, 1)


def test_flags_are_parted_in_pairs() -> None:
    flags = "🇰🇿🇰🇬🇺🇿"
    assert [may_cut(flags, at) for at in range(1, 6)] == [False, True, False, True, False]


def test_the_last_cut_is_before_the_sequence_or_at_the_end_of_the_range() -> None:
    assert last_cut("abce\u0301f", 0, 4) == 3
    assert last_cut("abce\u0301f", 0, 5) == 5
    assert last_cut("e" + "\u0301" * 9, 0, 4) == 4
    assert last_cut("abc", 0, 99) == 99
