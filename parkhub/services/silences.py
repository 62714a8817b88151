"""Letters about cameras that say nothing any more, and about those that are heard again: once each, together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from parkhub.clients import Clients
from parkhub.db import accounts as account_rows
from parkhub.db import cameras as camera_rows
from parkhub.db import lots as lot_rows
from parkhub.db import node_configurations as version_rows
from parkhub.db import nodes as node_rows
from parkhub.db import silences as rows
from parkhub.db.engine import transaction
from parkhub.domain.cameras import Camera
from parkhub.domain.node_configurations import Document
from parkhub.domain.nodes import silent_after
from parkhub.domain.rights import Right
from parkhub.domain.silences import GATHERED, LOOKS_MISSED, REGULAR, TOLD_EVERY, Silence, came_back, fell_silent
from parkhub.errors import InvalidInputError
from parkhub.services import mail
from parkhub.settings import Settings

HOUR: Final = timedelta(hours=1)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Heard:
    """The cameras, when each was heard last, by whom they are missed, and those of whose silence people know or knew.

    ``patience``: how long each may be silent until it is missed; ``here_for``: until it counts as not there.
    """

    cameras: Mapping[int, Camera]
    at: Mapping[int, datetime]
    patience: Mapping[int, timedelta]
    here_for: Mapping[int, timedelta]
    with_node: frozenset[int]
    told: Mapping[int, Silence]


async def write_letters(clients: Clients, settings: Settings, now: datetime) -> int:
    """Write those that are due to all who set up the car park; answers how many.

    A camera is heard by its node's heartbeats and by the pictures it sends itself. One without a node is missed only
    if it sent pictures regularly, one that is switched off is not. After we were away ourselves all have their time
    again. With `silence_letter_min` 0 none are written.
    """
    if not settings.silence_letter_min:
        return 0
    async with transaction():
        since = await rows.note_look(now, LOOKS_MISSED)
        heard = await _hear(timedelta(minutes=settings.silence_letter_min))
        await _follow(heard, now)
        silent = await _find_silent(heard, since, now)
        back = [each for each in came_back(await _lasting(), now) if await rows.end_silence(each.id, now)]
        quiet = {each.camera_id for each in await _lasting()}
        lasting = [(heard.cameras[each], heard.at[each], now) for each in silent]
        over = [(heard.cameras[each.camera_id], each.since, each.back_at or now) for each in back]
        written = await _write(settings, "cameras_silent", lasting, heard, quiet, now)
        written += await _write(settings, "cameras_back", over, heard, quiet, now)
    for each in silent:
        log.warning("camera.silent", camera=heard.cameras[each].public_id, since=heard.at[each].isoformat())
    for ended in back:
        log.info("camera.heard_again", camera=heard.cameras[ended.camera_id].public_id, since=ended.since.isoformat())
    if written:
        await mail.ask(clients)
    return written


async def _lasting() -> list[Silence]:
    return [each for each in await rows.list_silences() if not each.is_over]


async def _hear(patience: timedelta) -> _Heard:
    """How all stand now. ``patience``: how long each may be silent at least."""
    cameras = {each.id: each for each in await camera_rows.list_cameras()}
    nodes, sent, versions = await node_rows.list_nodes(), await rows.last_sent(), await version_rows.list_newest()
    told = {each.camera_id: each for each in await rows.list_silences()}
    at, allowed, here_for = {}, {}, {}
    for camera in cameras.values():
        moments = [sent[camera.id]] if camera.id in sent else []
        if camera.id in nodes:
            moments.append(nodes[camera.id].heard_at)
        if moments:
            at[camera.id] = max(moments)
        document = versions[camera.id].document if camera.id in versions else Document()
        offline = silent_after(camera.stale_after_s, document.heartbeat_s)
        allowed[camera.id] = max(patience, offline)
        here_for[camera.id] = offline if camera.id in nodes else max(offline, GATHERED * patience)
    return _Heard(cameras, at, allowed, here_for, frozenset(nodes), told)


async def _follow(heard: _Heard, now: datetime) -> None:
    """Note which of those that people know of are heard again, and still; forget those that were switched off."""
    for silence in heard.told.values():
        at = heard.at.get(silence.camera_id, silence.since)
        here = at > silence.since and now - at < heard.here_for[silence.camera_id]
        if not heard.cameras[silence.camera_id].enabled:
            await rows.forget_silence(silence.id)
        elif not silence.is_over and here != (silence.back_at is not None):
            await rows.set_back(silence.id, at if here else None)


async def _find_silent(heard: _Heard, since: datetime, now: datetime) -> list[int]:
    """Those to tell of now, noted. ``since``: so long somebody has listened."""
    fresh: dict[int, datetime] = {}
    for camera_id, at in heard.at.items():
        listened = max(at, since)
        told = heard.told.get(camera_id)
        known = told is not None and (not told.is_over or now - told.told_at < TOLD_EVERY)
        if known or not heard.cameras[camera_id].enabled:
            continue
        patience = heard.patience[camera_id]
        if camera_id in heard.with_node or await _is_missed(camera_id, at, now - listened, patience):
            fresh[camera_id] = listened
    found = sorted(fell_silent(fresh, heard.patience, now))
    return [each for each in found if await rows.begin_silence(each, heard.at[each], now)]


async def _is_missed(camera_id: int, at: datetime, missing: timedelta, patience: timedelta) -> bool:
    """Whether a camera without a node sent regularly until it fell silent, and is ``missing`` not for long."""
    if not GATHERED * patience <= missing < patience + HOUR:
        return False
    return await rows.count_sent(camera_id, at - HOUR, at) >= REGULAR


async def _write(
    settings: Settings,
    letter: str,
    told: Sequence[tuple[Camera, datetime, datetime]],
    heard: _Heard,
    quiet: set[int],
    now: datetime,
) -> int:
    """One letter to each who sets up a car park with such cameras, about all of them.

    ``told``: from when to when each said nothing; ``quiet``: which say nothing now.
    """
    if not told:
        return 0
    written, every = 0, await lot_rows.list_lots()
    for account in await account_rows.list_people():
        lots: list[dict[str, Any]] = []
        for lot in every:
            if not account.may(Right.SET_UP, lot.id):
                continue
            cameras = [
                {
                    "name": camera.name,
                    "link": f"{settings.address}/console/cameras/{camera.public_id}",
                    "since": since.isoformat(),
                    "until": until.isoformat(),
                }
                for camera, since, until in told
                if camera.lot_id == lot.id
            ]
            others = [each for each in heard.at if heard.cameras[each].lot_id == lot.id and heard.cameras[each].enabled]
            if cameras:
                lots.append(
                    {
                        "name": lot.name,
                        "zone": lot.time_zone,
                        "cameras": cameras,
                        "still": len(quiet.intersection(others)),
                        "heard": len(set(others) - quiet),
                    }
                )
        if lots:
            values = {"lots": lots, "count": sum(len(each["cameras"]) for each in lots)}
            uid = f"{letter}:{account.id}:{now:%Y%m%dT%H%M%S}"
            try:
                written += await mail.write(uid, account.email, "en", letter, values, now)
            except InvalidInputError:  # the others have their letters all the same
                log.warning("camera.letter_refused", account=account.id)
    return written
