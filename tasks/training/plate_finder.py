"""Trains and exports the plate finder: ``python -m tasks.training.plate_finder --data DATA --out tasks/vision/models``.

One small convolutional net over the whole picture: per cell of 8 x 8 pixels how surely the middle of a plate is there
(penalty-reduced focal loss, Zhou et al., 2019, arXiv 1904.07850) and how far its four sides are (generalised overlap,
Rezatofighi et al., 2019). Trained on the even-numbered pictures only, so that the odd ones measure it.
"""

import argparse
import hashlib
import json
import time
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from torch import nn
from torch.nn import functional

from tasks.training.plate_fonts import Fonts, find_fonts
from tasks.training.plate_scenes import SIDE_PX, Given, draw, read

STRIDE = 8
Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Settings:
    """All that decides what the net becomes, the data aside."""

    seed: int = 1
    steps: int = 1500
    batch: int = 16
    rate: float = 3e-3
    decay: float = 1e-3
    follow: float = 0.005  # of each step, in the averaged net that is kept
    lettered: bool = False  # whether there is lettering in any font beside the plates


STAGES = (Settings(steps=2500), Settings(seed=2, steps=1000, rate=6e-4, lettered=True))
"""First where plates are, then, from the averaged net with its norms kept, what is none."""


def _unit(inside: int, outside: int, stride: int = 1, kernel: int = 3) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inside, inside, kernel, stride, kernel // 2, groups=inside, bias=False),
        nn.BatchNorm2d(inside),
        nn.Conv2d(inside, outside, 1, bias=False),
        nn.BatchNorm2d(outside),
        nn.ReLU(),
    )


class _Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.unit = nn.Sequential(_unit(width, width), _unit(width, width, kernel=5))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.unit(x)


class PlateNet(nn.Module):
    """Pictures N x H x W x 3, blue green red, 0..255, sides multiples of 32, to N x 5 x H/8 x W/8."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 3, 2, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.fine = nn.Sequential(_unit(16, 32, 2), _unit(32, 32), _unit(32, 64, 2), _Residual(64), _Residual(64))
        self.middle = nn.Sequential(_unit(64, 96, 2), _Residual(96), _Residual(96))
        self.coarse = nn.Sequential(_unit(96, 128, 2), _Residual(128))
        self.from_coarse, self.from_middle = nn.Conv2d(128, 96, 1), nn.Conv2d(96, 64, 1)
        self.join_middle, self.join_fine = _unit(96, 96), _unit(64, 64)
        self.head = nn.Sequential(_unit(64, 64), nn.Conv2d(64, 5, 1))
        with torch.no_grad():
            self.head[-1].bias[0] = -4.0

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """The middle's chance (0..1) and the distances to left, top, right, bottom in pixels."""
        x = pictures.permute(0, 3, 1, 2).float() / 64 - 2
        fine = self.fine(self.stem(x))
        middle = self.middle(fine)
        middle = self.join_middle(
            middle + functional.interpolate(self.from_coarse(self.coarse(middle)), scale_factor=2.0)
        )
        out = self.head(self.join_fine(fine + functional.interpolate(self.from_middle(middle), scale_factor=2.0)))
        return torch.cat([torch.sigmoid(out[:, :1]), functional.softplus(out[:, 1:]) * STRIDE], dim=1)


def targets(boxes: Array) -> tuple[Array, Array, Array]:
    """Middle's map, distances and their weight for one cut."""
    cells = SIDE_PX // STRIDE
    ys, xs = (np.mgrid[:cells, :cells] + 0.5) * STRIDE
    heat, sides = np.zeros((cells, cells), np.float32), np.zeros((4, cells, cells), np.float32)
    weight = np.zeros((cells, cells), np.float32)
    for left, top, right, bottom in boxes:
        x, y, w, h = (left + right) / 2, (top + bottom) / 2, right - left, bottom - top
        dx, dy = (xs - x) / max(w, STRIDE * 1.5), (ys - y) / max(h, STRIDE * 1.5)
        bump = np.exp(-(dx**2 + dy**2) / (2 * 0.18**2))
        bump[int(min(y, SIDE_PX - 1) // STRIDE), int(min(x, SIDE_PX - 1) // STRIDE)] = 1
        here = (bump > heat) & (bump > 0.3)
        for number, value in enumerate((xs - left, ys - top, right - xs, bottom - ys)):
            sides[number][here] = value[here]
        weight[here] = bump[here]
        heat = np.maximum(heat, bump)
    return heat, sides, weight


def loss(out: torch.Tensor, heat: torch.Tensor, sides: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Focal loss of the middles plus generalised overlap of the boxes."""
    chance = out[:, 0].clamp(1e-4, 1 - 1e-4)
    peak = (heat >= 0.999).float()
    right = peak * (1 - chance) ** 2 * torch.log(chance)
    wrong = (1 - peak) * (1 - heat) ** 4 * chance**2 * torch.log(1 - chance)
    focal = -(right + wrong).sum() / peak.sum().clamp(min=1)
    p, t = out[:, 1:], sides.clamp(min=0.01)
    shared = (torch.minimum(p[:, 0], t[:, 0]) + torch.minimum(p[:, 2], t[:, 2])) * (
        torch.minimum(p[:, 1], t[:, 1]) + torch.minimum(p[:, 3], t[:, 3])
    )
    whole = (p[:, 0] + p[:, 2]) * (p[:, 1] + p[:, 3]) + (t[:, 0] + t[:, 2]) * (t[:, 1] + t[:, 3]) - shared
    hull = (torch.maximum(p[:, 0], t[:, 0]) + torch.maximum(p[:, 2], t[:, 2])) * (
        torch.maximum(p[:, 1], t[:, 1]) + torch.maximum(p[:, 3], t[:, 3])
    )
    overlap = shared / whole.clamp(min=1e-3) - (hull - whole) / hull.clamp(min=1e-3)
    return focal + 1.5 * (weight * (1 - overlap)).sum() / weight.sum().clamp(min=1)


def batches(given: Given, settings: Settings, fonts: Fonts | None = None) -> Iterator[tuple[torch.Tensor, ...]]:
    """Batches without end, the same for the same seed. ``fonts``: for the lettering that is wanted."""
    random = np.random.default_rng(settings.seed)
    while True:
        drawn = [draw(given, random, fonts if settings.lettered else None) for _ in range(settings.batch)]
        marked = [targets(boxes) for _, boxes in drawn]
        pictures = torch.from_numpy(np.stack([picture for picture, _ in drawn]))
        yield pictures, *(torch.from_numpy(np.stack(part)) for part in zip(*marked, strict=True))


def train(
    given: Given,
    settings: Settings,
    out: Path,
    minutes_max: float,
    start: PlateNet | None = None,
    fonts: Fonts | None = None,
) -> PlateNet:
    """The averaged net; stops early, with its rate brought down, when time is up.

    ``start``: a trained net to go on from, in which the norms stay as they are. ``fonts``: for lettering.
    """
    torch.manual_seed(settings.seed)
    net, kept = PlateNet(), PlateNet()
    if start:
        net.load_state_dict(start.state_dict())
        net.eval()
    kept.load_state_dict(net.state_dict())
    optimiser = torch.optim.AdamW(net.parameters(), lr=settings.rate, weight_decay=settings.decay)
    start, total = time.monotonic(), 0.0
    for step, (pictures, *wanted) in enumerate(batches(given, settings, fonts)):
        done = max(step / settings.steps, (time.monotonic() - start) / 60 / minutes_max)
        if done >= 1:
            break
        rate = settings.rate * min(1, (step + 1) / 50) * (0.5 + 0.5 * np.cos(np.pi * done))
        for group in optimiser.param_groups:
            group["lr"] = rate
        value = loss(net(pictures), *wanted)
        optimiser.zero_grad()
        value.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        follow = max(settings.follow, 1 / (step + 2))
        with torch.no_grad():
            for old, new in zip(kept.state_dict().values(), net.state_dict().values(), strict=True):
                if old.dtype.is_floating_point:
                    old.lerp_(new, follow)
                else:
                    old.copy_(new)
        total += float(value.detach())
        if step % 50 == 49:
            print(f"step {step + 1} loss {total / 50:.3f} {time.monotonic() - start:.0f} s", flush=True)
            total = 0.0
        if step % 300 == 299:
            export(kept, out)
    return kept


def export(net: PlateNet, path: Path) -> None:
    """Write the file; raises ValueError when it answers differently from torch."""
    net = net.eval()
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns of its successor, which needs a package more
        torch.onnx.export(
            net,
            (torch.zeros((1, 64, 96, 3), dtype=torch.uint8),),
            str(path),
            input_names=["pictures"],
            output_names=["cells"],
            dynamic_axes={"pictures": {0: "n", 1: "h", 2: "w"}, "cells": {0: "n", 2: "rows", 3: "columns"}},
            opset_version=18,
            dynamo=False,
        )
    onnx.checker.check_model(onnx.load(str(path)))
    pictures = np.random.default_rng(0).integers(0, 256, (1, 96, 128, 3), np.uint8)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (answer,) = session.run(None, {"pictures": pictures})
    with torch.no_grad():
        wanted = net(torch.from_numpy(pictures)).numpy()
    if not np.allclose(answer, wanted, atol=1e-2):
        raise ValueError(f"torch and ONNX differ by up to {np.abs(answer - wanted).max():.5f}")


def main() -> None:
    """Read the command line, train, export, write the card's figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--fonts", type=Path, nargs="+", default=[Path("/usr/share/fonts")])
    parser.add_argument("--steps", type=int, nargs=len(STAGES), default=[stage.steps for stage in STAGES])
    parser.add_argument("--minutes-max", type=float, nargs=len(STAGES), default=[1e9, 1e9])
    parser.add_argument("--everything", action="store_true", help="train on the measuring half too")
    args = parser.parse_args()
    torch.set_num_threads(1)
    stages = [replace(stage, steps=steps) for stage, steps in zip(STAGES, args.steps, strict=True)]
    given, fonts = read(args.data, everything=args.everything), find_fonts(args.fonts)
    path, net = args.out / "plates_find.onnx", None
    for settings, minutes_max in zip(stages, args.minutes_max, strict=True):
        net = train(given, settings, path, minutes_max, net, fonts)
    export(net, path)
    card = {
        "file": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "file_bytes": path.stat().st_size,
        "parameters": sum(p.numel() for p in net.parameters()),
        "licence": "Apache-2.0, the data's own statements below",
        "data": {name: len(scenes) for name, scenes in given.scenes.items()}
        | {"openalpr_us_crops": len(given.plates), "backgrounds": len(given.backgrounds)},
        "half": "all pictures" if args.everything else "even-numbered pictures (stills by clip)",
        "fonts": {"files": len(fonts.others), "sha256": fonts.sha256()},
        "stages": [asdict(settings) for settings in stages],
        "minutes_max": args.minutes_max,
    }
    path.with_suffix(".json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
