"""Cameras, on both databases."""

import hashlib
from datetime import UTC, datetime

import pytest
from builders import NOW, save_account, save_camera, save_lot

from parkhub.db import cameras as camera_rows
from parkhub.db import node_keys as key_rows
from parkhub.domain.audit import EntryFilter
from parkhub.domain.cameras import CameraRole, Engine, Gate, Inward
from parkhub.domain.spots import Debounce
from parkhub.errors import FieldsError, NotFoundError
from parkhub.services import audit, cameras, node_keys
from parkhub.services.cameras import GateForm
from parkhub.settings import Settings


async def test_a_camera_is_added_with_a_key_that_is_not_kept(database: Settings) -> None:
    lot = await save_lot(slug="harbour")
    camera, key = await cameras.create_camera("harbour", " North gate ", "difference")
    assert len(key) == 43
    assert camera.key_hash == hashlib.sha256(key.encode()).hexdigest()
    assert (camera.lot_id, camera.name, camera.engine) == (lot.id, "North gate", Engine.DIFFERENCE)
    assert (camera.debounce, camera.stale_after_s, camera.enabled) == (Debounce(2, 3), 60, True)
    assert await cameras.find_camera(camera.public_id) == camera


@pytest.mark.parametrize("name", ["駐車場", "North gate, far left corner of the upper deck"])
async def test_every_name_gives_an_id_that_can_stand_in_an_address(database: Settings, name: str) -> None:
    await save_lot(slug="harbour")
    camera, _ = await cameras.create_camera("harbour", name)
    assert camera.public_id.replace("-", "").isalnum()
    assert camera.public_id.isascii()
    assert len(camera.public_id) <= 31


async def test_two_cameras_may_have_one_name(database: Settings) -> None:
    await save_lot(slug="harbour")
    (one, first), (two, second) = [await cameras.create_camera("harbour", "Roof") for _ in range(2)]
    assert one.public_id != two.public_id
    assert first != second


async def test_a_camera_of_no_lot_is_refused(database: Settings) -> None:
    with pytest.raises(FieldsError) as refused:
        await cameras.create_camera("none", "Roof")
    assert list(refused.value.fields) == ["lot"]


async def test_all_that_is_wrong_is_said_at_once(database: Settings) -> None:
    camera = await save_camera()
    with pytest.raises(FieldsError) as refused:
        await cameras.save_settings(camera.public_id, "", "magic", 1, 3, 0, enabled=True, counts_vehicles=False)
    assert set(refused.value.fields) == {"name", "engine", "agree", "stale_after_s"}
    assert await camera_rows.get_camera(camera.id) == camera


async def test_a_new_key_makes_the_old_one_worthless(database: Settings) -> None:
    camera = await save_camera()
    key = await cameras.rotate_key(camera, None, datetime.now(UTC))
    assert (await cameras.find_camera(camera.public_id)).key_hash == hashlib.sha256(key.encode()).hexdigest()


async def test_a_new_key_voids_a_code_that_would_replace_it(database: Settings) -> None:
    camera = await save_camera()
    await node_keys.make_code(camera, "here", None, NOW)
    assert await key_rows.code_ends_at(camera.id, NOW) is not None
    await cameras.rotate_key(camera, None, NOW)
    assert await key_rows.code_ends_at(camera.id, NOW) is None


async def test_who_changed_limits_and_keys_is_noted_with_what_was_before_and_no_key(database: Settings) -> None:
    camera, kim = await save_camera(), await save_account()
    subject = EntryFilter(subject=f"camera:{camera.public_id}")
    for keep_h in ("48", "48", ""):
        await cameras.save_limits(camera.public_id, "80", "0", keep_h, kim.id, NOW)
    await cameras.rotate_key(camera, kim.id, NOW)
    noted = [each for each in reversed(await audit.list_entries(subject)) if each.action.startswith("camera.")]
    usual = {"sure_min": 0.0, "read_sure_min": 0.0, "keep_h": None}
    assert [(each.action, each.before, each.after) for each in noted] == [
        ("camera.limits_changed", usual, usual | {"sure_min": 0.8, "keep_h": 48}),
        ("camera.limits_changed", usual | {"sure_min": 0.8, "keep_h": 48}, usual | {"sure_min": 0.8}),
        ("camera.key_changed", None, None),
    ]
    assert {each.account_id for each in noted} == {kim.id}


async def test_settings_of_no_camera_are_not_found(database: Settings) -> None:
    with pytest.raises(NotFoundError):
        await cameras.save_settings("none", "Roof", "classifier", 2, 3, 60, enabled=True, counts_vehicles=False)


@pytest.mark.parametrize(("lot", "name", "field"), [("harbour", "Ro\0of", "name"), ("har\0bour", "Roof", "lot")])
async def test_characters_that_no_name_has_are_refused(database: Settings, lot: str, name: str, field: str) -> None:
    await save_lot(slug="harbour")
    with pytest.raises(FieldsError) as refused:
        await cameras.create_camera(lot, name)
    assert list(refused.value.fields) == [field]


async def test_a_camera_may_watch_a_gate_from_the_start_or_later(database: Settings) -> None:
    await save_lot(slug="harbour")
    form = GateForm("both", "nl", "left", "0.7, 0, 0.3, 0.1\n\n0,0.9,1,0.1\r\n", 3)
    gate = Gate(CameraRole.BOTH, "nl", Inward.LEFT, ((0.7, 0, 0.3, 0.1), (0, 0.9, 1, 0.1)), 3)
    fresh, _ = await cameras.create_camera("harbour", "Gate", gate=form)
    assert (fresh.gate, await cameras.find_camera(fresh.public_id)) == (gate, fresh)
    plain, _ = await cameras.create_camera("harbour", "Roof")
    assert (plain.gate, plain.watches_gate) == (Gate(), False)
    given = plain.public_id, "Roof", "classifier", 2, 3, 60.0
    assert (await cameras.save_settings(*given, enabled=True, counts_vehicles=False, gate=form)).gate == gate
    assert (await cameras.save_settings(*given, enabled=True, counts_vehicles=False)).gate == gate


@pytest.mark.parametrize(
    ("form", "field"),
    [
        (GateForm(role="door"), "role"),
        (GateForm(region="atlantis"), "region"),
        (GateForm(inward="in"), "inward"),
        (GateForm(reads_min=0), "reads_min"),
        (GateForm(excluded="0.7,0,0.3"), "excluded"),
        (GateForm(excluded="0,nan,1,1"), "excluded"),
        (GateForm(excluded="0,0,0.1,0.1\n" * 21), "excluded"),
    ],
)
async def test_what_is_wrong_with_a_gate_is_said_beside_it(database: Settings, form: GateForm, field: str) -> None:
    await save_lot(slug="harbour")
    with pytest.raises(FieldsError) as refused:
        await cameras.create_camera("harbour", "Gate", gate=form)
    assert list(refused.value.fields) == [field]
