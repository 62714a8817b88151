"""What a detector's answer costs: SimOTA assignment and losses as in YOLOX (Ge et al., 2021, arXiv 2107.08430)."""

import torch
from torch.nn import functional

from tasks.training.vehicle_net import KINDS, cells

UNKNOWN = -1  # a vehicle, but nobody says of which kind
IGNORED = -2  # perhaps a vehicle: neither rewarded nor punished
RADIUS = 1.5
TOP = 10


def decode(rows: torch.Tensor, places: torch.Tensor, steps: torch.Tensor) -> torch.Tensor:
    """Left, top, right, bottom in pixels of the net's picture."""
    middle = (rows[..., :2] + places) * steps
    half = rows[..., 2:4].clamp(max=8.0).exp() * steps / 2
    return torch.cat((middle - half, middle + half), dim=-1)


def overlaps(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Intersection over union of each of ``a`` (N x 4) with each of ``b`` (M x 4): N x M."""
    low, high = torch.maximum(a[:, None, :2], b[None, :, :2]), torch.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = (high - low).clamp(min=0).prod(2)
    area_a, area_b = (a[:, 2:] - a[:, :2]).prod(1), (b[:, 2:] - b[:, :2]).prod(1)
    return shared / (area_a[:, None] + area_b[None] - shared).clamp(min=1e-6)


def loss(rows: torch.Tensor, boxes: list[torch.Tensor], kinds: list[torch.Tensor], side: int) -> torch.Tensor:
    """Of answers N x cells x 9 to square pictures, given each picture's boxes (n x 4) and kinds (n)."""
    places, steps = cells(side, side)
    found = decode(rows, places, steps)
    objects, care = torch.zeros(rows.shape[:2]), torch.ones(rows.shape[:2])
    boxes_lost = rows.new_zeros(())
    kinds_lost = rows.new_zeros(())
    count = 0
    for i, (wanted, kind) in enumerate(zip(boxes, kinds, strict=True)):
        middles = (places + 0.5) * steps
        care[i] -= _inside(middles, wanted[kind == IGNORED]).any(1).float()
        wanted, kind = wanted[kind != IGNORED], kind[kind != IGNORED]
        if not len(wanted):
            continue
        cell, which, fit = assign(rows[i].detach(), found[i].detach(), wanted, kind, middles, steps)
        count += len(cell)
        objects[i, cell], care[i, cell] = 1.0, 1.0
        overlap = _paired(found[i, cell], wanted[which])
        boxes_lost = boxes_lost + (1 - overlap**2).sum()
        known = kind[which] >= 0
        target = functional.one_hot(kind[which][known], len(KINDS)) * fit[known, None]
        kinds_lost = kinds_lost + functional.binary_cross_entropy_with_logits(
            rows[i, cell[known], 5:], target, reduction="sum"
        )
    objects_lost = functional.binary_cross_entropy_with_logits(rows[..., 4], objects, care, reduction="sum")
    return (5 * boxes_lost + objects_lost + kinds_lost) / max(1, count)


def assign(
    rows: torch.Tensor,
    found: torch.Tensor,
    wanted: torch.Tensor,
    kind: torch.Tensor,
    middles: torch.Tensor,
    steps: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Cells that answer for a box, which box, and how well they fit it now: each box gets its cheapest few cells."""
    centre = (wanted[:, :2] + wanted[:, 2:]) / 2
    near = ((middles[:, None] - centre[None]).abs() < RADIUS * steps[:, None]).all(2)
    (candidates,) = near.any(1).nonzero(as_tuple=True)
    near = near[candidates]
    fit = overlaps(found[candidates], wanted)
    object_, kinds = rows[candidates, 4].sigmoid(), rows[candidates, 5:].sigmoid()
    score = (object_[:, None] * kinds).sqrt()
    target = functional.one_hot(kind.clamp(min=0), len(KINDS)).float()
    lost = functional.binary_cross_entropy(
        score[:, None].expand(-1, len(wanted), -1), target[None].expand(len(candidates), -1, -1), reduction="none"
    ).sum(2)
    lost[:, kind < 0] = -object_.clamp(min=1e-6).log()[:, None]
    cost = lost - 3 * (fit + 1e-8).log() + 1e6 * ~near
    chosen = torch.zeros_like(near)
    share = (fit * near).topk(min(TOP, len(candidates)), dim=0).values.sum(0).int().clamp(min=1)
    for box, cells_wanted in enumerate(share.tolist()):
        chosen[cost[:, box].topk(min(cells_wanted, len(candidates)), largest=False).indices, box] = True
    chosen &= near
    cell, which = cost.masked_fill(~chosen, torch.inf).min(1)
    kept = cell.isfinite()
    return candidates[kept], which[kept], fit[kept, which[kept]]


def _paired(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    shared = (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])).clamp(min=0).prod(1)
    whole = (a[:, 2:] - a[:, :2]).prod(1) + (b[:, 2:] - b[:, :2]).prod(1) - shared
    return shared / whole.clamp(min=1e-6)


def _inside(points: torch.Tensor, boxes: torch.Tensor) -> torch.Tensor:
    return ((points[:, None] >= boxes[None, :, :2]) & (points[:, None] <= boxes[None, :, 2:])).all(2)
