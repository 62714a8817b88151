"""The sign that stands at a car park: a code that leads to its page, and three words on how to pay.

Laid out once, in millimetres on A4, and written as SVG or PDF. Letters are outlines in the SVG, so that every printer
sets them alike.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any, Final

import segno
from fontTools.pens.svgPathPen import SVGPathPen
from fontTools.pens.transformPen import TransformPen
from fontTools.ttLib import TTFont
from fpdf import FPDF

from parkhub.languages import Language

FONTS: Final = Path(__file__).resolve().parents[2] / "frontend" / "fonts"
WIDTH: Final = 210.0
HEIGHT: Final = 297.0
MARGIN: Final = 20.0
CODE: Final = 118.0
QUIET: Final = 4
"""Empty modules around the code, as ISO/IEC 18004 asks for."""

INK: Final = "#12161f"
SIGN: Final = "#1446b8"
PAPER: Final = "#ffffff"
SOFT: Final = "#444b57"
POINT: Final = 25.4 / 72


@dataclass(frozen=True, slots=True)
class Box:
    """A filled rectangle."""

    x: float
    y: float
    width: float
    height: float
    colour: str
    radius: float = 0.0


@dataclass(frozen=True, slots=True)
class Word:
    """A line of text that stands on ``y``; ``size`` in points. ``middle``: ``x`` is its middle, else its left end."""

    x: float
    y: float
    size: float
    text: str
    colour: str = INK
    bold: bool = False
    middle: bool = False


Part = Box | Word


def lay_out(name: str, address: str, language: Language, *, at_exit: bool = False) -> list[Part]:
    """What stands on the sign of a lot, or of the barrier of an exit, whose page is at ``address``."""
    gettext, middle = language.gettext, WIDTH / 2
    title = gettext("Not paid yet? Pay here") if at_exit else gettext("Pay for your parking here")
    parts: list[Part] = [
        Box(0, 0, WIDTH, HEIGHT, PAPER),
        Box(0, 0, WIDTH, 66, SIGN),
        *_fitted(Word(middle, 34, 44, title, PAPER, bold=True, middle=True)),
        *_fitted(Word(middle, 54, 26, name, PAPER, middle=True)),
        *_code(address, middle - CODE / 2, 76),
    ]
    steps = (
        gettext("Scan the code with the camera of your phone"),
        gettext("Type your number plate and about when you came in"),
        gettext("Pay, then drive out"),
    )
    if at_exit:
        steps = (steps[0], gettext("See what your stay costs, and pay"), gettext("The barrier opens: drive out"))
    for number, step in enumerate(steps, 1):
        y = 214.0 + 16 * (number - 1)
        parts += [
            Box(MARGIN, y - 9, 12, 12, SIGN, 2.4),
            Word(MARGIN + 6, y, 22, str(number), PAPER, bold=True, middle=True),
            *_fitted(Word(MARGIN + 18, y, 20, step), WIDTH - MARGIN - 18 - MARGIN),
        ]
    parts += _fitted(
        Word(middle, 272, 15, gettext("No app and no account needed. Or type the address:"), SOFT, middle=True)
    )
    parts += _fitted(Word(middle, 283, 18, address.partition("://")[2], INK, bold=True, middle=True))
    return parts


def sign_svg(parts: list[Part], title: str) -> str:
    """The sign as SVG."""
    drawn = "".join(_svg_box(part) if isinstance(part, Box) else _svg_word(part) for part in parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH:g}mm" height="{HEIGHT:g}mm" '
        f'viewBox="0 0 {WIDTH:g} {HEIGHT:g}"><title>{escape(title)}</title>{drawn}</svg>\n'
    )


def sign_pdf(parts: list[Part], title: str, language: str) -> bytes:
    """The sign as PDF, one page of A4 to the edge."""
    sheet = FPDF(format="A4")
    sheet.set_auto_page_break(auto=False)
    for style, bold in (("", False), ("B", True)):
        sheet.add_font("Roboto", style, _font_file(bold=bold))
    sheet.set_title(title)
    sheet.set_lang(language)
    sheet.set_creator("ParkHub")
    sheet.add_page()
    for part in parts:
        if isinstance(part, Box):
            sheet.set_fill_color(part.colour)
            round_corners = part.radius > 0
            sheet.rect(
                part.x, part.y, part.width, part.height, "F", round_corners=round_corners, corner_radius=part.radius
            )
        else:
            sheet.set_font("Roboto", "B" if part.bold else "", part.size)
            sheet.set_text_color(part.colour)
            sheet.text(_left(part), part.y, part.text)
    return bytes(sheet.output())


def _fitted(word: Word, width: float = WIDTH - 2 * MARGIN) -> list[Part]:
    """The word, smaller where it would not fit."""
    needed = _width(word)
    size = word.size if needed <= width else word.size * width / needed
    return [Word(word.x, word.y, size, word.text, word.colour, word.bold, word.middle)]


def _code(address: str, left: float, top: float) -> Iterator[Part]:
    """The code, a box for every run of dark modules."""
    rows = [bytearray(row) for row in segno.make(address, error="q", micro=False).matrix]
    module = CODE / (len(rows) + 2 * QUIET)
    for y, row in enumerate(rows):
        start = None
        for x, dark in enumerate([*row, 0]):
            if dark and start is None:
                start = x
            elif not dark and start is not None:
                place = left + (start + QUIET) * module, top + (y + QUIET) * module
                yield Box(*place, (x - start) * module, module, INK)
                start = None


def _font_file(*, bold: bool) -> Path:
    return FONTS / f"Roboto-{'Bold' if bold else 'Regular'}.ttf"


@lru_cache(maxsize=2)
def _font(bold: bool) -> tuple[TTFont, Any, dict[int, str]]:
    font = TTFont(_font_file(bold=bold))
    return font, font.getGlyphSet(), font.getBestCmap()


def _glyphs(word: Word) -> Iterator[tuple[Any, float]]:
    """Each letter's outline and where it begins, millimetres after the word does."""
    font, glyphs, names = _font(word.bold)
    scale, at = word.size * POINT / font["head"].unitsPerEm, 0.0
    for letter in word.text:
        glyph = glyphs[names.get(ord(letter), ".notdef")]
        yield glyph, at
        at += glyph.width * scale
    yield None, at


def _width(word: Word) -> float:
    return list(_glyphs(word))[-1][1]


def _left(word: Word) -> float:
    return word.x - _width(word) / 2 if word.middle else word.x


def _svg_box(box: Box) -> str:
    # Crisp edges: else hair-thin gaps show between the rows of the code.
    radius = f' rx="{box.radius:g}"' if box.radius else ' shape-rendering="crispEdges"'
    size = f'width="{box.width:.4g}" height="{box.height:.4g}"'
    return f'<rect x="{box.x:.5g}" y="{box.y:.5g}" {size}{radius} fill="{box.colour}"/>'


def _svg_word(word: Word) -> str:
    font, glyphs, _ = _font(word.bold)
    scale, left = word.size * POINT / font["head"].unitsPerEm, _left(word)
    outlines = []
    for glyph, at in _glyphs(word):
        if glyph is not None:
            pen = SVGPathPen(glyphs, ntos=lambda number: f"{number:.3f}".rstrip("0").rstrip("."))
            glyph.draw(TransformPen(pen, (scale, 0, 0, -scale, left + at, word.y)))
            outlines.append(pen.getCommands())
    return f'<path fill="{word.colour}" d="{"".join(outlines)}"><title>{escape(word.text)}</title></path>'
