"""Trains and exports the recogniser: ``python -m tasks.training.plate_reader --data DATA --out tasks/vision/models``.

PP-OCRv6's small recogniser, as the rapidocr 3.10.0 wheel ships it, learns plates: whole boxes as the finder cuts them,
with states, slogans, stickers and frames in them, and "nothing" where there is no plate (CTC, Graves et al., 2006).
The odd-numbered pictures and UCSD's are never read, so that they measure it.
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

import cv2
import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn import functional

from parkhub.domain.plate_looks import HEIGHT_PX, WIDTH_PX
from parkhub.domain.plates import fold
from tasks.training.plate_fonts import Fonts, find_fonts
from tasks.training.plate_reader_net import CHARACTERS, ReaderNet, load, source
from tasks.training.plate_strips import LETTERING, PLATES, Given, Mix, Plate, cut, draw, read

FILE = "plates_read.onnx"
HALVED_MIN = 1000  # numbers in a tensor that is stored in 16 bits


@dataclass(frozen=True)
class Settings:
    """All that decides what a stage makes of the net, the data aside."""

    seed: int = 1
    steps: int = 2600
    batch: int = 32
    rate: float = 5e-4
    decay: float = 1e-2
    follow: float = 0.004  # of each step, in the averaged net that is kept
    mix: Mix = PLATES


STAGES = (Settings(), Settings(seed=2, steps=1400, rate=3e-4, mix=LETTERING))
"""First what plates say, then, from the averaged net, more of what is none."""
TOWARDS = 0.65  # the second stage, which leaves more lettering alone and reads plates of two lines worse


class Exported(nn.Module):
    """The net with chances 0..1 as its answer."""

    def __init__(self, net: ReaderNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, strips: torch.Tensor) -> torch.Tensor:
        """What the class says."""
        return self.net(strips).exp()


def batches(given: Given, fonts: Fonts, settings: Settings) -> Iterator[tuple[torch.Tensor, list[str]]]:
    """Strips and what they say, for ever; the same for the same seed."""
    random = np.random.default_rng(settings.seed)
    while True:
        strips, texts = zip(*(draw(given, fonts, random, settings.mix) for _ in range(settings.batch)), strict=True)
        yield torch.from_numpy(np.stack(strips)), list(texts)


def loss(answer: torch.Tensor, texts: list[str]) -> torch.Tensor:
    """Connectionist temporal classification, mean over the strips."""
    letters = torch.tensor([1 + CHARACTERS.index(c) for text in texts for c in text], dtype=torch.long)
    lengths = torch.tensor([len(text) for text in texts])
    columns = torch.full((len(texts),), answer.shape[1])
    losses = functional.ctc_loss(
        answer.float().transpose(0, 1), letters, columns, lengths, reduction="none", zero_infinity=True
    )
    return (losses / lengths.clamp(min=1)).mean()


def train(net: ReaderNet, given: Given, fonts: Fonts, settings: Settings, out: Path, minutes_max: float) -> ReaderNet:
    """The averaged net; stops early, with its rate brought down, when time is up."""
    kept = ReaderNet()
    kept.load_state_dict(net.state_dict())
    optimiser = torch.optim.AdamW(net.parameters(), lr=settings.rate, weight_decay=settings.decay)
    start, total = time.monotonic(), 0.0
    for step, (strips, texts) in enumerate(batches(given, fonts, settings)):
        done = max(step / settings.steps, (time.monotonic() - start) / 60 / minutes_max)
        if done >= 1:
            break
        for group in optimiser.param_groups:
            group["lr"] = settings.rate * min(1, (step + 1) / 100) * (0.5 + 0.5 * np.cos(np.pi * done))
        with torch.autocast("cpu", torch.bfloat16):
            answer = net(strips)
        value = loss(answer, texts)
        optimiser.zero_grad()
        value.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        follow = max(settings.follow, 1 / (step + 2))
        with torch.no_grad():
            for old, new in zip(kept.parameters(), net.parameters(), strict=True):
                old.lerp_(new, follow)
        total += float(value.detach())
        if step % 50 == 49:
            print(f"step {step + 1} loss {total / 50:.3f} {time.monotonic() - start:.0f} s", flush=True)
            total = 0.0
        if step % 300 == 299:
            export(kept, out)
            print(f"held back {held_back_right(out, given.held)}", flush=True)
    return kept


def between(first: ReaderNet, second: ReaderNet, towards: float) -> ReaderNet:
    """A net whose weights lie on the way from one to the other (Wortsman et al., 2022, arXiv 2109.01903)."""
    kept = ReaderNet()
    kept.load_state_dict(second.state_dict())
    with torch.no_grad():
        for new, old in zip(kept.parameters(), first.parameters(), strict=True):
            new.lerp_(old, 1 - towards)
    return kept


def held_back_right(path: Path, held: list[Plate]) -> dict[str, float]:
    """Share of the held-back plates that the file reads right in one look, look-alikes folded, large and small."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    right = {}
    for name, width in (("large", 0), ("64 px wide", 64)):
        strips = np.stack([cut(shrunk(plate, width)) for plate in held])
        (answer,) = session.run(None, {"strips": strips})
        texts = [_greedy(rows) for rows in answer]
        right[name] = sum(fold(a) == fold(plate.text) for a, plate in zip(texts, held, strict=True)) / len(held)
    return {name: round(share, 4) for name, share in right.items()}


def shrunk(plate: Plate, width: int) -> Plate:
    """The plate with so few pixels across, or as it is for 0."""
    scale = width / float(np.linalg.norm(plate.corners[1] - plate.corners[0])) if width else 1.0
    if scale >= 1:
        return plate
    small = cv2.resize(plate.picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return Plate(np.asarray(small), (plate.corners * scale).astype(np.float32), plate.text)


def _greedy(rows: Any) -> str:
    best = rows.argmax(axis=1)
    return "".join(CHARACTERS[c - 1] for i, c in enumerate(best) if c and (i == 0 or best[i - 1] != c))


def export(net: ReaderNet, path: Path) -> None:
    """Write the file, weights in 16 bits; raises ValueError when it answers differently from torch."""
    net.eval()
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns of its successor, which needs a package more
        torch.onnx.export(
            Exported(net),
            (torch.zeros((2, HEIGHT_PX, WIDTH_PX, 3), dtype=torch.uint8),),
            str(path),
            input_names=["strips"],
            output_names=["chances"],
            dynamic_axes={"strips": {0: "n"}, "chances": {0: "n"}},
            opset_version=18,
            dynamo=False,
        )
    model = onnx.load(str(path))
    halve(model)
    helper.set_model_props(model, {"characters": CHARACTERS})
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    strips = np.random.default_rng(0).integers(0, 256, (4, HEIGHT_PX, WIDTH_PX, 3), np.uint8)
    (answer,) = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(
        None, {"strips": strips}
    )
    with torch.no_grad():
        wanted = net(torch.from_numpy(strips)).exp().numpy()
    if not np.allclose(answer, wanted, atol=2e-2):
        raise ValueError(f"torch and ONNX differ by up to {np.abs(answer - wanted).max():.5f}")


def halve(model: Any) -> None:
    """Store large tensors in 16 bits; they are brought back to 32 when the file is opened."""
    graph = model.graph
    for tensor in list(graph.initializer):
        values = numpy_helper.to_array(tensor)
        if tensor.data_type == TensorProto.FLOAT and values.size >= HALVED_MIN:
            name = tensor.name
            tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_16"))
            graph.node.insert(0, helper.make_node("Cast", [f"{name}_16"], [name], to=TensorProto.FLOAT))


def main() -> None:
    """Read the command line, train, export, write the card's figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--start", type=Path, help="PP-OCRv6's small recogniser, by default the installed rapidocr's")
    parser.add_argument("--fonts", type=Path, nargs="+", default=[Path("/usr/share/fonts")], help="folders of fonts")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, nargs=len(STAGES), default=[stage.steps for stage in STAGES])
    parser.add_argument("--minutes-max", type=float, nargs=len(STAGES), default=[1e9] * len(STAGES))
    args = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    stages = [replace(stage, steps=steps) for stage, steps in zip(STAGES, args.steps, strict=True)]
    given, fonts = read(args.data), find_fonts(args.fonts)
    start = source(args.start)
    net = ReaderNet()
    load(net, start)
    path = args.out / FILE
    nets = [net]
    for settings, minutes_max in zip(stages, args.minutes_max, strict=True):
        torch.manual_seed(settings.seed)
        nets.append(train(nets[-1].train(), given, fonts, settings, path, minutes_max))
    net = between(*nets[1:], TOWARDS)
    export(net, path)
    card = {
        "file": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "file_bytes": path.stat().st_size,
        "parameters": sum(p.numel() for p in net.parameters()),
        "licence": "Apache-2.0, the data's own statements below",
        "started_from": {"file": start.name, "sha256": hashlib.sha256(start.read_bytes()).hexdigest()},
        "data": {"sha256": given.sha256, "openalpr_us_crops": len(given.crops), "backgrounds": len(given.backgrounds)}
        | {name: len(plates) for name, plates in given.scenes.items()},
        "fonts": {"files": len(fonts.fitting), "sha256": fonts.sha256()},
        "stages": [asdict(settings) for settings in stages],
        "minutes_max": args.minutes_max,
        "towards_the_second": TOWARDS,
        "held_back": {"plates": len(given.held), "right_in_one_look": held_back_right(path, given.held)},
    }
    path.with_suffix(".json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
