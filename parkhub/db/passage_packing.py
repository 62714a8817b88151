"""Passages and reads as they lie in their rows: paths, candidates and readings are JSON, as small as it goes."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from parkhub.db.engine import Row
from parkhub.domain.gates import GateRead
from parkhub.domain.passages import Direction, GatePassage, PassageState, Place
from parkhub.domain.plates import Candidate, PlateRead, Reading, fold
from parkhub.domain.vehicles import VehicleKind

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def passage_of(row: Row) -> GatePassage:
    """A passage from its row."""
    return GatePassage(
        id=row["id"],
        lot_id=row["lot"],
        camera_id=row["camera"],
        direction=Direction(row["direction"]) if row["direction"] else None,
        plate=row["plate"],
        confidence=row["confidence"],
        candidates=tuple(Candidate(*pair) for pair in json.loads(row["candidates"])),
        kind=VehicleKind(row["kind"]) if row["kind"] else None,
        first_at=row["first_at"],
        last_at=row["last_at"],
        frames=row["frames"],
        outcome=row["outcome"],
        reason=row["reason"],
        session_id=row["session"],
        frame_id=row["frame"],
        crop_key=row["crop_key"],
        crop_sha256=row["crop_sha256"],
        state=PassageState(row["state"]),
        why=row["why"],
        path=tuple(_place(*place) for place in json.loads(row["path"])),
        heard_at=row["heard_at"],
        decided_at=row["decided_at"],
        clock_unsure=row["clock_unsure"],
    )


def values_of(passage: GatePassage) -> list[Any]:
    """A passage as its row's values, in the order of the statements in `parkhub.db.passages`, without the id."""
    return [
        passage.lot_id,
        passage.camera_id,
        passage.state.value,
        passage.direction.value if passage.direction else "",
        passage.plate,
        fold(passage.plate),
        passage.confidence,
        json.dumps([[c.text, c.confidence] for c in passage.candidates], separators=(",", ":")),
        passage.kind.value if passage.kind else "",
        passage.first_at,
        passage.last_at,
        passage.heard_at or passage.last_at,
        passage.decided_at,
        passage.frames,
        pack_path(passage.path),
        passage.why,
        passage.outcome,
        passage.reason,
        passage.session_id,
        passage.frame_id,
        passage.crop_key,
        passage.crop_sha256,
        passage.clock_unsure,
    ]


def _place(at: int, left: float, top: float, width: float, height: float, plate: int) -> Place:
    return Place(_EPOCH + at * _MICROSECOND, (left, top, width, height), bool(plate))


def pack_path(path: Sequence[Place]) -> str:
    """Of each place: microseconds since 1970, the box, and whether a plate was there."""
    packed = [[(place.at - _EPOCH) // _MICROSECOND, *place.box, int(place.plate)] for place in path]
    return json.dumps(packed, separators=(",", ":"))


def read_of(row: Row) -> GateRead:
    """A read from its row."""
    left, top, width, height = json.loads(row["box"])
    right, bottom = left + width, top + height
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    read = PlateRead(
        row["text"], row["confidence"], (left, top, width, height), corners, (), _unpack_readings(row["readings"])
    )
    kind = VehicleKind(row["kind"]) if row["kind"] else None
    return GateRead(row["frame"], row["number"], row["captured_at"], read, kind, row["crop_key"], row["crop_sha256"])


def pack_readings(readings: Sequence[Reading]) -> str:
    """Of each reading, of each letter: what it may be, each with its probability in thousandths."""
    packed = [
        [[part for character, chance in letter for part in (character, round(chance * 1000))] for letter in one.letters]
        for one in readings
    ]
    return json.dumps(packed, ensure_ascii=False, separators=(",", ":"))


def _unpack_readings(packed: str) -> tuple[Reading, ...]:
    return tuple(
        Reading(
            tuple(
                tuple((character, chance / 1000) for character, chance in zip(flat[::2], flat[1::2], strict=True))
                for flat in letters
            )
        )
        for letters in json.loads(packed)
    )
