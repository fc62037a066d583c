"""The catalogs: complete, consistent, and short enough for the bearer that carries them."""

import ast
import re
from collections.abc import Iterator
from datetime import datetime
from importlib import resources
from pathlib import Path

import gsm0338  # type: ignore[import-untyped]  # no types; it registers the codec "gsm03.38"
import pytest

import handlers
import ussd_menus
from gateway.texts import Catalog
from handlers.base.outcome import Text
from rating.money import Money, tenge
from rating.subscriber import Language

CATALOG = Catalog.load()
IDS = sorted(CATALOG.templates[Language.EN])
#: The families are those that the catalogs have: a new service brings its own along.
TEXT_ID = re.compile(rf"({'|'.join({each.partition('.')[0] for each in IDS})})\.[a-z_]+")

LARGE = Money(-99_999_999)
#: The longest that each parameter gets.
LONGEST: dict[str, object] = {
    "amount": LARGE,
    "balance": LARGE,
    "most": Money(10**17),
    "until": datetime(2025, 12, 31, 23, 59),  # noqa: DTZ001 - only its form counts
    "count": 10_000,
    "digits": 13,
    "values": "500, 1000, 2000, 5000",
    "day": "31.12",
    "key": "97",
    "label": Text("menu.premium"),
    "service": Text("menu.premium"),
    "card": "9999",
    "code": "WWWWWWWWWWWW",
    "venue": "Megacenter Alma-Ata, 2nd floor, shop 77",
    "at": datetime(2025, 12, 31, 23, 59),  # noqa: DTZ001 - only its form counts
    "number": "77778889900",
    "state": "authorised",
    "to": "8080",
    "when": Text("autopay.below_limit", {"limit": Money(9_999_999)}),
    "limit": Money(9_999_999),
    "least": tenge(100),
    "reason": Text("autopay.why_above_limit"),
    "card_label": Text("menu.autopay_card", {"digits": "999999"}),
    "target": "77778889900",
    "channel": "Bank CenterCredit",
    "bonuses": Money(4_999_999),
    "payment": "9" * 64,
    "support": "8" * 80,
    "time": "31.12.2025 23:59:59",
    "why": Text("payment.unknown_number"),
    "list": Text("collect.black"),
    "active": Text("collect.black"),
    "caller": "77778889900",
    "name": "Aizhan, your sister from Ust-Kamenogorsk",
    "area": "1010",
    "plate": "123ABC02",
    "first": "1001",
    "last": "1010",
    "used": tenge(2_300),
    "rest": tenge(2_300),
    "place": "Republican Square, Republican Square (between Mir and Furmanov)",
    "since": "31.12.2025 23:59",
    "missing": tenge(2_400),
    "parking": "7757",
    "confirm": "7701",
    "stop": "S 123ABC02",
    "extend": "X*1*123ABC02",
    "farewell": Text(
        "parking.stopped",
        {
            "area": "1010",
            "plate": "123ABC02",
            "count": 1_440,
            "amount": tenge(2_400),
            "balance": tenge(2_400),
        },
    ),
    "cost": Text(
        "parking.cost_both_card",
        {"amount": tenge(2_400), "used": tenge(100), "rest": tenge(2_300), "card": "9999"},
    ),
    "request": Text(
        "parking.ask",
        {
            "area": "1010",
            "plate": "123ABC02",
            "count": 24,
            "cost": Text("parking.cost_main", {"amount": tenge(2_400)}),
            "until": datetime(2025, 12, 31, 23, 59),  # noqa: DTZ001 - only its form counts
        },
    ),
}
CHARGE = Text("account.charge", {"day": "31.12", "amount": Money(9_999_999)})
SMALL_CHARGE = Text("account.charge", {"day": "31.12", "amount": Money(99_999)})
LISTS: dict[str, tuple[object, ...]] = {
    "account.balances": tuple(
        Text(text_id, {"amount": LARGE})
        for text_id in ("account.balance", "account.bonus", "account.parking")
    ),
    "account.charges": (SMALL_CHARGE,) * 5,
    "account.charges_bare": (CHARGE,) * 5,
    "bank.history": (
        Text(
            "bank.line_void",
            {"at": LONGEST["at"], "amount": Money(-99_999_900), "venue": "Megacenter Alma-Ata"},
        ),
    )
    * 10,
    "collect.shown": ("77778889900",) * 50,
    "parking.mine": (Text("parking.line", LONGEST),) * 5,
    "parking.which_plate": ("123ABC02",) * 5,
}
#: Answers to the control API only; they never go out by radio.
API_ONLY = re.compile(
    r"subscriber\..*|voucher\.(code_taken|codes|count|face_value|invalid_batch)"
    r"|payment\.(?!credited|taken_back).*|camera\..*|driver\..*"
)
#: E-mails.
BY_MAIL = re.compile(r"fine\..*")
#: Never on a screen: the bank writes, and a letter may have two parts.
BY_SMS = re.compile(
    r"bank\..*|payment\.(credited|credited_bonuses|taken_back)|autopay\.sms_[a-z_]+"
    r"|collect\.(added_but_friend|missed_call|shown|suspended_now|usage)|voice\.call_back_[a-z_]+"
    r"|parking\.[a-z_]+"
)
#: Said to a caller, and read on a handset's terminal: no screen limits them but patience.
SPOKEN = re.compile(r"phone\..*|voice\.no_[a-z_]+|collect\.(announce|announce_unnamed|say_name)")
SPOKEN_CHARS_MAX = 170
#: Ten lines, fifty numbers, five parkings: as long as they are.
LONG = frozenset({"bank.history", "collect.shown", "parking.mine"})
SCREENS = [
    text_id
    for text_id in IDS
    if not any(kind.fullmatch(text_id) for kind in (API_ONLY, BY_MAIL, BY_SMS, SPOKEN))
]
LETTERS = [text_id for text_id in IDS if BY_SMS.fullmatch(text_id) and text_id not in LONG]
#: What an operator sends all day long.
FREQUENT = [
    "account.balance",
    "bank.paid",
    "bank.paid_for",
    "bank.received",
    "bank.working",
    "parking.started",
    "payment.credited",
    "voucher.credited",
    "voucher.unknown",
    "voucher.used",
]


def longest(text_id: str, language: Language) -> str:
    """The text with the longest parameters."""
    params = LONGEST | {"lines": LISTS.get(text_id, ())}
    return CATALOG.render(Text(text_id, params), language)


def octets_of(text: str) -> int | None:
    """Septets in GSM 7 bit, escapes counted; None where the text needs UCS-2."""
    try:
        return len(text.encode("gsm03.38"))
    except UnicodeEncodeError:
        return None


def text_ids_in_code() -> Iterator[str]:
    """Every text id that stands in the code, but for journal reasons and kinds of events."""
    folders = (*handlers.__path__, *ussd_menus.__path__)
    for file in (each for folder in folders for each in Path(folder).rglob("*.py")):
        if file.name.startswith("profile"):
            # Their words with a point are keys of profile files.
            continue
        tree = ast.parse(file.read_text("utf-8"))
        named = [node for node in ast.walk(tree) if isinstance(node, ast.AnnAssign)]
        other = {
            id(node.value)
            for node in named
            if isinstance(node.target, ast.Name) and node.target.id.startswith(("REASON_", "EVENT_", "JOB_"))
        }
        words = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in other]
        yield from (
            word.value for word in words if isinstance(word.value, str) and TEXT_ID.fullmatch(word.value)
        )


def test_the_codec_that_judges_is_there() -> None:
    assert gsm0338.__name__ == "gsm0338"
    assert (octets_of("a{"), octets_of("қ")) == (3, None)


def test_the_catalogs_agree_with_each_other_and_english_is_gsm_7_bit() -> None:
    assert CATALOG.problems() == []


def test_the_code_says_what_the_catalogs_have_and_nothing_else() -> None:
    assert sorted(set(text_ids_in_code())) == IDS


@pytest.mark.parametrize("language", Language)
def test_a_catalog_is_sorted_within_its_parts_so_that_a_text_is_easily_found(language: Language) -> None:
    source = (resources.files("handlers.texts") / f"{language}.po").read_text("utf-8")
    found = re.findall(r'^msgid "(.+)"$', source, re.MULTILINE)
    assert found == sorted(found)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("text_id", SCREENS)
def test_every_text_fits_a_ussd_screen(text_id: str, language: Language) -> None:
    text = longest(text_id, language)
    septets = octets_of(text)
    assert septets <= 182 if septets is not None else len(text) <= 80, (len(text), text)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("text_id", [text_id for text_id in IDS if SPOKEN.fullmatch(text_id)])
def test_what_is_said_is_short_enough_to_be_listened_to(text_id: str, language: Language) -> None:
    assert len(longest(text_id, language)) <= SPOKEN_CHARS_MAX


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("text_id", LETTERS)
def test_a_letter_has_two_parts_at_most(text_id: str, language: Language) -> None:
    text = longest(text_id, language)
    septets = octets_of(text)
    assert septets <= 2 * 153 if septets is not None else len(text) <= 2 * 67, (len(text), text)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("text_id", FREQUENT)
def test_frequent_texts_are_a_single_sms(text_id: str, language: Language) -> None:
    usual = {"amount": tenge(5000), "balance": tenge(99_999), "stop": "S", "extend": "X*1"}
    params = LONGEST | usual
    text = CATALOG.render(Text(text_id, params), language)
    septets = octets_of(text)
    assert septets <= 160 if septets is not None else len(text) <= 70, (len(text), text)


@pytest.mark.parametrize("text_id", IDS)
def test_english_is_gsm_7_bit_with_its_parameters_too(text_id: str) -> None:
    assert octets_of(longest(text_id, Language.EN)) is not None


@pytest.mark.parametrize("language", Language)
def test_used_has_no_parameter_that_could_tell_by_whom(language: Language) -> None:
    assert CATALOG.templates[language]["voucher.used"].names == ()


def test_languages_differ_where_there_are_words() -> None:
    wordless = {"bank.line", "account.balances", "account.charge", "account.charges_bare", "menu.screen"}
    same = {
        text_id
        for text_id in IDS
        if longest(text_id, Language.RU) == longest(text_id, Language.EN) and text_id not in wordless
    }
    assert same == set()
