"""What is known of spots and how it changed, as rows keep it."""

from collections.abc import Sequence
from typing import Any, Final

from parkhub.db.engine import Row, run_many
from parkhub.domain.spots import SpotChange, SpotState, SpotTrack
from parkhub.domain.vehicles import VehicleKind

COUNTED: Final = "NOT EXISTS (SELECT 1 FROM spot_view WHERE spot_view.spot = spot.id AND place <> spot.id)"
"""Of a row of ``spot``: it is a place by itself, or stands for one that several cameras see."""


def read_track(row: Row) -> SpotTrack:
    """What is known of a spot, of a row with its ``name``."""
    if row["state"] is None:  # nobody ever looked
        return SpotTrack(row["name"])
    return SpotTrack(
        row["name"],
        SpotState(row["state"]),
        row["confidence"],
        row["since"],
        row["seen_at"],
        row["recent"],
        VehicleKind(row["vehicle"]) if row["vehicle"] else None,
        row["held_until"],
    )


def track_values(track: SpotTrack) -> tuple[Any, ...]:
    """What is known of a spot, as a row keeps it."""
    return (
        track.state.value,
        track.confidence,
        track.since,
        track.seen_at,
        track.recent,
        track.vehicle and track.vehicle.value,
        track.held_until,
    )


async def insert_changes(frame_id: int | None, changes: Sequence[tuple[tuple[int, int], SpotChange]]) -> None:
    """Keep transitions, each with the ids of its lot and its spot."""
    await run_many(
        "INSERT INTO spot_change (lot, spot, frame, before, after, at, confidence, by_hand, account, camera) "
        "VALUES ({}, {}, {}, {}, {}, {}, {}, {}, {}, {})",
        [
            (
                *ids,
                frame_id,
                change.before.value,
                change.after.value,
                change.at,
                change.confidence,
                change.by_hand,
                change.account_id,
                change.camera_id,
            )
            for ids, change in changes
        ],
    )
