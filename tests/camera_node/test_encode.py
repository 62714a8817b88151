"""How large and how good pictures are made."""

from datetime import UTC, datetime
from typing import Any

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from pictures import draw, encode, jpeg

from camera_node.configuration import PictureForm
from camera_node.encode import LEVELS, Encoder, Ladder, Made, form_at
from camera_node.picture import Kind
from camera_node.sources.decoded import planes_of
from camera_node.sources.frame import Frame, FrameError

FORM = PictureForm(quality=85, quality_min=60, width_max=640, width_min=320)
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def _frame(**given: Any) -> Frame:
    return Frame("a", NOON, 1.0, 1.0, **given)


def _drawn(width: int = 640, height: int = 360) -> NDArray[np.uint8]:
    return np.asarray(draw("teal", (width, height)), np.uint8)[..., ::-1].copy()


def _read(made: Made) -> NDArray[np.uint8]:
    picture = cv2.imdecode(np.frombuffer(made.data, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape[:2] == (made.height, made.width)
    return np.asarray(picture, np.uint8)


def _slow(encoder: Encoder, times: int) -> Encoder:
    for n in range(times):
        encoder.backlog(600.0, n * 10.0)
    return encoder


@pytest.mark.parametrize("file", [jpeg(1), encode(draw(), "PNG"), encode(draw(), "WEBP")], ids=["JPEG", "PNG", "WEBP"])
def test_a_file_that_needs_nothing_is_passed_on_untouched(file: bytes) -> None:
    made = Encoder(FORM).encode(_frame(file=file, media_type="image/x"), Kind.OVERVIEW)
    assert (made.data, made.media_type, made.width, made.height) == (file, "image/x", 160, 120)


def test_a_file_that_is_too_wide_is_made_smaller() -> None:
    made = Encoder(FORM).encode(_frame(file=encode(draw(size=(1280, 720)), quality=95)), Kind.OVERVIEW)
    assert _read(made).shape == (360, 640, 3)


@pytest.mark.parametrize(
    ("pix_fmt", "colour_range"),
    [("yuv420p", "MPEG"), ("yuvj420p", "JPEG"), ("yuv422p", "MPEG"), ("yuyv422", "MPEG"), ("nv12", "MPEG")],
)
def test_a_videos_colours_come_out_as_they_went_in(pix_fmt: str, colour_range: str) -> None:
    drawn = _drawn()
    video = av.VideoFrame.from_ndarray(drawn, "bgr24").reformat(format=pix_fmt, dst_color_range=colour_range)
    made = Encoder(PictureForm(quality=95)).encode(_frame(planes=planes_of(video)), Kind.OVERVIEW)
    assert np.abs(_read(made).astype(int) - drawn).mean() < 2.5


def test_planes_and_arrays_are_made_smaller_too() -> None:
    drawn = _drawn(1280, 720)
    video = av.VideoFrame.from_ndarray(drawn, "bgr24").reformat(format="yuv420p")
    for frame in (_frame(bgr=drawn), _frame(planes=planes_of(video))):
        assert _read(Encoder(FORM).encode(frame, Kind.OVERVIEW)).shape == (360, 640, 3)


@pytest.mark.parametrize("file", [b"", b"\xff\xd8\xff broken", b"text" * 100])
def test_what_is_no_picture_is_refused(file: bytes) -> None:
    with pytest.raises(FrameError):
        Encoder(FORM).encode(_frame(file=file), Kind.OVERVIEW)
    with pytest.raises(FrameError):
        _frame(file=file).grey(160)


def test_overviews_lose_quality_then_width_and_gate_pictures_only_after_that() -> None:
    forms = [(form_at(FORM, level, Kind.OVERVIEW), form_at(FORM, level, Kind.GATE)) for level in range(2 * LEVELS + 1)]
    assert forms[0] == ((85, 640), (85, 640))
    assert forms[LEVELS // 2] == ((60, 640), (85, 640))
    assert forms[LEVELS] == ((60, 320), (85, 640))
    assert forms[2 * LEVELS] == ((60, 320), (60, 320))
    sizes = [(gate[0] * gate[1], overview[0] * overview[1]) for overview, gate in forms]
    assert sizes == sorted(sizes, reverse=True)


def test_a_slow_line_makes_pictures_smaller_and_a_camera_files_as_well() -> None:
    frame = _frame(file=encode(draw(size=(640, 360)), quality=98))
    sizes = [len(_slow(Encoder(FORM), times).encode(frame, Kind.OVERVIEW).data) for times in (0, 1, 3, 6)]
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == 4
    assert len(_slow(Encoder(FORM), 6).encode(frame, Kind.GATE).data) == sizes[0]


def test_a_file_is_never_made_larger() -> None:
    small = encode(draw(size=(640, 360)), quality=20)
    assert _slow(Encoder(FORM), 1).encode(_frame(file=small), Kind.OVERVIEW).data == small


def test_levels_move_up_soon_and_down_after_a_calm_minute() -> None:
    ladder = Ladder()
    levels = []
    for second in range(0, 400, 2):
        backlog_s = 60.0 if second < 30 else 15.0 if second < 100 else 0.0
        ladder.told(backlog_s, float(second))
        levels.append(ladder.level)
    assert levels[:16] == [1] * 5 + [2] * 5 + [3] * 5 + [3]
    assert levels[100 // 2 : 160 // 2] == [3] * 30  # between the two bounds, and not calm for long enough
    assert (levels[162 // 2], levels[222 // 2], levels[282 // 2], levels[-1]) == (2, 1, 0, 0)
