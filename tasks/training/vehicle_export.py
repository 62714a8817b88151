"""From the torch net to the ONNX file the product reads, checked to answer the same."""

import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch import nn

from tasks.training.vehicle_net import KINDS, VehicleNet

SIDE_PX = 480  # vehicles far away are found better than at 416; from 544 on those that fill the picture are lost


class _Sure(nn.Module):
    """The net with objectness and kinds as 0..1, boxes undecoded: how exports of YOLOX answer."""

    def __init__(self, net: VehicleNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        rows = self.net(images)
        return torch.cat((rows[..., :4], rows[..., 4:].sigmoid()), dim=-1)


def export(net: VehicleNet, path: Path, side_px: int = SIDE_PX) -> None:
    """Write the file; raises ValueError when it answers differently from torch."""
    sure = _Sure(net).eval().to(memory_format=torch.contiguous_format)
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns of its successor, which needs a package more
        torch.onnx.export(
            sure,
            (torch.zeros((1, 3, side_px, side_px)),),
            str(path),
            input_names=["images"],
            output_names=["rows"],
            opset_version=18,
            dynamo=False,
        )
    model = onnx.load(str(path))
    onnx.helper.set_model_props(model, {"family": "yolox", "kinds": ",".join(KINDS)})
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    pictures = np.random.default_rng(0).integers(0, 256, (1, 3, side_px, side_px)).astype(np.float32)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (answer,) = session.run(None, {"images": pictures})
    with torch.no_grad():
        wanted = sure(torch.from_numpy(pictures)).numpy()
    if not np.allclose(answer, wanted, atol=1e-3):
        raise ValueError(f"torch and ONNX differ by up to {np.abs(answer - wanted).max():.5f}")
