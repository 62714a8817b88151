"""The demo lot's gates: cars that do not exist come, pay and go, by the same way as real ones."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Final

from parkhub.clients import Clients
from parkhub.db import cameras as camera_rows
from parkhub.db import frames as frame_rows
from parkhub.db import matching as matching_rows
from parkhub.db import sessions as session_rows
from parkhub.db import tariffs as tariff_rows
from parkhub.domain.cameras import CameraRole
from parkhub.domain.frames import NewFrame
from parkhub.domain.ledger import Account
from parkhub.domain.lots import Lot
from parkhub.domain.sessions import ParkingSession
from parkhub.domain.vehicles import VehicleKind
from parkhub.services import billing, cameras, lot_rules, payments, sessions, tariffs
from parkhub.services.cameras import STALE_AFTER_MAX_S, GateForm
from parkhub.services.frames import hour_folder
from parkhub.services.looks import Seen, save_look
from parkhub.services.simulated_traffic import Car, make_plates, pictures_of

GUEST: Final = "DEMO2026"
"""The plate of a car that stays, for people to try."""
GUEST_CAME: Final = timedelta(minutes=50)
GUEST_STAYS: Final = timedelta(hours=12)
"""After so long a new start lets it come anew, so that its price stays a small one."""
INSIDE: Final = 24
"""About so many other cars are inside."""
FIRST_CAME: Final = timedelta(hours=3)
STAYS_LEAST: Final = timedelta(minutes=10)
SIZE: Final = (640, 360)
GATES: Final = {CameraRole.ENTRANCE: "Entrance", CameraRole.EXIT: "Exit"}
TARIFF: Final = """
name: Demo
currency: EUR
exit_grace_minutes: 15
cap: {price: "14.00", per: 24h}
tax: {percent: "19"}
bands:
  - {name: Day, from: "07:00", to: "22:00", rate: {type: per_started, minutes: 60, price: "1.80"}}
  - {name: Night, rate: {type: per_started, minutes: 60, price: "0.90"}}
"""

Draw = Callable[[str, tuple[float, float, float, float]], bytes]
"""A JPEG of `SIZE` of a car with that plate, and where it is: left, top, width, height in shares."""


@dataclass(frozen=True)
class Traffic:
    """The gates of one demo lot."""

    clients: Clients
    lot: Lot
    draw: Draw
    random: Random
    inside: int = INSIDE

    async def furnish(self, now: datetime) -> None:
        """Give the lot prices, gates and cars, whatever is missing."""
        if not await tariff_rows.list_versions(self.lot.id):
            await tariffs.publish(self.lot.id, None, TARIFF, now - timedelta(days=1), None, now)
            await lot_rules.set_rules(self.lot.id, {"stay_max_minutes": "0"}, None, now)
        known = {camera.gate.role for camera in await camera_rows.list_cameras(self.lot.id)}
        for role, name in GATES.items():
            if role not in known:
                gate = GateForm(role=role.value)
                await cameras.create_camera(self.lot.slug, name, stale_after_s=STALE_AFTER_MAX_S, gate=gate)
        if not await matching_rows.list_inside(self.lot.id, now):
            first = now - FIRST_CAME
            for number, plate in enumerate(make_plates(self.inside, self.random)):
                await self._pass(CameraRole.ENTRANCE, plate, first + number * FIRST_CAME / (self.inside + 1))
            oldest = (await matching_rows.list_inside(self.lot.id, now))[0]
            await self._leave(await session_rows.get_session(oldest.session_id), now)

    async def guest(self, now: datetime) -> ParkingSession | None:
        """The car that people may pay for; it comes when it is not there, or has been there for too long.

        None when it was turned away, as a listed one is.
        """
        session = await self._find(GUEST)
        if session is not None and now - session.entered_at > GUEST_STAYS:
            await self._leave(session, now - 2 * GUEST_CAME)
            session = await self._find(GUEST)
        if session is None:
            left = await session_rows.list_of_plate(self.lot.id, GUEST, now - GUEST_CAME, now + STAYS_LEAST)
            await self._pass(CameraRole.ENTRANCE, GUEST, now if left else now - GUEST_CAME)
            session = await self._find(GUEST)
        return session

    async def step(self, now: datetime) -> None:
        """One car comes, or one pays and goes."""
        await self.guest(now)
        inside = [each for each in await matching_rows.list_inside(self.lot.id, now) if each.plate != GUEST]
        if self.random.random() < len(inside) / (2 * self.inside):
            session = await session_rows.get_session(self.random.choice(inside).session_id)
            if now - session.entered_at > STAYS_LEAST:
                await self._leave(session, now)
        else:
            await self._pass(CameraRole.ENTRANCE, make_plates(1, self.random)[0], now)

    async def _find(self, plate: str) -> ParkingSession | None:
        return await session_rows.find_inside(self.lot.id, plate)

    async def _leave(self, session: ParkingSession, now: datetime) -> None:
        due = (await billing.get_bill(session.id, now)).due_cents
        if due > 0:
            uid = f"demo:{session.id}:{int(now.timestamp())}"
            await payments.pay(session.id, due, Account.CASH, uid, now)
        await self._pass(CameraRole.EXIT, session.plate, now)

    async def _pass(self, role: CameraRole, plate: str, at: datetime) -> None:
        """Pictures of a car that has just gone by. What they leave open is decided by upkeep, as with real ones."""
        camera = next(each for each in await camera_rows.list_cameras(self.lot.id) if each.gate.role is role)
        car = Car(0, plate, VehicleKind.CAR, at, None, None)
        seen = list(pictures_of(car, at, self.random))
        if plate == GUEST:  # people type this one: it is read as it is
            seen = [(each, when) for each, when in pictures_of(car, at, _Sure())]
        shown = seen[-1][1] - at
        for each, when in seen:
            picture = self.draw(plate, each.read.box)
            taken_at = when - shown
            sequence = int(taken_at.timestamp() * 1000)
            key = f"{hour_folder(at)}/{camera.id}/demo-{sequence}.jpg"
            await self.clients.pictures.put(key, picture)
            frame = await frame_rows.add_frame(
                NewFrame(
                    camera_id=camera.id,
                    sequence=sequence,
                    captured_at=taken_at,
                    received_at=at,
                    sha256=hashlib.sha256(picture).hexdigest(),
                    byte_count=len(picture),
                    width=SIZE[0],
                    height=SIZE[1],
                    media_type="image/jpeg",
                    picture_key=key,
                )
            )
            if frame is None:  # another car at the same millisecond
                continue
            saved = await save_look(self.clients, frame.id, Seen((), 1.0, cars=(replace(each, crop=picture),)))
            for passage_id in saved.accepted:
                await sessions.take_passage(self.clients, passage_id, at)


class _Sure(Random):
    """Reads every letter right."""

    def random(self) -> float:
        return 0.999
