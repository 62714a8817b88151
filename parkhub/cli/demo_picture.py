"""A car at the demo's gates, drawn: nobody's, and read by nobody, but there to be looked at in the console."""

import io
from functools import lru_cache
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from parkhub.services.demo_traffic import SIZE

FONT: Final = Path(__file__).resolve().parents[2] / "frontend" / "fonts" / "Roboto-Bold.ttf"
PAINTS: Final = ((120, 34, 40), (38, 62, 98), (60, 66, 70), (186, 188, 190), (28, 74, 62))


def draw(plate: str) -> bytes:
    """A JPEG of `SIZE`: the front of a car with its plate."""
    width, height = SIZE
    picture = Image.new("RGB", SIZE, (98, 100, 104))
    pen, paint = ImageDraw.Draw(picture), PAINTS[sum(map(ord, plate)) % len(PAINTS)]
    pen.rectangle((0, 0, width, height * 0.3), fill=(150, 162, 172))
    pen.polygon([(210, 60), (430, 60), (490, 150), (150, 150)], fill=tuple(part * 2 // 3 for part in paint))
    pen.polygon([(225, 72), (415, 72), (460, 142), (180, 142)], fill=(44, 52, 60))
    pen.rounded_rectangle((120, 148, 520, 300), 30, fill=paint)
    for left in (140, 430):
        pen.rounded_rectangle((left, 180, left + 70, 215), 12, fill=(232, 234, 226))
        pen.rectangle((left, 292, left + 70, 330), fill=(22, 22, 24))
    pen.rounded_rectangle((235, 240, 405, 280), 5, fill=(246, 246, 244), outline=(20, 20, 20), width=2)
    pen.text((width / 2, 260), plate, fill=(16, 16, 18), font=_font(), anchor="mm")
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=70)
    return out.getvalue()


@lru_cache(maxsize=1)
def _font() -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FONT, 28)
