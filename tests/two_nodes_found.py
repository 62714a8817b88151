"""What a server made of its pictures, so that two servers can be compared; nothing of it depends on row numbers."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from parkhub.db import frames as frame_rows
from parkhub.db import ledger as ledger_rows
from parkhub.db import spots as spot_rows
from parkhub.db.engine import fetch
from parkhub.domain.cameras import Camera
from parkhub.domain.frames import FrameStatus
from parkhub.domain.spots import SpotTrack, debounce
from parkhub.services.ledger import verify

Row = tuple[Any, ...]
FRAMES_MAX = 100_000


@dataclass(frozen=True)
class Found:
    """Of the gate: ``sessions``, ``ledger``, ``owed``, ``passages``, ``asked``. Of each camera that sees places:
    ``states`` at the end, ``changes``, and what changes its pictures in time, and all its pictures, should have made.
    """

    sessions: list[Row]
    ledger: list[Row]
    owed: list[Row]
    passages: list[Row]
    asked: list[Row]
    statuses: dict[str, dict[str, int]]
    states: dict[str, dict[str, str]]
    changes: dict[str, list[Row]]
    told_in_time: dict[str, list[Row]]
    told_by_all: dict[str, list[Row]]


async def find(cameras: Mapping[str, Camera], gate: Camera) -> Found:
    """Read it from the open database."""
    statuses, states, changes, in_time, by_all = {}, {}, {}, {}, {}
    for name, camera in cameras.items():
        frames = (await frame_rows.list_frames(camera.id, FRAMES_MAX))[::-1]
        statuses[name] = dict(Counter(frame.status.value for frame in frames))
        if camera.id == gate.id:
            continue
        tracks = await spot_rows.load_tracks(camera.id)
        states[name] = {spot: track.state.value for spot, track in sorted(tracks.items())}
        told = (await spot_rows.list_changes(camera.lot_id, FRAMES_MAX))[::-1]
        changes[name] = sorted((each.at, each.spot, each.before.value, each.after.value) for each in told)
        seen = [(frame, await frame_rows.load_observations(frame.id)) for frame in frames]
        in_time[name] = _fold(tracks, camera, [one for one in seen if one[0].status is FrameStatus.READ])
        by_all[name] = _fold(tracks, camera, [one for one in seen if one[0].status is not FrameStatus.FAILED])
    assert await verify(gate.lot_id) == []
    return Found(
        await _rows("plate, entered_at, exited_at, state, ending", "parking_session", gate),
        await _ledger(gate.lot_id),
        await _owed(gate.lot_id),
        await _rows("plate, direction, first_at, last_at, state, outcome", "passage", gate),
        await _rows("kind", "review", gate, "AND decided_at IS NULL"),
        statuses,
        states,
        changes,
        in_time,
        by_all,
    )


def _fold(spots: Mapping[str, SpotTrack], camera: Camera, seen: list[Any]) -> list[Row]:
    """The changes that these looks make by the rule of places alone."""
    tracks = {spot: SpotTrack(spot) for spot in spots}
    found: list[Row] = []
    for frame, looks in seen:
        for look in looks:
            before, after = tracks[look.spot], debounce(tracks[look.spot], look, frame.captured_at, camera.debounce)
            if before.state is not after.state:
                found.append((frame.captured_at, look.spot, before.state.value, after.state.value))
            tracks[look.spot] = after
    return sorted(found)


async def _rows(columns: str, table: str, gate: Camera, more: str = "") -> list[Row]:
    rows = await fetch(f"SELECT {columns} FROM {table} WHERE lot = {{}} {more}", gate.lot_id)
    return sorted((tuple(row[name] for name in columns.split(", ")) for row in rows), key=_order)


async def _ledger(lot_id: int) -> list[Row]:
    """Of every transaction its stay, kind and postings."""
    stays = {
        row["id"]: (row["plate"], row["entered_at"])
        for row in await fetch("SELECT id, plate, entered_at FROM parking_session WHERE lot = {}", lot_id)
    }
    chain = await ledger_rows.list_chain(lot_id, 0, 1_000_000)
    found = []
    for posted in (each.transaction for each in chain):
        lines = tuple(sorted((line.account.value, line.amount_cents) for line in posted.postings))
        found.append((*stays[posted.session_id or 0], posted.kind.value, lines))
    return sorted(found, key=_order)


async def _owed(lot_id: int) -> list[Row]:
    """What was posted for each stay to each account in all: what was charged wrongly is put right, never unsaid."""
    total = Counter[Row]()
    for plate, entered_at, _, lines in await _ledger(lot_id):
        for account, cents in lines:
            total[plate, entered_at, account] += cents
    return sorted(((*stay, cents) for stay, cents in total.items() if cents), key=_order)


def _order(row: Row) -> tuple[str, ...]:
    return tuple(each.isoformat() if isinstance(each, datetime) else str(each) for each in row)
