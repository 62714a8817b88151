"""A camera that cannot be trusted, as staff and drivers see it."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from builders import a_track, save_camera, save_frame, save_lot
from litestar import Litestar
from pictures import jpeg
from visitors import Visitor

from parkhub.clients import Clients
from parkhub.db import cameras, frames, spots, troubles
from parkhub.domain.cameras import Camera
from parkhub.domain.frames import FrameStatus
from parkhub.domain.spots import SpotState
from parkhub.domain.trust import Trouble, TrustTrack
from parkhub.web.troubles import ADVICE, WORDS

BUTTON = "These are the right places now"


async def doubt(app: Litestar, kind: Trouble, minutes: float = 12) -> Camera:
    """A camera named Roof that has not been trusted for that long, with its last picture."""
    clients: Clients = app.state.clients
    camera = await save_camera(await save_lot(slug="harbour"), 2, name="Roof", public_id="roof")
    now = datetime.now(UTC)
    frame = await save_frame(camera, captured_at=now, received_at=now)
    await clients.pictures.put(frame.picture_key, jpeg())
    await frames.finish_frame(frame.id, FrameStatus.READ, 12.4, [], "")
    since = now - timedelta(minutes=minutes)
    await cameras.set_last_look(camera.id, frame.id, now, TrustTrack(kind, since, kind, since, 9))
    await troubles.begin_trouble(camera.id, kind, since)
    return camera


@pytest.mark.parametrize("kind", list(Trouble))
async def test_a_trouble_is_told_in_the_list_on_the_page_and_on_the_first_page(
    staff: Visitor, app: Litestar, kind: Trouble
) -> None:
    await doubt(app, kind)
    assert f">{WORDS[kind]}<" in (await staff.get("/console/cameras")).text
    first = (await staff.get("/console")).text
    assert "Roof cannot be trusted" in first
    assert kind.sentence in first
    page = (await staff.get("/console/cameras/roof")).text
    assert f"{kind.sentence} {ADVICE[kind]} Since" in page
    assert "(12 min ago) its places are shown as not seen." in page
    assert "<image" in page
    assert (BUTTON in page) is (kind is Trouble.MOVED)


async def test_a_view_is_accepted_by_a_button(staff: Visitor, app: Litestar) -> None:
    camera = await doubt(app, Trouble.MOVED)
    answer = await staff.send_form("/console/cameras/roof", "/console/cameras/roof/view")
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/cameras/roof?view=1")
    found = await cameras.get_camera(camera.id)
    assert (found.trust.trouble, found.reference) == (None, 1)
    page = (await staff.get(answer.headers["location"])).text
    assert "The places lie right." in page
    assert BUTTON not in page
    assert "When it could not be trusted" in page


async def test_a_view_is_not_accepted_from_another_site(staff: Visitor, app: Litestar) -> None:
    camera = await doubt(app, Trouble.MOVED)
    assert (await staff.post("/console/cameras/roof/view")).status_code == 403
    assert (await cameras.get_camera(camera.id)).trust.trouble is Trouble.MOVED


async def test_a_stranger_accepts_no_view(visitor: Visitor, app: Litestar) -> None:
    camera = await doubt(app, Trouble.MOVED)
    answer = await visitor.send_form("/sign-in", "/console/cameras/roof/view")  # with a token that is right
    assert (answer.status_code, 'href="/sign-in"' in answer.text) == (401, True)
    assert (await cameras.get_camera(camera.id)).trust.trouble is Trouble.MOVED


async def test_the_view_of_no_camera_is_not_found(staff: Visitor, app: Litestar) -> None:
    await doubt(app, Trouble.MOVED)
    answer = await staff.send_form("/console/cameras/roof", "/console/cameras/none/view")
    assert answer.status_code == 404


async def test_a_camera_without_any_trouble_says_nothing_of_it(staff: Visitor) -> None:
    await save_camera(public_id="roof")
    assert "not be trusted" not in (await staff.get("/console/cameras/roof")).text


async def test_outlines_follow_a_small_move(staff: Visitor, app: Litestar) -> None:
    camera = await doubt(app, Trouble.MOVED)

    async def first_point() -> float:
        found = re.search(r'<polygon points="([\d.]+),', (await staff.get("/console/cameras/roof")).text)
        assert found is not None
        return float(found[1])

    marked_at = await first_point()
    frame_id = (await cameras.get_camera(camera.id)).last_frame_id or 0
    right = (1.0, 0.0, 0.1, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    await cameras.set_last_look(camera.id, frame_id, datetime.now(UTC), TrustTrack(), right)
    assert await first_point() == pytest.approx(marked_at + 116)


async def test_drivers_see_places_that_nobody_sees(visitor: Visitor, app: Litestar) -> None:
    camera = await doubt(app, Trouble.DARK)
    await spots.save_tracks(camera.id, [a_track(name, SpotState.UNKNOWN) for name in ("A1", "A2")])
    page = (await visitor.get("/lots/harbour")).text
    assert "nobody can see them just now" in page
    assert Trouble.DARK.sentence not in page
