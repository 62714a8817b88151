"""A receipt on one sheet of A4: a program of its own, which reads what stands on it as JSON and writes a PDF.

Its library brings NumPy along and 40 MB, which the web process shall not carry.
"""

import sys
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
from fpdf import FPDF
from fpdf.enums import XPos, YPos

FONTS: Final = Path(__file__).resolve().parents[2] / "frontend" / "fonts"
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

    def head(self, lot: str, address: str) -> None:
        """Whose sheet it is."""
        self.mark(MARGIN_MM, MARGIN_MM, 11)
        self.set_xy(MARGIN_MM, MARGIN_MM + 16)
        self.write_line(lot, 13, bold=True)
        if address:
            self.write_line(address, 10.5, soft=True)

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


class SheetForm(msgspec.Struct):
    """What stands on it, in words; pairs are words and what belongs to them. Empty: there is none."""

    language: str
    title: str
    lot: str
    address: str
    operator: list[str]
    paid_at: datetime
    facts: list[tuple[str, str]]
    lines: list[tuple[str, str]]
    total: tuple[str, str]
    tax: list[tuple[str, str]]
    refunded: list[tuple[str, str]]


def draw(form: SheetForm) -> bytes:
    """The receipt as PDF."""
    sheet = Sheet(form.language, form.title)
    sheet.set_creation_date(form.paid_at)
    sheet.head(form.lot, form.address)
    sheet.ln(2 if form.operator else 0)
    for line in form.operator:
        sheet.write_line(line, 9, soft=True)
    sheet.ln(10)
    sheet.write_line(form.title, 20, bold=True)
    sheet.ln(4)
    for pair in form.facts:
        sheet.pair(*pair)
    sheet.ln(6)
    sheet.rule()
    for pair in form.lines:
        sheet.pair(*pair)
    sheet.rule(0.6)
    sheet.pair(*form.total, points=13, bold=True)
    for pair in form.tax:
        sheet.pair(*pair, soft=True)
    for pair in form.refunded:
        sheet.rule()
        sheet.pair(*pair)
    return bytes(sheet.output())


if __name__ == "__main__":
    sys.stdout.buffer.write(draw(msgspec.json.decode(sys.stdin.buffer.read(), type=SheetForm)))
