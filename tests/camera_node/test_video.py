"""Pictures out of a video at a rate."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import videos

from camera_node.sources.video import VideoError, read_duration_s, read_stills


@pytest.mark.parametrize(
    ("rate", "times"),
    [
        pytest.param(1.0, [0.0, 1.0, 2.0], id="one a second"),
        pytest.param(2.0, [0.0, 0.5, 1.0, 1.5, 2.0, 2.5], id="two a second"),
        pytest.param(0.5, [0.0, 2.0], id="one every two seconds"),
        pytest.param(100.0, [n / 10 for n in range(30)], id="more than there are"),
    ],
)
def test_the_rate_chooses_the_pictures(tmp_path: Path, rate: float, times: list[float]) -> None:
    file = videos.write(tmp_path / "a.mp4", frame_count=30, fps=10)
    assert [round(still.t_s, 3) for still in read_stills(file, rate)] == times


def test_pictures_are_jpeg_of_the_videos_size_in_its_colours(tmp_path: Path) -> None:
    file = videos.write(tmp_path / "a.mp4", cars=lambda _: ("left",))
    still = next(read_stills(file, 1.0))
    picture = cv2.imdecode(np.frombuffer(still.data, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (videos.SIZE[1], videos.SIZE[0], 3)
    assert picture[80, 50].min() > 200 > 100 > picture[5, 5].max()


def test_uneven_times_are_kept(tmp_path: Path) -> None:
    file = videos.write(tmp_path / "a.mkv", frame_count=6, times_s=[0.0, 0.1, 1.4, 1.5, 3.2, 3.3])
    assert [round(still.t_s, 2) for still in read_stills(file, 1.0)] == [0.0, 1.4, 3.2]


def test_a_video_says_how_long_it_is(tmp_path: Path) -> None:
    assert read_duration_s(videos.write(tmp_path / "a.mp4")) == pytest.approx(3.0, abs=0.2)


@pytest.mark.parametrize("content", [b"", b"no video at all" * 50], ids=["empty", "text"])
def test_a_file_that_is_no_video_is_named(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "broken.mp4"
    file.write_bytes(content)
    with pytest.raises(VideoError, match=r"broken\.mp4"):
        list(read_stills(file, 1.0))
