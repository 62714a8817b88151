import asyncio
import hashlib
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from apps import running
from builders import save_camera
from litestar import Litestar
from pictures import draw, encode, jpeg, signed

from parkhub.clients import Clients
from parkhub.clients.queue import QueueName
from parkhub.db import cameras, frames
from parkhub.domain.cameras import Camera
from parkhub.domain.frames import FrameStatus
from parkhub.settings import Settings

NO_CAMERA = "The camera is not known or its key is wrong. Check both in the console."


@pytest.fixture
async def app(database_settings: Settings, redis_url: str) -> AsyncIterator[Litestar]:
    """The real application, once on each database."""
    async with running(database_settings.model_copy(update={"redis_url": redis_url})) as app:
        yield app


@pytest.fixture
async def on_sqlite(sqlite_settings: Settings, redis_url: str) -> AsyncIterator[Litestar]:
    async with running(sqlite_settings.model_copy(update={"redis_url": redis_url})) as app:
        yield app


@asynccontextmanager
async def browsing(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        yield client


def address(camera_id: str) -> str:
    return f"/api/v1/cameras/{camera_id}/frames"


async def send(app: Litestar, camera_id: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
    async with browsing(app) as client:
        return await client.post(address(camera_id), content=body, headers=headers)


def form(*parts: tuple[str, str, bytes], end: bool = True) -> tuple[bytes, str]:
    """A form's body and content type from (field, file name, bytes)."""
    body = b"".join(
        f'--B\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
        "Content-Type: image/jpeg\r\n\r\n".encode()
        + data
        + b"\r\n"
        for field, name, data in parts
    )
    return body + (b"--B--\r\n" if end else b""), "multipart/form-data; boundary=B"


async def left_behind(app: Litestar) -> tuple[int, int, int]:
    """Rows, files and jobs."""
    clients: Clients = app.state.clients
    folder: Path = app.state.settings.pictures_dir
    rows = sum([len(await frames.list_frames(camera.id, 10_000)) for camera in await cameras.list_cameras()])
    files = sum(path.is_file() for path in folder.rglob("*"))
    return rows, files, await clients.queue.waiting(QueueName.FRAMES)


class TestTaking:
    @pytest.mark.parametrize(("kind", "media_type"), [("JPEG", "jpeg"), ("PNG", "png"), ("WEBP", "webp")])
    async def test_a_signed_picture_is_stored(self, app: Litestar, kind: str, media_type: str) -> None:
        camera, body = await save_camera(), encode(draw(), kind)
        answer = await send(
            app, camera.public_id, body, signed(camera.public_id, body, 7, content_type=f"image/{media_type}")
        )
        frame = await frames.find_frame(camera.id, 7)
        assert frame is not None
        assert (answer.status_code, answer.json()) == (
            201,
            {"id": frame.id, "camera": camera.public_id, "sequence": 7, "sha256": frame.sha256, "status": "stored"},
        )
        assert app.state.clients.pictures.path(frame.picture_key).read_bytes() == body
        assert await left_behind(app) == (1, 1, 1)

    async def test_a_form_with_one_file_does_too(self, app: Litestar) -> None:
        camera = await save_camera()
        body, content_type = form(("picture", "../../etc/passwd\x00.jpg", jpeg()))
        answer = await send(app, camera.public_id, body, signed(camera.public_id, body, 7, content_type=content_type))
        frame = await frames.find_frame(camera.id, 7)
        assert answer.status_code == 201
        assert frame is not None
        assert app.state.clients.pictures.path(frame.picture_key).read_bytes() == jpeg()
        assert frame.sha256 == answer.json()["sha256"] == hashlib.sha256(jpeg()).hexdigest()

    async def test_a_repeat_is_answered_alike_and_changes_nothing(self, app: Litestar) -> None:
        camera, body = await save_camera(), jpeg()
        first = await send(app, camera.public_id, body, signed(camera.public_id, body, 7))
        again = await send(app, camera.public_id, body, signed(camera.public_id, body, 7))
        assert (first.status_code, again.status_code) == (201, 200)
        assert first.json() == again.json()
        assert await left_behind(app) == (1, 1, 1)

    async def test_a_repeat_after_the_picture_was_read_still_says_stored(self, on_sqlite: Litestar) -> None:
        camera, body = await save_camera(), jpeg()
        first = await send(on_sqlite, camera.public_id, body, signed(camera.public_id, body, 7))
        await frames.finish_frame(first.json()["id"], FrameStatus.READ, 1.0, [], "")
        again = await send(on_sqlite, camera.public_id, body, signed(camera.public_id, body, 7))
        assert (again.status_code, again.json()) == (200, first.json())

    async def test_twenty_repeats_at_once_leave_one_row_one_file_and_one_job(self, app: Litestar) -> None:
        camera, body = await save_camera(), jpeg()
        headers = signed(camera.public_id, body, 7)
        answers = await asyncio.gather(*(send(app, camera.public_id, body, headers) for _ in range(20)))
        assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
        assert len({answer.text for answer in answers}) == 1
        assert await left_behind(app) == (1, 1, 1)

    async def test_another_picture_under_the_same_number_is_a_conflict(self, app: Litestar) -> None:
        camera = await save_camera()
        answers = [
            await send(app, camera.public_id, body, signed(camera.public_id, body, 7)) for body in (jpeg(1), jpeg(2))
        ]
        assert [answer.status_code for answer in answers] == [201, 409]
        assert await left_behind(app) == (1, 1, 1)

    async def test_a_body_of_unknown_length_is_taken(self, on_sqlite: Litestar) -> None:
        camera, body = await save_camera(), jpeg()

        async def pieces() -> AsyncIterator[bytes]:
            for start in range(0, len(body), 500):
                yield body[start : start + 500]

        async with browsing(on_sqlite) as client:
            headers = signed(camera.public_id, body, 7)
            answer = await client.post(address(camera.public_id), content=pieces(), headers=headers)
        assert "content-length" not in answer.request.headers
        assert answer.status_code == 201

    async def test_nothing_but_the_five_headers_is_needed(self, on_sqlite: Litestar) -> None:
        """No cookie, no form token, no sign-in: a camera has none."""
        camera, body = await save_camera(), jpeg()
        answer = await send(on_sqlite, camera.public_id, body, signed(camera.public_id, body, 7))
        assert answer.status_code == 201
        assert "set-cookie" not in answer.headers


def bomb() -> bytes:
    """The header of a PNG of 60000 x 60000, with a right checksum."""
    return bytes.fromhex("89504e470d0a1a0a0000000d494844520000ea600000ea60080200000000000000") + b"\0" * 100


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"
HOSTILE: dict[str, tuple[int, bytes, dict[str, Any]]] = {
    # name: (status, body, how it is sent)
    "zero bytes": (422, b"", {}),
    "cut off": (422, jpeg()[:-100], {}),
    "noise with a JPEG's first bytes": (422, b"\xff\xd8\xff" + bytes(range(256)) * 8, {}),
    "a bomb of a PNG": (422, bomb(), {"content_type": "image/png"}),
    "a GIF": (415, encode(draw(), "GIF"), {}),
    "a GIF that says so": (415, encode(draw(), "GIF"), {"content_type": "image/gif"}),
    "SVG": (415, SVG, {"content_type": "image/svg+xml"}),
    "SVG as JPEG": (415, SVG, {}),
    "a page with a JPEG behind": (415, HTML + jpeg(), {}),
    "a PNG as JPEG": (415, encode(draw(), "PNG"), {}),
    "no content type": (415, jpeg(), {"content_type": ""}),
    "a list of types": (415, jpeg(), {"content_type": "image/jpeg, text/html"}),
    "a web form": (415, jpeg(), {"content_type": "application/x-www-form-urlencoded"}),
    "packed": (415, jpeg(), {"extra": {"Content-Encoding": "gzip"}}),
    "too many bytes": (413, encode(draw(), "PNG") + b"\0" * 300_000, {"content_type": "image/png"}),
    "too many pixels": (413, encode(draw(size=(1200, 1000))), {}),
    "unsigned": (401, jpeg(), {"without": ["Parkhub-Signature"]}),
    "without a key": (401, jpeg(), {"without": ["Parkhub-Key"]}),
    "without anything": (
        401,
        jpeg(),
        {
            "without": [
                "Parkhub-Key",
                "Parkhub-Time",
                "Parkhub-Sequence",
                "Parkhub-Captured-At",
                "Parkhub-Signature",
            ]
        },
    ),
    "a wrong key": (401, jpeg(), {"key": "another key"}),
    "a key with strange letters": (401, jpeg(), {"extra": {"Parkhub-Key": "\u00fc\u00df"}}),
    "a signature of other bytes": (401, jpeg(1), {"signs": jpeg(2)}),
    "a signature of another number": (401, jpeg(), {"extra": {"Parkhub-Sequence": "8"}}),
    "a signature of another capture time": (401, jpeg(), {"extra": {"Parkhub-Captured-At": "2026-11-21T10:00:00Z"}}),
    "a signature without its version": (401, jpeg(), {"extra": {"Parkhub-Signature": "0" * 64}}),
    "an old signature": (401, jpeg(), {"signed_ago_s": 301}),
    "a signature from the future": (401, jpeg(), {"signed_ago_s": -305}),
    "a time that is none": (401, jpeg(), {"extra": {"Parkhub-Time": "now"}}),
    "a negative number": (422, jpeg(), {"extra": {"Parkhub-Sequence": "-1"}}),
    "a number with a dot": (422, jpeg(), {"extra": {"Parkhub-Sequence": "1.0"}}),
    "an endless number": (422, jpeg(), {"extra": {"Parkhub-Sequence": "9" * 5000}}),
    "a number in other digits": (422, jpeg(), {"extra": {"Parkhub-Sequence": "\u00b2"}}),
    "a local capture time": (422, jpeg(), {"captured_at": "2026-11-21T10:00:00"}),
    "a capture time of another zone": (422, jpeg(), {"captured_at": "2026-11-21T10:00:00+01:00"}),
    "the thirtieth of February": (422, jpeg(), {"captured_at": "2026-02-30T10:00:00Z"}),
    "too early": (422, jpeg(), {"captured_in_s": 310}),
    "too old": (422, jpeg(), {"captured_in_s": -7 * 86_400 - 10}),
    "a form without an end": (422, form(("picture", "a.jpg", jpeg()), end=False)[0], {"content_type": form()[1]}),
    "a form without a picture": (422, form()[0], {"content_type": form()[1]}),
    "a form with another field": (422, form(("file", "a.jpg", jpeg()))[0], {"content_type": form()[1]}),
    "a form with two pictures": (422, form(*[("picture", "a.jpg", jpeg())] * 2)[0], {"content_type": form()[1]}),
    "a form without a boundary": (422, form(("picture", "a", jpeg()))[0], {"content_type": "multipart/form-data"}),
    "a form that is a picture": (422, jpeg(), {"content_type": form()[1]}),
    "a form with a page in it": (415, form(("picture", "a.jpg", HTML))[0], {"content_type": form()[1]}),
}


@pytest.fixture
async def strict(sqlite_settings: Settings, redis_url: str) -> AsyncIterator[Litestar]:
    """Small limits, so that what is too large can be sent."""
    limits = {"redis_url": redis_url, "frame_bytes_max": 200_000, "frame_pixels_max": 1_000_000}
    async with running(sqlite_settings.model_copy(update=limits)) as app:
        yield app


@pytest.mark.parametrize("name", HOSTILE)
async def test_what_is_wrong_is_refused_in_a_sentence_and_leaves_nothing(strict: Litestar, name: str) -> None:
    status, body, how = HOSTILE[name]
    camera = await save_camera()
    now = datetime.now(UTC)
    captured_at = how.get("captured_at")
    if "captured_in_s" in how:
        moment = now + timedelta(seconds=how["captured_in_s"])
        captured_at = moment.isoformat(timespec="seconds").replace("+00:00", "Z")
    headers = signed(
        camera.public_id,
        how.get("signs", body),
        7,
        now=now - timedelta(seconds=how.get("signed_ago_s", 0)),
        captured_at=captured_at,
        content_type=how.get("content_type", "image/jpeg"),
        **({"key": how["key"]} if "key" in how else {}),
    )
    sent = {
        name: value for name, value in {**headers, **how.get("extra", {})}.items() if name not in how.get("without", [])
    }
    async with browsing(strict) as client:
        coded = [(name.encode(), value.encode("latin-1")) for name, value in sent.items()]
        answer = await client.post(address(camera.public_id), content=body, headers=coded)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    problem = answer.json()
    assert (problem["type"], problem["status"]) == ("about:blank", status)
    assert problem["title"]
    assert problem["detail"].endswith(".")
    assert headers["Parkhub-Key"] not in answer.text
    assert await left_behind(strict) == (0, 0, 0)


class TestRefusing:
    async def test_an_unknown_camera_and_a_wrong_key_are_told_alike(self, on_sqlite: Litestar) -> None:
        camera, body = await save_camera(), jpeg()
        known = await send(on_sqlite, camera.public_id, body, signed(camera.public_id, body, key="wrong"))
        unknown = await send(on_sqlite, "nobody", body, signed("nobody", body))
        assert known.status_code == unknown.status_code == 401
        assert known.json() == unknown.json()
        assert known.json()["detail"] == NO_CAMERA

    async def test_one_camera_s_key_is_worth_nothing_for_another(self, on_sqlite: Litestar) -> None:
        one, other = await save_camera(), await save_camera(key_hash="0" * 64)
        body = jpeg()
        answer = await send(on_sqlite, other.public_id, body, signed(other.public_id, body))
        assert answer.status_code == 401
        assert one.public_id != other.public_id

    async def test_a_camera_that_is_switched_off_is_told(self, on_sqlite: Litestar) -> None:
        camera, body = await save_camera(), jpeg()
        await switch_off(camera)
        answer = await send(on_sqlite, camera.public_id, body, signed(camera.public_id, body))
        assert answer.status_code == 403
        assert "switched off" in answer.json()["detail"]
        assert await left_behind(on_sqlite) == (0, 0, 0)

    async def test_when_too_many_pictures_wait_the_camera_is_told_when_to_come_again(
        self, sqlite_settings: Settings, redis_url: str
    ) -> None:
        few = {"redis_url": redis_url, "frames_waiting_max": 1}
        async with running(sqlite_settings.model_copy(update=few)) as app:
            camera = await save_camera()
            for sequence, status in [(1, 201), (2, 503), (1, 200)]:
                body = jpeg(sequence)
                answer = await send(app, camera.public_id, body, signed(camera.public_id, body, sequence))
                assert answer.status_code == status
                assert ("retry-after" in answer.headers) is (status == 503)
            assert await left_behind(app) == (1, 1, 1)

    async def test_without_redis_the_picture_is_stored_all_the_same(self, sqlite_settings: Settings) -> None:
        nobody = f"unix://{sqlite_settings.data_dir}/nobody.sock"
        async with running(sqlite_settings.model_copy(update={"redis_url": nobody})) as app:
            camera, body = await save_camera(), jpeg()
            answer = await send(app, camera.public_id, body, signed(camera.public_id, body, 7))
            assert answer.status_code == 201
            assert await frames.count_waiting() == 1

    async def test_a_body_without_end_is_cut_at_the_limit(self, strict: Litestar) -> None:
        camera = await save_camera()
        given = 0

        async def endless() -> AsyncIterator[bytes]:
            nonlocal given
            while given < 100_000_000:
                given += 10_000
                yield b"\xff" * 10_000

        events = endless()

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": await anext(events), "more_body": True}

        status, _ = await call(strict, camera, signed(camera.public_id, b""), receive)
        assert status == 413
        assert given <= 210_000

    async def test_a_length_that_is_too_large_is_refused_before_the_body(self, strict: Litestar) -> None:
        camera = await save_camera()

        async def receive() -> dict[str, Any]:
            raise AssertionError("the body was read")

        headers = {**signed(camera.public_id, b""), "Content-Length": "200001"}
        status, _ = await call(strict, camera, headers, receive)
        assert status == 413

    async def test_a_stranger_s_body_is_not_read(self, strict: Litestar) -> None:
        camera = await save_camera()

        async def receive() -> dict[str, Any]:
            raise AssertionError("the body was read")

        status, _ = await call(strict, camera, signed(camera.public_id, b"", key="wrong"), receive)
        assert status == 401

    async def test_a_sender_who_hangs_up_leaves_nothing(self, strict: Litestar) -> None:
        camera, body = await save_camera(), jpeg()
        events = iter([{"type": "http.request", "body": body[:100], "more_body": True}, {"type": "http.disconnect"}])

        async def receive() -> dict[str, Any]:
            return next(events)

        headers = {**signed(camera.public_id, body), "Content-Length": str(len(body))}
        status, problem = await call(strict, camera, headers, receive)
        assert status == 400
        assert problem["title"] == "Cut off"
        assert await left_behind(strict) == (0, 0, 0)


@pytest.mark.slow
async def test_a_thousand_damaged_pictures_break_nothing_and_leave_no_file_or_row_too_many(on_sqlite: Litestar) -> None:
    chance = random.Random(1)
    camera = await save_camera()
    whole = {
        "image/jpeg": encode(draw(size=(64, 48))),
        "image/png": encode(draw(size=(64, 48)), "PNG"),
        "image/webp": encode(draw(size=(64, 48)), "WEBP"),
    }
    taken, statuses = 0, set()
    on_sqlite.state.settings.pictures_dir.mkdir(parents=True, exist_ok=True)
    async with browsing(on_sqlite) as client:
        for sequence in range(1000):
            media_type = chance.choice(list(whole))
            body = damage(whole[media_type], chance)
            headers = signed(camera.public_id, body, sequence, content_type=media_type)
            answer = await client.post(address(camera.public_id), content=body, headers=headers)
            statuses.add(answer.status_code)
            taken += answer.status_code == 201
            if taken % 50 == 49:  # nobody reads here; make room
                for frame_id in await frames.list_stuck(datetime.now(UTC)):
                    await frames.finish_frame(frame_id, FrameStatus.READ, 1.0, [], "")
    assert statuses <= {201, 413, 415, 422}
    assert {201, 415, 422} <= statuses
    rows, files, _ = await left_behind(on_sqlite)
    assert rows == files == taken
    assert not any("new-" in path.name for path in on_sqlite.state.settings.pictures_dir.rglob("*"))


def damage(data: bytes, chance: random.Random) -> bytes:
    """Flip, cut, double, drop and fill, in any mixture."""
    found = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(max(1, len(found)))
        match chance.randrange(6):
            case 0:
                del found[at:]
            case 1:
                found[at : at + 1] = bytes([chance.randrange(256)])
            case 2:
                found[at:at] = chance.randbytes(chance.randint(1, 40))
            case 3:
                del found[at : at + chance.randint(1, 40)]
            case 4:
                found[at : at + 8] = b"\xff" * 8
            case _:
                found += chance.randbytes(20)
    return bytes(found)


async def switch_off(camera: Camera) -> None:
    await cameras.save_camera_settings(
        camera.id, camera.name, camera.engine, camera.debounce, camera.stale_after_s, False, False
    )


async def call(app: Litestar, camera: Camera, headers: dict[str, str], receive: Any) -> tuple[int, dict[str, Any]]:
    """Speak ASGI by hand: say what arrives, event by event."""
    path = address(camera.public_id)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("testserver", 80),
        "state": {},
    }
    sent: list[dict[str, Any]] = []

    async def remember(event: dict[str, Any]) -> None:
        sent.append(event)

    await app(scope, receive, remember)  # type: ignore[arg-type]
    body = b"".join(event.get("body", b"") for event in sent)
    return sent[0]["status"], json.loads(body)
