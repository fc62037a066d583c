"""Splitting: limits, what is never cut, and against an independent splitter."""

import unicodedata

import pytest
import smsutil  # type: ignore[import-untyped]  # the oracle ships no types
from hypothesis import assume, example, given
from hypothesis import strategies as st

from gateway.coding import gsm7, udh
from gateway.coding.alphabet import Alphabet, decode
from gateway.coding.errors import CodingError, TooLongError
from gateway.coding.shift_tables import Language
from gateway.coding.shifts import NO_SHIFT, Shift
from gateway.coding.split import Encoded, split

GSM7_CHARS = "".join(set(gsm7.DEFAULT.locking) - {"\x1b"}) + "^{}\\[~]|€€€"
MIXED_CHARS = "aб ң\r\n😀\u0301\u200d🇰🇿\U0001f3fd\ufe0f\u1112\u1161\u11ab가"
gsm7_texts = st.text(GSM7_CHARS, max_size=700)
long_texts = st.text(min_size=2, max_size=20).map(lambda text: 81 * text)
any_texts = st.one_of(long_texts, st.text(max_size=300), st.text(MIXED_CHARS, max_size=500), gsm7_texts)


def bodies(encoded: Encoded) -> list[str]:
    """The text of each segment, decoded by itself: fails when a character is cut in two."""
    texts = []
    for segment in encoded.segments:
        body, shift = segment.short_message, NO_SHIFT
        if segment.esm_class & udh.UDHI:
            header, body = udh.parse(body)
            shift = header.shift
        assert shift == encoded.shift
        text = decode(encoded.data_coding, body, shift=shift)
        assert isinstance(text, str)
        texts.append(text)
    return texts


def octets_on_air(encoded: Encoded) -> list[int]:
    """Octets of each TP-User-Data: septets are packed there, and begin on a septet boundary."""
    sizes = []
    for segment in encoded.segments:
        header = 0
        if segment.esm_class & udh.UDHI:
            header = segment.short_message[0] + 1
        body = len(segment.short_message) - header
        seven_bit = encoded.alphabet is Alphabet.GSM7
        sizes.append(-(-(-(-header * 8 // 7) + body) * 7 // 8) if seven_bit else header + body)
    return sizes


@given(any_texts, st.integers(0, 1000))
@example("x" * 159 + "€", 1)
@example("ж" * 69 + "😀", 1)
def test_the_segments_hold_the_text_and_fit_the_air(text: str, reference: int) -> None:
    encoded = split(text, reference=reference)
    assert "".join(bodies(encoded)) == text
    assert max(octets_on_air(encoded)) <= 140
    assert (encoded.alphabet is Alphabet.GSM7) == gsm7.is_gsm7(text)


@given(any_texts, st.integers(0, 1000))
def test_parts_are_numbered_and_a_single_segment_has_no_header(text: str, reference: int) -> None:
    segments = split(text, reference=reference).segments
    if len(segments) == 1:
        assert segments[0].esm_class == 0
        return
    for number, segment in enumerate(segments, 1):
        assert segment.esm_class == udh.UDHI
        concat = udh.parse(segment.short_message)[0].concat
        assert concat == udh.Concat(reference=reference & 0xFF, total=len(segments), number=number)


@given(
    st.lists(
        st.sampled_from(["e\u0301", "👍\U0001f3fd", "👨\u200d👩", "🇰🇿", "ж", "\r\n", "😀"]), max_size=250
    )
)
def test_no_sequence_that_fits_a_segment_is_cut(clusters: list[str]) -> None:
    """Each segment is a run of whole sequences: none starts with a mark, a joined emoji or half a flag."""
    pieces = bodies(split("".join(clusters), reference=1))
    at = 0
    for piece in pieces:
        begun = at
        while sum(map(len, clusters[begun:at])) < len(piece):
            at += 1
        assert "".join(clusters[begun:at]) == piece


@given(st.text(GSM7_CHARS.replace("\r", ""), min_size=1, max_size=700))
def test_seven_bit_texts_are_cut_where_the_oracle_cuts(text: str) -> None:
    """Without carriage returns, for the oracle knows nothing of CR LF."""
    assert bodies(split(text, reference=1)) == [piece.content for piece in smsutil.split(text).parts]


@given(st.text("жңё`\U0001f600 ", min_size=1, max_size=300))
def test_ucs2_texts_are_cut_where_the_oracle_cuts(text: str) -> None:
    assume(not gsm7.is_gsm7(text))
    assert bodies(split(text, reference=1)) == [piece.content for piece in smsutil.split(text).parts]


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("", [0]),
        ("a" * 160, [160]),
        ("a" * 161, [153, 8]),
        ("a" * 306, [153, 153]),
        ("a" * 307, [153, 153, 1]),
        ("€" * 80, [160]),
        ("€" * 81, [152, 10]),
        ("a" * 152 + "€" + "a" * 20, [152, 22]),
        ("a" * 152 + "\r\n" + "a" * 20, [152, 22]),
    ],
)
def test_seven_bit_segments_hold_160_or_153_septets(text: str, sizes: list[int]) -> None:
    assert [gsm7.septets(piece) for piece in bodies(split(text, reference=1))] == sizes


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("ж" * 70, [70]),
        ("ж" * 71, [67, 4]),
        ("ж" * 134, [67, 67]),
        ("😀" * 35, [70]),
        ("😀" * 36, [66, 6]),
        ("ж" * 66 + "e\u0301" + "ж" * 10, [66, 12]),
        ("ж" + "\u0301" * 100, [67, 34]),
        ("`" * 71, [67, 4]),
    ],
)
def test_ucs2_segments_hold_70_or_67_units(text: str, sizes: list[int]) -> None:
    pieces = bodies(split(text, reference=1))
    assert [len(piece.encode("utf-16-be")) // 2 for piece in pieces] == sizes


def test_a_precomposed_letter_stays_as_it_is() -> None:
    """Nothing is normalised on the way: what a person wrote arrives octet by octet."""
    text = unicodedata.normalize("NFD", "Сәлем, ёж й")
    assert "".join(bodies(split(text, reference=1))) == text


def test_255_segments_are_the_most() -> None:
    assert len(split("a" * 153 * 255, reference=1).segments) == 255
    assert len(split("ж" * 67 * 255, reference=1).segments) == 255
    for text in ("a" * (153 * 255 + 1), "ж" * (67 * 255 + 1)):
        with pytest.raises(TooLongError):
            split(text, reference=1)


def test_half_a_surrogate_pair_cannot_be_sent() -> None:
    with pytest.raises(CodingError):
        split("a\ud83d", reference=1)


@pytest.mark.parametrize(
    ("reference", "octet"), [(0, 0), (127, 127), (128, 128), (255, 255), (256, 0), (-1, 255)]
)
@pytest.mark.parametrize("char", ["a", "ж"])
def test_every_part_carries_the_low_eight_bits_of_the_reference(
    reference: int, octet: int, char: str
) -> None:
    segments = split(char * 400, reference=reference).segments
    starts = [bytes((5, 0, 3, octet, len(segments), number)) for number in range(1, len(segments) + 1)]
    assert [segment.short_message[:6] for segment in segments] == starts


TURKISH = "Çağrı şifreniz değişti: İyi günler dileriz. "
HINDI = "आपका बैलेंस 500 है। "
national_texts = st.one_of(
    st.text(TURKISH + "€\r\n@", max_size=400),
    st.text(HINDI + "\u094d\u093f€abcA१", max_size=400),
    st.text("ação Ñandú Çğ", max_size=400),
)


@given(st.one_of(national_texts, any_texts), st.integers(0, 255))
def test_with_languages_the_segments_still_hold_the_text_and_fit_the_air(text: str, reference: int) -> None:
    encoded = split(text, reference=reference, languages=list(Language)[1:])
    assert "".join(bodies(encoded)) == text
    assert max(octets_on_air(encoded)) <= 140
    assert len(encoded.segments) <= len(split(text, reference=reference).segments)
    for number, segment in enumerate(encoded.segments, 1):
        if len(encoded.segments) > 1:
            concat = udh.parse(segment.short_message)[0].concat
            assert concat == udh.Concat(reference, len(encoded.segments), number)


def test_national_tables_are_used_only_where_they_are_allowed() -> None:
    text = 4 * TURKISH
    assert split(text, reference=1).alphabet is Alphabet.UCS2
    assert split(text, reference=1, languages=(Language.HINDI,)).alphabet is Alphabet.UCS2
    encoded = split(text, reference=1, languages=(Language.TURKISH,))
    assert (encoded.alphabet, encoded.data_coding, encoded.shift.locking) == (
        Alphabet.GSM7,
        0,
        Language.TURKISH,
    )


def test_national_tables_are_used_only_where_they_save_a_segment() -> None:
    """A handset that does not know them shows wrong letters: UCS-2 is the safer choice of equals."""
    assert split("ğ" * 70, reference=1, languages=(1,)).alphabet is Alphabet.UCS2
    assert split("ğ" * 71, reference=1, languages=(1,)).shift == Shift(locking=1)
    assert split("plain " * 20, reference=1, languages=(1,)).shift == NO_SHIFT


@pytest.mark.parametrize(
    ("text", "shift", "sizes"),
    [
        ("a" * 153 + "í", Shift(single=2), [155]),
        ("a" * 154 + "í", Shift(single=2), [149, 7]),
        ("a" * 154 + "ğ", Shift(locking=1), [155]),
        ("ğ" * 155, Shift(locking=1), [155]),
        ("ğ" * 156, Shift(locking=1), [149, 7]),
        ("ğ" * 149 * 2 + "ğ", Shift(locking=1), [149, 149, 1]),
        ("í" * 77, Shift(single=2), [154]),
        ("í" * 202, Shift(single=2), [148, 148, 108]),
        ("अ" * 100 + "१" * 26, Shift(6, 6), [152]),
        ("अ" * 100 + "१" * 50, Shift(6, 6), [146, 54]),
    ],
)
def test_the_header_takes_its_room_from_the_text(text: str, shift: Shift, sizes: list[int]) -> None:
    """155 septets beside one language element, 152 beside two (TS 23.038 annex C.3); 149 and 146 in parts."""
    encoded = split(text, reference=1, languages=(shift.single or shift.locking,))
    assert encoded.shift == shift
    assert [len(udh.parse(segment.short_message)[1]) for segment in encoded.segments] == sizes


def test_the_elements_stand_in_every_segment() -> None:
    segments = split("ğ" * 200, reference=0x1CC, languages=(1,)).segments
    assert [segment.short_message[:9].hex() for segment in segments] == [
        "080003cc0201250101",
        "080003cc0202250101",
    ]
    assert split("ğ" * 100, reference=1, languages=(1,)).segments[0].short_message[:4].hex() == "03250101"


def test_of_equal_tables_the_first_language_wins_and_single_shift_before_locking() -> None:
    """Turkish and Portuguese both write these in as many septets, and either kind of table does."""
    text = "a" * 80 + "ç"
    assert split(text, reference=1, languages=(3,)).shift == Shift(locking=3)
    assert split(text, reference=1, languages=(1, 3)).shift == Shift(locking=1)
    assert split(text, reference=1, languages=(3, 1)).shift == Shift(locking=3)
    # "ñ" is in the default table only, "ó" in the single shift table only: a pair either way round.
    assert split("a" * 80 + "ñó", reference=1, languages=(2, 3)).shift == Shift(single=2)


@pytest.mark.parametrize("unknown", [0, 14, -1])
def test_an_unknown_language_cannot_be_written(unknown: int) -> None:
    with pytest.raises(CodingError):
        split("ğ" * 71, reference=1, languages=(unknown,))


def test_combining_signs_stay_with_their_letters_in_national_tables_too() -> None:
    text = "कि" * 80
    encoded = split(text, reference=1, languages=(Language.HINDI,))
    assert [len(body) for body in bodies(encoded)] == [148, 12]
