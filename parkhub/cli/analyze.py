"""`parkhub analyze`: a whole video, spot by spot."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from parkhub.cli.output import Line, Output, Row, wrong_usage
from parkhub.cli.spots import open_named, parse_box, read_spots
from parkhub.domain.cameras import Engine
from parkhub.domain.recordings import EVERY_S, EVERY_S_MAX, EVERY_S_MIN, Sample
from parkhub.domain.spots_file import CARPARKPOS_BOX, SpotsFile
from parkhub.errors import ParkHubError

if TYPE_CHECKING:
    from tasks.vision.analysis import Report
    from tasks.vision.engine import SpotEngine

SpotsOn = Callable[[tuple[int, int]], SpotsFile]
"""Given the width and height of the video, the spots on it."""

_NAMES_SHOWN = 12


def analyze(
    video: Annotated[Path, typer.Argument(metavar="VIDEO", help="A video file; its sound is not touched.")],
    mask: Annotated[
        Path | None, typer.Option(dir_okay=False, help="A mask picture: white spots on black, any scale.")
    ] = None,
    spots: Annotated[
        Path | None, typer.Option(metavar="SPOTS.json", dir_okay=False, help="SPOTS.json or CarParkPos instead.")
    ] = None,
    engine: Annotated[Engine, typer.Option(help="How spots are judged.")] = Engine.CLASSIFIER,
    model: Annotated[
        Path | None, typer.Option(help="Another ONNX file; for the detector also the name of an added model.")
    ] = None,
    every: Annotated[
        float, typer.Option(metavar="S", min=EVERY_S_MIN, max=EVERY_S_MAX, help="Seconds between looks.")
    ] = EVERY_S,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", file_okay=False, help="Write annotated.mp4, summary.json and timeline.csv there."),
    ] = None,
    box: Annotated[
        str, typer.Option(metavar="WxH", help="Size of every spot of a CarParkPos file, pixels.")
    ] = f"{CARPARKPOS_BOX[0]}x{CARPARKPOS_BOX[1]}",
    *,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="Lines of JSON, also on a terminal.")] = False,
) -> None:
    """Say which spots are free over a whole video: one line of JSON per sampled frame, a table on a terminal.

    The lines hold what the engine saw in each frame by itself. The files under --out show steadied states: two of
    the last three looks must agree, and none in doubt counts against them. Without --out nothing is written. A video
    that can be read only in part is analysed as far as it goes; the exit status is then 1.
    """
    spots_path = _the_one_given(mask, spots)
    if out is not None and _would_overwrite(video, out):
        raise wrong_usage(f"The result would overwrite {video}; choose another --out.")
    from tasks.vision.analysis import Order, analyse, fit, video_size

    marked, opened = _open(spots_path, box, engine, model)
    output = Output(("time", "free", "occupied", "unknown", "free spots"), _rows, jsonl)
    try:
        size = video_size(video)
        order = Order(video, fit(marked(size[:2]), size), out, every, model=model.name if model else "")
        with _progress() as told, _Signals() as signals:

            def report(share: float) -> bool:
                with signals.taken_at_once():
                    return told(share)

            def show(sample: Sample) -> None:
                with signals.taken_at_once():
                    output.add(_line(sample))

            summary = analyse(order, opened, report, show)
    except ParkHubError as error:
        output.failed(str(video), error)
        raise SystemExit(output.end()) from None
    except _Stopped as stopped:
        output.end()
        print("parkhub: stopped; no file of this run is left", file=sys.stderr)
        raise SystemExit(128 + stopped.number) from None
    raise SystemExit(_end(output, video, out, summary["warnings"] if summary else []))


def _the_one_given(mask: Path | None, spots: Path | None) -> Path:
    found = [path for path in (mask, spots) if path is not None]
    if len(found) != 1:
        raise wrong_usage("Give either --mask MASK.png or --spots SPOTS.json.")
    return found[0]


def _open(spots_path: Path, box: str, engine: Engine, model: Path | None) -> "tuple[SpotsOn, SpotEngine]":
    try:
        return read_spots(spots_path, parse_box(box)), open_named(engine, model)
    except ParkHubError as error:
        raise wrong_usage(str(error)) from None


def _end(output: Output, video: Path, out: Path | None, warnings: list[str]) -> int:
    """The last words of a run, and its exit status."""
    for warning in warnings:
        output.failed(str(video), ParkHubError(warning))
    status = output.end()
    if out is not None:
        print(f"parkhub: annotated.mp4, summary.json and timeline.csv are in {out}", file=sys.stderr)
    return status


def _would_overwrite(video: Path, out: Path) -> bool:
    return video.exists() and (out / "annotated.mp4").resolve() == video.resolve()


def _line(sample: Sample) -> Line:
    seen = [{"id": o.spot, "state": str(o.state), "confidence": round(o.confidence, 4)} for o in sample.observations]
    return {"t_s": round(sample.t_s, 3), "spots": seen}


def _rows(line: Line) -> list[Row]:
    by_state: dict[str, list[str]] = {"free": [], "occupied": [], "unknown": []}
    for spot in line["spots"]:
        by_state[spot["state"]].append(spot["id"])
    free = by_state["free"]
    shown = " ".join(free[:_NAMES_SHOWN]) + (f" and {len(free) - _NAMES_SHOWN} more" if free[_NAMES_SHOWN:] else "")
    return [(f"{line['t_s']:.2f} s", *(str(len(names)) for names in by_state.values()), shown)]


class _Stopped(BaseException):
    """Ctrl-C or SIGTERM."""

    def __init__(self, number: int) -> None:
        self.number = number


class _Signals:
    """Ctrl-C and SIGTERM end the work between two frames; in the middle of one the first is only noted.

    What a signal raises while OpenCV or FFmpeg work can be lost there or crash the process.
    """

    def __init__(self) -> None:
        self._noted: int | None = None
        self._at_once = False
        self._before: dict[int, Any] = {}

    @contextmanager
    def taken_at_once(self) -> Iterator[None]:
        """What may be broken off here, also while it waits for whoever reads what is printed. Raises _Stopped."""
        self._at_once = True
        try:
            if self._noted is not None:
                raise _Stopped(self._noted)
            yield
        finally:
            self._at_once = False

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if self._at_once:
            raise _Stopped(number)
        self._noted = number
        self._put_back()  # the second one ends as ever

    def _put_back(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def __enter__(self) -> "_Signals":
        heard = [each for each in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(each) is not signal.SIG_IGN]
        self._before = {number: signal.signal(number, self._note) for number in heard}
        return self

    def __exit__(self, *error: object) -> None:
        self._put_back()


@contextmanager
def _progress() -> "Iterator[Report]":
    """A bar on a terminal; elsewhere a line every tenth of the way."""
    if not sys.stderr.isatty():
        yield _tell_tenths()
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Analysing", total=1.0)

        def report(share: float) -> bool:
            progress.update(task, completed=share)
            return True

        yield report


def _tell_tenths() -> Callable[[float], bool]:
    told = 0

    def report(share: float) -> bool:
        nonlocal told
        if int(share * 10) > told:
            told = int(share * 10)
            print(f"parkhub: analysed {told * 10} %", file=sys.stderr, flush=True)
        return True

    return report
