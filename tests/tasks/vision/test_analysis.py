"""A whole video, from the first look to the files."""

import csv
import itertools
import json
from pathlib import Path

import av
import pytest
import videos

from parkhub.domain.cameras import SpotsFileKind
from parkhub.domain.recordings import Sample
from parkhub.domain.spots import SpotShape, SpotState
from parkhub.errors import EngineError, InvalidInputError, ParkHubError, SpotsFileError
from tasks.vision.analysis import Order, analyse, read_spots, remove_leftovers, video_size
from tasks.vision.difference import DifferenceEngine
from tasks.vision.engine import Look


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return videos.write(tmp_path / "lot.mp4")


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def test_the_car_that_comes_is_seen_and_everything_is_written(video: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    samples: list[Sample] = []
    shares: list[float] = []
    found = analyse(
        Order(video, videos.SPOTS, out), videos.BrightEngine(), lambda s: not shares.append(s), samples.append
    )
    assert found is not None
    assert names(out) == {"annotated.mp4", "summary.json", "timeline.csv"}
    assert json.loads((out / "summary.json").read_text()) == found
    assert [sample.t_s for sample in samples] == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]
    assert [s.observations[1].state for s in samples] == [SpotState.FREE] * 3 + [SpotState.OCCUPIED] * 3
    assert found["changes"] == [{"t_s": 2.0, "id": "right", "from": "free", "to": "occupied"}]
    assert (found["spot_count"], found["frame_count"], found["duration_s"], found["fps"]) == (2, 30, 3.0, 10)
    assert found["engine"] == "bright"
    assert found["warnings"] == []
    assert found["versions"]["parkhub"]
    assert shares == sorted(shares)
    assert len(shares) == 30
    rows = list(csv.DictReader((out / "timeline.csv").read_text().splitlines()))
    assert rows[0] == {
        "t_s": "0.000",
        "free": "1",
        "occupied": "1",
        "unknown": "0",
        "left": "occupied",
        "right": "free",
    }
    assert len(rows) == 6
    with av.open(str(out / "annotated.mp4")) as container:
        assert container.streams.video[0].frames == 30
        assert container.streams.video[0].average_rate == 10


def test_without_a_folder_nothing_is_written(video: Path, tmp_path: Path) -> None:
    before = names(tmp_path)
    assert analyse(Order(video, videos.SPOTS), videos.BrightEngine()) is not None
    assert names(tmp_path) == before


def test_the_engine_gets_its_memory_back(video: Path) -> None:
    engine = videos.BrightEngine()
    analyse(Order(video, videos.SPOTS, every_s=1), engine)
    assert engine.memories == [None, b"1", b"2"]


@pytest.mark.parametrize(("every_s", "count"), [(0.02, 30), (0.1, 30), (0.3, 10), (2, 2), (3600, 1)])
def test_looks_come_as_often_as_asked(video: Path, every_s: float, count: int) -> None:
    found = analyse(Order(video, videos.SPOTS, every_s=every_s), videos.BrightEngine())
    assert found is not None
    assert found["sample_count"] == count


def test_looks_do_not_drift_at_an_odd_frame_rate(tmp_path: Path) -> None:
    times = [n * 1001 / 30000 for n in range(200)]
    video = videos.write(tmp_path / "ntsc.mkv", frame_count=200, times_s=times)
    samples: list[Sample] = []
    analyse(Order(video, videos.SPOTS), videos.BrightEngine(), on_sample=samples.append)
    assert all(abs(sample.t_s - n * 0.5) < 0.034 for n, sample in enumerate(samples))
    assert len(samples) == 14


def test_a_stop_ends_it_and_leaves_nothing(video: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    counter = itertools.count()
    assert analyse(Order(video, videos.SPOTS, out), videos.BrightEngine(), lambda _: next(counter) < 10) is None
    assert names(out) == set()


def test_a_failure_leaves_the_earlier_result_alone(video: Path, tmp_path: Path) -> None:
    class Tired(videos.BrightEngine):
        def look(self, *given: object) -> Look:
            if len(self.memories) == 3:
                raise EngineError("The model is tired.")
            return super().look(*given)

    out = tmp_path / "out"
    out.mkdir()
    (out / "summary.json").write_text("earlier")
    with pytest.raises(EngineError, match="tired"):
        analyse(Order(video, videos.SPOTS, out), Tired())
    assert names(out) == {"summary.json"}
    assert (out / "summary.json").read_text() == "earlier"


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".part-1").mkdir()
    (tmp_path / ".part-1" / "annotated.mp4").write_bytes(b"half")
    (tmp_path / "summary.json").write_text("{}")
    remove_leftovers(tmp_path)
    assert names(tmp_path) == {"summary.json"}


def test_a_folder_that_cannot_be_written_is_said(video: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EngineError, match="cannot be written"):
        analyse(Order(video, videos.SPOTS, tmp_path / "file"), videos.BrightEngine())


@pytest.mark.parametrize("every_s", [0, -1, 1e9, float("nan")])
def test_an_impossible_time_between_looks_is_refused(video: Path, every_s: float) -> None:
    with pytest.raises(InvalidInputError, match="between looks"):
        analyse(Order(video, videos.SPOTS, every_s=every_s), videos.BrightEngine())


def test_a_video_cut_short_is_analysed_as_far_as_it_goes_and_says_so(tmp_path: Path) -> None:
    whole = videos.write(tmp_path / "whole.mp4", frame_count=100, options={"movflags": "+faststart"}).read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole[: len(whole) * 2 // 3])
    found = analyse(Order(cut, videos.SPOTS), videos.BrightEngine())
    assert found is not None
    assert found["duration_s"] < 9
    assert "cut short" in found["warnings"][0]


def test_a_name_that_is_a_formula_stays_a_name_in_the_table(video: Path, tmp_path: Path) -> None:
    spots = [SpotShape("=1+1", videos.LEFT), SpotShape("B,\n2", videos.RIGHT)]
    analyse(Order(video, spots, tmp_path / "out"), videos.BrightEngine())
    with (tmp_path / "out" / "timeline.csv").open(newline="") as file:
        assert next(csv.reader(file))[-2:] == ["'=1+1", "B,\n2"]


def test_the_difference_engine_works_on_a_video(video: Path) -> None:
    found = analyse(Order(video, videos.SPOTS), DifferenceEngine())
    assert found is not None
    assert found["spots"][1]["state"] == "occupied"


@pytest.mark.parametrize("scale", [1, 1.5, 3])
def test_a_mask_of_another_scale_fits(video: Path, scale: float) -> None:
    size = (int(320 * scale), int(240 * scale))
    for kind, data in (
        (SpotsFileKind.MASK, videos.mask_png(size)),
        (SpotsFileKind.JSON, videos.spots_json(size)),
    ):
        found = read_spots(kind, data, video_size(video))
        assert len(found) == 2
        assert found[1].polygon[0] == pytest.approx(videos.RIGHT[0], abs=0.01)


@pytest.mark.parametrize("size", [(320, 180), (240, 320), (320, 320)])
def test_a_mask_of_another_shape_is_refused(video: Path, size: tuple[int, int]) -> None:
    with pytest.raises(SpotsFileError, match=f"{size[0]} x {size[1]}, which has another shape"):
        read_spots(SpotsFileKind.MASK, videos.mask_png(size), video_size(video))


def test_old_positions_are_boxes_in_the_pixels_of_the_video(video: Path) -> None:
    found = read_spots(SpotsFileKind.CARPARKPOS, b"(lp0\n(I32\nI60\ntp1\na.", video_size(video), (96, 120))
    assert found == (SpotShape("1", ((0.1, 0.25), (0.4, 0.25), (0.4, 0.75), (0.1, 0.75))),)


def test_damaged_spots_are_refused(video: Path) -> None:
    with pytest.raises(ParkHubError):
        read_spots(SpotsFileKind.MASK, videos.mask_png()[:200], video_size(video))
