"""Writes what a model is, where it comes from and how far it can be trusted, for people and for programs."""

import hashlib
import json
from pathlib import Path
from typing import Any

from tasks.training.net import SpotNet

LICENCES = {
    "vsb_ostrava": "no statement by its source",
    "pklot_pucpr": "PKLot, CC BY 4.0",
    "pklot_ufpr05": "PKLot, CC BY 4.0",
    "umass_townhall": "no statement by its source; noisy labels, little weight",
    "devora_topview": "no statement by its source",
    "dwivedi_aerial": "MIT",
    "minipk_mix": "no statement by its source; may overlap PKLot, left out of the PKLot folds",
    "atl_traffic": "CC BY 4.0; made-up spots under and beside vehicle boxes",
    "vehicle_1class_farzad": "CC BY 4.0; made-up spots under and beside vehicle boxes",
    "openimages_vehicles": "annotations CC BY 4.0, pictures CC BY 2.0; made-up spots under and beside vehicle boxes",
    "simulated_camera": "ours: rendered by `parkhub-node simulate`",
    "highway_tidar": "CC BY 4.0; made-up spots under and beside vehicle boxes",
}

LIMITS = (
    "Crops, augmentation and length of training were chosen by the very folds above: expect a little less elsewhere.",
    "Each fold is trained once; other seeds moved their mean by up to 0.8 points and a single fold by up to 1.4.",
    "Judged on three lots in two countries by day, dusk and some night; no snow, heavy rain or fisheye was seen.",
    "Night is hardly measured: the dark pictures of the lots hold nine vehicles in all. What it misses there is "
    "vehicles; free ground is hardly ever taken for one.",
    "A place darker than 12 of 255 on average, or half blown out, is never called free but unknown: pictures made so "
    "hid vehicles, and free was said surely and wrongly. A vehicle that is found there counts.",
    "Something flat before a single place is not noticed without earlier pictures: it passes for ground or for a roof.",
    "Spots of 16 pixels cost a point or two, on vsb_ostrava seven; under 9 pixels on its longer side one is unknown.",
    "The polygon must mark the ground of one place. A tall vehicle in front can hide a free place: it seems occupied.",
    "Lorries and vans seen from straight above, above all across several places, may be taken for bare ground.",
    "Anything vehicle-like counts: a trailer or a skip is occupied; a motorcycle in a car's place may be missed.",
    "A lot's own last layer helps where errors repeat from day to day, as on vsb_ostrava, and not on pklot_ufpr05.",
)


def write_card(
    model: Path,
    net: SpotNet,
    about: dict[str, Any],
    settings: dict[str, Any],
    window: dict[str, Any],
    calibration: dict[str, float],
    folds: dict[str, dict[str, float]],
    seen: dict[str, dict[str, float]],
) -> None:
    """``spots.json`` and ``spots.md`` beside the model."""
    data = model.read_bytes()
    mean = round(sum(row["balanced_accuracy"] for row in folds.values()) / len(folds), 4)
    card = {
        "file": model.name,
        "sha256": hashlib.sha256(data).hexdigest(),
        "file_bytes": len(data),
        "parameters": sum(parameter.numel() for parameter in net.parameters()),
        "licence": "Apache-2.0, the data's own statements below",
        "data": about | {"licences": {name: LICENCES[name] for name in about["samples"]}},
        "window": window,
        "settings": settings,
        "calibration": calibration,
        "left_out": folds,
        "left_out_mean_balanced_accuracy": mean,
        "seen_in_training": seen,
        "limits": LIMITS,
    }
    model.with_suffix(".json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    model.with_suffix(".md").write_text(_text(card), encoding="utf-8")


def _text(card: dict[str, Any]) -> str:
    lines = [
        f"# {card['file']}: is a vehicle standing on this spot?",
        "",
        f"A small convolutional network ({card['parameters']:,} parameters, {card['file_bytes']:,} bytes). It gets one",
        f"crop per spot ({card['window']['side_px']} pixels a side, the spot upright, its polygon marked in a fourth",
        "channel) and answers one logit, above 0 means occupied, and the features that its last layer weighs. That",
        "layer can be fitted anew to a lot (`tasks/vision/adaptation.py`). Geometry, temperature and layer are in it.",
        "",
        "## How good it is",
        "",
        "Balanced accuracy on a lot that was left out of training and calibration, through the product's own engine",
        "(unknown counts as wrong):",
        "",
        "| lot left out | balanced accuracy | free found | occupied found | calibration error | unknown |",
        "|---|---|---|---|---|---|",
        *(_row(lot, row) for lot, row in card["left_out"].items()),
        f"| **mean** | **{card['left_out_mean_balanced_accuracy']:.4f}** | | | | |",
        "",
        "The shipped file was trained on all three lots, so these figures say only that it is the right file:",
        "",
        "| lot, seen in training | balanced accuracy | free found | occupied found | calibration error | unknown |",
        "|---|---|---|---|---|---|",
        *(_row(lot, row) for lot, row in card["seen_in_training"].items()),
        "",
        "## Limits",
        "",
        *(f"- {limit}" for limit in card["limits"]),
        "",
        "## Data",
        "",
        f"SHA-256 over all files in reading order: `{card['data']['sha256']}`. None of it is in this repository.",
        "",
        "| set | free | occupied | licence statement |",
        "|---|---|---|---|",
        *(
            f"| {name} | {free} | {occupied} | {card['data']['licences'][name]} |"
            for name, (free, occupied) in card["data"]["samples"].items()
        ),
        "",
        "## Training",
        "",
        "`python -m tasks.training.spots --data DATA --out tasks/vision/models` with the package's `training` extra;",
        "two CPU cores suffice. Settings:",
        "",
        f"`{json.dumps(card['settings'])}`",
        "",
        f"Crops: `{json.dumps(card['window'])}`.",
        f"Calibration on the left-out lots: `{json.dumps(card['calibration'])}`.",
        "",
        f"Licence of the file: {card['licence']}.",
        "",
    ]
    return "\n".join(lines)


def _row(lot: str, row: dict[str, float]) -> str:
    shares = ("balanced_accuracy", "recall_free", "recall_occupied", "calibration_error")
    return f"| {lot} | " + " | ".join(f"{row[key]:.4f}" for key in shares) + f" | {row['unknown']:g} |"
