"""Sessions and questions in every state, as staff at the desk see them, for pages that are looked at."""

from datetime import datetime, timedelta

from builders import save_camera, save_frame
from drivers import save_paid_lot, save_stay
from pictures import jpeg

from parkhub.clients import Clients
from parkhub.db import cameras as camera_rows
from parkhub.db import frames as frame_rows
from parkhub.db import passages as passage_rows
from parkhub.db import reviews as review_rows
from parkhub.domain.cameras import Camera, CameraRole, Gate
from parkhub.domain.frames import FrameStatus
from parkhub.domain.lots import Lot
from parkhub.domain.passages import Direction, GatePassage, PassageState, Place
from parkhub.domain.plates import Candidate
from parkhub.domain.reviews import Question
from parkhub.services import desk_payments, session_corrections, sessions
from parkhub.services.desk_payments import Tender
from parkhub.settings import load_settings


async def a_gate(lot: Lot, role: CameraRole) -> Camera:
    """A camera at a gate of a lot."""
    camera = await save_camera(lot, name=f"{role.value.capitalize()} gate", stale_after_s=86_400)
    await camera_rows.set_gate(camera.id, Gate(role))
    return camera


async def drives(clients: Clients, camera: Camera, direction: Direction | None, plate: str, at: datetime) -> int:
    """A car goes by, pictured, and is taken; the passage."""
    frame = await save_frame(camera, captured_at=at, received_at=at)
    await clients.pictures.put(frame.picture_key, jpeg(size=(640, 400)))
    await frame_rows.finish_frame(frame.id, FrameStatus.READ, 12.0, [], "")
    passage = GatePassage(
        0,
        camera.lot_id,
        camera.id,
        direction,
        plate,
        0.93,
        (Candidate(plate, 0.93), Candidate(plate.replace("8", "B"), 0.05)) if plate else (),
        None,
        at,
        at + timedelta(seconds=2),
        7,
        state=PassageState.ACCEPTED,
        decided_at=at,
        frame_id=frame.id,
        path=(Place(at, (0.4, 0.55, 0.2, 0.09), True),),
    )
    passage_id = await passage_rows.save_passage(passage)
    await sessions.take_passage(clients, passage_id, at + timedelta(seconds=3))
    return passage_id


async def shown(clients: Clients, now: datetime) -> dict[str, str]:
    """Addresses by name of what staff see."""
    lot = await save_paid_lot(slug="desk", name="Desk Street")
    entrance, exit_ = await a_gate(lot, CameraRole.ENTRANCE), await a_gate(lot, CameraRole.EXIT)
    await drives(clients, entrance, Direction.ENTRY, "PKH4827", now - timedelta(minutes=148))
    await drives(clients, entrance, Direction.ENTRY, "PKN4827", now - timedelta(minutes=96))
    await drives(clients, entrance, Direction.ENTRY, "", now - timedelta(minutes=31))
    await drives(clients, exit_, Direction.EXIT, "PKHA827", now - timedelta(minutes=2))
    await drives(clients, exit_, None, "HUB310", now - timedelta(minutes=1))
    waiting = {each.question: each.id for each in await review_rows.list_open(lot.id)}
    session = await save_stay(lot, "TST77", 200)
    why = "the camera read a letter wrong"
    await session_corrections.edit_plate(clients, session.id, "TST778", why, None, now - timedelta(minutes=20))
    at = now - timedelta(minutes=5)
    await desk_payments.take(load_settings(), session.id, 300, Tender.CASH, "shown-desk", at, None)
    await desk_payments.give_back(session.id, 100, "paid too much by mistake", "shown-back", None, now)
    return {
        "sessions": "/console/sessions",
        "sessions-filtered": "/console/sessions?lot=desk&state=open",
        "sessions-none": "/console/sessions?state=cancelled",
        "new-session": "/console/sessions/new",
        "session": f"/console/sessions/{session.id}",
        "review": f"/console/review?on={waiting[Question.DOUBTFUL_EXIT]}",
        "review-plate": f"/console/review?on={waiting[Question.ENTRY_WITHOUT_PLATE]}",
    }
