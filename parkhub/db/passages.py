"""Passages of gate cameras and their reads. Who writes holds the camera's lock (`parkhub.db.spots`)."""

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from parkhub.db import tables
from parkhub.db.engine import fetch, run_many
from parkhub.db.passage_packing import pack_path, pack_readings, passage_of, read_of, values_of
from parkhub.domain.gate_tracks import Track, surest
from parkhub.domain.gates import GateRead
from parkhub.domain.passages import GatePassage
from parkhub.errors import NotFoundError


async def get_passage(passage_id: int) -> GatePassage:
    """The passage; NotFoundError when there is none, or none any more."""
    rows = await fetch("SELECT * FROM passage WHERE id = {}", passage_id)
    if not rows:
        raise NotFoundError("There is no such passage, or it is no longer kept.")
    return passage_of(rows[0])


async def set_outcome(passage_id: int, outcome: str, reason: str, session_id: int | None) -> None:
    """Say what became of a passage; NotFoundError when there is none."""
    rows = await fetch(
        "UPDATE passage SET outcome = {}, reason = {}, session = {} WHERE id = {} RETURNING id",
        outcome,
        reason,
        session_id,
        passage_id,
    )
    if not rows:
        raise NotFoundError("There is no such passage, or it is no longer kept.")


async def list_undecided(camera_id: int | None = None) -> list[GatePassage]:
    """Open passages of a camera, or of all, the one seen longest ago first."""
    sql = "SELECT * FROM passage WHERE state = 'open'"
    rows = await (
        fetch(sql + " ORDER BY last_at, id")
        if camera_id is None
        else fetch(sql + " AND camera = {} ORDER BY last_at, id", camera_id)
    )
    return [passage_of(row) for row in rows]


async def list_without_outcome(before: datetime, limit: int) -> list[GatePassage]:
    """Passages accepted before, of which nobody has said what became of them; oldest first."""
    rows = await fetch(
        "SELECT * FROM passage WHERE state = 'accepted' AND outcome = '' AND decided_at < {} ORDER BY id LIMIT {}",
        before,
        limit,
    )
    return [passage_of(row) for row in rows]


async def list_unfollowed(before: datetime, limit: int) -> list[GatePassage]:
    """Passages that turned out, before then, to have begun earlier, of which no session has heard; oldest first."""
    rows = await fetch(
        "SELECT * FROM passage WHERE seen_earlier AND heard_at < {} ORDER BY id LIMIT {}",
        before,
        limit,
    )
    return [passage_of(row) for row in rows]


async def set_followed(passage: GatePassage) -> None:
    """Say that what it began or ended knows when it began, unless it has turned out meanwhile to be earlier still."""
    await fetch(
        "UPDATE passage SET seen_earlier = {} WHERE id = {} AND seen_earlier AND first_at = {}",
        False,
        passage.id,
        passage.first_at,
    )


async def list_passages(camera_id: int, since: datetime, until: datetime) -> list[GatePassage]:
    """The passages of a camera seen in ``since`` <= at < ``until``, in the order they began."""
    rows = await fetch(
        "SELECT * FROM passage WHERE camera = {} AND last_at >= {} AND first_at < {} ORDER BY first_at, id",
        camera_id,
        since,
        until,
    )
    return [passage_of(row) for row in rows]


async def list_last(camera_id: int, limit: int) -> list[GatePassage]:
    """The passages that a camera saw last, the newest first."""
    rows = await fetch(
        "SELECT * FROM passage WHERE camera = {} ORDER BY last_at DESC, id DESC LIMIT {}", camera_id, limit
    )
    return [passage_of(row) for row in rows]


async def list_of_session(session_id: int) -> list[GatePassage]:
    """The kept passages that were taken for a session, in the order they began."""
    rows = await fetch("SELECT * FROM passage WHERE session = {} ORDER BY first_at, id", session_id)
    return [passage_of(row) for row in rows]


async def list_reads(passage_id: int) -> list[GateRead]:
    """The kept reads of a passage in the order they were taken."""
    rows = await fetch("SELECT * FROM plate_read WHERE passage = {} ORDER BY captured_at, frame, number", passage_id)
    return [read_of(row) for row in rows]


async def list_tracks(camera_id: int, since: datetime, until: datetime, *, clock_unsure: bool = False) -> list[Track]:
    """The open passages of a camera, and those seen in ``since`` <= at <= ``until``, of times known or guessed.

    With their reads, but for accepted ones: these have nothing to be voted any more.
    """
    rows = await fetch(
        "SELECT * FROM passage WHERE camera = {} AND last_at >= {} AND first_at <= {} AND clock_unsure = {} "
        "UNION SELECT * FROM passage WHERE camera = {} AND state = 'open' AND clock_unsure = {} ORDER BY first_at, id",
        camera_id,
        since,
        until,
        clock_unsure,
        camera_id,
        clock_unsure,
    )
    read_rows = await fetch(
        "SELECT plate_read.* FROM plate_read JOIN passage ON passage.id = plate_read.passage "
        "WHERE passage.camera = {} AND passage.state <> 'accepted' "
        "AND (passage.state = 'open' OR (last_at >= {} AND first_at <= {}))",
        camera_id,
        since,
        until,
    )
    reads: defaultdict[int, list[GateRead]] = defaultdict(list)
    for row in read_rows:
        reads[row["passage"]].append(read_of(row))
    return [Track(passage_of(row), surest(reads[row["id"]])) for row in rows]


async def save_passage(passage: GatePassage) -> int:
    """Keep a passage, a new one if its id is 0; answers its id."""
    if passage.id:
        await fetch(
            "UPDATE passage SET lot = {}, camera = {}, state = {}, direction = {}, plate = {}, folded = {}, "
            "confidence = {}, candidates = {}, kind = {}, first_at = {}, last_at = {}, heard_at = {}, "
            "decided_at = {}, frames = {}, path = {}, why = {}, outcome = {}, reason = {}, session = {}, "
            "frame = {}, crop_key = {}, crop_sha256 = {}, clock_unsure = {} WHERE id = {}",
            *values_of(passage),
            passage.id,
        )
        return passage.id
    rows = await fetch(
        "INSERT INTO passage (lot, camera, state, direction, plate, folded, confidence, candidates, kind, "
        "first_at, last_at, heard_at, decided_at, frames, path, why, outcome, reason, session, frame, "
        "crop_key, crop_sha256, clock_unsure) VALUES ({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, "
        "{}, {}, {}, {}, {}, {}, {}, {}) RETURNING id",
        *values_of(passage),
    )
    return int(rows[0]["id"])


async def prolong_passage(passage: GatePassage) -> None:
    """Keep only that a passage lasts longer: what becomes of an accepted one is written by others meanwhile.

    One that begins earlier now is listed (`list_unfollowed`) until it was taken again.
    """
    await fetch(
        "UPDATE passage SET seen_earlier = (seen_earlier OR first_at > {}), first_at = {}, last_at = {}, "
        "heard_at = {}, frames = {}, path = {} WHERE id = {}",
        passage.first_at,
        passage.first_at,
        passage.last_at,
        passage.heard_at or passage.last_at,
        passage.frames,
        pack_path(passage.path),
        passage.id,
    )


async def save_reads(passage_id: int, reads: Sequence[GateRead]) -> None:
    """Keep reads as this passage's; those that are kept already become its."""
    await run_many(
        "INSERT INTO plate_read (passage, frame, number, captured_at, text, confidence, kind, box, raw_texts, "
        "readings, crop_key, crop_sha256) VALUES ({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}) "
        "ON CONFLICT (frame, number) DO UPDATE SET passage = excluded.passage, crop_key = excluded.crop_key, "
        "crop_sha256 = excluded.crop_sha256",
        [
            (
                passage_id,
                read.frame_id,
                read.number,
                read.at,
                read.read.text,
                read.read.confidence,
                read.kind.value if read.kind else "",
                json.dumps(read.read.box, separators=(",", ":")),
                json.dumps(read.read.raw, ensure_ascii=False, separators=(",", ":")),
                pack_readings(read.read.readings),
                read.crop_key,
                read.crop_sha256,
            )
            for read in reads
        ],
    )


async def delete_reads(keys: Sequence[tuple[int, int]]) -> None:
    """Delete reads by frame and number."""
    await run_many("DELETE FROM plate_read WHERE frame = {} AND number = {}", keys)


async def delete_passage(passage_id: int) -> None:
    """Delete a passage with its reads; their crops are the caller's to delete."""
    await fetch("DELETE FROM passage WHERE id = {}", passage_id)


async def list_crop_keys(frame_ids: Sequence[int]) -> set[str]:
    """Keys of the crops that are kept of these frames."""
    known: set[str] = set()
    ids = sorted(set(frame_ids))
    for table in (tables.Passage, tables.PlateRead):
        for start in range(0, len(ids), 500):
            rows = await table.select(table.crop_key).where(table.frame.is_in(ids[start : start + 500]))
            known |= {row["crop_key"] for row in rows}
    return known - {""}
