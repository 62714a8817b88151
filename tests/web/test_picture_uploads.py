"""Pictures by hand, over HTTP."""

from datetime import UTC, datetime
from typing import Any

import pytest
from builders import new_spots, save_account, save_camera, save_lot
from litestar import Litestar
from pictures import jpeg
from visitors import PASSWORD, Visitor, visit

from parkhub.clients import Clients
from parkhub.clients.queue import QueueName
from parkhub.db import picture_uploads as rows
from parkhub.domain.picture_uploads import PictureWish
from parkhub.domain.rights import Role
from parkhub.services import accounts
from parkhub.services import picture_uploads as service

PAGE = "/console/recordings/pictures"


def files(*named: tuple[str, bytes]) -> list[tuple[str, tuple[str, bytes, str]]]:
    return [("pictures", (name, data, "image/jpeg")) for name, data in named]


async def send(staff: Visitor, sent: list[Any], **fields: str) -> Any:
    return await staff.send_files(PAGE, sent, **fields)  # type: ignore[arg-type]


async def end(clients: Clients, upload_id: int, result: dict[str, Any]) -> None:
    picture = await service.take(upload_id, datetime.now(UTC))
    assert picture is not None
    assert await service.done(picture, {"size": [160, 120], **result}, datetime.now(UTC))


async def test_many_are_taken_at_once_and_each_file_has_its_word(staff: Visitor, app: Litestar) -> None:
    clients: Clients = app.state.clients
    camera = await save_camera(await save_lot(name="Harbour"), new_spots(2), name="Roof")
    assert "Roof, Harbour" in (await staff.get(PAGE)).text
    answer = await send(staff, files(("a<b>.jpg", jpeg()), ("n.txt", b"no")), wish="spots", camera=camera.public_id)
    assert answer.status_code == 303, answer.text
    address = answer.headers["location"]
    upload_id = int(address.rsplit("/", 1)[1])
    assert await clients.queue.waiting(QueueName.PICTURES) == 1
    text = (await staff.get(address)).text
    assert "2 pictures: places of Roof" in text
    assert "a&lt;b&gt;.jpg" in text
    assert "This is not a JPEG, PNG or WebP picture." in text
    assert "1 of 2 looked at" in text
    version = text.split("progress?version=")[1].split('"')[0]
    assert (await staff.get(f"{address}/progress?version={version}")).status_code == 204
    corners = [[0.1, 0.1], [0.4, 0.1], [0.4, 0.4]]
    seen = [{"name": "A1", "polygon": corners, "state": "free", "sure": 0.93}]
    await end(clients, upload_id, {"spots": seen})
    text = (await staff.get(f"{address}/progress?version={version}")).text
    assert "1 free" in text
    assert "hx-get" not in text
    first = (await rows.list_pictures(upload_id))[0]
    one = (await staff.get(f"{address}/{first.id}")).text
    assert 'points="100.0,75.0 400.0,75.0 400.0,300.0"' in one
    assert "93 %" in one
    shown = await staff.get(f"{address}/{first.id}/file")
    assert (shown.headers["content-type"], shown.content) == ("image/jpeg", jpeg())
    assert "1 of 2 failed" in (await staff.get(PAGE)).text
    assert (await staff.send_form(address, f"{address}/delete")).headers["location"] == PAGE
    assert (await staff.get(address)).status_code == 404
    assert await clients.pictures.used_bytes(service.FOLDER) == 0


async def test_a_picture_that_ends_while_the_page_is_made_is_not_the_last_the_page_hears_of_it(
    staff: Visitor, app: Litestar, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = await send(staff, files(("a.jpg", jpeg()), ("b.jpg", jpeg())), wish="vehicles")
    address = answer.headers["location"]
    listed = rows.list_pictures

    async def listed_too_early(upload_id: int) -> object:
        pictures = await listed(upload_id)
        for _ in pictures:
            await end(app.state.clients, upload_id, {"vehicles": []})
        return pictures

    monkeypatch.setattr(rows, "list_pictures", listed_too_early)
    assert "every 1s" in (await staff.get(address)).text
    monkeypatch.setattr(rows, "list_pictures", listed)
    assert "every 1s" not in (await staff.get(address)).text


@pytest.mark.parametrize(
    ("sent", "fields", "words"),
    [
        ([], {"wish": "vehicles"}, "Choose one picture or more."),
        (files(("a.jpg", jpeg())), {"wish": "spots"}, "Choose the camera."),
        (files(("a.jpg", jpeg())), {"wish": "camera", "camera": "none"}, "Choose a camera from the list."),
        (files(("a.jpg", jpeg())), {"wish": "all"}, "Choose what to do from the list."),
    ],
    ids=["nothing", "no camera", "unknown camera", "no wish"],
)
async def test_a_wrong_form_is_refused_with_sentences_and_nothing_is_kept(
    staff: Visitor, app: Litestar, sent: list[Any], fields: dict[str, str], words: str
) -> None:
    answer = await send(staff, sent or [("pictures", ("", b"", "image/jpeg"))], **fields)
    assert (answer.status_code, words in answer.text) == (422, True)
    clients: Clients = app.state.clients
    assert await clients.pictures.used_bytes(service.FOLDER) == 0
    assert await rows.list_uploads(1) == []


async def test_a_file_that_is_too_large_does_not_keep_the_others_back(staff: Visitor, app: Litestar) -> None:
    huge = jpeg() + b"\0" * app.state.settings.frame_bytes_max
    answer = await send(staff, files(("huge.jpg", huge), ("a.jpg", jpeg())), wish="vehicles")
    [first, second] = await rows.list_pictures(int(answer.headers["location"].rsplit("/", 1)[1]))
    assert "larger than" in first.error
    assert second.error == ""


async def test_plates_are_neither_looked_for_nor_shown_without_the_right(staff: Visitor, app: Litestar) -> None:
    answer = await send(staff, files(("a.jpg", jpeg())), wish="plates")
    address = answer.headers["location"]
    plates = [{"text": "PKH4827", "sure": 0.9, "box": [0.1, 0.1, 0.2, 0.1], "raw": []}]
    await end(app.state.clients, int(address.rsplit("/", 1)[1]), {"plates": plates})
    text = (await staff.get(address)).text
    assert "PKH4827" in text
    assert "deleted after 7 days" in text
    [picture] = await rows.list_pictures(int(address.rsplit("/", 1)[1]))
    await save_account("eva@example.org", Role.OPERATOR, await accounts.hash_password(PASSWORD), sees_plates=False)
    async with visit(app) as other:
        await other.send_form("/sign-in", email="eva@example.org", password=PASSWORD)
        shown = (await other.get(PAGE)).text
        assert ("Read plates" in shown, address in shown) == (False, False)
        for path in (address, f"{address}/progress", f"{address}/{picture.id}", f"{address}/{picture.id}/file"):
            assert (await other.get(path)).status_code == 404
        refused = await send(other, files(("a.jpg", jpeg())), wish="plates")
        assert (refused.status_code, "no right to see plates" in refused.text) == (422, True)


async def test_a_picture_that_is_to_be_a_cameras_is_not_shown_here(staff: Visitor) -> None:
    camera = await save_camera(await save_lot())
    answer = await send(staff, files(("a.jpg", jpeg())), wish=PictureWish.CAMERA.value, camera=camera.public_id)
    address = answer.headers["location"]
    [picture] = await rows.list_pictures(int(address.rsplit("/", 1)[1]))
    assert (await staff.get(f"{address}/{picture.id}/file")).status_code == 404


async def test_attendants_do_not_send_pictures(attendant: Visitor) -> None:
    assert (await attendant.get(PAGE)).status_code == 403
