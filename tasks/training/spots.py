"""Trains, judges and exports the spot classifier.

``python -m tasks.training.spots --data DATA --out tasks/vision/models``: about twenty minutes on two cores.

It is judged by leaving a whole lot out, three times: a net that has never seen the lot, calibrated on the other folds
only, looks at it through the product's own engine. The shipped net is then trained on everything.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch.nn import functional

from parkhub.domain.spots import SpotShape, SpotState
from tasks.training.augment import Weather, jitter
from tasks.training.card import write_card
from tasks.training.data import LABELLED, LOTS, MADE, PATCHES, ROADS, DataSet, load
from tasks.training.export import export
from tasks.training.net import SpotNet
from tasks.vision.classifier import ClassifierEngine
from tasks.vision.crops import Window, mark, matrix, warp
from tasks.vision.engine import decode_for

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Settings:
    """All that decides what a net becomes, the data aside."""

    seed: int = 1
    epochs: int = 12
    per_epoch: int = 6000
    batch: int = 128
    rate: float = 3e-3
    decay: float = 1e-2
    follow: float = 0.01  # of each step, in the averaged net that is kept
    soften: float = 0.03  # labels are not fully trusted
    lots: float = 0.4  # shares of what is drawn
    roads: float = 0.42
    patches: float = 0.1
    made: float = 0.08
    labelled: float = 0.1  # where labelled sets are given
    labelled_sets: tuple[str, ...] = ()
    lean: tuple[tuple[str, float], ...] = (
        ("umass_townhall", 0.2),
        ("highway_tidar", 0.3),
        ("openimages_vehicles", 0.4),
    )


def shares(data: DataSet, settings: Settings) -> Array:
    """How likely each sample is drawn: sources by their share, both classes of each source equally."""
    kinds = {name: kind for kind in (LOTS, PATCHES, ROADS, (MADE,), (LABELLED,)) for name in kind}
    of = {LOTS: settings.lots, PATCHES: settings.patches, ROADS: settings.roads, (MADE,): settings.made}
    of[(LABELLED,)] = settings.labelled
    lean = dict(settings.lean)
    groups: dict[tuple[str, bool], list[int]] = {}
    for index, sample in enumerate(data.samples):
        groups.setdefault((sample.source, sample.occupied), []).append(index)
    sources = {source for source, _ in groups}
    weights = np.zeros(len(data.samples))
    for (source, _), indices in groups.items():
        whole = sum(lean.get(name, 1.0) for name in sources if kinds[name] is kinds[source])
        weights[indices] = of[kinds[source]] * lean.get(source, 1.0) / whole / 2 / len(indices)
    drawn: Array = weights / weights.sum()
    return drawn


def train(data: DataSet, window: Window, settings: Settings, name: str) -> SpotNet:
    """One net, the same for the same data and settings on the same machine."""
    torch.manual_seed(settings.seed)
    random, weather = np.random.default_rng(settings.seed), Weather(settings.seed)
    net, kept = SpotNet(), SpotNet()
    kept.load_state_dict(net.state_dict())
    steps = settings.per_epoch // settings.batch
    optimiser = torch.optim.AdamW(net.parameters(), lr=settings.rate, weight_decay=settings.decay)
    plan = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, settings.rate, total_steps=settings.epochs * steps + 1, pct_start=0.15
    )
    drawn = shares(data, settings)
    for epoch in range(settings.epochs):
        net.train()
        total = 0.0
        for _ in range(steps):
            chosen = random.choice(len(drawn), settings.batch, p=drawn)
            occupied = torch.tensor([data.samples[i].occupied for i in chosen])
            crops = weather(disturbed(data, chosen, window, random), occupied)
            wanted = occupied.float() * (1 - 2 * settings.soften) + settings.soften
            loss = functional.binary_cross_entropy_with_logits(net(crops)[0], wanted)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            plan.step()
            total += loss.item()
            average(kept, net, settings.follow)
        print(f"{name}: epoch {epoch + 1} of {settings.epochs}, loss {total / steps:.4f}", flush=True)
    return kept.eval()


@torch.no_grad()
def average(kept: SpotNet, net: SpotNet, follow: float) -> None:
    """Let the kept net follow the trained one."""
    for old, new in zip(kept.state_dict().values(), net.state_dict().values(), strict=True):
        if old.dtype.is_floating_point:
            old.lerp_(new, follow)
        else:
            old.copy_(new)


def disturbed(data: DataSet, chosen: Sequence[int], window: Window, random: np.random.Generator) -> torch.Tensor:
    """Crops of samples, each laid a little differently."""
    batch = np.empty((len(chosen), window.side_px, window.side_px, 4), np.uint8)
    for crop, index in zip(batch, chosen, strict=True):
        sample = data.samples[index]
        polygon, whole = jitter(sample, window, random)
        warp(data.levels[sample.picture], whole, crop)
        crop[..., 3] = mark(polygon, whole, window.side_px)
    return torch.from_numpy(batch)


@torch.no_grad()
def logits(net: SpotNet, data: DataSet, window: Window) -> tuple[Array, Array]:
    """The net's answers to undisturbed samples, and the truth."""
    batch = np.empty((len(data.samples), window.side_px, window.side_px, 4), np.uint8)
    for crop, sample in zip(batch, data.samples, strict=True):
        whole = matrix(sample.polygon, window)
        warp(data.levels[sample.picture], whole, crop)
        crop[..., 3] = mark(sample.polygon, whole, window.side_px)
    answers = [net(torch.from_numpy(part))[0] for part in np.array_split(batch, max(1, len(batch) // 400))]
    return torch.cat(answers).numpy().astype(np.float64), np.array([s.occupied for s in data.samples])


def calibrate(answers: Sequence[tuple[Array, Array]]) -> float:
    """The temperature that makes the chances of held-out lots right: least balanced cross-entropy, lots alike.

    No bias is fitted: what two lots ask for does not hold on a third (tried; it cost a point and more).
    """

    def loss(temperature: float) -> float:
        total = 0.0
        for answer, truth in answers:
            wrong = np.logaddexp(0, np.where(truth, -answer, answer) / temperature)
            total += float(wrong[truth].mean() + wrong[~truth].mean())
        return total

    return round(float(min(np.arange(0.2, 2.51, 0.05), key=loss)), 3)


def judge(model: Path, folder: Path) -> dict[str, float]:
    """The exported file on one lot's frames, through the product's own decoding and engine; unknown is wrong."""
    engine = ClassifierEngine(model)
    right = {True: [0, 0], False: [0, 0]}
    unknown = 0
    gaps: list[tuple[float, bool]] = []
    for frame in json.loads((folder / "spots.json").read_text()):
        data = (folder / frame["image"]).read_bytes()
        height, width = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).shape[:2]
        spots = [
            SpotShape(str(i), tuple((x / width, y / height) for x, y in spot["polygon"]))
            for i, spot in enumerate(frame["spots"])
        ]
        for seen, spot in zip(
            engine.look(decode_for(engine, data, spots), spots).observations, frame["spots"], strict=True
        ):
            good = seen.state == (SpotState.OCCUPIED if spot["occupied"] else SpotState.FREE)
            right[spot["occupied"]][0] += good
            right[spot["occupied"]][1] += 1
            unknown += seen.state is SpotState.UNKNOWN
            gaps.append((seen.confidence, good))
    recalls = {name: right[key][0] / right[key][1] for name, key in (("recall_free", False), ("recall_occupied", True))}
    confidence, good = np.array(gaps).T
    bins = np.clip((confidence * 10).astype(int), 0, 9)
    gap = sum(abs(confidence[bins == b].mean() - good[bins == b].mean()) * (bins == b).mean() for b in set(bins))
    figures = {"balanced_accuracy": sum(recalls.values()) / 2} | recalls | {"calibration_error": gap}
    return {key: round(float(value), 4) for key, value in figures.items()} | {"unknown": unknown}


def fold(job: tuple[Path, str, Settings, Path]) -> tuple[Array, Array]:
    """Train without one lot (and without what may overlap it), keep the net, answer the lot's logits."""
    data_path, lot, settings, work = job
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    patches = [name for name in PATCHES if name != "minipk_mix" or not lot.startswith("pklot")]
    lots = [name for name in LOTS if name != lot]
    sets = [Path(each) for each in settings.labelled_sets]
    data = load(data_path, lots, patches, made=work / MADE, labelled=sets, seed=settings.seed)
    net = train(data, Window(), settings, f"without {lot}")
    torch.save(net.state_dict(), work / f"{lot}.pt")
    return held_out(data_path, lot, work)


def held_out(data_path: Path, lot: str, work: Path) -> tuple[Array, Array]:
    """What the kept net of a fold answers to the lot it has never seen."""
    return logits(saved(work / f"{lot}.pt"), load(data_path, [lot], [], []), Window())


def whole(job: tuple[Path, Settings, Path]) -> str:
    """Train on everything, keep the net, answer the data's hash and counts as JSON."""
    data_path, settings, work = job
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    sets = [Path(each) for each in settings.labelled_sets]
    data = load(data_path, made=work / MADE, labelled=sets, seed=settings.seed)
    torch.save(train(data, Window(), settings, "on everything").state_dict(), work / "all.pt")
    return json.dumps({"sha256": data.digest.hexdigest(), "samples": data.counts()})


def make_pictures(folder: Path) -> None:
    """A day of the simulated camera, rendered once; minutes of one core."""
    if (folder / "truth.jsonl").exists():
        return
    command = ["simulate", "--frames", "16", "--step", "75", "--seed", "7", "--out", str(folder)]
    subprocess.run([sys.executable, "-m", "camera_node", *command], check=True, stdout=subprocess.DEVNULL)


def saved(path: Path) -> SpotNet:
    """A net that was kept."""
    net = SpotNet()
    net.load_state_dict(torch.load(path, weights_only=True))
    return net.eval()


def main() -> None:
    """Read the command line; folds first, then the shipped net, then the card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with parking/")
    parser.add_argument("--out", type=Path, required=True, help="folder for spots.onnx and its card")
    parser.add_argument("--work", type=Path, default=Path("build/spots-training"), help="folder for the folds' nets")
    parser.add_argument(
        "--labelled",
        type=Path,
        action="append",
        default=[],
        help="unpacked labelled set of the console; repeatable",
    )
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=Settings.epochs)
    parser.add_argument("--per-epoch", type=int, default=Settings.per_epoch)
    parser.add_argument("--reuse", action="store_true", help="judge and export the nets in --work, train none")
    args = parser.parse_args()
    sets = tuple(str(folder) for folder in args.labelled)
    settings = replace(Settings(), epochs=args.epochs, per_epoch=args.per_epoch, labelled_sets=sets)
    args.work.mkdir(parents=True, exist_ok=True)
    make_pictures(args.work / MADE)
    if args.reuse:
        answers = {lot: held_out(args.data, lot, args.work) for lot in LOTS}
        data = load(args.data, made=args.work / MADE, labelled=args.labelled, seed=settings.seed)
        about = {"sha256": data.digest.hexdigest(), "samples": data.counts()}
    else:
        with ProcessPoolExecutor(args.processes) as pool:
            jobs = pool.map(fold, [(args.data, lot, settings, args.work) for lot in LOTS])
            everything = pool.submit(whole, (args.data, settings, args.work))
            answers = dict(zip(LOTS, jobs, strict=True))
            about = json.loads(everything.result())
    folds = {}
    for lot in LOTS:
        temperature = calibrate([answers[other] for other in LOTS if other != lot])
        model = args.work / f"{lot}.onnx"
        export(saved(args.work / f"{lot}.pt"), Window(), temperature, model)
        folds[lot] = judge(model, args.data / "parking" / "frames" / lot)
        print(f"left out {lot}: {folds[lot]}", flush=True)
    temperature = calibrate(list(answers.values()))
    model = args.out / "spots.onnx"
    net = saved(args.work / "all.pt")
    export(net, Window(), temperature, model)
    seen = {lot: judge(model, args.data / "parking" / "frames" / lot) for lot in LOTS}
    calibration = {"temperature": temperature}
    write_card(model, net, about, asdict(settings), asdict(Window()), calibration, folds, seen)
    print(f"wrote {model}", flush=True)


if __name__ == "__main__":
    main()
