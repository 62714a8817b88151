"""When a camera's pictures cannot be trusted, and how single suspicions become a trouble that people are told of."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from parkhub.domain.spots import Point, SpotShape

Shift = tuple[float, float, float, float, float, float, float, float, float]
"""A homography, row by row, from 0..1 coordinates of the reference picture to those of another picture."""

GOOD_LOOKS: Final = 2
"""Good pictures in a row that end a trouble."""


class Trouble(StrEnum):
    """Why nobody should believe a picture."""

    FROZEN = "frozen"
    DARK = "dark"
    BLOWN = "blown"
    BLOCKED = "blocked"
    BLURRED = "blurred"
    MOVED = "moved"

    @property
    def sentence(self) -> str:
        """What people are told."""
        return _SENTENCES[self]


_SENTENCES: Final = {
    Trouble.FROZEN: "The camera sends the same picture again and again.",
    Trouble.DARK: "The picture is black: the lens is covered, or the camera has failed.",
    Trouble.BLOWN: "The picture is white: light shines straight into the lens, or the exposure has failed.",
    Trouble.BLOCKED: "Something covers a large part of the view.",
    Trouble.BLURRED: "The picture is blurred: the lens is wet, dirty or out of focus.",
    Trouble.MOVED: "The camera has been moved. Turn it back, or mark its spots anew.",
}


@dataclass(frozen=True, slots=True)
class Patience:
    """A trouble begins with the ``looks``-th suspicious picture in a row, ``seconds`` after the first or later."""

    looks: int
    seconds: float


PATIENCE: Final = {
    # A file sent again by hand or a short loop is no fault yet; five minutes of one picture are.
    Trouble.FROZEN: Patience(5, 300.0),
    Trouble.DARK: Patience(3, 10.0),
    Trouble.BLOWN: Patience(3, 10.0),
    Trouble.BLOCKED: Patience(3, 10.0),
    Trouble.BLURRED: Patience(3, 10.0),
    Trouble.MOVED: Patience(2, 0.0),
}


@dataclass(frozen=True, slots=True)
class TrustTrack:
    """What is known of a camera's pictures over time.

    ``trouble`` holds from ``since`` (a picture's time) on; None: they are believed. ``suspect`` is what the last
    ``looks`` pictures in a row looked like (None: good), the first of them taken at ``suspect_since``.
    """

    trouble: Trouble | None = None
    since: datetime | None = None
    suspect: Trouble | None = None
    suspect_since: datetime | None = None
    looks: int = 0


def watch(track: TrustTrack, seen: Trouble | None, at: datetime) -> TrustTrack:
    """Take what one picture, taken at ``at``, looked like into account. Pictures must come in the order of their times.

    Suspicions of different kinds add up (a hand on its way over the lens blurs, blocks, darkens), and the last one
    gives its name; only a frozen picture counts for itself, as each of its kind is a good one otherwise.
    """
    same_run = track.suspect_since is not None and _group(seen) == _group(track.suspect)
    first_at = track.suspect_since if same_run and track.suspect_since is not None else at
    looks = min(track.looks + 1, 1_000_000) if same_run else 1
    track = replace(track, suspect=seen, suspect_since=first_at, looks=looks)
    if (seen is None or seen is Trouble.FROZEN is not track.trouble) and looks >= GOOD_LOOKS:
        track = replace(track, trouble=None, since=None)
    if seen is None:
        return track
    patience = PATIENCE[seen]
    if seen is track.trouble or looks < patience.looks or (at - first_at).total_seconds() < patience.seconds:
        return track
    return replace(track, trouble=seen, since=first_at if track.trouble is None else track.since)


def is_believed(track: TrustTrack) -> bool:
    """Whether the opinions of the last picture taken into account may change a spot's state.

    Not during a trouble, nor of a single picture that looks like one; a picture that came twice is as good as once.
    """
    return track.trouble is None and track.suspect in (None, Trouble.FROZEN)


def realign(spots: Sequence[SpotShape], shift: Shift | None) -> list[SpotShape]:
    """Spots marked on the reference picture, where they lie in a picture moved by ``shift``; they may leave 0..1."""
    if shift is None:
        return list(spots)
    return [SpotShape(spot.name, tuple(_moved(point, shift) for point in spot.polygon)) for spot in spots]


def _moved(point: Point, shift: Shift) -> Point:
    x, y = point
    a, b, c, d, e, f, g, h, i = shift
    depth = g * x + h * y + i
    return (a * x + b * y + c) / depth, (d * x + e * y + f) / depth


def _group(trouble: Trouble | None) -> str:
    """Suspicions of one group continue each other."""
    return "good" if trouble is None else ("frozen" if trouble is Trouble.FROZEN else "bad")
