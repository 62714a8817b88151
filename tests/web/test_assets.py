"""Static files: what the home screen shows."""

import io
import json

import pytest
from PIL import Image

from parkhub.web.assets import ASSETS

MANIFEST = json.loads(ASSETS["manifest.webmanifest"].body)
DRAWN = [icon for icon in MANIFEST["icons"] if icon["type"] == "image/png"]


@pytest.mark.parametrize("icon", DRAWN, ids=lambda icon: icon["src"])
def test_the_home_screens_icons_are_as_large_as_they_say(icon: dict[str, str]) -> None:
    picture = Image.open(io.BytesIO(ASSETS[icon["src"]].body))
    assert f"{picture.width}x{picture.height}" == icon["sizes"]
    corner = picture.convert("RGBA").getpixel((0, 0))
    assert isinstance(corner, tuple)
    assert (corner[3] == 255) == (icon["purpose"] == "maskable"), "a mask cuts its own corners"


def test_there_is_an_icon_for_every_home_screen() -> None:
    assert {(icon["sizes"], icon["purpose"]) for icon in DRAWN} >= {
        ("192x192", "any"),
        ("512x512", "any"),
        ("512x512", "maskable"),
    }
