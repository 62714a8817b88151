"""The vehicle detector: YOLOX-nano (Ge et al., 2021, arXiv 2107.08430) with four classes, in plain torch.

Batch normalisation is folded into the convolutions, as in the exported file whose weights training begins from; the
modules stand in that file's order, so that weights can be handed over one convolution after the other.
"""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn
from torch.nn import functional

STRIDES = (8, 16, 32)
KINDS = ("car", "motorcycle", "bus", "truck")
COCO_ROWS = (2, 3, 5, 7)
WIDTHS = (16, 32, 64, 128, 256)
HEAD_WIDTH = 64


class Unit(nn.Module):
    """Convolution and SiLU."""

    def __init__(self, inside: int, outside: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inside, outside, kernel, stride, kernel // 2, groups=groups)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """N x channels x H x W, as for every part below."""
        return functional.silu(self.convolution(x), inplace=True)


def separable(inside: int, outside: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """Each channel by itself, then across channels."""
    return nn.Sequential(Unit(inside, inside, kernel, stride, inside), Unit(inside, outside))


class Block(nn.Module):
    """Half of the channels through a chain of bottlenecks, half past it (cross stage partial)."""

    def __init__(self, inside: int, outside: int, depth: int, shortcut: bool) -> None:
        super().__init__()
        half = outside // 2
        self.through, self.past = Unit(inside, half), Unit(inside, half)
        self.chain = nn.ModuleList(nn.Sequential(Unit(half, half), *separable(half, half)) for _ in range(depth))
        self.join = Unit(outside, outside)
        self.shortcut = shortcut

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Same height and width."""
        y, past = self.through(x), self.past(x)
        for link in self.chain:
            y = y + link(y) if self.shortcut else link(y)
        return self.join(torch.cat((y, past), dim=1))


class Pool(nn.Module):
    """What is near seen at four distances (spatial pyramid pooling)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.narrow, self.widen = Unit(width, width // 2), Unit(width * 2, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Same size."""
        x = self.narrow(x)
        return self.widen(torch.cat([x, *(functional.max_pool2d(x, k, 1, k // 2) for k in (5, 9, 13))], dim=1))


class Head(nn.Module):
    """One stride's answer: box (4), objectness, kinds, side by side."""

    def __init__(self, inside: int) -> None:
        super().__init__()
        width = HEAD_WIDTH
        self.stem = Unit(inside, width)
        self.on_kinds = nn.Sequential(separable(width, width), separable(width, width))
        self.kinds = nn.Conv2d(width, len(KINDS), 1)
        self.on_box = nn.Sequential(separable(width, width), separable(width, width))
        self.box, self.object = nn.Conv2d(width, 4, 1), nn.Conv2d(width, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """N x 9 x H x W."""
        x = self.stem(x)
        kinds, on_box = self.kinds(self.on_kinds(x)), self.on_box(x)
        return torch.cat((self.box(on_box), self.object(on_box), kinds), dim=1)


class VehicleNet(nn.Module):
    """Pictures N x 3 x H x W, blue green red 0..255, sides multiples of 32, to N x cells x 9 over strides 8, 16, 32.

    A row is box middle and logarithm of its size in cells, then the logits of objectness and of the four kinds.
    """

    def __init__(self) -> None:
        super().__init__()
        first, second, third, fourth, fifth = WIDTHS
        self.stem = Unit(12, first, 3)
        self.to_4 = nn.Sequential(separable(first, second, stride=2), Block(second, second, 1, True))
        self.to_8 = nn.Sequential(separable(second, third, stride=2), Block(third, third, 3, True))
        self.to_16 = nn.Sequential(separable(third, fourth, stride=2), Block(fourth, fourth, 3, True))
        self.to_32 = nn.Sequential(
            separable(fourth, fifth, stride=2), Pool(fifth), Block(fifth, fifth, 1, shortcut=False)
        )
        self.narrow_32, self.up_16 = Unit(fifth, fourth), Block(fifth, fourth, 1, shortcut=False)
        self.narrow_16, self.up_8 = Unit(fourth, third), Block(fourth, third, 1, shortcut=False)
        self.from_8, self.down_16 = separable(third, third, stride=2), Block(fourth, fourth, 1, shortcut=False)
        self.from_16, self.down_32 = separable(fourth, fourth, stride=2), Block(fifth, fifth, 1, shortcut=False)
        self.heads = nn.ModuleList(Head(width) for width in (third, fourth, fifth))

    def features(self, pictures: torch.Tensor) -> torch.Tensor:
        """The part that sees edges and textures, up to stride 8."""
        x = torch.cat([pictures[..., y::2, x::2] for x in (0, 1) for y in (0, 1)], dim=1)
        return self.to_8(self.to_4(self.stem(x)))

    def rest(self, at_8: torch.Tensor) -> torch.Tensor:
        """From stride 8 to the rows."""
        at_16 = self.to_16(at_8)
        coarse = self.narrow_32(self.to_32(at_16))
        middle = self.narrow_16(self.up_16(torch.cat((functional.interpolate(coarse, scale_factor=2.0), at_16), 1)))
        fine = self.up_8(torch.cat((functional.interpolate(middle, scale_factor=2.0), at_8), 1))
        middle = self.down_16(torch.cat((self.from_8(fine), middle), 1))
        coarse = self.down_32(torch.cat((self.from_16(middle), coarse), 1))
        maps = zip(self.heads, (fine, middle, coarse), strict=True)
        return torch.cat([head(x).flatten(2) for head, x in maps], dim=2).transpose(1, 2)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Rows of all strides, the finest first."""
        return self.rest(self.features(pictures))


def cells(height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Column and row (N x 2) and stride (N x 1) of every row of the answer."""
    places, steps = [], []
    for stride in STRIDES:
        y, x = torch.meshgrid(torch.arange(height // stride), torch.arange(width // stride), indexing="ij")
        places.append(torch.stack((x, y), dim=-1).reshape(-1, 2))
        steps.append(torch.full((len(places[-1]), 1), stride))
    return torch.cat(places).float(), torch.cat(steps).float()


def begin_from(path: Path) -> VehicleNet:
    """A net with the weights of an exported YOLOX-nano, its 80 classes cut down to ours."""
    graph = onnx.load(str(path)).graph
    given = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    sources = [node.input for node in graph.node if node.op_type == "Conv"]
    net = VehicleNet()
    targets = [part for part in net.modules() if isinstance(part, nn.Conv2d)]
    with torch.no_grad():
        for (_, weight, bias), target in zip(sources, targets, strict=True):
            _hand_over(given[weight], target.weight)
            _hand_over(given[bias], target.bias)
    return net


def _hand_over(source: np.ndarray[Any, Any], target: nn.Parameter | None) -> None:
    if target is None or (source.shape != target.shape and source.shape[0] != 80):
        raise ValueError("the file to begin from is not a YOLOX-nano")
    rows = source[list(COCO_ROWS)] if source.shape != target.shape else source
    target.copy_(torch.from_numpy(rows.copy()))
