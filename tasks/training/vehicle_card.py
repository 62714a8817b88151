"""Writes what the vehicle detector is, where it comes from and how far it can be trusted."""

import hashlib
import json
from pathlib import Path
from typing import Any

from tasks.training.vehicle_data import Scenes
from tasks.training.vehicle_net import KINDS

LICENCES = {
    "highway_tidar": "CC BY 4.0",
    "openimages_vehicles": "annotations CC BY 4.0, pictures CC BY 2.0",
    "atl_traffic": "CC BY 4.0",
    "vehicle_1class_farzad": "CC BY 4.0",
    "vsb_ostrava": "no statement by its source",
    "pklot_pucpr": "PKLot, CC BY 4.0",
    "pklot_ufpr05": "PKLot, CC BY 4.0",
}

ATTRIBUTION = (
    "Training begins from the weights of YOLOX-nano, Copyright (c) Megvii Inc., Apache-2.0, "
    "https://github.com/Megvii-BaseDetection/YOLOX, trained on COCO. Changed: 4 classes of 80, trained further."
)

LIMITS = (
    "The share of the way, the length of training and the weights of the sources were chosen by the sources left out: "
    "expect a little less elsewhere.",
    "Vehicles smaller than about 12 pixels in a picture brought to 480 pixels are often missed; look at such pictures "
    "in tiles.",
    "Kinds are less sure than boxes: vans, minibuses and ambulances are cars to some labellers, trucks to others; far "
    "away nearly all is a car, buses and trucks too.",
    "At night the glow around rear lamps widens boxes; vehicles that fill the picture or are cut by its edge, and "
    "parked rows that hide each other, get loose or double boxes.",
    "From straight above (car parks from a roof or the air) kinds are guesses and parked rows are found in part.",
    "Night was mostly made by darkening day pictures. Trailers, tractors and tricycles are none of the four kinds.",
)


def write_card(
    model: Path,
    begin: Path,
    scenes: Scenes,
    stages: list[dict[str, Any]],
    figures: dict[str, dict[str, Any]],
    share: float,
) -> None:
    """``vehicles.json`` and ``vehicles.md`` beside the model; ``figures`` by net, then by set."""
    data = model.read_bytes()
    card = {
        "file": model.name,
        "sha256": hashlib.sha256(data).hexdigest(),
        "file_bytes": len(data),
        "licence": "Apache-2.0, the data's own statements below",
        "attribution": ATTRIBUTION,
        "begun_with": {"file": begin.name, "sha256": hashlib.sha256(begin.read_bytes()).hexdigest()},
        "data": {"sha256": scenes.digest.hexdigest(), "train": scenes.counts(), "licences": LICENCES},
        "stages": stages,
        "share_of_the_way": share,
        "figures": figures,
        "limits": LIMITS,
    }
    model.with_suffix(".json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    model.with_suffix(".md").write_text(_text(card), encoding="utf-8")


def _text(card: dict[str, Any]) -> str:
    figures = card["figures"]
    return "\n".join(
        [
            f"# {card['file']}: where are vehicles, and of which kind?",
            "",
            f"YOLOX-nano's network with four classes ({', '.join(KINDS)}), {card['file_bytes']:,} bytes. It gets the",
            "whole picture brought to 480 pixels; `tasks/vision/vehicles/` decodes its answer.",
            "",
            *_wrapped(card["attribution"]),
            f"Begun with `{card['begun_with']['file']}`, SHA-256",
            f"`{card['begun_with']['sha256']}`, which is not in this repository.",
            "",
            "## How good it is",
            "",
            "Average precision at IoU 0.5 through the product's own finder, on pictures kept out of training.",
            "",
            "**Sources never seen**: the same training without any picture of these two.",
            "",
            *_table(figures, "left_out", ("atl_traffic", "vehicle_1class_farzad")),
            "",
            "**Other pictures of sources that were seen**: the valid splits (and atl_traffic's test split).",
            "",
            *_table(figures, "shipped", ("highway_tidar", "openimages_vehicles", "atl_traffic")),
            "",
            "Open Images marks only some of a picture's vehicles: right answers count as wrong there, most of all for",
            "cars and for any kind.",
            "",
            "## Limits",
            "",
            *(line for limit in card["limits"] for line in _wrapped(limit, "- ")),
            "",
            "## Data",
            "",
            f"SHA-256 over all files in reading order: `{card['data']['sha256']}`. None of it is in this repository.",
            "Only train splits. What YOLOX-nano itself sees at two sizes fills gaps of the labels: vehicles that Open",
            "Images does not mark, kinds of `vehicle_1class_farzad`, vehicles on tiles of car park frames.",
            "",
            "| set | pictures | " + " | ".join((*KINDS, "kind unknown", "not counted")) + " | licence statement |",
            "|---|" + "---|" * 8,
            *(
                f"| {source} | {' | '.join(map(str, counts.values()))} | {LICENCES[source]} |"
                for source, counts in card["data"]["train"].items()
            ),
            "",
            "## Training",
            "",
            "`python -m tasks.training.vehicles --data DATA --out tasks/vision/models` with the package's `training`",
            "extra; about an hour of one CPU core. Two stages, the first without the sources that judge; the second",
            f"once with and once without them. The weights shipped lie {card['share_of_the_way']:g} of the way from",
            "those begun with.",
            "",
            *(f"- `{json.dumps(stage)}`" for stage in card["stages"]),
            "",
            f"Licence of the file: {card['licence']}.",
            "",
        ]
    )


def _table(figures: dict[str, dict[str, Any]], ours: str, sources: tuple[str, ...]) -> list[str]:
    head = ["| set | net | mean | " + " | ".join(KINDS) + " | any kind | count off by |", "|---|" + "---|" * 8]
    names = {ours: "**ours**", "begun_with": "YOLOX-nano"}
    for source in sources:
        for net, name in names.items():
            row = figures[net][source]
            shares = [row["ap50_mean"], *(row["ap50"].get(kind) for kind in KINDS), row["ap50_any_kind"]]
            cells = " | ".join("" if share is None else f"{share:.3f}" for share in shares)
            head.append(f"| {source} ({row['pictures']}) | {name} | {cells} | {row['count_error']:.2f} |")
    return head


def _wrapped(text: str, mark: str = "") -> list[str]:
    """Lines of at most 118 characters."""
    lines, line = [], mark
    for word in text.split():
        if len(line) + len(word) > 117:
            lines.append(line.rstrip())
            line = " " * len(mark)
        line += word + " "
    return [*lines, line.rstrip()]
