"""Crops with what is said of them, to be looked through and taken out; never those of gates."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from parkhub.db.engine import fetch, run_many
from parkhub.db.spot_labels import read_label
from parkhub.domain.corrections import NewLabel, SpotLabel, Word

_SHOWN: Final = (
    "lot = {} AND crop <> 'none' AND picture_sha256 <> '' "
    "AND (camera IS NULL OR camera NOT IN (SELECT id FROM camera WHERE role <> 'overview')) "
)


async def propose_labels(labels: Sequence[NewLabel]) -> None:
    """Keep what an engine said of a picture's spots as labels that nobody has looked at, but where there are some."""
    await run_many(
        "INSERT INTO spot_label (lot, camera, spot, frame, account, name, picture_sha256, occupied, at, created_at, "
        "polygon, before, said, confidence, crop, word, origin) "
        "VALUES ({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, 'waiting', 'proposed', 'proposed') "
        "ON CONFLICT (lot, name, picture_sha256) WHERE picture_sha256 <> '' DO NOTHING",
        [
            (
                new.lot_id,
                new.camera_id,
                new.spot_id,
                new.frame_id,
                new.account_id,
                new.name,
                new.picture_sha256,
                new.occupied,
                new.at,
                new.created_at,
                msgspec.json.encode(new.polygon).decode(),
                new.before.value,
                new.said and new.said.value,
                new.confidence,
            )
            for new in labels
        ],
    )


async def list_set(
    lot_id: int, word: Word | None, occupied: bool | None, before_id: int | None, limit: int
) -> list[SpotLabel]:
    """Labels with a crop, or one to come, the last one first, from before the one given on."""
    conditions, values = "", list[Any]()
    for condition, value in (
        ("word = {}", word and word.value),
        ("occupied = {}", occupied),
        ("id < {}", before_id),
    ):
        if value is not None:
            conditions += f"AND {condition} "
            values.append(value)
    rows = await fetch(
        f"SELECT * FROM spot_label WHERE {_SHOWN}{conditions}ORDER BY id DESC LIMIT {{}}",  # noqa: S608
        lot_id,
        *values,
        limit,
    )
    return [read_label(row) for row in rows]


async def count_set(lot_id: int) -> dict[tuple[Word, bool], int]:
    """How many there are by whose word they are and whether it is "occupied"."""
    rows = await fetch(
        f"SELECT word, occupied, count(*) AS n FROM spot_label WHERE {_SHOWN}GROUP BY word, occupied",  # noqa: S608
        lot_id,
    )
    return {(Word(row["word"]), bool(row["occupied"])): int(row["n"]) for row in rows}


async def list_waiting(frame_id: int) -> list[SpotLabel]:
    """Labels whose crop is still to be cut out of a picture."""
    rows = await fetch("SELECT * FROM spot_label WHERE frame = {} AND crop = 'waiting' ORDER BY id", frame_id)
    return [read_label(row) for row in rows]


async def judge_label(label_id: int, word: Word, occupied: bool, account_id: int | None) -> bool:
    """Keep a person's word on a label; False when there is none any more."""
    return bool(
        await fetch(
            "UPDATE spot_label SET word = {}, occupied = {}, account = {} WHERE id = {} RETURNING id",
            word.value,
            occupied,
            account_id,
            label_id,
        )
    )
