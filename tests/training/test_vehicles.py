"""Training of the vehicle detector on made pictures; skipped as a whole where torch is not installed."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import numpy_helper

from tasks.training.vehicle_augment import Deck, draw
from tasks.training.vehicle_data import Scene, fill
from tasks.training.vehicle_export import export
from tasks.training.vehicle_loss import IGNORED, UNKNOWN, assign, cells, decode, loss, overlaps
from tasks.training.vehicle_net import VehicleNet, begin_from
from tasks.training.vehicle_score import average_precision
from tasks.training.vehicles import FIRST, between, train
from tasks.vision.vehicles.finder import open_finder

SOURCE = "highway_tidar"
BRIEF = replace(FIRST, steps=8, fall=8, batch=4, sides_px=(64,), rate=2e-3, plain_last=0.5)


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)
    cv2.setNumThreads(1)


def road(seed: int) -> Scene:
    """A grey picture with one bright and one dark block, called a car and a truck."""
    random = np.random.default_rng(seed)
    picture = random.integers(90, 110, (96, 128, 3), np.uint8)
    boxes = []
    for left, colour in ((8, (40, 40, 220)), (70, (230, 230, 230))):
        x, y = left + int(random.integers(0, 12)), int(random.integers(10, 50))
        picture[y : y + 30, x : x + 40] = colour
        boxes.append((x, y, x + 40, y + 30))
    return Scene(picture, np.array(boxes, np.float32), np.array([0, 3]))


def net(seed: int = 0) -> VehicleNet:
    torch.manual_seed(seed)
    return VehicleNet().eval()


def test_a_few_steps_lower_the_loss_on_the_same_pictures() -> None:
    begin, scenes = net(), {SOURCE: [road(seed) for seed in range(6)]}
    learnt = train(scenes, begin, replace(BRIEF, steps=40, fall=40, rate=2e-2, follow=0.1))

    def cost(of: VehicleNet) -> float:
        drawn = [draw(Deck(scenes, {SOURCE: 1.0}), 64, 0.0, np.random.default_rng(seed)) for seed in range(8)]
        pictures = torch.from_numpy(np.stack([scene.picture for scene in drawn])).permute(0, 3, 1, 2).float()
        with torch.no_grad():
            rows = of(pictures)
        boxes = [torch.from_numpy(scene.boxes) for scene in drawn]
        return float(loss(rows, boxes, [torch.from_numpy(scene.kinds) for scene in drawn], 64))

    assert cost(learnt) < 0.9 * cost(begin)


def test_the_same_seed_gives_the_same_net_and_the_first_layers_stay() -> None:
    begin, scenes = net(), {SOURCE: [road(seed) for seed in range(4)]}
    one, other = train(scenes, begin, BRIEF), train(scenes, begin, BRIEF)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))
    assert torch.equal(one.stem.convolution.weight, begin.stem.convolution.weight)
    assert not torch.equal(one.heads[0].box.weight, begin.heads[0].box.weight)


def test_the_exported_file_answers_as_torch_does_and_the_product_reads_it(tmp_path: Path) -> None:
    path, made = tmp_path / "vehicles.onnx", net()
    export(made, path, side_px=64)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    pictures = np.random.default_rng(1).integers(0, 256, (1, 3, 64, 64)).astype(np.float32)
    (answer,) = session.run(None, {"images": pictures})
    with torch.no_grad():
        rows = made(torch.from_numpy(pictures)).numpy()
    np.testing.assert_allclose(answer[..., :4], rows[..., :4], atol=1e-4)
    np.testing.assert_allclose(answer[..., 4:], 1 / (1 + np.exp(-rows[..., 4:])), atol=1e-4)
    finder = open_finder(path)
    assert finder.family == "yolox"
    assert [str(kind) for kind in finder.kinds] == ["car", "motorcycle", "bus", "truck"]


def test_the_file_trained_finds_what_torch_sees(tmp_path: Path) -> None:
    path, made = tmp_path / "vehicles.onnx", net()
    with torch.no_grad():
        for head in made.heads:
            head.object.bias.fill_(2.0)  # sure everywhere, so that there is something to compare
    export(made, path, side_px=64)
    picture = cv2.resize(road(0).picture, (64, 64))
    found = open_finder(path).find(picture)
    with torch.no_grad():
        rows = made(torch.from_numpy(picture).permute(2, 0, 1)[None].float())[0]
    sure = (rows[:, 4:5].sigmoid() * rows[:, 5:].sigmoid()).max(1)
    left, top, right, bottom = decode(rows, *cells(64, 64))[sure.values.argmax()].clamp(0, 64).tolist()
    assert found[0].confidence == pytest.approx(float(sure.values.max()), abs=1e-3)
    assert found[0].box == pytest.approx((left, top, right - left, bottom - top), abs=0.2)


def test_a_file_of_another_network_is_no_beginning(tmp_path: Path) -> None:
    weights = numpy_helper.from_array(np.zeros((4, 3, 1, 1), np.float32), "w")
    bias = numpy_helper.from_array(np.zeros(4, np.float32), "b")
    node = onnx.helper.make_node("Conv", ["x", "w", "b"], ["y"])
    shapes = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in "xy"]
    graph = onnx.helper.make_graph([node], "other", shapes[:1], shapes[1:], [weights, bias])
    onnx.save(onnx.helper.make_model(graph), str(tmp_path / "other.onnx"))
    with pytest.raises(ValueError, match="not a YOLOX-nano"):
        begin_from(tmp_path / "other.onnx")


def test_a_net_handed_over_answers_the_same(tmp_path: Path) -> None:
    made = net()
    export(made, tmp_path / "vehicles.onnx", side_px=64)
    again = begin_from(tmp_path / "vehicles.onnx")
    assert all(torch.equal(a, b) for a, b in zip(made.parameters(), again.parameters(), strict=True))


def test_between_two_nets_lie_their_mixtures() -> None:
    one, other = net(1), net(2)
    half = between(one, other, 0.5)
    torch.testing.assert_close(
        half.stem.convolution.weight, (one.stem.convolution.weight + other.stem.convolution.weight) / 2
    )


@pytest.mark.parametrize("mosaic", [0.0, 1.0], ids=["one picture", "mosaic"])
def test_boxes_of_drawn_pictures_stay_on_their_vehicles(mosaic: float) -> None:
    scene = Scene(np.full((96, 128, 3), 100, np.uint8), np.array([[40, 30, 90, 70]], np.float32), np.array([0]))
    scene.picture[30:70, 40:90] = 255
    deck = Deck({SOURCE: [scene]}, {SOURCE: 1.0})
    seen = 0
    for seed in range(20):
        drawn = draw(deck, 128, mosaic, np.random.default_rng(seed))
        for left, top, right, bottom in drawn.boxes[drawn.kinds == 0].round().astype(int):
            inside = drawn.picture[top + 2 : bottom - 2, left + 2 : right - 2].astype(float)
            assert inside.size == 0 or inside.mean() > 1.2 * np.median(drawn.picture)
            seen += 1
    assert seen > 10


def test_what_is_not_counted_costs_nothing_and_an_unknown_kind_costs_no_kind() -> None:
    rows = torch.zeros((1, 84, 9))
    rows[..., 4] = -3.0
    box = torch.tensor([[8.0, 8.0, 40.0, 40.0]])

    def cost(of: torch.Tensor, kind: int) -> float:
        return float(loss(of, [box], [torch.tensor([kind])], 64))

    sure_inside = rows.clone()
    sure_inside[0, 8 * 2 + 2, 4] = 5.0
    empty = float(loss(rows, [box[:0]], [torch.zeros(0, dtype=torch.long)], 64))
    assert cost(sure_inside, IGNORED) < empty
    other_kinds = rows.clone()
    other_kinds[..., 5:] = torch.tensor([1.0, -2.0, 3.0, 0.5])
    assert cost(other_kinds, UNKNOWN) == pytest.approx(cost(rows, UNKNOWN))
    assert cost(other_kinds, 0) != pytest.approx(cost(rows, 0))


def test_each_cell_answers_for_one_box_that_is_near() -> None:
    places, steps = cells(64, 64)
    rows = torch.zeros((84, 9))
    wanted = torch.tensor([[4.0, 4.0, 28.0, 28.0], [30.0, 30.0, 62.0, 60.0]])
    middles = (places + 0.5) * steps
    cell, which, fit = assign(rows, decode(rows, places, steps), wanted, torch.tensor([0, 3]), middles, steps)
    assert len(set(cell.tolist())) == len(cell)
    assert set(which.tolist()) == {0, 1}
    centres = (wanted[:, :2] + wanted[:, 2:]) / 2
    assert ((middles[cell] - centres[which]).abs() < 1.5 * steps[cell]).all()
    assert ((fit >= 0) & (fit <= 1)).all()


class Teacher(torch.nn.Module):
    """Sees one bus in the middle of the net's picture, surely, and a car left of it, faintly."""

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        side = pictures.shape[2]
        places, steps = cells(side, side)
        rows = torch.full((1, len(places), 9), -9.0)
        for x, kind, sure in ((0.5, 2, 9.0), (0.2, 0, -0.5)):
            centre = ((places + 0.5) * steps - torch.tensor([x, 0.5]) * side).abs().sum(1) + 1e4 * (steps[:, 0] != 32)
            cell = int(centre.argmin())
            middle = torch.tensor([x, 0.5]) * side / 32 - places[cell]
            rows[0, cell] = torch.tensor([*middle, *np.log([side / 320] * 2), sure, -9, -9, -9, -9])
            rows[0, cell, 5 + kind] = 9.0
        return rows


def test_a_teacher_fills_gaps_and_never_overrules_a_label() -> None:
    def filled(boxes: Any, kinds: list[int], gaps: bool) -> list[int]:
        scene = Scene(np.zeros((200, 200, 3), np.uint8), np.array(boxes, np.float32).reshape(-1, 4), np.array(kinds))
        return fill(scene, Teacher(), gaps).kinds.tolist()

    bus = (90, 90, 110, 110)
    assert filled([], [], True) == [2, IGNORED]
    assert filled([], [], False) == [IGNORED, IGNORED]
    assert filled([bus], [3], True) == [3, IGNORED]
    assert filled([bus], [UNKNOWN], False) == [2, IGNORED]


def test_precision_counts_a_second_box_on_one_vehicle_as_wrong() -> None:
    truth = [np.array([[0.0, 0, 10, 10], [20, 0, 30, 10]]), np.zeros((0, 4))]
    box = np.array([[0.0, 0, 10, 10]])
    none = (np.zeros((0, 4)), np.zeros(0))
    assert average_precision(truth, [(truth[0], np.array([0.9, 0.8])), none]) == 1.0
    assert average_precision(truth, [(np.concatenate((box, box)), np.array([0.9, 0.8])), none]) == 0.5
    assert average_precision(truth, [none, (box, np.array([0.9]))]) == 0.0


def test_overlap_is_the_shared_part_of_both() -> None:
    a, b = torch.tensor([[0.0, 0, 10, 10]]), torch.tensor([[5.0, 0, 15, 10], [20, 20, 30, 30]])
    assert overlaps(a, b).tolist() == [[pytest.approx(1 / 3), 0.0]]
