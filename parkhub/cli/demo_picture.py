"""A car at the demo's gates, drawn: nobody's, and read by nobody, but there to be looked at in the console."""

import io
from functools import lru_cache
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from parkhub.services.demo_traffic import SIZE

FONT: Final = Path(__file__).resolve().parents[2] / "frontend" / "fonts" / "Roboto-Bold.ttf"
SCALE: Final = 0.75
PAINTS: Final = ((120, 34, 40), (38, 62, 98), (60, 66, 70), (186, 188, 190), (28, 74, 62))


def draw(plate: str, box: tuple[float, float, float, float] = (0.4, 0.6, 0.2, 0.07)) -> bytes:
    """A JPEG of `SIZE`: the front of a car, its plate in the middle of ``box`` (left, top, width, height in shares)."""
    (width, height), across, down = SIZE, SIZE[0] * (box[0] + box[2] / 2), SIZE[1] * (box[1] + box[3] / 2)
    picture = Image.new("RGB", SIZE, (98, 100, 104))
    pen, paint = ImageDraw.Draw(picture), PAINTS[sum(map(ord, plate)) % len(PAINTS)]

    def at(*points: tuple[float, float]) -> list[tuple[float, float]]:
        """Where points of the car are, told from the middle of its plate."""
        return [(across + SCALE * x, down + SCALE * y) for x, y in points]

    pen.rectangle((0, 0, width, height * 0.3), fill=(150, 162, 172))
    pen.polygon(at((-110, -200), (110, -200), (170, -110), (-170, -110)), fill=tuple(part * 2 // 3 for part in paint))
    pen.polygon(at((-95, -188), (95, -188), (140, -118), (-140, -118)), fill=(44, 52, 60))
    pen.rounded_rectangle(at((-200, -112), (200, 40)), 30 * SCALE, fill=paint)
    for left in (-180, 110):
        pen.rounded_rectangle(at((left, -80), (left + 70, -45)), 12 * SCALE, fill=(232, 234, 226))
        pen.rectangle(at((left, 32), (left + 70, 70)), fill=(22, 22, 24))
    pen.rounded_rectangle(at((-85, -20), (85, 20)), 5, fill=(246, 246, 244), outline=(20, 20, 20), width=2)
    pen.text((across, down), plate, fill=(16, 16, 18), font=_font(), anchor="mm")
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=70)
    return out.getvalue()


@lru_cache(maxsize=1)
def _font() -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FONT, 28 * SCALE)
