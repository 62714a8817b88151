"""Exports of Ultralytics are read as its own predictor reads them: models from YAML, exported, boxes compared.

Needs the extra ``ultralytics``. Where torchvision cannot be imported (its wheel does not fit torch's CPU build),
Ultralytics' own suppression is used: the warm-up, which would import torchvision, is left out by its callback.
"""

import os

os.environ.setdefault("YOLO_AUTOINSTALL", "false")
os.environ.setdefault("YOLO_OFFLINE", "true")

import warnings
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    ultralytics = pytest.importorskip("ultralytics", reason="needs the extra ultralytics")
    from ultralytics.data.augment import LetterBox
    from ultralytics.nn.tasks import DetectionModel, yaml_model_load

from parkhub.cli.model_export import export  # noqa: E402
from tasks.vision.vehicles.finder import open_finder  # noqa: E402

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.slow]

SIDE = 160
CONFIDENCE = 0.3
OVERLAP = 0.5
NAMES = {0: "person", 1: "bus", 2: "lorry", 3: "dog"}
SEEN = 2  # the one class these weights see: Ultralytics gives one class per box, we weigh them all


@pytest.mark.parametrize("name", ["yolov8n", "yolo11n", "yolo26n"])
def test_our_boxes_are_those_of_ultralytics_own_predictor(tmp_path, name):
    (tmp_path / "out").mkdir()
    made = export(str(weights(tmp_path, f"{name}.yaml")), SIDE, tmp_path / "out")
    theirs = own_boxes(made)

    assert 20 <= len(theirs) <= 100
    assert len(own_boxes(made, overlap_max=1.0)) > len(theirs) + 5
    agree(our_boxes(made), theirs)


def test_a_model_exported_to_choose_by_itself_is_read_as_ultralytics_does(tmp_path):
    source = ultralytics.YOLO(weights(tmp_path, "yolo26n.yaml"), task="detect")
    made = Path(source.export(format="onnx", imgsz=SIDE, device="cpu", nms=False))
    theirs = own_boxes(made)

    assert 20 <= len(theirs) <= 100
    assert len(own_boxes(made, overlap_max=0.01)) == len(theirs)  # it has chosen
    agree(our_boxes(made), theirs)


def agree(ours: np.ndarray, theirs: np.ndarray) -> None:
    """The same but for our rounding, to a tenth of a pixel and to four places."""
    assert len(ours) == len(theirs)
    np.testing.assert_allclose(ours[:, :4], theirs[:, :4], rtol=0, atol=0.06)
    np.testing.assert_allclose(ours[:, 4], theirs[:, 4], rtol=0, atol=2e-4)


def own_boxes(model: Path, overlap_max: float = OVERLAP) -> np.ndarray:
    """What Ultralytics sees in our picture, surest first: left, top, width, height, confidence."""
    own = ultralytics.YOLO(model, task="detect")
    own.add_callback("on_predict_start", lambda predictor: setattr(predictor, "done_warmup", True))
    how = {"imgsz": SIDE, "conf": CONFIDENCE, "iou": overlap_max, "max_det": 1000, "device": "cpu", "verbose": False}
    (result,) = own.predict(picture(), **how)
    rows = result.boxes.data.numpy().astype(float)
    assert set(rows[:, 5]) == {SEEN}
    rows[:, 2:4] -= rows[:, :2]
    return rows[(rows[:, 2:4] >= 1).all(1), :5]


def our_boxes(model: Path) -> np.ndarray:
    """The same from our finder."""
    finder = open_finder(model)
    assert finder.family == "ultralytics"
    assert [str(kind) for kind in finder.kinds] == ["bus", "truck"]
    found = finder.find(picture(), CONFIDENCE)
    assert {str(vehicle.kind) for vehicle in found} == {"truck"}
    return np.array([(*vehicle.box, vehicle.confidence) for vehicle in found])


def picture() -> np.ndarray:
    """Blocks of colour and noise, a little wider than high: far out in the grey around it all cells answer alike.

    Its height is a fraction of pixels on the network's picture, and the grey above and below is not the same.
    """
    numbers = np.random.default_rng(3)
    made = numbers.integers(0, 236, (13, 16, 3), np.uint8).repeat(30, axis=0).repeat(30, axis=1)[:386]
    return made + numbers.integers(0, 20, made.shape, np.uint8)


def network_picture() -> "torch.Tensor":
    fitted = LetterBox((SIDE, SIDE), auto=False)(image=picture())
    return torch.from_numpy(fitted[..., ::-1].transpose(2, 0, 1)[None].astype(np.float32) / 255)


def weights(folder: Path, yaml: str) -> Path:
    """A model of that YAML with our classes and random weights that see boxes in our picture, more and less surely.

    Those of a head that leaves suppression to others overlap often, those of one that chooses by itself hardly.
    """
    torch.manual_seed(0)
    made = DetectionModel(yaml_model_load(yaml) | {"nc": len(NAMES)}, ch=3, verbose=False)
    made.names = NAMES
    settle(made)
    head = made.model[-1]
    confidences = torch.full((len(NAMES),), -20.0), torch.zeros(len(NAMES))
    confidences[0][SEEN], confidences[1][SEEN] = -1.6, 0.8  # every sixth cell is sure enough, none nearly certain
    for prefix, cells in (("", 2.2), ("one2one_", 0.7)):
        for branch in getattr(head, f"{prefix}cv3", []):
            spread(made, branch[-1], *confidences)
        for branch in getattr(head, f"{prefix}cv2", []):
            spread(made, branch[-1], *distances(head.reg_max, cells))
    path = folder / f"{Path(yaml).stem}.pt"
    made.args = {"task": "detect"}
    torch.save({"model": made.float(), "train_args": {"task": "detect"}, "date": "", "version": ""}, path)
    return path


def distances(bins: int, cells: float) -> "tuple[torch.Tensor, torch.Tensor]":
    """Means and deviations of what puts a box's edges about so many cells from its middle, by bins or outright."""
    if bins == 1:
        return torch.full((4,), cells), torch.full((4,), 0.2 * cells)
    return -((torch.arange(bins) - cells) ** 2).repeat(4), torch.ones(4 * bins)


def settle(model: "torch.nn.Module") -> None:
    """Fit the normalising layers to our picture: with random weights alone every cell would answer alike."""
    for layer in model.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = 1.0
    with torch.no_grad():
        model.train()(network_picture())
    model.eval()


@torch.no_grad()
def spread(
    model: "torch.nn.Module", last: "torch.nn.Conv2d", means: "torch.Tensor", deviations: "torch.Tensor"
) -> None:
    """Give a last layer weights with which its channels answer our picture with these means and deviations.

    Otherwise boxes are equally sure, up to 1.0, and which of those that overlap stays is chance.
    """
    last.weight.normal_()
    last.bias.zero_()
    seen = []
    hook = last.register_forward_hook(lambda _layer, _given, out: seen.append(out[0].flatten(1)))
    model(network_picture())
    hook.remove()
    scale = deviations / seen[0].std(1)
    last.weight *= scale[:, None, None, None]
    last.bias += means - seen[0].mean(1) * scale
