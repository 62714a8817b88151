"""Trains and exports the vehicle detector: ``python -m tasks.training.vehicles --data DATA --out tasks/vision/models``.

Training begins from YOLOX-nano's weights, first without two sources, then goes on twice: again without them, so that
they can judge, and with all, which is shipped. What is kept lies half way between the net begun with and the net
reached, which carries furthest to sources never seen (Wortsman et al., 2022, arXiv 2109.01903).
"""

import argparse
import copy
import tempfile
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import nn

from tasks.training.vehicle_augment import Deck, draw
from tasks.training.vehicle_card import write_card
from tasks.training.vehicle_data import Scene, read
from tasks.training.vehicle_export import export
from tasks.training.vehicle_loss import loss
from tasks.training.vehicle_net import VehicleNet, begin_from
from tasks.training.vehicle_score import measure

LEFT_OUT = ("atl_traffic", "vehicle_1class_farzad")
SHARE = 0.5  # of the way from the net begun with to the one reached


@dataclass(frozen=True)
class Settings:
    """All that decides what the net becomes, the data and the net it begins from aside."""

    seed: int = 1
    steps: int = 500
    fall: int = 2400  # steps in which the rate would fall to its last value
    batch: int = 16
    rate: float = 6e-4
    decay: float = 1e-2
    sides_px: tuple[int, ...] = (320, 352, 384, 416, 448, 512)
    mosaic: float = 0.6  # share of pictures that are made of four
    plain_last: float = 0.15  # of the fall, at its end: no such pictures
    follow: float = 0.003  # of each step, in the averaged net that is kept
    weights: dict[str, float] = field(
        default_factory=lambda: {
            "highway_tidar": 0.26,
            "openimages_vehicles": 0.36,
            "atl_traffic": 0.18,
            "vehicle_1class_farzad": 0.12,
            "vsb_ostrava": 0.03,
            "pklot_pucpr": 0.02,
            "pklot_ufpr05": 0.03,
        }
    )


FIRST = Settings()
SECOND = Settings(seed=2, steps=800, fall=800, rate=4e-4, sides_px=(320, 352, 384, 416, 448, 480))


def train(scenes: dict[str, list[Scene]], begin: VehicleNet, settings: Settings) -> VehicleNet:
    """The averaged net. The part up to stride 8 stays as it began: it has seen far more pictures than are here."""
    torch.manual_seed(settings.seed)
    random = np.random.default_rng(settings.seed)
    net = copy.deepcopy(begin).to(memory_format=torch.channels_last)
    kept = copy.deepcopy(net)
    for part in (net.stem, net.to_4, net.to_8):
        part.requires_grad_(False)
    learnt = [weight for weight in net.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(learnt, lr=settings.rate, weight_decay=settings.decay)
    deck = Deck(scenes, settings.weights)
    start, total = time.monotonic(), 0.0
    for step in range(settings.steps):
        done = step / settings.fall
        for group in optimiser.param_groups:
            group["lr"] = settings.rate * min(1, (step + 1) / 100) * (0.03 + 0.97 * (0.5 + 0.5 * np.cos(np.pi * done)))
        mosaic = settings.mosaic if done < 1 - settings.plain_last else 0.0
        value = _cost(net, deck, settings, mosaic, random)
        optimiser.zero_grad()
        value.backward()
        nn.utils.clip_grad_norm_(learnt, 10.0)
        optimiser.step()
        follow = max(settings.follow, 1 / (step + 2))
        with torch.no_grad():
            for old, new in zip(kept.parameters(), net.parameters(), strict=True):
                old.lerp_(new, follow)
        total += float(value.detach())
        if step % 50 == 49:
            print(f"step {step + 1} loss {total / 50:.3f} {time.monotonic() - start:.0f} s", flush=True)
            total = 0.0
    return kept


def _cost(net: VehicleNet, deck: Deck, settings: Settings, mosaic: float, random: np.random.Generator) -> torch.Tensor:
    """The loss over one batch of freshly drawn pictures, all of one size."""
    side = int(random.choice(settings.sides_px))
    drawn = [draw(deck, side, mosaic, random) for _ in range(settings.batch)]
    pictures = torch.from_numpy(np.stack([scene.picture for scene in drawn])).permute(0, 3, 1, 2).float()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        with torch.no_grad():
            at_8 = net.features(pictures)
        rows = net.rest(at_8)
    boxes = [torch.from_numpy(np.ascontiguousarray(scene.boxes)).float() for scene in drawn]
    return loss(rows.float(), boxes, [torch.from_numpy(scene.kinds) for scene in drawn], side)


def between(begin: VehicleNet, end: VehicleNet, share: float) -> VehicleNet:
    """The net whose weights lie ``share`` of the way from one net's to the other's."""
    net = copy.deepcopy(begin)
    with torch.no_grad():
        for weight, wanted in zip(net.parameters(), end.parameters(), strict=True):
            weight.lerp_(wanted, share)
    return net


def main() -> None:
    """Read the command line, train, export, measure, write the card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--begin", type=Path, help="an exported YOLOX-nano; default: the one in the data")
    parser.add_argument("--steps", type=float, default=1.0, help="share of the steps, for a trial")
    args = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    stages = [
        replace(stage, steps=max(1, round(stage.steps * args.steps)), fall=max(1, round(stage.fall * args.steps)))
        for stage in (FIRST, SECOND)
    ]
    beginning = args.begin or args.data / "parking" / "models" / "yolox_nano.onnx"
    begin = begin_from(beginning)
    scenes = read(args.data, begin)
    some = {source: given for source, given in scenes.by_source.items() if source not in LEFT_OUT}
    first = train(some, begin, stages[0])
    judged, shipped = train(some, first, stages[1]), train(scenes.by_source, first, stages[1])
    path = args.out / "vehicles.onnx"
    export(between(begin, shipped, SHARE), path)
    with tempfile.TemporaryDirectory() as folder:
        left_out = Path(folder) / "left_out.onnx"
        export(between(begin, judged, SHARE), left_out)
        figures = {"left_out": measure(left_out, args.data), "shipped": measure(path, args.data)}
    figures["begun_with"] = measure(beginning, args.data)
    write_card(path, beginning, scenes, [asdict(stage) for stage in stages], figures, SHARE)


if __name__ == "__main__":
    main()
