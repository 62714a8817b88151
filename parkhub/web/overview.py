"""The live view's stream: all lots of whoever asks, told whole once and then what changes."""

from asyncio import gather
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import repeat
from typing import Any, Final
from zoneinfo import ZoneInfo

from litestar import Router, get
from litestar.types import ASGIApp

from parkhub.db import barrier_calls as call_rows
from parkhub.db import cameras as camera_rows
from parkhub.db import lots as lot_rows
from parkhub.db import overview as rows
from parkhub.db import review_holds as hold_rows
from parkhub.db.overview import SpotsNow, Taken
from parkhub.db.recent import list_recent
from parkhub.domain.accounts import Account
from parkhub.domain.cameras import Camera
from parkhub.domain.local_time import day_span, local_day
from parkhub.domain.lots import Lot, LotStatus
from parkhub.domain.rights import Right
from parkhub.errors import NotFoundError
from parkhub.services.review_holds import TOPIC
from parkhub.services.taken_today import TakenToday
from parkhub.web.camera_view import CameraView
from parkhub.web.csrf import NO_CSRF
from parkhub.web.guards import needs
from parkhub.web.lot_view import OLD_AFTER_S, LotView
from parkhub.web.our_lots import our_lots
from parkhub.web.overview_view import NOTHING, LotNow, Overview
from parkhub.web.plates import sees_plates
from parkhub.web.recent import told
from parkhub.web.stream import stream
from parkhub.web.templating import AnyRequest
from parkhub.web.watched import encode

SPACING_S: Final = 1.0
RATE_OVER: Final = timedelta(minutes=1)


@dataclass(frozen=True)
class OverviewSource:
    """The live view of some lots, with the money, the plates and the way to questions of some of them.

    ``every``: they are all that there are. Once there is another one this source is gone, and who watched comes back
    for a new one.
    """

    lot_ids: frozenset[int]
    money_ids: frozenset[int]
    plate_ids: frozenset[int] = frozenset()
    run_ids: frozenset[int] = frozenset()
    every: bool = False
    spacing_s: float = SPACING_S
    till: TakenToday = field(default_factory=TakenToday, compare=False)

    @property
    def key(self) -> Hashable:
        """See `Source`."""
        return "overview", self.lot_ids, self.money_ids, self.plate_ids, self.run_ids, self.every

    async def read(self) -> Overview:
        """See `Source`."""
        return await load_overview(self, datetime.now(UTC))

    def topics(self, view: Overview) -> frozenset[str]:
        """See `Source`."""
        kinds = ("lot", "sessions", "alerts")
        return frozenset({TOPIC, *(f"{kind}:{each.lot.id}" for each in view.lots for kind in kinds)})

    def tell(self, view: Overview, before: Overview | None) -> bytes | None:
        """See `Source`."""
        told = update(view, before)
        return None if told is None else encode("overview", told)

    def due_s(self, view: Overview) -> None:
        """See `Source`."""


async def load_overview(source: OverviewSource, now: datetime) -> Overview:
    """All of its lots; what was taken, plates and the way to questions only of some.

    Raises NotFoundError when there is another lot for whoever sees every one.
    """
    # The cameras first: so every camera's lot is among the lots.
    known = [each for each in await camera_rows.list_cameras() if each.lot_id in source.lot_ids]
    there = await lot_rows.list_lots()
    lots = [each for each in there if each.id in source.lot_ids]
    if source.every and len(lots) < len(there):
        raise NotFoundError("Another car park was added just now. Load this page again.")
    by_id, patience = {lot.id: lot for lot in lots}, {each.id: each.stale_after_s for each in known}
    newest, found, (entered, left, taken) = await gather(
        rows.list_newest_frames(), rows.list_spots_now(), _today(lots, source, now)
    )
    inside, rates, oldest, waiting, calls, recent = await gather(
        rows.count_open(),
        rows.count_pictures(now - RATE_OVER),
        rows.find_oldest_waiting(),
        hold_rows.count_waiting(source.lot_ids),
        call_rows.list_open(),
        list_recent(source.lot_ids),
    )
    states, marked = _states(found, patience, now), defaultdict[int, int](int)
    for each in found:
        marked[each.camera_id] += len(each.positions)
    return Overview(
        lots=[
            LotNow(
                lot,
                states[lot.id],
                *_fresh(lot, known, states[lot.id], now),
                entered.get(lot.id, 0),
                left.get(lot.id, 0),
                inside.get(lot.id, 0),
                taken.get(lot.id, NOTHING) if lot.id in source.money_ids else None,
            )
            for lot in lots
        ],
        cameras=[
            CameraView(
                each, by_id[each.lot_id], newest.get(each.id), marked[each.id], now, per_minute=rates.get(each.id, 0)
            )
            for each in known
        ],
        waiting=waiting,
        calls=tuple((each.id, each.taken_at is not None) for each in calls),
        now=now,
        money=bool(source.money_ids),
        recent=told(recent, by_id, source.plate_ids, source.money_ids, source.run_ids),
        waits_s=max(0.0, (now - oldest).total_seconds()) if oldest else 0.0,
    )


async def _today(
    lots: Iterable[Lot], source: OverviewSource, now: datetime
) -> tuple[dict[int, int], dict[int, int], dict[int, Taken]]:
    """How many came in, how many left, and what was taken, where that may be told, by lot."""
    entered, left, taken = dict[int, int](), dict[int, int](), dict[int, Taken]()
    for since, ids in _days(lots, now).items():
        entered |= await rows.count_entered(ids, since)
        left |= await rows.count_left(ids, since)
        if money := [each for each in ids if each in source.money_ids]:
            taken |= await source.till.read(money, since)
    return entered, left, taken


def _states(found: Iterable[SpotsNow], patience: Mapping[int, float], now: datetime) -> dict[int, str]:
    """A letter a place, in map order, by lot."""
    letters = defaultdict[int, dict[tuple[int, int], str]](dict)
    for each in found:
        if each.counted:
            letter = _letter(each, patience.get(each.decider_id), now)
            letters[each.lot_id] |= dict.fromkeys(zip(repeat(each.camera_id), each.positions), letter)
    return defaultdict(str, {lot: "".join(map(told.__getitem__, sorted(told))) for lot, told in letters.items()})


def _fresh(lot: Lot, cameras: Iterable[Camera], states: str, now: datetime) -> tuple[bool, str]:
    """Whether what is told of a lot's places may be called live, and when the last look was."""
    looks = [each.last_captured_at for each in cameras if each.lot_id == lot.id and each.last_captured_at is not None]
    view = LotView(LotStatus(lot, max(looks, default=None), ()), now)
    recent = view.age_s is not None and view.age_s < OLD_AFTER_S
    return recent and any(state != "u" for state in states), view.freshness


def _letter(spot: SpotsNow, patience_s: float | None, now: datetime) -> str:
    """As `parkhub.domain.spots.expire` has it, without making a track of each of thousands."""
    if spot.letter == "u" or spot.seen_at is None or patience_s is None:
        return spot.letter
    limit = spot.seen_at + timedelta(seconds=patience_s)
    if spot.held_until is not None and spot.held_until > limit:
        limit = spot.held_until
    return spot.letter if now < limit else "u"


def _days(lots: Iterable[Lot], now: datetime) -> dict[datetime, list[int]]:
    """When today began, and the lots where it began then."""
    found = defaultdict[datetime, list[int]](list)
    for lot in lots:
        zone = ZoneInfo(lot.time_zone)
        found[day_span(local_day(now, zone), zone).start].append(lot.id)
    return found


def update(view: Overview, before: Overview | None) -> dict[str, Any] | None:
    """What an open page must be told: all without ``before``, else what has changed; None when nothing has."""
    old_lots = {each.lot.id: each for each in before.lots} if before else {}
    lots: dict[str, Any] = {}
    for each in view.lots:
        old = old_lots.get(each.lot.id)
        told: dict[str, Any] = {}
        if old is None or len(old.states) != len(each.states):
            told = {"states": each.states, "text": each.text, "live": "live" if each.fresh else "stale"}
        elif old != each:
            told["text"] = dict(each.text.items() - old.text.items())
            if old.fresh != each.fresh:
                told["live"] = "live" if each.fresh else "stale"
            pairs = zip(old.states, each.states, strict=True)
            told["spots"] = {str(at): now for at, (was, now) in enumerate(pairs) if was != now}
        if told := {name: value for name, value in told.items() if value}:
            lots[str(each.lot.id)] = told
    old_cameras = {each.camera.id: _camera(each) for each in before.cameras} if before else {}
    cameras = {
        each.camera.public_id: [*each.badge, _age_s(each), each.per_minute]
        for each in view.cameras
        if old_cameras.get(each.camera.id) != _camera(each)
    }
    text = dict(view.text.items() - (before.text.items() if before else set()))
    found: dict[str, Any] = {"lots": lots, "cameras": cameras, "text": text}
    if before is None or before.recent != view.recent:
        found["recent"] = view.recent
    if before is None or before.shape != view.shape:
        found["shape"] = view.shape
    found = {name: value for name, value in found.items() if value}
    return found or None


def _camera(view: CameraView) -> tuple[tuple[str, str, str], int | None, int | None]:
    """How a camera is, its last picture, and how many come a minute."""
    return view.badge, view.newest.id if view.newest else None, view.per_minute


def _age_s(view: CameraView) -> float | None:
    return None if view.newest is None else round((view.now - view.newest.received_at).total_seconds(), 1)


async def source_of(account: Account) -> OverviewSource:
    """What an account may see."""
    lots = await our_lots(account)
    money = frozenset(each.id for each in lots if account.may(Right.MONEY, each.id))
    plates = frozenset(each.id for each in lots if sees_plates(account, each.id))
    runs = frozenset(each.id for each in lots if account.may(Right.RUN, each.id))
    return OverviewSource(frozenset(each.id for each in lots), money, plates, runs, account.everywhere)


@get("/console/events", opt=NO_CSRF)
async def stream_overview(request: AnyRequest) -> ASGIApp:
    """All lots, whole and then as they change."""
    return await stream(request, await source_of(request.user))


routes = [Router("/", route_handlers=[stream_overview], guards=[needs(Right.READ)], include_in_schema=False)]
