"""A receipt on one sheet of A4."""

from pathlib import Path
from typing import Final

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from parkhub.web.assets import FRONTEND
from parkhub.web.receipt_view import ReceiptView

FONTS: Final = FRONTEND / "fonts"
MARGIN_MM: Final = 25
INK: Final = (20, 24, 33)
SOFT: Final = (68, 75, 87)
LINE: Final = (125, 131, 141)
SIGN: Final = (20, 70, 184)


class Sheet(FPDF):
    """A sheet of A4 in ParkHub's manner; lengths are millimetres."""

    def __init__(self, language: str, title: str) -> None:
        super().__init__(format="A4")
        for style, name in (("", "Regular"), ("B", "Bold")):
            self.add_font("Roboto", style, Path(FONTS / f"Roboto-{name}.ttf"))
        self.set_margins(MARGIN_MM, MARGIN_MM, MARGIN_MM)
        self.set_auto_page_break(auto=True, margin=MARGIN_MM)
        self.set_title(title)
        self.c_margin = 0
        self.set_lang(language)
        self.set_creator("ParkHub")
        self.add_page()

    def mark(self, x: float, y: float, size: float) -> None:
        """The P of the parking sign."""
        self.set_fill_color(*SIGN)
        self.rect(x, y, size, size, style="F", round_corners=True, corner_radius=size * 0.2)
        self.set_text_color(255, 255, 255)
        self.set_font("Roboto", "B", size * 2.2)
        self.set_xy(x, y)
        self.cell(size, size, "P", align="C")
        self.set_text_color(*INK)

    def write_line(self, text: str, points: float, *, bold: bool = False, soft: bool = False) -> None:
        """One paragraph."""
        self.set_font("Roboto", "B" if bold else "", points)
        self.set_text_color(*(SOFT if soft else INK))
        self.multi_cell(0, points * 0.5, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def pair(self, left: str, right: str, *, points: float = 10.5, bold: bool = False, soft: bool = False) -> None:
        """Words on the left, which may take several lines, an amount on the right."""
        self.set_font("Roboto", "B" if bold else "", points)
        self.set_text_color(*(SOFT if soft else INK))
        width, top = self.epw * 0.68, self.get_y()
        self.multi_cell(width, points * 0.6, left, align="L", new_x=XPos.RIGHT, new_y=YPos.NEXT)
        bottom = self.get_y()
        self.set_xy(self.l_margin + width, top)
        self.multi_cell(self.epw - width, points * 0.6, right, align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.set_y(max(bottom, self.get_y()))

    def rule(self, width: float = 0.2) -> None:
        """A line across."""
        self.set_draw_color(*(INK if width > 0.3 else LINE))
        self.set_line_width(width)
        self.ln(1.5)
        self.line(self.l_margin, self.get_y(), self.w - self.r_margin, self.get_y())
        self.ln(1.5)


def receipt_pdf(view: ReceiptView) -> bytes:
    """The receipt. It takes a tenth of a second: call it in a thread."""
    gettext, receipt = view.language.gettext, view.receipt
    title = gettext("Receipt %(number)s", number=receipt.number)
    sheet = Sheet(view.language.code, title)
    sheet.set_creation_date(receipt.paid.paid_at)
    sheet.mark(MARGIN_MM, MARGIN_MM, 11)
    sheet.set_xy(MARGIN_MM, MARGIN_MM + 16)
    sheet.write_line(receipt.lot.name, 13, bold=True)
    if receipt.lot.address:
        sheet.write_line(receipt.lot.address, 10.5, soft=True)
    sheet.ln(10)
    sheet.write_line(title, 20, bold=True)
    sheet.ln(4)
    for words, value in view.facts:
        sheet.pair(words, value)
    sheet.ln(6)
    sheet.rule()
    for line in view.lines:
        sheet.pair(line.words, line.amount)
    for words, amount in view.sums:
        sheet.pair(words, amount)
    sheet.rule(0.6)
    sheet.pair(gettext("Paid"), view.total, points=13, bold=True)
    if view.tax:
        sheet.pair(*view.tax, soft=True)
    if view.refunded:
        sheet.rule()
        sheet.pair(gettext("Given back"), view.refunded)
    return bytes(sheet.output())
