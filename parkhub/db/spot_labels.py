"""What people said of spots, for as long as anybody may learn from it."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

import msgspec

from parkhub.db.engine import Row, fetch
from parkhub.domain.corrections import Crop, LabelCount, NewLabel, Origin, SpotLabel, Word
from parkhub.domain.spots import Polygon, SpotState
from parkhub.errors import NotFoundError

_read_polygon = msgspec.json.Decoder(Polygon).decode


def _pack(polygon: Polygon) -> str:
    return msgspec.json.encode(polygon).decode()


def read_label(row: Row) -> SpotLabel:
    """A label as its row keeps it."""
    return SpotLabel(
        lot_id=row["lot"],
        camera_id=row["camera"],
        spot_id=row["spot"],
        frame_id=row["frame"],
        account_id=row["account"],
        name=row["name"],
        picture_sha256=row["picture_sha256"],
        occupied=bool(row["occupied"]),
        at=row["at"],
        created_at=row["created_at"],
        polygon=_read_polygon(row["polygon"]),
        before=SpotState(row["before"]),
        said=None if row["said"] is None else SpotState(row["said"]),
        confidence=row["confidence"],
        id=row["id"],
        crop=Crop(row["crop"]),
        crop_polygon=None if row["crop_polygon"] is None else _read_polygon(row["crop_polygon"]),
        word=Word(row["word"]),
        origin=Origin(row["origin"]),
    )


async def add_label(new: NewLabel) -> SpotLabel:
    """Keep a label. Of a spot's labels on one picture the last word counts; it takes the place of the earlier one."""
    rows = await fetch(
        "INSERT INTO spot_label (lot, camera, spot, frame, account, name, picture_sha256, occupied, at, created_at, "
        "polygon, before, said, confidence, crop, word, origin) "
        "VALUES ({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, 'said', 'said') "
        "ON CONFLICT (lot, name, picture_sha256) WHERE picture_sha256 <> '' DO UPDATE "
        "SET occupied = excluded.occupied, account = excluded.account, created_at = excluded.created_at, "
        "word = excluded.word, "
        "before = CASE WHEN spot_label.origin = 'proposed' THEN excluded.before ELSE spot_label.before END, "
        "origin = CASE WHEN spot_label.origin = 'proposed' THEN 'corrected' ELSE spot_label.origin END "
        "RETURNING id, before, said, confidence, polygon, at, camera, spot, frame, crop, crop_polygon, word, origin",
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
        _pack(new.polygon),
        new.before.value,
        None if new.said is None else new.said.value,
        new.confidence,
        (Crop.WAITING if new.picture_sha256 else Crop.NONE).value,
    )
    given = asdict(new) | {"lot": new.lot_id, "account": new.account_id}
    return read_label(given | rows[0])


async def get_label(label_id: int) -> SpotLabel:
    """The label; NotFoundError when there is none, or none any more."""
    rows = await fetch("SELECT * FROM spot_label WHERE id = {}", label_id)
    if not rows:
        raise NotFoundError("There is no such label, or it was taken back.")
    return read_label(rows[0])


async def list_labels(lot_id: int, limit: int | None = None) -> list[SpotLabel]:
    """What people said in a lot, the newest picture first."""
    rows = await fetch(
        "SELECT * FROM spot_label WHERE lot = {} AND word = 'said' ORDER BY at DESC, id DESC LIMIT {}",
        lot_id,
        limit or 1_000_000,
    )
    return [read_label(row) for row in rows]


async def count_labels(lot_id: int) -> list[LabelCount]:
    """How many labels of what people said there are in a lot, of each sort."""
    rows = await fetch(
        "SELECT camera, occupied, said, crop, count(*) AS n FROM spot_label WHERE lot = {} AND word = 'said' "
        "GROUP BY camera, occupied, said, crop",
        lot_id,
    )
    return [
        LabelCount(
            row["camera"],
            bool(row["occupied"]),
            None if row["said"] is None else SpotState(row["said"]),
            Crop(row["crop"]),
            int(row["n"]),
        )
        for row in rows
    ]


async def newest_label_id(lot_id: int, name: str) -> int | None:
    """Which label has the last word on a spot; words on crops saved from pictures are none."""
    rows = await fetch(
        "SELECT id FROM spot_label WHERE lot = {} AND name = {} AND origin <> 'proposed' "
        "ORDER BY created_at DESC, id DESC LIMIT 1",
        lot_id,
        name,
    )
    return rows[0]["id"] if rows else None


async def finish_crop(label_id: int, crop_polygon: Polygon | None) -> bool:
    """Say what became of a waiting label's picture, once: cut, with its polygon there, or none. False: not waiting."""
    rows = await fetch(
        "UPDATE spot_label SET crop = {}, crop_polygon = {} WHERE id = {} AND crop = 'waiting' RETURNING id",
        (Crop.NONE if crop_polygon is None else Crop.CUT).value,
        None if crop_polygon is None else _pack(crop_polygon),
        label_id,
    )
    return bool(rows)


async def list_uncut(before: datetime) -> list[int]:
    """Labels that were given before and still wait for their picture to be cut, oldest first."""
    rows = await fetch("SELECT id FROM spot_label WHERE crop = 'waiting' AND created_at < {} ORDER BY id", before)
    return [row["id"] for row in rows]


async def list_older(before: datetime, limit: int) -> list[SpotLabel]:
    """Labels given before, oldest first."""
    rows = await fetch("SELECT * FROM spot_label WHERE created_at < {} ORDER BY created_at, id LIMIT {}", before, limit)
    return [read_label(row) for row in rows]


async def known_ids(ids: Sequence[int]) -> set[int]:
    """Which of these labels there are."""
    if not ids:
        return set()
    rows = await fetch("SELECT id FROM spot_label WHERE id >= {} AND id <= {}", min(ids), max(ids))
    return {row["id"] for row in rows}


async def delete_label(label_id: int) -> bool:
    """Delete a label's row; False when somebody did already. Its crop is the caller's to delete."""
    return bool(await fetch("DELETE FROM spot_label WHERE id = {} RETURNING id", label_id))


async def propose_again(label_id: int) -> bool:
    """Make a corrected crop what it was before: the engine's own word; False when somebody did already."""
    return bool(
        await fetch(
            "UPDATE spot_label SET word = 'proposed', origin = 'proposed', "
            "occupied = (coalesce(said, '') = 'occupied') WHERE id = {} AND origin = 'corrected' RETURNING id",
            label_id,
        )
    )


async def delete_labels_of(lot_id: int) -> int:
    """Delete all labels of a lot; answers how many. Their crops are the caller's to delete."""
    return len(await fetch("DELETE FROM spot_label WHERE lot = {} RETURNING id", lot_id))
