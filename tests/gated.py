"""A lot with a barrier at a side, cars before it, and what became of them, for tests of barriers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from builders import save_camera, save_frame
from drivers import save_paid_lot, save_stay
from paying import a_paid_lot, later

from parkhub.clients import Clients
from parkhub.db import barrier_openings as opening_rows
from parkhub.db import cameras as camera_rows
from parkhub.db import frames as frame_rows
from parkhub.db import passages as passage_rows
from parkhub.db.barrier_openings import OpeningFilter
from parkhub.domain.barriers import Barrier, BarrierKind, CallCause, Opening, OpeningOutcome
from parkhub.domain.cameras import Camera, CameraRole, Gate
from parkhub.domain.frames import FrameStatus
from parkhub.domain.ledger import Account
from parkhub.domain.lots import Lot
from parkhub.domain.passages import Direction, GatePassage, PassageState
from parkhub.domain.plates import Candidate
from parkhub.services import barrier_calls, barrier_setup, payments, sessions
from parkhub.services.barrier_setup import BarrierForm

ADDRESSES = {BarrierKind.WEBHOOK: "https://gate.example.org/open", BarrierKind.MQTT: "parkhub/north/exit"}


@dataclass(frozen=True)
class Side:
    """One side of a lot: its camera and its barrier."""

    lot: Lot
    camera: Camera
    barrier: Barrier

    async def openings(self) -> list[Opening]:
        """What the barrier was asked, the oldest first."""
        return (await opening_rows.list_openings([self.barrier.id], OpeningFilter(), None, 100))[::-1]

    async def saw(self, plate: str, at: datetime, **given: Any) -> GatePassage:
        """A car that has been decided on but not been taken yet."""
        entry = self.barrier.side is Direction.ENTRY
        usual: dict[str, Any] = {
            "direction": Direction.ENTRY if entry else Direction.EXIT,
            "candidates": (Candidate(plate, 0.95),) if plate else (),
            "last_at": at + timedelta(seconds=2),
            "state": PassageState.ACCEPTED,
            "decided_at": at + timedelta(seconds=2),
        }
        given = {**usual, **given}
        passage = GatePassage(
            0,
            self.lot.id,
            self.camera.id,
            given.pop("direction"),
            plate,
            0.95,
            given.pop("candidates"),
            None,
            at,
            given.pop("last_at"),
            5,
            **given,
        )
        return await passage_rows.get_passage(await passage_rows.save_passage(passage))

    async def drives_up(self, clients: Clients, plate: str, at: datetime, **given: Any) -> GatePassage:
        """A car that was seen before the barrier at ``at`` and taken two seconds later."""
        passage = await self.saw(plate, at, **given)
        await sessions.take_passage(clients, passage.id, max(at, passage.heard_at or at) + timedelta(seconds=3))
        return await passage_rows.get_passage(passage.id)

    async def pictured(self, at: datetime) -> None:
        """Its camera took a picture, in which nobody was seen."""
        frame = await save_frame(self.camera, captured_at=at, received_at=at)
        await frame_rows.finish_frame(frame.id, FrameStatus.READ, 1.0, [], "")


async def a_side(
    kind: BarrierKind = BarrierKind.WEBHOOK, side: Direction = Direction.EXIT, lot: Lot | None = None, **given: Any
) -> Side:
    """A side of a lot where one pays."""
    lot = lot or await a_paid_lot()
    camera = await save_camera(lot, name="Gate")
    gate = Gate(CameraRole.EXIT if side is Direction.EXIT else CameraRole.ENTRANCE)
    await camera_rows.set_gate(camera.id, gate)
    usual: dict[str, Any] = {
        "name": "North barrier",
        "kind": kind.value,
        "side": side.value,
        "address": ADDRESSES.get(kind, ""),
        "node": camera.public_id,
        "cameras": [camera.public_id],
    }
    form = BarrierForm(**{**usual, **given})
    return Side(lot, replace(camera, gate=gate), await barrier_setup.create_barrier(lot.id, form, None, later(0)))


def jobs(clients: Clients) -> Sequence[tuple[str, int]]:
    """What waits in the stand-in's queue for barriers: job and opening."""
    return [(job, args[0]) for _, job, args, _ in clients.queue.jobs if "open" in job]  # type: ignore[attr-defined]


async def shown(clients: Clients, now: datetime) -> tuple[dict[str, str], dict[str, str]]:
    """Barriers in every state, as drivers and as staff see them: addresses by name."""
    pages = {}
    lot = await save_paid_lot(slug="gated", name="Gated Street Car Park")
    nobody = await a_side(lot=lot, name="West exit")
    pages["exit-nobody"] = f"/exit/{nobody.barrier.code}"
    for name, plate in (("exit-due", "PKH4901"), ("exit-open", "PKH4902"), ("exit-stuck", "PKH4903")):
        side = await a_side(lot=lot, name=f"North {name}", waits_s=1800)
        session = await save_stay(lot, plate, 148)
        if name != "exit-due":
            await payments.pay(session.id, 600, Account.CASH, f"shown-{plate}", now - timedelta(minutes=1))
        await side.drives_up(clients, plate, now - timedelta(seconds=20))
        for opening in await side.openings():
            outcome = OpeningOutcome.ACKNOWLEDGED if name == "exit-open" else OpeningOutcome.TIMED_OUT
            good = outcome is OpeningOutcome.ACKNOWLEDGED
            await opening_rows.settle(opening.id, outcome, "", now + timedelta(hours=1) if good else None)
        if name == "exit-stuck":
            await barrier_calls.call(clients, side.barrier, CallCause.NOT_OPENED, now)
        pages[name] = f"/exit/{side.barrier.code}"
    console = f"/console/barriers/{side.barrier.public_id}"
    staff = {"barriers": "/console/barriers", "barrier": console, "barrier-log": f"{console}/log"}
    return pages, {**staff, "barrier-settings": f"{console}/settings", "new-barrier": "/console/barriers/new"}
