"""From a torch net to the ONNX file the product reads, checked to answer the same."""

import warnings
from base64 import b64encode
from dataclasses import asdict
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch

from tasks.training.net import SpotNet
from tasks.vision.crops import Window


def export(net: SpotNet, window: Window, temperature: float, path: Path) -> None:
    """Write the file with its crop geometry, temperature and head in it; raises ValueError when it answers differently.

    The head (weights, then bias: little-endian floats in base64) stands there so that the product can fit another.
    """
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
            output_names=["logit", "features"],
            dynamic_axes={name: {0: "n"} for name in ("crops", "logit", "features")},
            opset_version=18,
            dynamo=False,
        )
    model = onnx.load(str(path))
    with torch.no_grad():
        head = torch.cat((net.head.weight[0], net.head.bias)).numpy().astype("<f4")
    about = {key: str(value) for key, value in asdict(window).items()}
    about |= {"temperature": str(temperature), "head": b64encode(head.tobytes()).decode()}
    onnx.helper.set_model_props(model, about)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    compare(net, path, side)


def compare(net: SpotNet, path: Path, side_px: int) -> None:
    """Raises ValueError when the file answers otherwise than the net."""
    crops = np.random.default_rng(0).integers(0, 256, (16, side_px, side_px, 4), np.uint8)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    with torch.no_grad():
        wanted = net(torch.from_numpy(crops))
    for answer, want in zip(session.run(["logit", "features"], {"crops": crops}), wanted, strict=True):
        if not np.allclose(answer, want.numpy(), atol=1e-3):
            raise ValueError(f"torch and ONNX differ by up to {np.abs(answer - want.numpy()).max():.5f}")
