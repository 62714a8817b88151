"""A video file as a camera."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import videos
from cameras import next_frame, read_to_the_end

from camera_node.sources.film import FilmSource
from camera_node.sources.source import SourceEndedError, SourceError, Wanted


def _open(file: Path, gap_s: float, *, real_time: bool = False, loop: bool = False) -> FilmSource:
    source = FilmSource(file, real_time=real_time, loop=loop)
    source.configure(Wanted(gap_s=gap_s))
    source.open()
    return source


def test_as_fast_as_possible_every_due_frame_comes_once_and_then_it_ends(tmp_path: Path) -> None:
    frames, end = read_to_the_end(_open(videos.write(tmp_path / "a.mp4", frame_count=30, fps=10), 0.5))
    assert isinstance(end, SourceEndedError)
    assert np.diff([frame.at_s for frame in frames]) == pytest.approx([0.5] * 5, abs=0.01)
    assert frames[0].name.endswith("a.mp4#0.000")
    assert frames[0].size == videos.SIZE


def test_in_real_time_a_second_takes_a_second_and_a_loop_begins_again(tmp_path: Path) -> None:
    source = _open(videos.write(tmp_path / "a.mp4", frame_count=6, fps=10), 0.1, real_time=True, loop=True)
    frames = [next_frame(source) for _ in range(9)]
    source.close()
    passed_s = frames[-1].monotonic_s - frames[0].monotonic_s
    assert passed_s >= 0.7
    assert all(later.at_s > earlier.at_s for earlier, later in pairwise(frames))


def test_a_snapshot_comes_before_its_time(tmp_path: Path) -> None:
    source = _open(videos.write(tmp_path / "a.mp4", frame_count=30, fps=10), 2.0)
    first = next_frame(source)
    source.hurry()
    assert next_frame(source).at_s - first.at_s == pytest.approx(0.1, abs=0.01)
    source.close()


@pytest.mark.parametrize("content", [None, b"", b"no video at all" * 50], ids=["missing", "empty", "text"])
def test_a_file_that_is_no_video_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "broken.mp4"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SourceError, match=r"broken\.mp4"):
        _open(file, 1.0)
