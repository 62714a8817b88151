"""The same picture again in several ways, and a living sensor's quiet scene, which is not."""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import trust_cases as cases
from accuracy_setup import Row

from parkhub.domain.trust import Trouble, TrustTrack, watch
from tasks.vision.picture import Picture
from tasks.vision.trust import inspect

AGAIN, STREAMS = 6, 1
"""Pictures of a set that come again, and that are streamed."""
RATES = ("crf 26", "500 kbit/s")


def frozen(pictures: list[Picture], rng: np.random.Generator) -> Row:
    """By way: how many looks were named frozen, of how many; of streams: how many streams by the rule over looks."""
    tally: dict[str, Counter[str]] = {}
    chosen = [pictures[int(number)] for number in rng.choice(len(pictures), AGAIN, replace=False)]
    for picture in chosen:
        ways: dict[str, Iterable[Picture]] = {
            "same file": (picture, picture),
            "saved again, 95 then 90": (cases.jpeg(picture, 95), cases.jpeg(picture, 90)),
            "NOT: noise of 0.7": (cases.jpeg(cases.noisy(picture, 0.7, rng)) for _ in range(6)),
            "NOT: noise of 1.5": (cases.jpeg(cases.noisy(picture, 1.5, rng)) for _ in range(6)),
        }
        for way, made in ways.items():
            looks = inspected(made)
            _note(tally, way, sum(trouble is Trouble.FROZEN for trouble in looks[1:]), len(looks) - 1)
    with tempfile.TemporaryDirectory() as folder:
        for picture in chosen[:STREAMS]:
            for way, make in _streams(picture, Path(folder) / "made.mp4", rng).items():
                _note(tally, way, told_after_s(make()) is not None, 1)
    return {f"frozen: {way}": dict(counts) for way, counts in tally.items()}


def _streams(picture: Picture, path: Path, rng: np.random.Generator) -> dict[str, Callable[[], list[Picture]]]:
    ways: dict[str, Callable[[], list[Picture]]] = {}
    for rate in RATES:
        ways[f"7 minutes behind H.264, {rate}"] = lambda r=rate: cases.streamed(picture, 0, r, 2, path, rng)
        ways[f"NOT: noise of 0.7 behind H.264, {rate}"] = lambda r=rate: cases.streamed(picture, 0.7, r, 2, path, rng)
    ways["NOT: noise of 0.7 behind H.264, crf 26, a key frame a minute"] = lambda: cases.streamed(
        picture, 0.7, "crf 26", 60, path, rng
    )
    return ways


def _note(tally: dict[str, Counter[str]], way: str, told: int, of: int) -> None:
    tally.setdefault(way, Counter()).update(right=int(told), flagged=int(told), of=of)


def inspected(pictures: Iterable[Picture]) -> list[Trouble | None]:
    """What each picture of one camera looks like."""
    memory, found = None, []
    for picture in pictures:
        got = inspect(picture, memory)
        memory = got.memory
        found.append(got.trouble)
    return found


def told_after_s(pictures: Iterable[Picture]) -> float | None:
    """Seconds until people are told that a stream is frozen, one picture every `cases.LOOK_S`; None: they are not."""
    start, track = datetime(2026, 1, 1, tzinfo=UTC), TrustTrack()
    for number, trouble in enumerate(inspected(pictures)):
        track = watch(track, trouble, start + timedelta(seconds=number * cases.LOOK_S))
        if track.trouble is Trouble.FROZEN:
            return float(number * cases.LOOK_S)
    return None
