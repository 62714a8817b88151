"""The system's pages: how the installation does, what waits and what failed."""

from datetime import UTC, datetime, timedelta

import pytest
from builders import save_camera, save_frame, save_lot
from litestar import Litestar
from visitors import Visitor

from parkhub.clients import Clients
from parkhub.clients.queue import QueueName
from parkhub.db.engine import fetch
from parkhub.domain.frames import FrameStatus
from parkhub.web.system import in_bytes

EVENT = '{"id": "evt_1", "type": "charge.refunded", "created": 1, "data": {"object": {"payment_intent": "pi_1"}}}'
ADD_EVENT = (
    "INSERT INTO stripe_event (event, type, about, body, created_at, received_at, status, tries, error) "
    "VALUES ({}, 'charge.refunded', 'pi_1', {}, {}, {}, 'failed', 3, 'the lot is gone')"
)


async def test_the_system_tells_versions_room_and_that_nobody_works(staff: Visitor, app: Litestar) -> None:
    camera = await save_camera()
    frame = await save_frame(camera, received_at=datetime.now(UTC))
    await fetch("UPDATE frame SET status = {}, ms = 12.5 WHERE id = {}", FrameStatus.READ.value, frame.id)
    text = (await staff.get("/console/system")).text
    assert "SQLite 3." in text
    assert text.count("nobody works") == len(QueueName)
    assert "12.5 ms" in text
    assert "Run parkhub release" not in text


async def test_a_worker_that_speaks_is_shown_with_what_it_did(staff: Visitor, app: Litestar) -> None:
    clients: Clients = app.state.clients
    assert clients.redis is not None
    said = "Nov-21 20:00:00 j_complete=41 j_failed=2 j_retried=0 j_ongoing=1 j_queued=0"
    await clients.redis.set(f"{QueueName.FRAMES.key}:health-check", said, ex=30)
    [frames] = [each for each in await clients.queue.look() if each.name is QueueName.FRAMES]
    assert (frames.worked, frames.done, frames.failed, frames.ongoing) == (True, 41, 2, 1)
    assert (await staff.get("/console/system")).text.count("nobody works") == len(QueueName) - 1
    await clients.redis.delete(f"{QueueName.FRAMES.key}:health-check")


async def test_jobs_that_wait_are_listed_without_what_they_are_about(staff: Visitor, app: Litestar) -> None:
    clients: Clients = app.state.clients
    await clients.queue.enqueue("charge_stay", "a secret", queue=QueueName.WORK, job_id="waits")
    await clients.queue.enqueue("send_later", queue=QueueName.MAIL, delay_s=3600, job_id="later")
    text = (await staff.get("/console/system/jobs")).text
    assert "<code>charge_stay</code>" in text
    assert "put off" in text
    assert "a secret" not in text
    assert "Nothing has failed." in text


async def test_what_failed_is_told_and_a_payment_event_can_be_tried_again(staff: Visitor) -> None:
    now = datetime.now(UTC)
    frame = await save_frame(await save_camera(await save_lot(), name="Roof"), received_at=now)
    await fetch("UPDATE frame SET status = 'failed', error = 'It is damaged.' WHERE id = {}", frame.id)
    await fetch(ADD_EVENT, "evt_1", EVENT, now - timedelta(hours=1), now - timedelta(hours=1))
    text = (await staff.get("/console/system/jobs")).text
    assert "1 picture of" in text
    assert "It is damaged." in text
    assert "the lot is gone" in text
    again = await staff.send_form("/console/system/jobs", "/console/system/jobs/events", event="evt_1")
    assert (again.status_code, "It is not handled yet:" in again.text) == (409, True)
    gone = await staff.send_form("/console/system/jobs", "/console/system/jobs/events", event="evt_none")
    assert (gone.status_code, "Neither ParkHub nor the payment provider" in gone.text) == (404, True)


@pytest.mark.parametrize("path", ["/console/system", "/console/system/jobs", "/console/system/audit"])
async def test_attendants_do_not_see_the_system(attendant: Visitor, path: str) -> None:
    assert (await attendant.get(path)).status_code == 403


@pytest.mark.parametrize(
    ("number", "words"), [(12, "12 bytes"), (3_400, "3.4 kB"), (5_100_000_000_000_000, "5100.0 TB")]
)
def test_sizes_are_told_in_words(number: int, words: str) -> None:
    assert in_bytes(number) == words
