"""Pictures are decoded whole or refused; nothing in between, and never a crash."""

import random

import cv2
import numpy as np
import pytest

from parkhub.errors import PictureError
from tasks.vision.picture import decode, size_of

WIDTH, HEIGHT = 320, 200


def made_picture() -> np.ndarray:
    random_numbers = np.random.default_rng(4)
    coarse = random_numbers.integers(0, 255, (12, 20, 3), np.uint8)
    picture = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    picture[:40, :40] = (255, 0, 0)
    return picture


def encoded(kind: str) -> bytes:
    return cv2.imencode(kind, made_picture())[1].tobytes()


@pytest.mark.parametrize("kind", [".jpg", ".png", ".webp"])
def test_all_three_types_become_blue_green_red(kind):
    picture = decode(encoded(kind))

    assert picture.shape == (HEIGHT, WIDTH, 3)
    assert picture.dtype == np.uint8
    assert picture.flags.c_contiguous
    blue, green, red = picture[15, 15]
    assert blue > 200
    assert green < 60
    assert red < 60


@pytest.mark.parametrize("kind", [".jpg", ".png", ".webp"])
def test_grey_pictures_get_three_channels(kind):
    data = cv2.imencode(kind, made_picture()[..., 0])[1].tobytes()
    assert decode(data).shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize(
    ("wanted", "width"), [(1000, 320), (320, 320), (300, 320), (161, 200), (160, 160), (90, 120), (1, 40)]
)
def test_a_jpeg_is_decoded_no_larger_than_needed(wanted, width):
    assert decode(encoded(".jpg"), wanted).shape[1] == width


def test_only_a_jpeg_tells_its_size_before_decoding():
    assert size_of(encoded(".jpg")) == (WIDTH, HEIGHT)
    assert size_of(encoded(".png")) is None
    assert size_of(b"\xff\xd8\xff rubbish") is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\x10\0\0\0WEBPVP8 ",
        b"GIF89a\1\0\1\0\0\0\0;",
        b"BM" * 99,
    ],
    ids=["empty", "text", "jpeg start", "png start", "webp start", "gif", "bmp"],
)
def test_what_is_no_picture_is_refused(data):
    with pytest.raises(PictureError):
        decode(data)


@pytest.mark.parametrize("kind", [".jpg", ".png", ".webp"])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_picture_cut_short_is_refused(kind, share):
    data = encoded(kind)
    with pytest.raises(PictureError):
        decode(data[: int(len(data) * share)])


@pytest.mark.parametrize("kind", [".png", ".webp"])
def test_a_picture_that_claims_to_be_giant_is_refused_before_it_is_decoded(kind):
    data = bytearray(encoded(kind))
    if kind == ".png":
        data[16:24] = (60_000).to_bytes(4, "big") * 2
    else:
        data[12:16], data[24:30] = b"VP8X", b"\xff\xff\x3f" * 2
    with pytest.raises(PictureError, match="pixels"):
        decode(bytes(data))


def damaged(data: bytes, numbers: random.Random) -> bytes:
    """Flipped, doubled, lost and foreign bytes, or a cut."""
    spoilt = bytearray(data)
    for _ in range(numbers.randint(1, 12)):
        at = numbers.randrange(len(spoilt))
        match numbers.randrange(5):
            case 0:
                spoilt[at] ^= 1 << numbers.randrange(8)
            case 1:
                spoilt[at : at + numbers.randrange(40)] = numbers.randbytes(numbers.randrange(40))
            case 2:
                del spoilt[at : at + numbers.randrange(60)]
            case 3:
                spoilt[at:at] = spoilt[at : at + 30]
            case _:
                spoilt[at] = numbers.choice((0, 255))
        if len(spoilt) < 40:
            break
    if numbers.random() < 0.2:
        del spoilt[numbers.randrange(len(spoilt)) :]
    return bytes(spoilt)


def test_a_thousand_damaged_pictures_are_decoded_or_refused_and_crash_nothing(capfd):
    numbers = random.Random(11)
    whole = [encoded(kind) for kind in (".jpg", ".png", ".webp")]
    refused = 0
    for index in range(1000):
        data = damaged(whole[index % 3], numbers)
        try:
            picture = decode(data, numbers.choice((None, 40, 160)))
        except PictureError:
            refused += 1
        else:
            assert picture.ndim == 3
            assert picture.shape[2] == 3
            assert picture.size
    assert refused > 300
