"""Counting lots' days for reports: what has changed, what has not been counted yet, or everything anew."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from parkhub.db import cameras as camera_rows
from parkhub.db import ledger as ledger_rows
from parkhub.db import lot_rules as rule_rows
from parkhub.db import lots as lot_rows
from parkhub.db import report_sources as sources
from parkhub.db import report_spots as spot_rows
from parkhub.db import reports as rows
from parkhub.db.engine import transaction
from parkhub.domain.local_time import Span, day_span, local_day
from parkhub.domain.lots import SAMPLE_S, Lot
from parkhub.domain.report_spots import count_spots
from parkhub.domain.reports import (
    Counted,
    Measure,
    Part,
    count_money,
    count_samples,
    count_stays,
    count_up,
    count_zones,
    hours_of,
)
from parkhub.domain.retention import Kind, cutoffs
from parkhub.settings import Settings

SETTLES: Final = timedelta(minutes=15)
"""So long after its end a day is looked at once more, whatever was noted."""

EVERY: Final = {Part.PLACES: timedelta(minutes=5), Part.CAMERAS: timedelta(minutes=30)}
"""Parts that no row tells about are counted by the clock while their day goes on."""

BACK: Final = timedelta(days=7)
"""So far back days are counted by the clock that a worker who was away has missed."""

HISTORY_DAYS: Final = 30
"""So many days of before are counted at a time."""

_BATCH: Final = 2000
_ALWAYS: Final = datetime.min.replace(tzinfo=UTC)


async def keep(settings: Settings, now: datetime) -> int:
    """Count what has changed since it was counted; answers how many parts of days. Any number may run at once."""
    return sum([await keep_lot(lot, settings, now) for lot in await lot_rows.list_lots()])


async def keep_lot(lot: Lot, settings: Settings, now: datetime) -> int:
    """The same for one lot. What is noted while it is counted stays noted."""
    zone, done = ZoneInfo(lot.time_zone), 0
    while stale := await rows.list_stale(lot.id, _BATCH):
        by_part: dict[tuple[date, Part], list[int]] = {}
        for each in stale:
            by_part.setdefault((local_day(each.at, zone), each.part), []).append(each.id)
        kept = await _kept_since(lot, settings, now)
        for (day, part), ids in by_part.items():
            if day_span(day, zone).start >= kept[part]:
                done += await count_part(lot, day, part, now, ids)
            else:
                await rows.forget_stale(ids)
    for part, every in EVERY.items():
        done += await _by_clock(lot, part, every, now)
    return done + await _history(lot, settings, now)


async def rebuild(lot: Lot, settings: Settings, now: datetime, since: date | None = None) -> int:
    """Count every day anew from ``since`` or from the first; answers how many days.

    Parts whose sources have expired stay as they are.
    """
    first = await rows.first_instant(lot.id)
    if first is None:
        return 0
    zone = ZoneInfo(lot.time_zone)
    today, begins = local_day(now, zone), max(since or date.min, local_day(first, zone))
    days = [begins + timedelta(days=each) for each in range((today - begins).days + 1)]
    for day in days:
        await _count_day(lot, day, settings, now)
    return len(days)


async def _history(lot: Lot, settings: Settings, now: datetime) -> int:
    """What happened before anything was counted, the latest day first, some days at a time."""
    first = await rows.first_instant(lot.id)
    if first is None:
        return 0
    zone = ZoneInfo(lot.time_zone)
    day = await rows.first_made(lot.id) or local_day(now, zone) + timedelta(days=1)
    last, done = max(local_day(first, zone), day - timedelta(days=HISTORY_DAYS)), 0
    while (day := day - timedelta(days=1)) >= last:
        done += await _count_day(lot, day, settings, now)
    return done


async def _count_day(lot: Lot, day: date, settings: Settings, now: datetime) -> int:
    start, kept = day_span(day, ZoneInfo(lot.time_zone)).start, await _kept_since(lot, settings, now)
    return sum([await count_part(lot, day, part, now) for part in Part if start >= kept[part]])


async def _kept_since(lot: Lot, settings: Settings, now: datetime) -> Mapping[Part, datetime]:
    """Since when a part's sources are whole; days of before stay as they were counted."""
    reads = cutoffs(await rule_rows.get_rules(lot.id), now)[Kind.READS]
    expire = {Part.GATES: reads, Part.CAMERAS: now - timedelta(hours=settings.frame_keep_h)}
    return {part: expire.get(part, _ALWAYS) for part in Part}


async def count_part(lot: Lot, day: date, part: Part, now: datetime, noted: Iterable[int] = ()) -> int:
    """Count a part of a day anew and forget that it was ``noted``; 1, as one part was counted."""
    zone = ZoneInfo(lot.time_zone)
    async with transaction():
        await rows.hold_part(lot.id, day, part, now)
        counted = await _count(lot, day_span(day, zone), day, part, now)
        await rows.save_counted(lot.id, day, part, hours_of(day, zone), counted)
        if part is Part.PLACES:
            await spot_rows.save_spots(lot.id, day, counted.spots)
        await rows.forget_stale(list(noted))
    return 1


async def _by_clock(lot: Lot, part: Part, every: timedelta, now: datetime) -> int:
    zone, done = ZoneInfo(lot.time_zone), 0
    today = local_day(now, zone)
    made = await rows.list_made(lot.id, part, today - BACK)
    day = max(made) if made else today
    while day <= today:
        end, last = day_span(day, zone).end, made.get(day)
        if last is None or last < min(end + SETTLES, now - every):
            done += await count_part(lot, day, part, now)
        day += timedelta(days=1)
    return done


async def _count(lot: Lot, span: Span, day: date, part: Part, now: datetime) -> Counted:
    hours = hours_of(day, ZoneInfo(lot.time_zone))
    so_far = Span(span.start, max(span.start, min(span.end, now)))
    if part is Part.STAYS:
        return count_stays(await sources.list_came(lot.id, span), await sources.list_left(lot.id, span), hours)
    if part is Part.MONEY:
        posted = await ledger_rows.sum_postings(lot.id, span.start, span.end)
        return count_money(posted, await sources.sum_lines(lot.id, span))
    if part is Part.GATES:
        return count_up(await sources.count_passages(lot.id, span))
    if part is Part.PLACES:
        spots = await sources.list_spot_days(lot.id, so_far)
        sums = count_spots(spots, so_far.start, so_far.end)
        samples = count_samples(await lot_rows.list_samples(lot.id, span.start, span.end), hours)
        return Counted(count_zones(spots, sums), samples, sums)
    return await _count_cameras(lot, so_far)


async def _count_cameras(lot: Lot, span: Span) -> Counted:
    seen, troubled = await sources.count_pictures(lot.id, span), await sources.sum_troubles(lot.id, span)
    slots = int(span.length.total_seconds()) // SAMPLE_S
    found: dict[tuple[Measure, str], int] = {}
    for camera in await camera_rows.list_cameras(lot.id):
        if camera.enabled or camera.id in seen:
            found[Measure.CAMERA_SLOTS, str(camera.id)] = slots
            found[Measure.CAMERA_SEEN, str(camera.id)] = min(slots, seen.get(camera.id, 0))
            found[Measure.CAMERA_TROUBLE_S, str(camera.id)] = troubled.get(camera.id, 0)
    return count_up(found)
