"""The jobs' page: what waits, what failed and why, and trying it again."""

from datetime import UTC, datetime, timedelta

from builders import save_camera, save_frame, save_lot, save_recording
from litestar import Litestar
from visitors import Visitor

from parkhub.clients import Clients
from parkhub.clients.queue import QueueName
from parkhub.db import frames as frame_rows
from parkhub.db import picture_uploads as upload_rows
from parkhub.db import recordings as recording_rows
from parkhub.db.engine import fetch
from parkhub.domain.accounts import Account
from parkhub.domain.frames import Frame, FrameStatus
from parkhub.domain.picture_uploads import NewPicture, PictureWish
from parkhub.domain.recordings import RecordingStatus
from parkhub.services import picture_uploads
from parkhub.services.looks import fail_look
from parkhub.web.job_words import WORDS, job_words
from tasks import schedule

PAGE = "/console/system/jobs"
EVENT = '{"id": "evt_1", "type": "charge.refunded", "created": 1, "data": {"object": {"payment_intent": "pi_1"}}}'
ADD_EVENT = (
    "INSERT INTO stripe_event (event, type, about, body, created_at, received_at, status, tries, error) "
    "VALUES ({}, 'charge.refunded', 'pi_1', {}, {}, {}, 'failed', 3, 'the lot is gone')"
)


async def test_jobs_that_wait_are_listed_without_what_they_are_about(staff: Visitor, app: Litestar) -> None:
    clients: Clients = app.state.clients
    await clients.queue.enqueue("charge_stay", "a secret", queue=QueueName.WORK, job_id="waits")
    await clients.queue.enqueue("send_later", queue=QueueName.MAIL, delay_s=3600, job_id="later")
    text = (await staff.get(PAGE)).text
    assert "Charge a saved card for a stay" in text
    assert "charge_stay" not in text
    assert "put off" in text
    assert "a secret" not in text
    assert "Nothing has failed." in text


def test_every_job_of_the_workers_has_words() -> None:
    lines = [*schedule.vision_lines(), *schedule.work_lines()]
    names = {job.name for line in lines for job in line.jobs}
    names |= {timed.name or timed.run.__name__ for line in lines for timed in line.timed}
    assert len(names) > 25
    assert names <= set(WORDS)
    assert job_words("cron:take_samples") == "Note how full car parks are"


async def test_a_payment_event_that_failed_can_be_tried_again(staff: Visitor) -> None:
    now = datetime.now(UTC)
    await fetch(ADD_EVENT, "evt_1", EVENT, now - timedelta(hours=1), now - timedelta(hours=1))
    assert "the lot is gone" in (await staff.get(PAGE)).text
    again = await staff.send_form(PAGE, f"{PAGE}/events", event="evt_1")
    assert (again.status_code, "It is not handled yet:" in again.text) == (409, True)
    gone = await staff.send_form(PAGE, f"{PAGE}/events", event="evt_none")
    assert (gone.status_code, "Neither ParkHub nor the payment provider" in gone.text) == (404, True)


async def failed_frames(count: int) -> list[Frame]:
    camera, now = await save_camera(await save_lot(), name="Roof"), datetime.now(UTC)
    found = [await save_frame(camera, received_at=now - timedelta(minutes=5)) for _ in range(count)]
    for each in found:
        await fail_look(each.id, "It is damaged.")
    return found


async def far_on(frame: Frame) -> Frame:
    """The same in a house that has taken pictures for a week."""
    await fetch("UPDATE frame SET id = id + 3000000 WHERE id = {}", frame.id)
    return await frame_rows.get_frame(frame.id + 3_000_000)


async def jobs_of(app: Litestar, queue: QueueName) -> list[str]:
    clients: Clients = app.state.clients
    return [job.name for job in await clients.queue.list_jobs(queue, 100)]


async def test_a_picture_that_could_not_be_read_is_told_with_its_reason_and_read_again(
    staff: Visitor, app: Litestar
) -> None:
    first, second, third = [await far_on(each) for each in await failed_frames(3)]
    text = (await staff.get(PAGE)).text
    assert text.count("It is damaged.") == 3
    assert "Try all 3 pictures again" in text
    again = await staff.send_form(PAGE, f"{PAGE}/frames", frame=str(second.id))
    assert again.headers["location"] == f"{PAGE}?tried=frame"
    assert [(await frame_rows.get_frame(each.id)).status for each in (first, second, third)] == [
        FrameStatus.FAILED,
        FrameStatus.STORED,
        FrameStatus.FAILED,
    ]
    assert await jobs_of(app, QueueName.FRAMES) == ["read_frame"]
    twice = await staff.send_form(PAGE, f"{PAGE}/frames", frame=str(second.id))
    assert (twice.status_code, "waits already" in twice.text) == (409, True)
    assert (await staff.send_form(PAGE, f"{PAGE}/frames", frame="all")).headers["location"] == f"{PAGE}?tried=frames"
    assert await jobs_of(app, QueueName.FRAMES) == ["read_frame"] * 3
    assert "The pictures wait to be read again." in (await staff.get(f"{PAGE}?tried=frames")).text


async def test_an_analysis_that_failed_is_told_with_its_reason_and_made_again(
    staff: Visitor, app: Litestar, account: Account
) -> None:
    now, failed = datetime.now(UTC), []
    for days in (1, 2, 9):
        each = await save_recording(account, now - timedelta(days=days))
        at = now - timedelta(days=days)
        await recording_rows.start_recording(each.id, at, at)
        await recording_rows.finish_recording(each.id, 1, RecordingStatus.FAILED, None, f"Fault {days}.", at)
        failed.append(each)
    text = (await staff.get(PAGE)).text
    assert [text.count(f"Fault {days}.") for days in (1, 2, 9)] == [1, 1, 1]
    assert text.count("kept for seven days") == 1
    assert (await staff.send_form(PAGE, f"{PAGE}/recordings", recording=str(failed[0].id))).status_code == 303
    late = await staff.send_form(PAGE, f"{PAGE}/recordings", recording=str(failed[2].id))
    assert (late.status_code, "no longer kept" in late.text) == (409, True)
    assert (await staff.send_form(PAGE, f"{PAGE}/recordings", recording="all")).status_code == 303
    stands = [(await recording_rows.get_recording(each.id)).status for each in failed]
    assert stands == [RecordingStatus.WAITING, RecordingStatus.WAITING, RecordingStatus.FAILED]
    assert await jobs_of(app, QueueName.RECORDINGS) == ["analyse_recording"] * 2


async def test_pictures_sent_by_hand_that_failed_are_told_and_looked_at_again(
    staff: Visitor, app: Litestar, account: Account
) -> None:
    now = datetime.now(UTC)
    sent = [NewPicture("a.jpg", "uploads/x/a.jpg", "image/jpeg", 160, 120), NewPicture("b.txt", error="No picture.")]
    upload = await upload_rows.add_upload(account.id, None, PictureWish.VEHICLES, sent, now)
    picture = await picture_uploads.take(upload.id, now)
    assert picture is not None
    await picture_uploads.fail(picture, "The model is tired.", now)
    text = (await staff.get(PAGE)).text
    assert "The model is tired." in text
    assert "No picture." not in text
    assert (await staff.send_form(PAGE, f"{PAGE}/pictures", upload=str(upload.id))).status_code == 303
    assert await jobs_of(app, QueueName.PICTURES) == ["look_at_pictures"]
    twice = await staff.send_form(PAGE, f"{PAGE}/pictures", upload=str(upload.id))
    assert (twice.status_code, "can be tried again" in twice.text) == (409, True)


async def test_what_is_no_choice_is_refused(staff: Visitor) -> None:
    for kind, name in (("frames", "frame"), ("recordings", "recording"), ("pictures", "upload")):
        answer = await staff.send_form(PAGE, f"{PAGE}/{kind}", **{name: "9" * 30})
        assert (answer.status_code, "Choose what to try again" in answer.text) == (422, True)
