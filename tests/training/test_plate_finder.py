"""The plate finder learns on made-up pictures, and its file answers as torch does."""

from pathlib import Path

import numpy as np
import onnxruntime
import torch
from plate_scenes import plate, scene

from tasks.training.plate_finder import PlateNet, Settings, batches, export, loss, train
from tasks.training.plate_scenes import Given, Scene

BOX = np.array([[380, 330, 560, 369]], np.float32)
GIVEN = Given(
    {"made": [Scene(scene([(plate([text]), (380, 330, 180, 39))]), BOX) for text in ("KA 417XM", "BD 52 KTV")]},
    [plate(["4ABC123"], 320, 160, band=False)],
    [scene(seed=7)],
)
FEW = Settings(steps=12, batch=4)


def error(net: PlateNet) -> float:
    pictures, *wanted = next(batches(GIVEN, Settings(seed=99, batch=8)))
    with torch.no_grad():
        return float(loss(net(pictures), *wanted))


def test_a_few_steps_make_it_better_and_the_file_answers_alike(tmp_path: Path) -> None:
    torch.manual_seed(FEW.seed)
    before = error(PlateNet().eval())
    net = train(GIVEN, FEW, tmp_path / "finder.onnx", minutes_max=10).eval()
    assert error(net) < before
    export(net, tmp_path / "finder.onnx")
    pictures = np.random.default_rng(3).integers(0, 256, (2, 64, 96, 3), np.uint8)
    (answer,) = onnxruntime.InferenceSession(tmp_path / "finder.onnx").run(None, {"pictures": pictures})
    with torch.no_grad():
        wanted = net(torch.from_numpy(pictures)).numpy()
    np.testing.assert_allclose(answer, wanted, atol=1e-2)


def test_the_same_seed_draws_the_same_pictures() -> None:
    first, again = (next(batches(GIVEN, FEW)) for _ in range(2))
    assert all(torch.equal(one, other) for one, other in zip(first, again, strict=True))
