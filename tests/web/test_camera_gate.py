"""Which gate a camera watches, set on its page."""

import pytest
from builders import save_camera
from visitors import Visitor

from parkhub.db import cameras
from parkhub.domain.cameras import CameraRole, Gate, Inward

SETTINGS = {"name": "Gate", "engine": "classifier", "agree": "2", "window": "3", "stale_after_s": "60", "enabled": "1"}
GATE = {"role": "both", "region": "nl", "inward": "left", "reads_min": "3", "excluded": "0.7,0,0.3,0.1\n0,0.9,1,0.1"}


async def test_a_camera_s_page_says_and_takes_which_gate_it_watches(staff: Visitor) -> None:
    camera = await save_camera()
    address = f"/console/cameras/{camera.public_id}"
    assert '<option value="overview" selected' in (await staff.get(address)).text
    answer = await staff.send_form(address, f"{address}/settings", **SETTINGS, **GATE)
    assert answer.status_code == 303
    gate = Gate(CameraRole.BOTH, "nl", Inward.LEFT, ((0.7, 0, 0.3, 0.1), (0, 0.9, 1, 0.1)), 3)
    assert (await cameras.get_camera(camera.id)).gate == gate
    shown = (await staff.get(address)).text
    for chosen in ("both", "nl", "left"):
        assert f'<option value="{chosen}" selected' in shown
    assert ">0.7,0,0.3,0.1\n0,0.9,1,0.1</textarea>" in shown
    await staff.send_form(address, f"{address}/settings", **SETTINGS)
    assert (await cameras.get_camera(camera.id)).gate == gate


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"role": "door"}, "Choose what passes it from the list."),
        ({"region": "atlantis"}, "Choose one of auto, eu"),
        ({"inward": "in"}, "Choose a direction from the list."),
        ({"reads_min": "many"}, "Use 1 to 20 pictures."),
        ({"excluded": "0.7,0,0.3"}, "0.7,0,0.3 is not four numbers"),
        ({"excluded": "<b>"}, "&lt;b&gt; is not four numbers"),
    ],
)
async def test_a_wrong_gate_comes_back_with_what_is_wrong(staff: Visitor, given: dict[str, str], sentence: str) -> None:
    camera = await save_camera()
    address = f"/console/cameras/{camera.public_id}"
    answer = await staff.send_form(address, f"{address}/settings", **SETTINGS, **{**GATE, **given})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert await cameras.get_camera(camera.id) == camera
