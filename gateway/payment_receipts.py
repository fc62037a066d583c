"""The payer's receipt for a payment: as text, and as a PDF of one page (services.md section 5).

Both say the same, in any of the three languages, and carry the transaction code as a QR code (ISO/IEC 18004)
too. The PDF brings its font along, so that Kazakh letters are there on every machine.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import as_file, files
from io import BytesIO
from itertools import groupby
from threading import Lock
from typing import Any, Final

from handlers.base.outcome import Text
from handlers.base.payment_channels import PaymentChannel, ReceiptForm
from handlers.base.payment_receipt import TITLES, lines_of
from rating.subscriber import Language
from storage.bank_model import Payment

Say = Callable[[Text], str]

#: A PDF is measured in points, 72 to an inch.
_POINTS_PER_MM: Final = 72 / 25.4
_FONT: Final = "Roboto"
_FONT_FILE: Final = ("font_roboto", "files", "Roboto-Regular.ttf")
#: The quiet zone around a QR code, in modules (ISO/IEC 18004 section 5.3.8).
_QUIET: Final = 4
#: Two rows of modules as one line of text: upper dark, lower dark.
_HALVES: Final = {(0, 0): " ", (1, 0): "▀", (0, 1): "▄", (1, 1): "█"}
_drawing = Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What stands on it, in words. ``code`` is the transaction code, which is among the lines too."""

    form: ReceiptForm
    language: Language
    title: str
    lines: tuple[str, ...]
    code: str


def receipt_of(
    payment: Payment, channel: PaymentChannel | None, at: datetime, language: Language, say: Say
) -> Receipt:
    """The receipt as of now. ``at`` is when the payment came, ``say`` puts texts into words of ``language``.

    A channel that the profile does not know any more is called by its name.
    """
    form = channel.receipt if channel else ReceiptForm.PRINTABLE
    return Receipt(
        form=form,
        language=language,
        title=say(TITLES[form]),
        lines=tuple(map(say, lines_of(payment, channel, at))),
        code=payment.code,
    )


def as_text(receipt: Receipt) -> str:
    """Plain text: title, lines, QR code in half blocks."""
    return "\n".join((receipt.title, "", *receipt.lines, "", *_blocks(_modules(receipt.code)), ""))


def as_pdf(receipt: Receipt) -> bytes:
    """One page; the same receipt gives the same octets."""
    # Half a megabyte of Python and fonts that most gateways never need.
    from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]  # noqa: PLC0415

    style, output = _STYLES[receipt.form], BytesIO()
    # ReportLab keeps its fonts, and what was drawn with them, in one place for all threads.
    with _drawing:
        _register_font()
        paragraphs = [part for line in receipt.lines for part in style.wrap(line)]
        height = style.height or style.height_of(len(paragraphs))
        size = (style.width, height)
        canvas = Canvas(output, size, invariant=1, lang=receipt.language.value, initialFontName=_FONT)
        canvas.setTitle(receipt.title)
        canvas.setAuthor("Shortcode")
        _draw(canvas, receipt, paragraphs, style, height)
        canvas.save()
    return output.getvalue()


# -- the QR code -----------------------------------------------------------------------------------


def _modules(code: str) -> Sequence[Sequence[int]]:
    """Rows of modules, 1 for dark, with the quiet zone."""
    import segno  # noqa: PLC0415 - as above

    rows = segno.make_qr(code, error="m").matrix_iter(border=_QUIET)
    return [[int(bool(module)) for module in row] for row in rows]


def _blocks(modules: Sequence[Sequence[int]]) -> Iterator[str]:
    """Two rows to a line, as characters are twice as high as they are wide."""
    blank = [0] * len(modules[0])
    for upper in range(0, len(modules), 2):
        lower = modules[upper + 1] if upper + 1 < len(modules) else blank
        yield "".join(_HALVES[pair] for pair in zip(modules[upper], lower, strict=True)).rstrip()


# -- the page --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Style:
    """A page's measures in points. ``height`` 0 is as long as it has to be (a slip of paper from a roll)."""

    width: float
    height: float = 0
    margin: float
    title_size: float
    text_size: float
    qr_side: float

    @property
    def leading(self) -> float:
        """From one line to the next."""
        return self.text_size * 1.5

    @property
    def title_height(self) -> float:
        """The title with the space below it."""
        return self.title_size * 2

    def height_of(self, lines: int) -> float:
        """All that has to stand on it."""
        return 2 * self.margin + self.title_height + lines * self.leading + self.qr_side

    def wrap(self, line: str) -> Iterator[str]:
        """The line in pieces that fit: between words, and within a word that is too long for a line."""
        room, piece = self.width - 2 * self.margin, ""
        for word in _words(line):
            if piece and _width(piece + word.rstrip(" "), self.text_size) > room:
                yield piece.rstrip(" ")
                piece = ""
            for letter in word:
                if _width(piece + letter, self.text_size) > room and letter != " ":
                    yield piece
                    piece = ""
                piece += letter
        yield piece.rstrip(" ")


_STYLES: Final = {
    ReceiptForm.PRINTABLE: _Style(
        width=210 * _POINTS_PER_MM,
        height=297 * _POINTS_PER_MM,
        margin=25 * _POINTS_PER_MM,
        title_size=20,
        text_size=12,
        qr_side=40 * _POINTS_PER_MM,
    ),
    ReceiptForm.SLIP: _Style(
        width=80 * _POINTS_PER_MM,
        margin=5 * _POINTS_PER_MM,
        title_size=14,
        text_size=9,
        qr_side=35 * _POINTS_PER_MM,
    ),
}


def _words(line: str) -> Iterator[str]:
    """Each word with the space behind it."""
    start = 0
    for end, letter in enumerate(line, 1):
        if letter == " ":
            yield line[start:end]
            start = end
    yield line[start:]


def _width(text: str, size: float) -> float:
    from reportlab.pdfbase.pdfmetrics import stringWidth  # type: ignore[import-untyped]  # noqa: PLC0415

    width: float = stringWidth(text, _FONT, size)
    return width


@cache
def _register_font() -> None:
    from reportlab.pdfbase.pdfmetrics import registerFont  # noqa: PLC0415 - as above
    from reportlab.pdfbase.ttfonts import TTFont  # type: ignore[import-untyped]  # noqa: PLC0415

    package, *path = _FONT_FILE
    with as_file(files(package).joinpath(*path)) as file:
        registerFont(TTFont(_FONT, str(file)))


def _draw(canvas: Any, receipt: Receipt, lines: Sequence[str], style: _Style, height: float) -> None:
    """From the top down: title, lines, QR code."""
    baseline = height - style.margin - style.title_size
    canvas.setFont(_FONT, style.title_size)
    canvas.drawString(style.margin, baseline, receipt.title)
    canvas.setFont(_FONT, style.text_size)
    top = height - style.margin - style.title_height
    for number, line in enumerate(lines, 1):
        canvas.drawString(style.margin, top - number * style.leading + style.text_size / 2, line)
    _draw_code(canvas, receipt.code, style.margin, top - len(lines) * style.leading, style.qr_side)


def _draw_code(canvas: Any, code: str, left: float, top: float, side: float) -> None:
    """Dark modules as rectangles, a run of them at a time."""
    rows = _modules(code)
    size = side / len(rows)
    for number, row in enumerate(rows, 1):
        column = 0
        for dark, run in groupby(row):
            length = len(list(run))
            if dark:
                canvas.rect(left + column * size, top - number * size, length * size, size, stroke=0, fill=1)
            column += length
