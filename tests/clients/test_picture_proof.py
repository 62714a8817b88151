import io
import random
import struct
import zlib

import pytest
from pictures import draw, encode, jpeg

from parkhub.clients.picture_proof import PictureInfo, inspect
from parkhub.errors import ParkHubError, PictureError, TooLargeError, UnsupportedTypeError

PIXELS_MAX = 25_000_000
KINDS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}


def png(width: int, height: int, *more: bytes) -> bytes:
    """A PNG that claims a size and holds no pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(more) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def moving(kind: str) -> bytes:
    file = io.BytesIO()
    draw(seed=1).save(file, kind, save_all=True, append_images=[draw(seed=2)], duration=100)
    return file.getvalue()


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_picture_tells_its_type_and_size(kind: str) -> None:
    assert inspect(encode(draw(size=(320, 200)), kind), PIXELS_MAX) == PictureInfo(KINDS[kind], 320, 200)


@pytest.mark.parametrize(
    ("mode", "kind"), [("L", "JPEG"), ("L", "PNG"), ("RGBA", "PNG"), ("P", "PNG"), ("1", "PNG"), ("RGBA", "WEBP")]
)
def test_grey_and_transparent_pictures_are_taken(mode: str, kind: str) -> None:
    assert inspect(encode(draw().convert(mode), kind), PIXELS_MAX).media_type == KINDS[kind]


@pytest.mark.parametrize(
    "given", [{"progressive": True}, {"optimize": True}, {"quality": 100}, {"subsampling": 0}], ids=str
)
def test_every_way_to_write_a_jpeg_is_taken(given: dict[str, object]) -> None:
    assert inspect(encode(draw(), **given), PIXELS_MAX).media_type == "image/jpeg"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.9, 0.98])
def test_a_cut_off_picture_is_told_from_a_whole_one(kind: str, share: float) -> None:
    data = encode(draw(size=(320, 200)), kind)
    with pytest.raises(PictureError):
        inspect(data[: int(len(data) * share)], PIXELS_MAX)


@pytest.mark.parametrize("kind", KINDS)
def test_the_last_byte_counts(kind: str) -> None:
    with pytest.raises(PictureError):
        inspect(encode(draw(), kind)[:-2], PIXELS_MAX)


@pytest.mark.parametrize("kind", KINDS)
def test_bytes_behind_the_picture_do_no_harm(kind: str) -> None:
    data = encode(draw(), kind) + b"\0" * 100 + b"<script>"
    assert inspect(data, PIXELS_MAX).media_type == KINDS[kind]


NOT_TAKEN = {
    "nothing": (b"", PictureError),
    "three bytes of a JPEG": (b"\xff\xd8\xff", PictureError),
    "GIF": (encode(draw(), "GIF"), UnsupportedTypeError),
    "BMP": (encode(draw(), "BMP"), UnsupportedTypeError),
    "TIFF": (encode(draw(), "TIFF"), UnsupportedTypeError),
    "SVG": (b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>', UnsupportedTypeError),
    "a page in front of a JPEG": (b"<html>" + jpeg(), UnsupportedTypeError),
    "a page in JPEG's clothes": (b"\xff\xd8\xff<html><script>alert(1)</script>", PictureError),
    "PostScript, for which Pillow would start a program": (b"%!PS-Adobe-3.0\n", UnsupportedTypeError),
    "a RIFF file that is a sound": (b"RIFF\x24\0\0\0WAVEfmt ", UnsupportedTypeError),
    "WebP without a picture": (b"RIFF\x0c\0\0\0WEBPXXXX\0\0\0\0", PictureError),
    "a PNG of a terabyte": (png(1_000_000, 1_000_000), TooLargeError),
    "a PNG of 60000 x 60000": (png(60_000, 60_000), TooLargeError),
    "a PNG longer than any side": (png(20_000, 100), TooLargeError),
    "a PNG without pixels": (png(64, 64), PictureError),
    "a PNG of no size": (png(0, 64), PictureError),
    "a speck": (encode(draw(size=(15, 64)), "PNG"), PictureError),
    "a JPEG in print colours": (encode(draw().convert("CMYK")), PictureError),
    "a moving WebP": (moving("WEBP"), PictureError),
    "a moving PNG": (moving("PNG"), PictureError),
    "a JPEG of a thousand scans": (jpeg()[:-2] + b"\xff\xda\0\x02" * 1000 + b"\xff\xd9", PictureError),
}


@pytest.mark.parametrize("name", NOT_TAKEN)
def test_what_is_not_taken_is_refused_with_its_own_error(name: str) -> None:
    data, error = NOT_TAKEN[name]
    with pytest.raises(error):
        inspect(data, PIXELS_MAX)


def test_a_webp_canvas_is_measured_before_it_is_made() -> None:
    data = bytearray(encode(draw().convert("RGBA"), "WEBP", lossless=False, exif=b"Exif\0\0x"))
    assert data[12:16] == b"VP8X"
    data[24:30] = (16_000).to_bytes(3, "little") * 2
    with pytest.raises(TooLargeError):
        inspect(bytes(data), PIXELS_MAX)


@pytest.mark.parametrize("kind", KINDS)
def test_the_limit_of_pixels_is_inclusive(kind: str) -> None:
    data = encode(draw(size=(100, 80)), kind)
    assert inspect(data, 8_000).width == 100
    with pytest.raises(TooLargeError):
        inspect(data, 7_999)


@pytest.mark.parametrize("kind", KINDS)
def test_damage_of_any_kind_is_an_error_of_ours_or_still_a_picture(kind: str) -> None:
    chance = random.Random(kind)
    whole = encode(draw(size=(64, 48)), kind)
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 12)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        if chance.random() < 0.3:
            del data[chance.randrange(len(data)) :]
        try:
            found = inspect(bytes(data), PIXELS_MAX)
        except ParkHubError as error:
            assert 400 <= error.status < 500  # noqa: PT017
        else:
            assert found.width * found.height <= PIXELS_MAX
