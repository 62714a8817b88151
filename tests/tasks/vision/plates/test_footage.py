"""Videos become passages."""

from pathlib import Path

import pytest
from plate_scenes import plate, scene, video

from parkhub.errors import InvalidInputError
from tasks.vision.plates.footage import passages_of, sightings
from tasks.vision.plates.onnx_reader import OnnxReader


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
    assert passages_of(video(tmp_path / "street.avi", [scene()] * 8), reader) == []


def test_frames_are_looked_at_at_the_pace_asked_for(tmp_path: Path, reader: OnnxReader) -> None:
    path = video(tmp_path / "still.avi", [scene([(plate(["KA 417XM"]), (380, 330, 180, 39))])] * 20)
    assert [round(seen.at_s, 1) for seen in sightings(path, reader, "auto", 0.5)] == [0.0, 0.5, 1.0, 1.5]


def test_what_is_no_video_is_refused(tmp_path: Path, reader: OnnxReader) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("no video")
    with pytest.raises(InvalidInputError):
        passages_of(path, reader)
