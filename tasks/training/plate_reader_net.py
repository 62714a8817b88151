"""The plate recogniser's net: PP-OCRv6's small recogniser (Apache-2.0) rebuilt in torch, so that it can learn plates.

Only what plates have is kept of its characters. Weights come from its ONNX file, whose layers stand in the order in
which they are made here.
"""

import hashlib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn
from torch.nn import functional

START = "PP-OCRv6_rec_small.onnx"
START_SHA256 = "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884"
CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
Array = np.ndarray[Any, Any]


class _Squeeze(nn.Module):
    """Channels weighed by their means (Hu et al., 2018, arXiv 1709.01507)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.less, self.more = nn.Conv2d(width, width // 4, 1), nn.Conv2d(width // 4, width, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        weights = self.more(functional.relu(self.less(x.mean((2, 3), keepdim=True))))
        return x * functional.hardsigmoid(weights)


class _Block(nn.Module):
    """Each channel for itself over 3 x 3, then all channels at each place."""

    def __init__(self, inside: int, outside: int, *, squeeze: bool = False) -> None:
        super().__init__()
        self.joins = inside == outside
        self.depth = nn.Conv2d(inside, inside, 3, 1 if self.joins else (2, 1), 1, groups=inside)
        self.squeeze = _Squeeze(inside) if squeeze else nn.Identity()
        self.wide, self.narrow = nn.Conv2d(inside, inside * 2, 1), nn.Conv2d(inside * 2, outside, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.squeeze(self.depth(x))
        y = self.narrow(functional.gelu(self.wide(x)))
        return x + y if self.joins else y


class _Stem(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.third = nn.Conv2d(3, 48, 3, 2, 1), nn.Conv2d(48, 24, 2), nn.Conv2d(24, 48, 2)
        self.fourth, self.fifth = nn.Conv2d(96, 48, 3, 2, 1), nn.Conv2d(48, 96, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = functional.relu(self.first(x))
        y = functional.relu(self.second(functional.pad(x, (0, 1, 0, 1))))
        y = functional.relu(self.third(functional.pad(y, (0, 1, 0, 1))))
        x = functional.max_pool2d(functional.pad(x, (0, 1, 0, 1)), 2, 1)
        return functional.relu(self.fifth(functional.relu(self.fourth(torch.cat([x, y], 1)))))


class _Mixer(nn.Module):
    """Columns look at each other (SVTR, Du et al., 2022, arXiv 2205.00159)."""

    HEADS = 8

    def __init__(self, width: int) -> None:
        super().__init__()
        self.before, self.asks, self.answers = nn.LayerNorm(width), nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.after, self.wide, self.narrow = (
            nn.LayerNorm(width),
            nn.Linear(width, 2 * width),
            nn.Linear(2 * width, width),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        n, columns, width = x.shape
        q, k, v = self.asks(self.before(x)).view(n, columns, 3, self.HEADS, -1).permute(2, 0, 3, 1, 4)
        seen = ((q * (width // self.HEADS) ** -0.5) @ k.transpose(2, 3)).softmax(3) @ v
        x = x + self.answers(seen.transpose(1, 2).reshape(n, columns, width))
        return x + self.narrow(functional.silu(self.wide(self.after(x))))


class ReaderNet(nn.Module):
    """Strips N x 48 x 192 x 3, blue green red, 0..255, to logarithms of chances N x 24 x 37; 0 is the blank."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = _Stem()
        fine = [_Block(96, 96, squeeze=number == 0) for number in range(3)]
        middle = [_Block(192, 192, squeeze=number in (0, 2, 4)) for number in range(6)]
        coarse = [_Block(384, 384, squeeze=number == 0) for number in range(2)]
        self.body = nn.Sequential(*fine, _Block(96, 192), *middle, _Block(192, 384), *coarse)
        self.straight, self.down, self.along = (
            nn.Conv2d(384, 120, 1),
            nn.Conv2d(384, 120, 1),
            nn.Conv2d(120, 120, (1, 7), padding=(0, 3), groups=120),
        )
        self.mix = nn.Sequential(_Mixer(120), _Mixer(120), nn.LayerNorm(120))
        self.head = nn.Linear(120, 1 + len(CHARACTERS))

    def forward(self, strips: torch.Tensor) -> torch.Tensor:
        """What the class says."""
        x = self.body(self.stem(strips.permute(0, 3, 1, 2).float() / 127.5 - 1))
        x = functional.avg_pool2d(x, (3, 2))
        straight, x = functional.silu(self.straight(x)), functional.silu(self.down(x))
        x = x + functional.silu(self.along(x))
        x = self.mix(x[:, :, 0].transpose(1, 2)) + straight[:, :, 0].transpose(1, 2)
        return self.head(x).log_softmax(2)


def source(path: Path | None = None) -> Path:
    """The file to start from, by default the installed rapidocr's; raises ValueError for another version."""
    if path is None:
        package = find_spec("rapidocr")
        if package is None or not package.submodule_search_locations:
            raise ValueError("rapidocr 3.10.0 is not installed, and no file to start from was named.")
        path = Path(package.submodule_search_locations[0], "models", START)
    if hashlib.sha256(path.read_bytes()).hexdigest() != START_SHA256:
        raise ValueError(f"{path} is not the file of rapidocr 3.10.0.")
    return path


def load(net: ReaderNet, path: Path) -> None:
    """Weights of PP-OCRv6's small recogniser into the net; raises ValueError for a file of another shape."""
    model = onnx.load(str(path))
    (written,) = [prop.value for prop in model.metadata_props if prop.key == "character"]
    known = ["", *written.splitlines(), " "]
    kept = [0, *(known.index(c) for c in CHARACTERS)]
    layers = [layer for layer in net.modules() if isinstance(layer, nn.Conv2d | nn.Linear | nn.LayerNorm)]
    given = list(_layers(model.graph))
    given[-1] = (given[-1][0][kept], given[-1][1][kept])
    for layer, parts in zip(layers, given, strict=True):
        for own, part in zip((layer.weight, layer.bias), parts, strict=True):
            if own.numel() != part.size:
                raise ValueError(f"{path} has {part.shape} where the net has {tuple(own.shape)}.")
            own.data = torch.from_numpy(np.array(part, np.float32)).view_as(own)


def _layers(graph: Any) -> Iterator[tuple[Array, Array]]:
    """Weights and biases of each layer, in order; a normalisation after a convolution is taken into it."""
    tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    uses = {name: node for node in reversed(graph.node) for name in node.input}
    for node in graph.node:
        given = [tensors[name] for name in node.input if name in tensors]
        following = uses.get(node.output[0])
        if following is None or not given or node.op_type not in ("Conv", "MatMul", "Mul"):
            continue
        after = [tensors[name] for name in following.input if name in tensors]
        if following.op_type == "BatchNormalization":
            scale = after[0] / np.sqrt(after[3] + following.attribute[0].f)
            yield given[0] * scale[:, None, None, None], after[1] - after[2] * scale
        elif following.op_type == "Add" and after and given[0].size > 1:
            yield (given[0].T if node.op_type == "MatMul" else given[0]), after[0]
