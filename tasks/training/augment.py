"""Changes of geometry, light and lens that a camera may bring, so that one lot's look is not learnt by heart."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import torch
from torch.nn import functional

from tasks.training.data import Sample
from tasks.vision.crops import Window, matrix

Array = np.ndarray[Any, Any]
TURN_MAX = 100
GAMMA = 0.35
CONTRAST = 0.25


def jitter(sample: Sample, window: Window, random: np.random.Generator) -> tuple[Array, Array]:
    """A sample's polygon and its map into the crop, both disturbed: nobody draws or aims twice the same."""
    polygon = sample.polygon.copy()
    extent = polygon.max(axis=0) - polygon.min(axis=0)
    polygon += random.normal(0, 0.025, polygon.shape).astype(np.float32) * extent
    room = random.uniform(0.95, 1.3) / window.long_room if sample.loose else random.uniform(0.85, 1.2)
    short_room = window.long_room if sample.loose else window.short_room * np.exp(random.normal(0, 0.08))
    raised = window.raised + random.normal(0, 0.02)
    whole = matrix(polygon, Window(window.side_px, window.long_room * room, short_room * room, raised))
    half = window.side_px / 2
    turn = random.normal(0, 8) if random.random() < 0.8 else random.uniform(-TURN_MAX, TURN_MAX)
    turn += 180 if random.random() < 0.5 else 0
    spin = cv2.getRotationMatrix2D((half, half), turn, 1.0)
    stretch = np.diag([np.exp(random.normal(0, 0.08)), np.exp(random.normal(0, 0.08)), 1.0])
    stretch[0, 0] *= -1 if random.random() < 0.5 else 1
    stretch[:2, 2] = half - stretch[:2, :2] @ [half, half] + random.normal(0, 0.03, 2) * window.side_px
    full = np.vstack([spin, [0, 0, 1]]) @ stretch @ np.vstack([whole, [0, 0, 1]])
    return polygon, full[:2]


def _coarser(x: torch.Tensor, by: int) -> torch.Tensor:
    """Fewer pixels, as a small or far spot has."""
    return functional.interpolate(functional.avg_pool2d(x, by), size=x.shape[2:], mode="bilinear")


class Weather:
    """Disturbs batches N x side x side x 4 (uint8); the mark stays as it is."""

    def __init__(self, seed: int) -> None:
        self._random = torch.Generator().manual_seed(seed)

    def __call__(self, crops: torch.Tensor, occupied: torch.Tensor) -> torch.Tensor:
        """Surroundings, paint, shade, dirt, then light and colour, then the lens and the sensor."""
        x = crops[..., :3].float().permute(0, 3, 1, 2) / 255
        mark = crops[..., 3][:, None].float() / 255
        pure = x.clone()
        self._some(x, 0.5, lambda part, _: self._patchwork(part, pure, ~occupied), ~occupied)
        pure = x.clone()
        self._some(x, 0.25, lambda part, at: self._transplant(part, mark[at], pure, occupied[at], ~occupied))
        self._some(x, 0.12, lambda part, at: self._ink(part, mark[at]), occupied)
        self._some(x, 0.35, lambda part, _: self._line(part))
        self._some(x, 0.2, lambda part, _: self._line(part))
        self._some(x, 0.5, lambda part, _: self._shadow(part))
        self._some(x, 0.25, lambda part, _: self._dirt(part))
        x = self._light(x)
        self._some(x, 0.3, lambda part, _: self._soften(part))
        self._some(x, 0.15, lambda part, _: _coarser(part, 2))
        self._some(x, 0.05, lambda part, _: _coarser(part, 4))
        self._some(
            x, 0.5, lambda part, _: part + torch.randn(part.shape, generator=self._random) * self._n(part, 0, 0.08)
        )
        x = (x.clamp(0, 1) * 255).round().permute(0, 2, 3, 1)
        return torch.cat((x, crops[..., 3:].float()), dim=3)

    def _n(self, x: torch.Tensor, low: float, high: float, *shape: int) -> torch.Tensor:
        """Even random numbers, one per crop unless a shape is given."""
        return torch.rand((x.shape[0], *(shape or (1, 1, 1))), generator=self._random) * (high - low) + low

    def _some(
        self,
        x: torch.Tensor,
        share: float,
        change: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
        among: torch.Tensor | None = None,
    ) -> None:
        """Change a random share of the crops in place."""
        chosen = torch.rand(x.shape[0], generator=self._random) < share
        at = torch.nonzero(chosen if among is None else chosen & among)[:, 0]
        if len(at):
            x[at] = change(x[at], at)

    def _light(self, x: torch.Tensor) -> torch.Tensor:
        """Gamma, white balance, colour strength, contrast, brightness down to night."""
        x = x.clamp(1e-4, 1) ** torch.exp(self._n(x, -GAMMA, GAMMA))
        x = x * self._n(x, 0.85, 1.15, 3, 1, 1)
        grey = x.mean(dim=1, keepdim=True)
        strength = torch.where(self._n(x, 0, 1) < 0.2, torch.zeros(()), self._n(x, 0.4, 1.6))
        mean = grey.mean(dim=(2, 3), keepdim=True)
        contrast = self._n(x, 1 - CONTRAST, 1 + CONTRAST)
        gain = torch.where(self._n(x, 0, 1) < 0.2, self._n(x, 0.1, 0.5), self._n(x, 0.7, 1.3))
        return (mean + ((grey - mean) + (x - grey) * strength) * contrast) * gain

    def _soften(self, x: torch.Tensor) -> torch.Tensor:
        """Blur out of focus or along a line."""
        kernels = torch.zeros((4, 5, 5))
        kernels[0, 1:4, 1:4] = kernels[1] = kernels[2, 2, :] = kernels[3, :, 2] = 1
        kernels /= kernels.sum(dim=(1, 2), keepdim=True)
        count, planes = x.shape[:2]
        choice = torch.randint(0, 4, (count,), generator=self._random)
        weight = kernels[choice][:, None].repeat(1, planes, 1, 1).reshape(count * planes, 1, 5, 5)
        padded = functional.pad(x, (2, 2, 2, 2), mode="replicate").reshape(
            1, count * planes, x.shape[2] + 4, x.shape[3] + 4
        )
        return functional.conv2d(padded, weight, groups=count * planes).reshape(x.shape)

    def _half_plane(self, x: torch.Tensor, soft: float) -> torch.Tensor:
        """0 on one side of a random line, 1 on the other."""
        angle, offset = self._n(x, 0, 6.2832, 1, 1), self._n(x, -0.6, 0.6, 1, 1)
        line = torch.linspace(-1, 1, x.shape[2])
        return torch.sigmoid((line[None, None] * angle.cos() + line[None, :, None] * angle.sin() - offset) / soft)[
            :, None
        ]

    def _part(self, x: torch.Tensor, soft: float) -> torch.Tensor:
        """A side of each crop, or half of the time a corner of it."""
        first = self._half_plane(x, soft)
        return torch.where(self._n(x, 0, 1) < 0.5, first * self._half_plane(x, soft), first)

    def _shadow(self, x: torch.Tensor) -> torch.Tensor:
        """A part of the crop in shade, as trees, poles and houses throw it."""
        return x * (1 - self._n(x, 0, 0.75) * self._part(x, 0.04))

    def _levelled(self, other: torch.Tensor, x: torch.Tensor, share: float) -> torch.Tensor:
        """Another crop, for a share of them in the light of the first: one sun differs less than two lots."""
        level = (x.mean(dim=(1, 2, 3), keepdim=True) + 0.02) / (other.mean(dim=(1, 2, 3), keepdim=True) + 0.02)
        level = level * torch.exp(self._n(x, -0.3, 0.3))
        return other * torch.where(self._n(x, 0, 1) < share, level, torch.ones(()))

    def _patchwork(self, x: torch.Tensor, every: torch.Tensor, free: torch.Tensor) -> torch.Tensor:
        """Part of a free crop replaced by another: kerbs, grass and patched ground are still free."""
        others = torch.nonzero(free)[:, 0]
        other = every[others[torch.randint(0, len(others), (x.shape[0],), generator=self._random)]]
        part = self._part(x, 0.03)
        return x * (1 - part) + self._levelled(other, x, 0.7) * part

    def _transplant(
        self, x: torch.Tensor, mark: torch.Tensor, every: torch.Tensor, occupied: torch.Tensor, free: torch.Tensor
    ) -> torch.Tensor:
        """The marked place kept, its surroundings from another crop: what stands beside a spot says nothing about it.

        A vehicle keeps a wide rim, as it rises above its place, and gets free surroundings; free ground gets any.
        """
        count = x.shape[0]
        empty = torch.nonzero(free)[:, 0]
        if not len(empty):
            return x
        anything = torch.randint(0, len(every), (count,), generator=self._random)
        ground = empty[torch.randint(0, len(empty), (count,), generator=self._random)]
        other = every[torch.where(occupied, ground, anything)]
        other = torch.where(self._n(x, 0, 1) < 0.5, other.flip(3), other)
        wide = functional.max_pool2d(mark, 9, 1, 4)
        wide = torch.maximum(wide, functional.pad(wide, (0, 0, 0, 5))[:, :, 5:])  # and upward, for the vehicle's roof
        keep = torch.where(occupied[:, None, None, None], wide, functional.max_pool2d(mark, 3, 1, 1))
        keep = functional.avg_pool2d(functional.pad(keep, (1, 1, 1, 1), mode="replicate"), 3, 1)
        return x * keep + self._levelled(other, x, 0.6) * (1 - keep)

    def _ink(self, x: torch.Tensor, mark: torch.Tensor) -> torch.Tensor:
        """The vehicle painted darker and duller: black roofs are rare in the data and easily taken for asphalt."""
        cover = functional.avg_pool2d(functional.pad(mark, (1, 1, 1, 1), mode="replicate"), 3, 1)
        grey = x.mean(dim=1, keepdim=True)
        painted = (grey + (x - grey) * self._n(x, 0.2, 0.8)) * self._n(x, 0.25, 0.75)
        return x * (1 - cover) + painted * cover

    def _line(self, x: torch.Tensor) -> torch.Tensor:
        """A painted line, kerb or cable across the crop."""
        angle, offset = self._n(x, 0, 6.2832, 1, 1), self._n(x, -0.8, 0.8, 1, 1)
        axis = torch.linspace(-1, 1, x.shape[2])
        gap = (axis[None, None] * angle.cos() + axis[None, :, None] * angle.sin() - offset).abs()
        cover = torch.sigmoid((self._n(x, 0.02, 0.12, 1, 1) - gap) / 0.02)[:, None] * self._n(x, 0.3, 0.9)
        colour = (self._n(x, 0, 0.9) + self._n(x, 0, 0.3, 3, 1, 1)).clamp(0, 1)
        return x * (1 - cover) + colour * cover

    def _dirt(self, x: torch.Tensor) -> torch.Tensor:
        """A rectangle of one colour over part of the crop: a pole, a sign, a person, a burnt-in text."""
        size = self._n(x, 0.05, 0.35, 2)
        corner = self._n(x, 0, 1, 2) * (1 - size)
        line = torch.linspace(0, 1, x.shape[2])
        across = (line > corner[:, :1]) & (line < (corner + size)[:, :1])
        down = (line > corner[:, 1:]) & (line < (corner + size)[:, 1:])
        return torch.where((down[:, :, None] & across[:, None])[:, None], self._n(x, 0, 1, 3, 1, 1), x)
