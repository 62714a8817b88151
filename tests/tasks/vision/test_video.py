"""Videos in and out."""

import struct
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import videos

from parkhub.errors import InvalidInputError, ParkHubError, TooLargeError
from tasks.vision.picture import Picture
from tasks.vision.video import VideoWriter, open_video


def times(path: Path) -> list[float]:
    with open_video(path) as reader:
        return [round(frame.t_s, 3) for frame in reader.frames()]


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.mp4", "libx264"),
        ("a.mkv", "libx264"),
        ("a.mov", "mpeg4"),
        ("a.avi", "mjpeg"),
        ("a.ts", "libx264"),
        ("a.webm", "libvpx"),
    ],
)
def test_the_usual_kinds_of_video_are_read(tmp_path: Path, name: str, codec: str) -> None:
    path = videos.write(tmp_path / name, frame_count=12, codec=codec)
    with open_video(path) as reader:
        frames = list(reader.frames())
    assert (reader.width, reader.height, reader.fps) == (320, 240, 10)
    assert [round(frame.t_s, 2) for frame in frames] == [n / 10 for n in range(12)]
    assert frames[0].picture.shape == (240, 320, 3)
    assert all(frame.whole for frame in frames)


def test_pixels_are_blue_green_red(tmp_path: Path) -> None:
    path = tmp_path / "red.mp4"
    with VideoWriter(path, 64, 64, Fraction(10)) as writer:
        writer.write(np.full((64, 64, 3), (20, 30, 220), np.uint8), 0)
    with open_video(path) as reader:
        picture = next(reader.frames()).picture
    assert np.abs(picture.mean(axis=(0, 1)) - (20, 30, 220)).max() < 6


def test_times_of_a_variable_frame_rate_are_kept(tmp_path: Path) -> None:
    given = [0.0, 0.1, 0.15, 0.9, 2.0, 2.05]
    path = videos.write(tmp_path / "vfr.mkv", frame_count=6, times_s=given)
    assert times(path) == given


def test_a_video_that_does_not_begin_at_zero_counts_from_its_first_frame(tmp_path: Path) -> None:
    path = videos.write(tmp_path / "late.ts", frame_count=3, times_s=[7.0, 7.1, 7.2])
    assert times(path) == [0.0, 0.1, 0.2]


def test_a_video_without_a_duration_is_read_and_its_progress_follows_the_bytes(tmp_path: Path) -> None:
    path = videos.write(tmp_path / "raw.h264", frame_count=40, container_format="h264")
    with open_video(path) as reader:
        assert reader.duration_s is None
        seen = [reader.progress for _ in reader.frames()]
    assert len(seen) == 40
    assert seen == sorted(seen)
    assert seen[-1] > 0.5


def test_sound_is_left_alone(tmp_path: Path) -> None:
    assert len(times(videos.write(tmp_path / "loud.mp4", frame_count=10, sound=True))) == 10


def test_a_video_of_one_frame_is_a_video(tmp_path: Path) -> None:
    assert times(videos.write(tmp_path / "one.mp4", frame_count=1)) == [0.0]


# The matrix in an MP4's track header that phones write when they are held upright (ISO 14496-12, 8.3.2).
STRAIGHT = b"".join(n.to_bytes(4, "big") for n in (0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000))
CLOCKWISE = b"".join(n.to_bytes(4, "big") for n in (0, 0x10000, 0, 0xFFFF0000, 0, 0, 0xF00000, 0, 0x40000000))


def test_a_phone_held_upright_gives_upright_pictures(tmp_path: Path) -> None:
    path = videos.write(tmp_path / "phone.mp4", frame_count=3, cars=lambda _: ("left",))
    data = path.read_bytes()
    at = data.rindex(STRAIGHT)
    path.write_bytes(data[:at] + CLOCKWISE + data[at + len(STRAIGHT) :])
    with open_video(path) as reader:
        picture = next(reader.frames()).picture
    assert (reader.width, reader.height) == (240, 320)
    # the car was on the left; turned clockwise it is at the top
    assert picture[40:120, 80:160].mean() > 150
    assert picture[200:280, 80:160].mean() < 100


PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nreal.mp4\n#EXT-X-ENDLIST\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"this is text\n" * 100, "not a video"),
        (b"\x00" * 5000, "not a video"),
        (b"ffconcat version 1.0\nfile real.mp4\n", "not a video"),
        (PLAYLIST, "not a video"),
        (videos.mask_png(), "not a video"),
    ],
    ids=["empty", "text", "zeros", "a list of files", "a playlist", "a picture"],
)
def test_what_is_no_video_is_refused_with_a_sentence(tmp_path: Path, content: bytes, words: str) -> None:
    videos.write(tmp_path / "real.mp4", frame_count=2)
    path = tmp_path / "claims.mp4"
    path.write_bytes(content)
    with pytest.raises(InvalidInputError, match=words), open_video(path):
        pass


def test_a_video_cut_short_before_its_index_is_refused(tmp_path: Path) -> None:
    whole = videos.write(tmp_path / "whole.mp4", frame_count=60).read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InvalidInputError, match="cut short"), open_video(path):
        pass


def test_a_video_of_too_many_pixels_is_refused_before_anything_is_decoded(tmp_path: Path) -> None:
    file = tmp_path / "huge.gif"
    file.write_bytes(b"GIF89a" + struct.pack("<HHBBB", 8000, 8000, 0xF7, 0, 0))  # a header, and no picture behind it
    with pytest.raises(TooLargeError, match="8000 x 8000"), open_video(file):
        pass


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "song.mp4"
    with av.open(str(path), "w") as container:
        videos.write_sound(container, 1)
    with pytest.raises(InvalidInputError, match="no video"), open_video(path):
        pass


def test_damaged_pieces_never_crash(tmp_path: Path) -> None:
    whole = videos.write(tmp_path / "whole.mkv", frame_count=40).read_bytes()
    chance = np.random.default_rng(7)
    for number in range(60):
        data = np.frombuffer(whole, np.uint8).copy()
        places = chance.integers(0, len(data), 1 + number)
        data[places] = chance.integers(0, 256, len(places))
        path = tmp_path / "damaged.mkv"
        path.write_bytes(data.tobytes())
        stamps: list[float] = []
        with suppress(ParkHubError), open_video(path) as reader:
            stamps += [frame.t_s for frame in reader.frames()]
        assert stamps == sorted(set(stamps))


def test_what_is_written_plays_in_browsers(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    with VideoWriter(path, 320, 240, Fraction(30000, 1001)) as writer:
        for number in range(90):
            writer.write(videos.frame(("left",)), number * 1001 / 30000)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert stream.codec_context.profile == "High"
        assert stream.frames == 90
        assert stream.average_rate == Fraction(30000, 1001)
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_an_error_while_writing_comes_through_as_itself(tmp_path: Path) -> None:
    def pictures() -> Iterator[Picture]:
        yield from [videos.frame()] * 40
        raise RuntimeError("mine")

    def write() -> None:
        with VideoWriter(tmp_path / "out.mp4", 320, 240, Fraction(10)) as writer:
            for number, picture in enumerate(pictures()):
                writer.write(picture, number / 10)

    with pytest.raises(RuntimeError, match="mine"):
        write()
