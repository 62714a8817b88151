"""The staff pages "Analyse a recording", over HTTP."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import videos
from apps import running
from builders import save_account
from litestar import Litestar
from visitors import EMAIL, PASSWORD, Visitor, visit

from parkhub.clients import Clients
from parkhub.clients.queue import MemoryQueue, QueueName
from parkhub.db import recordings as rows
from parkhub.domain.recordings import Recording, RecordingStatus
from parkhub.errors import EngineError
from parkhub.services import accounts
from parkhub.services import recordings as service
from parkhub.services.recording_uploads import FOLDER
from parkhub.settings import Settings

FROM_HERE = {"sec-fetch-site": "same-origin"}
PAGE = "/console/recordings"
SUMMARY = {
    "title": "Monday",
    "engine": "classifier",
    "model": "",
    "size": [320, 240],
    "fps": 10.0,
    "frame_count": 30,
    "duration_s": 3.0,
    "every_s": 0.5,
    "versions": {"parkhub": "0.1.0"},
    "warnings": ["The video is <b>damaged</b>."],
    "spot_count": 2,
    "sample_count": 6,
    "change_count": 1,
    "free_at_end": 0,
    "occupied_at_end": 1,
    "unknown_at_end": 1,
    "spots": [
        {"id": "<A1>", "state": s, "occupied_share": 0.3, "free_share": 0.7, "unknown_share": 0, "change_count": 1}
        for s in ("occupied", "unknown")
    ],
    "changes": [],
    "series": [
        {"t_s": 0.0, "free": 2, "occupied": 0, "unknown": 0},
        {"t_s": 2.0, "free": 0, "occupied": 1, "unknown": 1},
    ],
}


@pytest.fixture
def site(app: Litestar, staff: Visitor) -> tuple[Litestar, Visitor]:
    """The application and somebody who has signed in."""
    return app, staff


def files(video: bytes = b"video", spots: bytes | None = None, name: str = "lot.mp4") -> dict[str, Any]:
    return {
        "video": (name, video, "video/mp4"),
        "spots": ("mask.png", videos.mask_png() if spots is None else spots, "image/png"),
    }


async def a_recording(app: Litestar, browser: Visitor) -> Recording:
    answer = await browser.post(PAGE, files=files(), headers=FROM_HERE)
    assert answer.status_code == 303, answer.text
    return await rows.get_recording(int(answer.headers["location"].rsplit("/", 1)[1]))


async def a_done_recording(app: Litestar, browser: Visitor, video: bytes = b"0123456789") -> Recording:
    recording = await a_recording(app, browser)
    clients: Clients = app.state.clients
    now = datetime.now(UTC)
    begun = await service.start(recording.id, now)
    assert begun is not None
    for name, data in (
        ("annotated.mp4", video),
        ("summary.json", json.dumps(SUMMARY).encode()),
        ("timeline.csv", b"t_s\r\n"),
    ):
        await clients.pictures.put(f"{recording.folder}/{name}", data)
    await service.finish(clients, begun, SUMMARY, now)
    return await rows.get_recording(recording.id)


def stored(app: Litestar) -> list[str]:
    root = app.state.clients.pictures.path(FOLDER)
    return sorted(path.name for path in root.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", PAGE),
        ("POST", PAGE),
        ("GET", f"{PAGE}/1"),
        ("GET", f"{PAGE}/1/progress"),
        ("GET", f"{PAGE}/1/annotated.mp4"),
        ("GET", f"{PAGE}/1/summary.json"),
        ("POST", f"{PAGE}/1/cancel"),
        ("POST", f"{PAGE}/1/delete"),
    ],
)
async def test_strangers_are_shown_the_way_to_sign_in(app: Litestar, visitor: Visitor, method: str, path: str) -> None:
    answer = await visitor.request(method, path, headers=FROM_HERE, files=files() if method == "POST" else None)
    assert answer.status_code == (401 if method == "POST" else 303)
    assert answer.headers.get("location", "").startswith("/sign-in") or 'href="/sign-in"' in answer.text
    assert stored(app) == []


async def test_an_upload_from_another_site_is_refused(site: Any) -> None:
    app, browser = site
    answer = await browser.post(PAGE, files=files(), headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
    assert stored(app) == []


async def test_an_upload_becomes_a_waiting_recording_with_its_job(site: Any) -> None:
    app, browser = site
    answer = await browser.post(
        PAGE,
        data={"title": "Monday", "engine": "difference", "every_s": "2"},
        files=files(b"v" * 3_000_000),
        headers=FROM_HERE,
    )
    assert answer.status_code == 303
    recording = (await rows.list_recordings(1))[0]
    assert answer.headers["location"] == f"{PAGE}/{recording.id}"
    assert (recording.title, recording.engine, recording.status) == ("Monday", "difference", RecordingStatus.WAITING)
    clients: Clients = app.state.clients
    assert await clients.pictures.get(f"{recording.folder}/video") == b"v" * 3_000_000
    assert (await service.read_order(clients, recording)).every_s == 2
    assert await clients.queue.waiting(QueueName.RECORDINGS) == 1
    shown = await browser.get(f"{PAGE}/{recording.id}")
    assert "Waiting for its turn" in shown.text
    assert "Monday" in (await browser.get(PAGE)).text


async def test_htmx_is_told_where_to_go(site: Any) -> None:
    _, browser = site
    token = (await browser.get(PAGE)).text.split('x-csrftoken": "')[1].split('"')[0]
    answer = await browser.post(PAGE, files=files(), headers={"hx-request": "true", "x-csrftoken": token})
    assert answer.headers["hx-redirect"].startswith(PAGE)


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\kim\\lot.mp4", "lot"),
        ("/", ""),
        ("a\u202egpj.mp4", "agpj"),
        ("<script>alert(1)</script>.mp4", "script>"),
    ],
)
async def test_a_path_in_the_file_name_is_harmless(site: Any, name: str, title: str) -> None:
    app, browser = site
    answer = await browser.post(PAGE, files=files(name=name), headers=FROM_HERE)
    assert answer.status_code == 303
    recording = (await rows.list_recordings(1))[0]
    assert recording.title == (title or "Recording")
    assert stored(app) == ["order.json", "spots", "video"]
    assert "<script>alert" not in (await browser.get(PAGE)).text


WRONG: list[Any] = [
    pytest.param({}, {"video": ("a.mp4", b"", "video/mp4")}, 422, "Choose a video", id="nothing chosen"),
    pytest.param({}, files(b""), 422, "Choose a video", id="an empty video"),
    pytest.param({}, {"video": ("a.mp4", b"v", "video/mp4")}, 422, "Choose a mask picture", id="no spots"),
    pytest.param({}, files(spots=b"hello"), 422, "neither a mask picture", id="spots of no kind"),
    pytest.param({}, files(spots=b'{"size": 1}'), 422, "size: [width, height]", id="a wrong SPOTS.json"),
    pytest.param({}, files(spots=videos.mask_png()[:100]), 422, "picture", id="a damaged mask"),
    pytest.param({}, files(spots=b"\x80\x04cos\nsystem\n."), 422, "CarParkPos", id="a pickle that runs things"),
    pytest.param({"engine": "magic"}, files(), 422, "one of the engines", id="no such engine"),
    pytest.param({"every_s": "soon"}, files(), 422, "one of the times", id="no such time"),
    pytest.param({"every_s": "nan"}, files(), 422, "seconds", id="not a number"),
    pytest.param({"title": "x" * 200}, files(), 422, "at most 120", id="a long name"),
    pytest.param({"title": "x" * 20_000}, files(), 413, "longer than 10,000", id="a very long name"),
    pytest.param({}, files(spots=b"BM" + bytes(64)), 422, "neither a mask picture", id="a bitmap"),
    pytest.param({"box_width": "x"}, files(spots=b"(lp0\n."), 422, "whole pixels", id="a box without a size"),
]


@pytest.mark.parametrize(("data", "sent", "status", "words"), WRONG)
async def test_a_wrong_form_comes_back_with_a_sentence_and_nothing_is_kept(
    site: Any, data: dict[str, str], sent: dict[str, Any], status: int, words: str
) -> None:
    app, browser = site
    answer = await browser.post(PAGE, data=data, files=sent, headers=FROM_HERE)
    assert answer.status_code == status
    assert words in answer.text
    assert stored(app) == []
    assert await rows.list_recordings(1) == []


@pytest.mark.parametrize("announced", [True, False], ids=["by its own word", "as it turns out"])
async def test_a_video_above_the_limit_is_refused(web_settings: Settings, announced: bool) -> None:
    limits = {"recording_bytes_max": 200_000, "frame_bytes_max": 100_000}
    async with running(web_settings.model_copy(update=limits)) as app, visit(app) as browser:
        await save_account(EMAIL, password_hash=await accounts.hash_password(PASSWORD))
        await browser.send_form("/sign-in", email=EMAIL, password=PASSWORD)
        size = 1_000_000 if announced else 250_000
        answer = await browser.post(PAGE, files=files(b"v" * size), headers=FROM_HERE)
        assert answer.status_code == 413
        assert "The video is larger than 195 KB" in answer.text
        assert stored(app) == []


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"--x\r\n"),
        ("multipart/form-data; boundary=x", b""),
        (
            "multipart/form-data; boundary=x",
            b"--x\r\nContent-Disposition: form-data; name=video; filename=a\r\n\r\nhalf",
        ),
        ("multipart/form-data; boundary=x", b"no form at all"),
        ("multipart/form-data; boundary=x", b"--x\r\n" + b"A: b\r\n" * 5000),
    ],
    ids=["no boundary", "empty", "cut short", "nonsense", "endless headers"],
)
async def test_a_broken_form_is_refused_and_nothing_is_kept(site: Any, content_type: str, body: bytes) -> None:
    app, browser = site
    answer = await browser.post(PAGE, content=body, headers={**FROM_HERE, "content-type": content_type})
    assert answer.status_code == 422
    assert "did not arrive whole" in answer.text
    assert stored(app) == []


async def test_an_upload_that_has_its_row_keeps_its_files_whatever_breaks_then(site: Any) -> None:
    class Broken(MemoryQueue):
        async def enqueue(self, *given: object, **more: object) -> bool:
            raise ZeroDivisionError

    app, browser = site
    app.state.clients = replace(app.state.clients, queue=Broken())
    assert (await browser.post(PAGE, files=files(), headers=FROM_HERE)).status_code == 500
    assert [recording.status for recording in await rows.list_recordings(2)] == [RecordingStatus.WAITING]
    assert stored(app) == ["order.json", "spots", "video"]


async def test_progress_is_told_until_the_end(site: Any) -> None:
    app, browser = site
    recording = await a_recording(app, browser)
    clients: Clients = app.state.clients
    begun = await service.start(recording.id, datetime.now(UTC))
    assert begun is not None
    await service.progress(begun, 0.42, datetime.now(UTC))
    answer = await browser.get(f"{PAGE}/{recording.id}/progress")
    assert 'value="42"' in answer.text
    assert "hx-redirect" not in answer.headers
    await service.fail(clients, begun, EngineError("The model is tired."), datetime.now(UTC))
    answer = await browser.get(f"{PAGE}/{recording.id}/progress")
    assert answer.headers["hx-redirect"] == f"{PAGE}/{recording.id}"
    assert "The model is tired." in (await browser.get(f"{PAGE}/{recording.id}")).text


@pytest.mark.parametrize("number", ["9223372036854775808", "9" * 5000], ids=["2**63", "5,000 digits"])
async def test_a_number_that_no_recording_can_have_is_not_found(site: Any, number: str) -> None:
    _, browser = site
    assert (await browser.get(f"{PAGE}/{number}")).status_code == 404


async def test_cancel_and_delete(site: Any) -> None:
    app, browser = site
    recording = await a_recording(app, browser)
    token = (await browser.get(PAGE)).text.split('x-csrftoken": "')[1].split('"')[0]
    refused = await browser.post(f"{PAGE}/{recording.id}/delete", data={"_csrf_token": token})
    assert refused.status_code == 409
    cancelled = await browser.post(f"{PAGE}/{recording.id}/cancel", data={"_csrf_token": token})
    assert cancelled.status_code == 303
    assert "was cancelled" in (await browser.get(f"{PAGE}/{recording.id}")).text
    assert stored(app) == []
    deleted = await browser.post(f"{PAGE}/{recording.id}/delete", data={"_csrf_token": token})
    assert deleted.headers["location"] == PAGE
    assert (await browser.get(f"{PAGE}/{recording.id}")).status_code == 404
    assert "No recordings yet" in (await browser.get(PAGE)).text


async def test_the_result_is_shown_with_its_chart_and_nothing_unescaped(site: Any) -> None:
    app, browser = site
    recording = await a_done_recording(app, browser)
    text = (await browser.get(f"{PAGE}/{recording.id}")).text
    assert f'src="{PAGE}/{recording.id}/annotated.mp4"' in text
    assert 'd="M0 0.0H666.7V200.0H1000"' in text
    assert "<td>2.0 s</td>" in text  # a short video: to a tenth of a second
    assert "&lt;A1&gt;" in text
    assert "<A1>" not in text
    assert "&lt;b&gt;damaged" in text
    assert " style=" not in text
    assert "<script>" not in text


@pytest.mark.parametrize(
    ("asked", "status", "body", "content_range"),
    [
        ({}, 200, b"0123456789", None),
        ({"range": "bytes=2-4"}, 206, b"234", "bytes 2-4/10"),
        ({"range": "bytes=7-"}, 206, b"789", "bytes 7-9/10"),
        ({"range": "bytes=-3"}, 206, b"789", "bytes 7-9/10"),
        ({"range": "bytes=10-"}, 416, b"", "bytes */10"),
        ({"range": "bytes=0-1,4-5"}, 200, b"0123456789", None),
        ({"range": "bytes=2-4", "if-range": '"another"'}, 200, b"0123456789", None),
    ],
)
async def test_the_video_is_answered_in_ranges(
    site: Any, asked: dict[str, str], status: int, body: bytes, content_range: str | None
) -> None:
    app, browser = site
    recording = await a_done_recording(app, browser)
    answer = await browser.get(f"{PAGE}/{recording.id}/annotated.mp4", headers=asked)
    assert (answer.status_code, answer.content) == (status, body)
    assert answer.headers.get("content-range") == content_range
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-length"] == str(len(body))
    if status != 416:
        assert answer.headers["content-type"] == "video/mp4"


async def test_a_large_video_comes_whole_and_its_head_has_no_body(site: Any) -> None:
    app, browser = site
    video = bytes(range(256)) * 4000
    recording = await a_done_recording(app, browser, video)
    path = f"{PAGE}/{recording.id}/annotated.mp4"
    assert (await browser.get(path)).content == video
    head = await browser.head(path)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(video)))
    again = await browser.get(path, headers={"range": "bytes=5-", "if-range": head.headers["etag"]})
    assert (again.status_code, again.content) == (206, video[5:])


async def test_csv_and_json_are_saved_under_plain_names(site: Any) -> None:
    app, browser = site
    recording = await a_done_recording(app, browser)
    table = await browser.get(f"{PAGE}/{recording.id}/timeline.csv")
    assert table.headers["content-disposition"] == f'attachment; filename="recording-{recording.id}.csv"'
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    summary = await browser.get(f"{PAGE}/{recording.id}/summary.json")
    assert summary.json() == SUMMARY


@pytest.mark.parametrize("name", ["order.json", "video", "spots", "..%2f..%2fparkhub.sqlite", "summary.json%00.mp4"])
async def test_no_other_file_can_be_asked_for(site: Any, name: str) -> None:
    app, browser = site
    recording = await a_done_recording(app, browser)
    assert (await browser.get(f"{PAGE}/{recording.id}/{name}")).status_code == 404


async def test_a_file_of_a_recording_that_is_not_done_is_not_there(site: Any) -> None:
    app, browser = site
    recording = await a_recording(app, browser)
    assert (await browser.get(f"{PAGE}/{recording.id}/annotated.mp4")).status_code == 404
