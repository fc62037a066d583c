"""The catalog: reading it, putting values in, and what is wrong with it."""

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.coding.gsm7 import is_gsm7
from gateway.texts import Catalog, Template, TextError
from handlers.base.command import Secret
from handlers.base.outcome import Text
from rating.money import TIYN_MAX, Money, tenge
from rating.subscriber import Brand, Language

HEAD = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n\n'
EN, KK, RU = Language.EN, Language.KK, Language.RU


def write(folder: Path, language: Language, texts: Mapping[str, str], *, head: str = HEAD) -> None:
    entries = "".join(f'msgid "{text_id}"\nmsgstr "{text}"\n\n' for text_id, text in texts.items())
    (folder / f"{language}.po").write_text(head + entries, encoding="utf-8")


def catalog(folder: Path, texts: Mapping[str, Mapping[Language, str]]) -> Catalog:
    for language in Language:
        write(
            folder, language, {text_id: each[language] for text_id, each in texts.items() if language in each}
        )
    return Catalog.load(folder=folder)


def everywhere(text: str) -> dict[Language, str]:
    return dict.fromkeys(Language, text)


CREDITED = {
    KK: "+{amount} тг: {balance}",
    RU: "Зачислено {amount} тг, стало {balance}",
    EN: "{balance} after {amount}",
}


def test_each_language_has_its_own_words_and_order(tmp_path: Path) -> None:
    texts = catalog(tmp_path, {"voucher.credited": CREDITED})
    text = Text("voucher.credited", {"amount": tenge(500), "balance": tenge(750)})
    assert texts.render(text, KK) == "+500 тг: 750"
    assert texts.render(text, RU) == "Зачислено 500 тг, стало 750"
    assert texts.render(text, EN) == "750 after 500"


@pytest.mark.parametrize(
    ("money", "english", "russian"),
    [
        (tenge(500), "500", "500"),
        (tenge(1500), "1,500", "1\u00a0500"),
        (tenge(1_234_567), "1,234,567", "1\u00a0234\u00a0567"),
        (Money(9950), "99.50", "99.50"),
        (Money(150_005), "1,500.05", "1\u00a0500.05"),
        (Money(0), "0", "0"),
        (Money(-5), "-0.05", "-0.05"),
        (tenge(-1500), "-1,500", "-1\u00a0500"),
    ],
)
def test_money_is_grouped_and_whole_tenge_have_no_decimals(
    tmp_path: Path, money: Money, english: str, russian: str
) -> None:
    texts = catalog(tmp_path, {"a": everywhere("{amount}")})
    shown = [texts.render(Text("a", {"amount": money}), language) for language in (EN, RU, KK)]
    assert shown == [english, russian, russian]


@given(st.integers(-TIYN_MAX, TIYN_MAX))
def test_english_money_is_gsm_7_bit_and_reads_back(tiyn: int) -> None:
    texts = Catalog({EN: {"a": Template.parse("{amount}")}})
    shown = texts.render(Text("a", {"amount": Money(tiyn)}), EN)
    assert is_gsm7(shown)
    whole, _, rest = shown.replace(",", "").lstrip("-").partition(".")
    assert int(whole) * 100 + int(rest or 0) == abs(tiyn)
    assert shown.startswith("-") == (tiyn < 0)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (datetime(2025, 10, 21, 14, 5, 59, tzinfo=ZoneInfo("Asia/Almaty")), "21.10 14:05"),
        (date(2025, 10, 21), "21.10.2025"),
        (1500, "1500"),
        ("Айгерім", "Айгерім"),
        (Brand.KCELL, "kcell"),
        (Secret("1234567890123"), "***"),
        (Text("inner", {"amount": tenge(5)}), "(5)"),
        ((Text("inner", {"amount": tenge(5)}), "end"), "(5)\nend"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_are_shown_by_their_type(tmp_path: Path, value: object, shown: str) -> None:
    texts = catalog(tmp_path, {"outer": everywhere("<{value}>"), "inner": everywhere("({amount})")})
    assert texts.render(Text("outer", {"value": value}), RU) == f"<{shown}>"


@pytest.mark.parametrize("typed", ["{balance}", "%s", "%(x)s", "{", "}}", "{0.__class__}", "\\g<0>", "{{"])
def test_what_people_type_is_no_placeholder(tmp_path: Path, typed: str) -> None:
    texts = catalog(tmp_path, {"a": everywhere("100% {{{name}}} {balance}")})
    text = Text("a", {"name": typed, "balance": tenge(7)})
    assert texts.render(text, RU) == "100% {" + typed + "} 7"


def test_a_text_without_placeholders_may_have_percent_signs(tmp_path: Path) -> None:
    assert catalog(tmp_path, {"a": everywhere("50% %s off")}).render(Text("a"), EN) == "50% %s off"


def test_a_parameter_may_stand_twice_and_more_may_be_given_than_are_used(tmp_path: Path) -> None:
    texts = catalog(tmp_path, {"a": everywhere("{x} {x}")})
    assert texts.render(Text("a", {"x": 1, "unused": object()}), EN) == "1 1"


@pytest.mark.parametrize(
    ("text", "named"),
    [(Text("nowhere"), "nowhere"), (Text("a"), "'x'"), (Text("a", {"x": 1.5}), "float")],
    ids=["unknown id", "missing parameter", "unknown type"],
)
def test_what_cannot_be_rendered_is_an_error_that_names_it(tmp_path: Path, text: Text, named: str) -> None:
    texts = catalog(tmp_path, {"a": everywhere("{x}")})
    with pytest.raises(TextError) as caught:
        texts.render(text, EN)
    assert named in str(caught.value)


def test_an_override_replaces_a_text_in_one_language_only(tmp_path: Path) -> None:
    catalog(tmp_path, {"a": everywhere("plain {x}")})
    texts = Catalog.load({EN: {"a": "special {x}"}}, folder=tmp_path)
    text = Text("a", {"x": 1})
    assert [texts.render(text, language) for language in (EN, RU)] == ["special 1", "plain 1"]


@pytest.mark.parametrize(
    "source", ["{", "}", "a {} b", "{0}", "{x.y}", "{x[0]}", "{x!r}", "{x:>9}", "{ x }", "{X}"]
)
def test_a_malformed_placeholder_is_told_when_the_catalog_is_loaded(tmp_path: Path, source: str) -> None:
    with pytest.raises(TextError, match=r"bad\.text \(ru\)"):
        catalog(tmp_path, {"bad.text": {**everywhere("good"), RU: source}})


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    write(tmp_path, EN, {"a": "{", "b": "}"})
    write(tmp_path, KK, {}, head="\ufffdno catalog\n")
    with pytest.raises(TextError) as caught:
        Catalog.load(folder=tmp_path)
    for named in ("a (en)", "b (en)", "kk.po", "ru.po"):
        assert named in str(caught.value)


def test_problems_are_missing_texts_differing_placeholders_and_english_outside_gsm(tmp_path: Path) -> None:
    texts = catalog(
        tmp_path,
        {
            "fine": everywhere("{x} {y}"),
            "order": {KK: "{x} {y}", RU: "{y} {x} {x}", EN: "{y}{x}"},
            "missing": {KK: "a", RU: "b"},
            "empty": {**everywhere("a"), KK: ""},
            "differs": {**everywhere("{x}"), EN: "{y}"},
            "quoted": {**everywhere("я"), EN: "it’s"},
        },
    )
    assert texts.problems() == [
        "differs: placeholders differ: kk ['x'], ru ['x'], en ['y']",
        "empty: missing in kk",
        "missing: missing in en",
        "quoted: the English text is not GSM 7 bit",
    ]


def test_a_fuzzy_text_counts_as_missing(tmp_path: Path) -> None:
    for language in Language:
        write(tmp_path, language, {"a": "text"})
    with (tmp_path / "ru.po").open("a", encoding="utf-8") as file:
        file.write('#, fuzzy\nmsgid "b"\nmsgstr "unsure"\n')
    texts = Catalog.load(folder=tmp_path)
    assert texts.problems() == []
    with pytest.raises(TextError):
        texts.render(Text("b"), RU)


def test_the_products_own_texts_are_complete() -> None:
    assert Catalog.load().problems() == []
