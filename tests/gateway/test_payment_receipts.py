"""Receipts for payments: what stands on them is what was paid, in three languages, on paper and as text."""

import re
from datetime import datetime
from importlib.resources import files
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import segno
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader
from reportlab.pdfbase.ttfonts import TTFontFile  # type: ignore[import-untyped]

from gateway.payment_receipts import _FONT_FILE, Receipt, as_pdf, as_text, receipt_of
from gateway.texts import Catalog
from handlers.base.payment_channels import ReceiptForm
from handlers.base.profile import load_profile
from rating.subscriber import Language
from storage.bank_model import Payment, PaymentState

CATALOG, CHANNELS = Catalog.load(), load_profile("kz").channels
AT = datetime(2026, 3, 1, 9, 0, 5, tzinfo=ZoneInfo("Asia/Almaty"))
CODE = "K4M7ABQX2P3D"
PAYMENT = Payment(
    payment_id="QW-20260301-0001",
    channel="cyberplat",
    msisdn="77011234567",
    brand="kcell",
    amount_tiyn=150_050,
    source="cash",
    code=CODE,
    state=PaymentState.CREDITED,
    at_us=int(AT.timestamp()) * 1_000_000,
    credited="77011234567",
)
KAZAKH = "әғқңөұүһіӘҒҚҢӨҰҮҺІ"
#: Dark modules as the page has them: ``x y width height re``.
RECTANGLE = re.compile(rb"([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+) re")


def receipt(language: Language = Language.EN, **changes: Any) -> Receipt:
    """The receipt of a payment with these changes."""
    payment = PAYMENT._replace(**changes)
    say = lambda text: CATALOG.render(text, language)  # noqa: E731 - as the API has it
    return receipt_of(payment, CHANNELS.get(payment.channel), AT, language, say)


def page_of(pdf: bytes) -> Any:
    """The one page that there is."""
    (page,) = PdfReader(BytesIO(pdf)).pages
    return page


def text_of(pdf: bytes) -> str:
    """The page's text; lines that had to be wrapped are lines of their own."""
    return str(page_of(pdf).extract_text())


def words(text: str) -> list[str]:
    """Without the line breaks of a narrow slip."""
    return text.split()


class TestContents:
    def test_says_channel_amount_number_time_payment_and_code_and_whom_to_ask(self) -> None:
        assert receipt().lines == (
            "Paid by: CyberPlat",
            "Amount: 1,500.50 KZT",
            "Number: 77011234567",
            "Date and time: 01.03.2026 09:00:05",
            "Payment number: QW-20260301-0001",
            f"Transaction code: {CODE}",
            "Questions: +7 (727) 250 85 63, +7 (727) 250 85 64",
        )

    @pytest.mark.parametrize("language", Language)
    def test_every_language_has_its_own_words_and_the_same_facts(self, language: Language) -> None:
        shown = receipt(language)
        assert shown.language is language
        assert len(shown.lines) == 7
        facts = " ".join(shown.lines)
        for fact in ("77011234567", "01.03.2026 09:00:05", "QW-20260301-0001", CODE):
            assert fact in facts

    def test_languages_differ(self) -> None:
        assert len({receipt(language).lines for language in Language}) == 3

    @pytest.mark.parametrize(
        ("changes", "line"),
        [
            (
                {"state": PaymentState.UNALLOCATED, "credited": "", "why": "payment.wrong_brand"},
                "Not credited yet. The brand does not match the number.",
            ),
            ({"state": PaymentState.MOVED, "credited": "77021234567"}, "Credited to: 77021234567"),
            ({"state": PaymentState.REVERSED}, "This payment was reversed."),
            (
                {"state": PaymentState.BACKED_OUT, "credited": ""},
                "The money went back to where it came from.",
            ),
            ({"channel": "kaspi", "source": "card", "cashback_tiyn": 7_502}, "Bonuses earned: 75.02"),
        ],
        ids=str,
    )
    def test_says_what_became_of_the_money(self, changes: dict[str, Any], line: str) -> None:
        assert line in receipt(**changes).lines

    def test_bonuses_that_were_taken_back_were_not_earned(self) -> None:
        shown = receipt(channel="kaspi", state=PaymentState.REVERSED, cashback_tiyn=7_502)
        assert not any("Bonuses" in line for line in shown.lines)

    def test_a_slip_whose_money_waits_is_to_be_kept(self) -> None:
        shown = receipt(state=PaymentState.UNALLOCATED, credited="", why="payment.off_net")
        assert shown.lines[-1] == "Please keep this slip until the money is credited."

    @pytest.mark.parametrize("channel", CHANNELS.values(), ids=lambda channel: channel.name)
    def test_each_channel_has_the_form_and_the_telephone_of_its_own(self, channel: Any) -> None:
        shown = receipt(channel=channel.name)
        assert shown.form is channel.receipt
        assert shown.title == {"printable": "Receipt", "slip": "Pay slip"}[channel.receipt]
        assert any(line == f"Questions: {channel.support}" for line in shown.lines) == bool(channel.support)

    def test_a_channel_that_is_no_more_is_called_by_its_name(self) -> None:
        shown = receipt(channel="pigeon")
        assert (shown.form, shown.lines[0]) == (ReceiptForm.PRINTABLE, "Paid by: pigeon")


class TestText:
    @pytest.mark.parametrize("language", Language)
    def test_has_title_and_lines_and_the_code_as_a_qr_code(self, language: Language) -> None:
        shown = receipt(language)
        head, blank, *rest = as_text(shown).split("\n")
        assert (head, blank) == (shown.title, "")
        assert tuple(rest[: len(shown.lines)]) == shown.lines
        assert modules_of_text(rest[len(shown.lines) + 1 :]) == modules_of(CODE)


class TestPdf:
    @pytest.mark.parametrize("language", Language)
    @pytest.mark.parametrize("channel", ["cyberplat", "kaspi"])
    def test_reads_back_as_title_and_lines_and_nothing_else(self, language: Language, channel: str) -> None:
        shown = receipt(language, channel=channel)
        assert words(text_of(as_pdf(shown))) == words(" ".join((shown.title, *shown.lines)))

    @pytest.mark.parametrize("language", Language)
    def test_tells_readers_its_title_and_language(self, language: Language) -> None:
        reader = PdfReader(BytesIO(as_pdf(receipt(language))))
        assert reader.metadata is not None
        assert reader.metadata.title == receipt(language).title
        assert reader.trailer["/Root"]["/Lang"] == language.value  # type: ignore[index]  # a dictionary

    @pytest.mark.parametrize("channel", ["cyberplat", "kaspi"])
    def test_the_squares_on_the_page_are_the_codes_qr_code(self, channel: str) -> None:
        assert modules_of_page(as_pdf(receipt(channel=channel))) == modules_of(CODE)

    def test_a_slip_is_as_wide_as_a_terminals_roll_and_a_receipt_a_page_of_a4(self) -> None:
        slip, page = (page_of(as_pdf(receipt(channel=name))).mediabox for name in ("qiwi", "halyk"))
        assert round(slip.width * 25.4 / 72) == 80
        assert [round(side * 25.4 / 72) for side in (page.width, page.height)] == [210, 297]

    def test_the_font_comes_along_and_has_every_kazakh_letter(self) -> None:
        package, *path = _FONT_FILE
        font = TTFontFile(str(files(package).joinpath(*path)))
        assert [letter for letter in KAZAKH if ord(letter) not in font.charToGlyph] == []
        (used,) = page_of(as_pdf(receipt(Language.KK)))["/Resources"]["/Font"].values()
        assert "/FontFile2" in used.get_object()["/FontDescriptor"]

    def test_the_same_receipt_gives_the_same_octets(self) -> None:
        assert as_pdf(receipt()) == as_pdf(receipt())

    @settings(max_examples=40, deadline=None)
    @given(
        st.text(st.characters(codec="latin-1", categories=("L", "N", "P", "S")), min_size=1, max_size=64),
        st.sampled_from(["qiwi", "kaspi"]),
    )
    def test_whatever_a_payer_typed_stays_inside_the_page(self, typed: str, channel: str) -> None:
        page = page_of(as_pdf(receipt(channel=channel, msisdn=typed, payment_id=typed)))
        places: list[float] = []
        page.extract_text(visitor_text=lambda _text, _cm, tm, _font, _size: places.append(tm[5]))
        assert min(places) >= 0
        assert max(places) <= page.mediabox.height


def modules_of(code: str) -> list[list[int]]:
    """The QR code as it should be, without its quiet zone."""
    return [list(row) for row in segno.make_qr(code, error="m").matrix]


def modules_of_text(lines: list[str]) -> list[list[int]]:
    """Half blocks read back."""
    halves = {" ": (0, 0), "▀": (1, 0), "▄": (0, 1), "█": (1, 1)}
    width = max(map(len, lines))
    pairs = [[halves[each] for each in line.ljust(width)] for line in lines]
    return _cropped([[pair[half] for pair in line] for line in pairs for half in (0, 1)])


def modules_of_page(pdf: bytes) -> list[list[int]]:
    """Rectangles read back: a run of modules each."""
    stream = page_of(pdf).get_contents().get_data()
    runs = [tuple(map(float, found)) for found in RECTANGLE.findall(stream)]
    size, left, top = runs[0][3], min(run[0] for run in runs), max(run[1] for run in runs)
    count = len(modules_of(CODE))
    rows = [[0] * count for _ in range(count)]
    for x, y, width, _ in runs:
        first, row = round((x - left) / size), round((top - y) / size)
        rows[row][first : first + round(width / size)] = [1] * round(width / size)
    return rows


def _cropped(rows: list[list[int]]) -> list[list[int]]:
    """Without empty rows and columns around it."""
    dark = [(y, x) for y, row in enumerate(rows) for x, module in enumerate(row) if module]
    top, left = min(y for y, _ in dark), min(x for _, x in dark)
    bottom, right = max(y for y, _ in dark), max(x for _, x in dark)
    return [row[left : right + 1] for row in rows[top : bottom + 1]]
