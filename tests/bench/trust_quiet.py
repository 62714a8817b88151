"""What is flagged where nothing is wrong."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from accuracy_setup import Row

from parkhub.domain.trust import Trouble, TrustTrack, watch
from tasks.vision.picture import Picture
from tasks.vision.trust import inspect
from tasks.vision.video import open_video


def quiet(pictures: Iterable[tuple[datetime, Picture]]) -> Row:
    """What is flagged where nothing is wrong: single looks, then troubles after the rule over several looks."""
    memory, track, looks, troubles, total_s = None, TrustTrack(), Counter[str](), Counter[str](), 0.0
    for at, picture in pictures:
        start = time.process_time()
        got = inspect(picture, memory)
        total_s += time.process_time() - start
        memory = got.memory
        looks["pictures"] += 1
        looks["flagged"] += got.trouble not in (None, Trouble.FROZEN)
        looks["frozen"] += got.trouble is Trouble.FROZEN
        looks["blind"] += got.blind is not None
        looks["shifted"] += got.shift is not None
        before, track = track.trouble, watch(track, got.trouble, at)
        if track.trouble is not None and track.trouble is not before:
            troubles[track.trouble] += 1
    return dict(looks) | {"troubles": dict(troubles), "ms": round(1000 * total_s / looks["pictures"], 2)}


def frames_of(path: Path, step: int) -> Iterator[tuple[datetime, Picture]]:
    """Every ``step``-th frame with its time."""
    with open_video(path) as reader:
        for number, frame in enumerate(reader.frames()):
            if number % step == 0:
                yield datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=frame.t_s), frame.picture
