"""How far a new lot has come, told from its data alone, so that the guide goes on wherever somebody left it."""

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

from parkhub.clients import Clients
from parkhub.db import cameras as camera_rows
from parkhub.db import frames as frame_rows
from parkhub.db import spot_imports as import_rows
from parkhub.db import spots as spot_rows
from parkhub.db import stripe_events as event_rows
from parkhub.db import tariffs as tariff_rows
from parkhub.db.tariffs import TariffVersion
from parkhub.domain.cameras import Camera, SpotImport
from parkhub.domain.frames import Frame
from parkhub.domain.lots import Lot
from parkhub.services import payment_events, trial_stays
from parkhub.settings import Settings
from parkhub.web.watched import encode

AGAIN_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Step:
    """One part of the guide. ``said``: what there is of it already, in a few words."""

    key: str
    title: str
    done: bool
    said: str


@dataclass(frozen=True)
class Arrival:
    """What has come of a camera: nothing, a picture, a picture that was read."""

    sent: bool
    read: bool

    @property
    def words(self) -> str:
        """The same for people."""
        if not self.sent:
            return "Waiting for the first picture"
        return "The first picture has come" + (" and was read" if self.read else ", and is being read")


@dataclass(frozen=True)
class Progress:
    """A lot on its way. ``camera``: the one that has come furthest; ``frame``: its newest picture that was read;
    ``spot_import``: the last file that marked its places.
    """

    lot: Lot
    camera: Camera | None
    sent: bool
    frame: Frame | None
    spot_import: SpotImport | None
    spot_count: int
    versions: tuple[TariffVersion, ...]
    tested: bool
    sandbox: bool
    webhook_ready: bool
    heard_at: datetime | None

    @property
    def arrival(self) -> Arrival:
        """What has come of the camera."""
        return Arrival(self.sent, self.frame is not None)

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """All parts, in order."""
        camera, places = self.camera, f"{self.spot_count} place{'' if self.spot_count == 1 else 's'}"
        seen = camera is not None and self.sent
        paying = "test payments, no money moves" if self.sandbox else "Stripe"
        return (
            Step("lot", "Car park", True, self.lot.name),
            Step("camera", "First camera", seen, camera.name if camera else ""),
            Step("spots", "Places", self.spot_count > 0, places if self.spot_count else ""),
            Step("tariff", "Prices", bool(self.versions), _tariff_name(self.versions)),
            Step("test", "Test entry and exit", self.tested, "tried, and taken back" if self.tested else ""),
            Step("payments", "Payments", self.sandbox or self.webhook_ready, paying),
        )

    @property
    def complete(self) -> bool:
        """Whether nothing is left to do."""
        return all(step.done for step in self.steps)

    @property
    def current(self) -> str:
        """The first part that is left to do, or the end."""
        return next((step.key for step in self.steps if not step.done), "end")


def _tariff_name(versions: tuple[TariffVersion, ...]) -> str:
    if not versions:
        return ""
    tariff = versions[0].tariff
    return f"{tariff.name}, {tariff.currency}" if tariff.name else tariff.currency


async def load_progress(clients: Clients, settings: Settings, lot: Lot) -> Progress:
    """How far a lot has come."""
    found: list[tuple[bool, bool, Camera, Frame | None]] = []
    for camera in await camera_rows.list_cameras(lot.id):
        read = await frame_rows.latest_read(camera.id)
        found.append((read is not None, bool(await frame_rows.list_frames(camera.id, 1)), camera, read))
    _, sent, best, frame = max(found, key=lambda each: each[:2], default=(False, False, None, None))
    # A page asks again as long as the file is being read: only what it is told after that is all of it.
    spot_import = None if best is None else await import_rows.latest_spot_import(best.id)
    return Progress(
        lot,
        best,
        sent,
        frame,
        spot_import,
        (await spot_rows.load_lot_status(lot.id)).capacity,
        tuple(await tariff_rows.list_versions(lot.id)),
        await trial_stays.was_made(lot.id),
        clients.payments.is_sandbox,
        bool(payment_events.accepted_secrets(clients, settings)),
        await event_rows.last_received_at(),
    )


async def load_arrival(camera_id: int) -> Arrival:
    """What has come of a camera."""
    sent = bool(await frame_rows.list_frames(camera_id, 1))
    return Arrival(sent, sent and await frame_rows.latest_read(camera_id) is not None)


@dataclass(frozen=True)
class ArrivalSource:
    """A camera that is waited for."""

    camera_id: int

    @property
    def key(self) -> Hashable:
        """See `parkhub.web.watched.Source`."""
        return "arrival", self.camera_id

    async def read(self) -> Arrival:
        """See `parkhub.web.watched.Source`."""
        await camera_rows.get_camera(self.camera_id)
        return await load_arrival(self.camera_id)

    def topics(self, view: Arrival) -> frozenset[str]:  # noqa: ARG002
        """Nothing announces a first picture: it is asked for, while somebody waits."""
        return frozenset()

    def tell(self, view: Arrival, before: Arrival | None) -> bytes | None:
        """See `parkhub.web.watched.Source`."""
        return None if view == before else encode("camera", {"words": view.words, "came": view.sent})

    def due_s(self, view: Arrival) -> float | None:
        """See `parkhub.web.watched.Source`."""
        return None if view.read else AGAIN_S
