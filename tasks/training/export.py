"""From a torch net to the ONNX file the product reads, checked to answer the same."""

import warnings
from dataclasses import asdict
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch

from tasks.training.net import SpotNet
from tasks.vision.crops import Window


def export(net: SpotNet, window: Window, temperature: float, path: Path) -> None:
    """Write the file with its crop geometry and temperature in it; raises ValueError when it answers differently."""
    net.eval()
    side = window.side_px
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns of its successor, which needs a package more
        torch.onnx.export(
            net,
            (torch.zeros((2, side, side, 4), dtype=torch.uint8),),
            str(path),
            input_names=["crops"],
            output_names=["logit"],
            dynamic_axes={"crops": {0: "n"}, "logit": {0: "n"}},
            opset_version=18,
            dynamo=False,
        )
    model = onnx.load(str(path))
    about = {key: str(value) for key, value in asdict(window).items()} | {"temperature": str(temperature)}
    onnx.helper.set_model_props(model, about)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    crops = np.random.default_rng(0).integers(0, 256, (16, side, side, 4), np.uint8)
    (answer,) = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, {"crops": crops})
    with torch.no_grad():
        wanted = net(torch.from_numpy(crops)).numpy()
    if not np.allclose(answer, wanted, atol=1e-3):
        raise ValueError(f"torch and ONNX differ by up to {np.abs(answer - wanted).max():.5f}")
