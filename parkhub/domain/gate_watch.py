"""The passages of one gate camera around one moment: sightings are taken in, and what is over or sure is decided."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from parkhub.domain.cameras import Camera
from parkhub.domain.gate_tracks import Track, begin, is_over, is_sure, join, nearness, part_of, settle, take
from parkhub.domain.gates import GateRead
from parkhub.domain.passages import PassageState


class GateWatch:
    """What `parkhub.domain.gate_tracks` says, applied; ``tracks`` are the passages as they are now.

    ``now``: when the pictures arrived, which only tells whether more of a car may be on its way. ``clock_unsure``: all
    times are guesses; such pictures and others never make one passage.
    """

    def __init__(self, camera: Camera, tracks: Sequence[Track], now: datetime, *, clock_unsure: bool = False) -> None:
        self.tracks = list(tracks)
        self._camera = camera
        self._now = now
        self._clock_unsure = clock_unsure

    def see(self, read: GateRead) -> None:
        """Add a sighting to the passage it fits best, or begin one."""
        near = [(nearness(track, read), number) for number, track in enumerate(self.tracks)]
        fits = [(how, number) for how, number in near if how is not None]
        if fits:
            number = min(fits)[1]
            self.tracks[number] = take(self.tracks[number], read, self._now, self._camera.gate)
        else:
            self.tracks.append(begin(self._camera, read, self._now, clock_unsure=self._clock_unsure))

    def decide(self, at: datetime) -> None:
        """Decide what is over at ``at``, or sure; what turns out to be a part of another passage joins it."""
        gate = self._camera.gate
        while ready := [track for track in self.tracks if self._is_ready(track, at)]:
            track = min(ready, key=lambda track: track.passage.frames)
            others = [other for other in self.tracks if other is not track]
            whole = part_of(track, others)
            if whole is None:
                self.tracks = [*others, replace(track, passage=settle(track, gate, self._now))]
            else:
                joined = join(whole, track, gate)
                self.tracks = [joined if other is whole else other for other in others]

    def _is_ready(self, track: Track, at: datetime) -> bool:
        if track.passage.state is not PassageState.OPEN:
            return False
        return is_sure(track, self._camera.gate) or is_over(track.passage, at, self._now)
