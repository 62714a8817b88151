"""Analyses a whole video: the one engine room of `parkhub analyze` and the page "Analyse a recording"."""

import csv
import json
import shutil
import uuid
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, TextIO

import av

from parkhub.domain.cameras import SpotsFileKind
from parkhub.domain.recordings import EVERY_S, EVERY_S_MAX, EVERY_S_MIN, Sample, Timeline
from parkhub.domain.spots import SpotObservation, SpotShape, SpotState
from parkhub.domain.spots_file import CARPARKPOS_BOX, SpotsFile, parse_carparkpos, parse_spots_json
from parkhub.errors import EngineError, InvalidInputError, SpotsFileError
from tasks.vision.annotate import Annotator
from tasks.vision.engine import SpotEngine
from tasks.vision.spots_file import read_mask
from tasks.vision.video import TimedPicture, VideoReader, VideoWriter, open_video

ANNOTATED: Final = "annotated.mp4"
SUMMARY: Final = "summary.json"
TIMELINE: Final = "timeline.csv"
PART: Final = ".part-"
_ASPECT_TOLERANCE: Final = 0.02

Report = Callable[[float], bool]
"""Told how far the analysis is, 0..1, after every frame; answers whether to carry on."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to analyse and how. ``folder`` None: only samples are wanted, no files. ``every_s``: seconds between looks.

    ``title`` and ``model`` are only noted in the summary.
    """

    video: Path
    spots: Sequence[SpotShape]
    folder: Path | None = None
    every_s: float = EVERY_S
    threads: int = 1
    title: str = ""
    model: str = ""


def video_size(video: Path) -> tuple[int, int, float]:
    """Width, height (upright) and pixel aspect of a video. Raises InvalidInputError, TooLargeError."""
    with open_video(video) as reader:
        return reader.width, reader.height, reader.pixel_aspect


def read_spots(
    kind: SpotsFileKind, data: bytes, size: tuple[int, int, float], box: tuple[int, int] | None = None
) -> tuple[SpotShape, ...]:
    """Spots for a video of that `video_size`; raises SpotsFileError, see also `fit`."""
    if kind is SpotsFileKind.CARPARKPOS:
        return fit(parse_carparkpos(data, size[:2], box or CARPARKPOS_BOX), size)
    return fit(read_mask(data) if kind is SpotsFileKind.MASK else parse_spots_json(data), size)


def fit(found: SpotsFile, size: tuple[int, int, float]) -> tuple[SpotShape, ...]:
    """The file's spots on a video of that `video_size`. They may be marked at another scale, not in another shape.

    Raises SpotsFileError.
    """
    width, height, pixel_aspect = size
    given = found.width / found.height
    # anamorphic video: the spots may have been marked on the picture as stored or as shown
    shapes = (width / height, width / height * pixel_aspect)
    if all(abs(given / wanted - 1) > _ASPECT_TOLERANCE for wanted in shapes):
        raise SpotsFileError(
            f"The spots were marked on a picture of {found.width} x {found.height}, which has another shape than "
            f"the video's {width} x {height}. Mark them on a picture of this video."
        )
    return tuple(SpotShape(spot.name, spot.polygon) for spot in found.spots)


def analyse(
    order: Order,
    engine: SpotEngine,
    report: Report | None = None,
    on_sample: Callable[[Sample], None] | None = None,
) -> dict[str, Any] | None:
    """Look at the video every ``every_s`` seconds; write `annotated.mp4`, `summary.json` and `timeline.csv`.

    The files appear in the folder together at the end (older ones are replaced); after a failure or a stop nothing of
    this run is left. Streams: memory does not grow with the video's length. ``on_sample`` gets the engine's own
    opinions, sample by sample; the film, the timeline and the summary show steadied states (`Timeline`).

    Returns what `summary.json` holds, None when ``report`` asked to stop. Raises InvalidInputError and TooLargeError
    for the video, EngineError for the engine or a result that cannot be written.
    """
    if not EVERY_S_MIN <= order.every_s <= EVERY_S_MAX:
        raise InvalidInputError(f"The time between looks must be {EVERY_S_MIN:g} to {EVERY_S_MAX:g} seconds.")
    if not order.spots:
        raise InvalidInputError("There is no spot to look at.")
    if order.folder is None:
        return _walk(order, engine, None, report, on_sample)
    part = order.folder / f"{PART}{uuid.uuid4().hex}"
    new_folders = [folder for folder in (order.folder, *order.folder.parents) if not folder.exists()]
    try:
        part.mkdir(parents=True)
        summary = _walk(order, engine, part, report, on_sample)
        if summary is not None:
            for name in (ANNOTATED, TIMELINE, SUMMARY):
                (part / name).replace(order.folder / name)
    except OSError as error:  # FFmpeg's own errors are these too
        raise EngineError(f"The result cannot be written: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
        for folder in new_folders:
            with suppress(OSError):  # it holds a result, or what somebody else has put there meanwhile
                folder.rmdir()
    return summary


def remove_leftovers(folder: Path) -> None:
    """Remove what a killed run left unfinished."""
    for part in folder.glob(f"{PART}*"):
        shutil.rmtree(part, ignore_errors=True)


def kept_summary(folder: Path) -> dict[str, Any] | None:
    """What a run that came to its end has left in the folder; None when none has."""
    try:
        summary: dict[str, Any] = json.loads((folder / SUMMARY).read_bytes())  # the last of the three to appear
    except (FileNotFoundError, ValueError):  # nothing there, or cut short by a power cut
        return None
    return summary


def _walk(
    order: Order,
    engine: SpotEngine,
    part: Path | None,
    report: Report | None,
    on_sample: Callable[[Sample], None] | None,
) -> dict[str, Any] | None:
    with ExitStack() as stack:
        reader = stack.enter_context(open_video(order.video, order.threads))
        timeline = Timeline([spot.name for spot in order.spots], order.every_s)
        files = None if part is None else stack.enter_context(_Files(part, reader, order))
        looker = _Looker(engine, order)
        frame_count, end_s, damaged_count = 0, 0.0, 0
        states: tuple[SpotState, ...] = timeline.states
        for frame in reader.frames():
            damaged_count += not frame.whole
            sample = looker.look(frame)
            if sample is not None:
                states = timeline.add(sample)
                if on_sample is not None:
                    on_sample(sample)
                if files is not None:
                    files.note(sample.t_s, states)
            if files is not None:
                files.film(frame, states)
            frame_count, end_s = frame_count + 1, frame.t_s
            if report is not None and not report(min(reader.progress, 0.99)):
                return None
        duration_s = end_s + float(1 / reader.fps)
        facts = _facts(order, engine, reader, frame_count, duration_s)
        summary = facts | {"warnings": _warnings(reader, duration_s, damaged_count)} | timeline.summary(duration_s)
        if files is not None:
            files.finish(summary)
    return summary


class _Looker:
    """Asks the engine at every frame that is due, and carries its memory from look to look."""

    def __init__(self, engine: SpotEngine, order: Order) -> None:
        self._engine, self._spots, self._every_s = engine, order.spots, order.every_s
        self._memory: bytes | None = None
        self._count = 0

    def look(self, frame: TimedPicture) -> Sample | None:
        # the grid is fixed (0, every, 2 every, …): adding up steps would drift at 29.97 frames a second
        if frame.t_s + 1e-6 < self._count * self._every_s:
            return None
        self._count = int((frame.t_s + 1e-6) / self._every_s) + 1
        if not frame.whole:  # a damaged picture shows nothing: "could not look", not "no car"
            return Sample(frame.t_s, tuple(SpotObservation(s.name, SpotState.UNKNOWN, 0.0) for s in self._spots))
        look = self._engine.look(frame.picture, self._spots, self._memory)
        self._memory = look.memory
        return Sample(frame.t_s, tuple(look.observations))


class _Files:
    """The three files of a run, growing in a folder of their own."""

    def __init__(self, part: Path, reader: VideoReader, order: Order) -> None:
        self._part = part
        self._annotator = Annotator(reader.width, reader.height, order.spots, reader.pixel_aspect)
        self._names = [spot.name for spot in order.spots]
        size = self._annotator.width, self._annotator.height
        self._writer = VideoWriter(part / ANNOTATED, *size, reader.fps, order.threads)
        self._csv_file: TextIO = (part / TIMELINE).open("w", encoding="utf-8", newline="")
        self._csv = csv.writer(self._csv_file)
        self._csv.writerow(["t_s", *SpotState, *map(_harmless, self._names)])

    def note(self, t_s: float, states: Sequence[SpotState]) -> None:
        counts = [list(states).count(state) for state in SpotState]
        self._csv.writerow([f"{t_s:.3f}", *counts, *states])

    def film(self, frame: TimedPicture, states: Sequence[SpotState]) -> None:
        self._writer.write(self._annotator.draw(frame.picture, states), frame.t_s)

    def finish(self, summary: dict[str, Any]) -> None:
        self._writer.close()
        self._csv_file.close()
        (self._part / SUMMARY).write_text(json.dumps(summary, ensure_ascii=False), encoding="utf-8")

    def __enter__(self) -> "_Files":
        return self

    def __exit__(self, *error: object) -> None:
        self._csv_file.close()
        self._writer.abandon()


def _facts(
    order: Order, engine: SpotEngine, reader: VideoReader, frame_count: int, duration_s: float
) -> dict[str, Any]:
    versions = {name: version(name) for name in ("parkhub", "av", "opencv-python-headless", "onnxruntime")}
    return {
        "title": order.title or order.video.name,
        "engine": engine.name,
        "model": order.model,
        "size": [reader.width, reader.height],
        "fps": round(float(reader.fps), 3),
        "frame_count": frame_count,
        "duration_s": round(duration_s, 3),
        "every_s": order.every_s,
        "versions": versions | {"ffmpeg": av.ffmpeg_version_info},
    }


def _warnings(reader: VideoReader, duration_s: float, damaged_count: int) -> list[str]:
    """What a person should know before believing the result."""
    found = []
    if reader.duration_s is not None and duration_s < reader.duration_s - max(1.0, 0.05 * reader.duration_s):
        found.append(
            f"The video says it lasts {reader.duration_s:.1f} s, but only {duration_s:.1f} s can be read: "
            "the file is cut short or damaged."
        )
    if reader.failures or damaged_count:
        found.append(
            f"The video is damaged: {reader.failures} parts could not be decoded and {damaged_count} pictures came "
            "through broken; nothing was judged by those."
        )
    return found


def _harmless(name: str) -> str:
    """A spot's name that a spreadsheet does not take for a formula."""
    return f"'{name}" if name.startswith(("=", "+", "-", "@")) else name
