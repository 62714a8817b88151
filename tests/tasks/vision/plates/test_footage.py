"""Videos become passages."""

from pathlib import Path

import pytest
from plate_scenes import plate, scene, video

from parkhub.errors import InvalidInputError
from tasks.vision.plates.evidence import crop
from tasks.vision.plates.footage import moments, passages_of
from tasks.vision.plates.onnx_reader import OnnxReader
from tasks.vision.video import open_video


@pytest.fixture(scope="module")
def reader() -> OnnxReader:
    return OnnxReader()


def test_a_vehicle_driving_by_is_one_passage(tmp_path: Path, reader: OnnxReader) -> None:
    drawn = plate(["KA 417XM"])
    frames = [scene()] * 4 + [scene([(drawn, (260 + 20 * i, 330, 150, 32))]) for i in range(12)] + [scene()] * 4
    (passage,) = passages_of(video(tmp_path / "gate.avi", frames), reader)
    assert passage.text == "KA417XM"
    assert passage.first_s == pytest.approx(0.4, abs=0.21)
    assert passage.last_s == pytest.approx(1.4, abs=0.21)
    assert passage.frames >= 4


def test_an_empty_street_has_no_passage(tmp_path: Path, reader: OnnxReader) -> None:
    assert list(passages_of(video(tmp_path / "street.avi", [scene()] * 8), reader)) == []


def test_frames_are_looked_at_at_the_pace_asked_for(tmp_path: Path, reader: OnnxReader) -> None:
    path = video(tmp_path / "still.avi", [scene([(plate(["KA 417XM"]), (380, 330, 180, 39))])] * 20)
    assert [round(at_s, 1) for at_s, _ in moments(path, reader, "auto", 0.5)] == [0.0, 0.5, 1.0, 1.5]


def test_the_best_crop_is_cut_out_of_the_frame_that_was_read(tmp_path: Path, reader: OnnxReader) -> None:
    frames = [scene([(plate(["KA 417XM"]), (200 + 40 * i, 330, 110 + 10 * i, 24 + 2 * i))]) for i in range(9)]
    path = video(tmp_path / "gate.avi", frames)
    (passage,) = passages_of(path, reader, crops=True)
    best = passage.best
    with open_video(path) as opened:
        (frame,) = [frame.picture for frame in opened.frames() if frame.t_s == best.at_s]
    assert best.read.text == passage.text
    assert best.crop == crop(frame, best.read)


def test_without_crops_wanted_none_is_made(tmp_path: Path, reader: OnnxReader) -> None:
    path = video(tmp_path / "gate.avi", [scene([(plate(["KA 417XM"]), (380, 330, 180, 39))])] * 8)
    (passage,) = passages_of(path, reader)
    assert passage.best.crop == b""


def test_an_excluded_area_is_excluded_in_every_frame(tmp_path: Path, reader: OnnxReader) -> None:
    path = video(tmp_path / "gate.avi", [scene([(plate(["KA 417XM"]), (380, 330, 180, 39))])] * 8)
    assert list(passages_of(path, reader, excluded=[(0.3, 0.5, 0.4, 0.3)])) == []


def test_a_passage_is_given_out_as_soon_as_it_is_over(tmp_path: Path, reader: OnnxReader) -> None:
    seen = [scene([(plate(["KA 417XM"]), (380, 330, 180, 39))])] * 5
    path = video(tmp_path / "gate.avi", [*seen, *[scene()] * 30])
    first = next(passages_of(path, reader, window_s=1.0))
    assert first.last_s == pytest.approx(0.4, abs=0.11)


def test_what_is_no_video_is_refused(tmp_path: Path, reader: OnnxReader) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("no video")
    with pytest.raises(InvalidInputError):
        list(passages_of(path, reader))
