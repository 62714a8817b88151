"""Vehicles by kind: ours beside YOLOX-nano and NanoDet on the same pictures, by the same command."""

import json
from pathlib import Path

from accuracy_setup import ROOT, Row, Setup, few, mean, read_jsonl, share, table

MODEL = ROOT / "tasks" / "vision" / "models" / "vehicles.onnx"
SETS = (("highway_tidar", ("valid",)), ("openimages_vehicles", ("valid",)), ("atl_traffic", ("valid", "test")))
KINDLESS = "vehicle_1class_farzad"
LEFT_OUT = "vehicles-without-atl_traffic-vehicle_1class_farzad.onnx"
BAR_KINDS, BAR_ANY, BYTES_MAX = 0.60, 0.75, 10_000_000
KINDS = ("car", "motorcycle", "bus", "truck")
OURS, UNSEEN = "ours", "ours, trained without atl_traffic and farzad"
PEERS = {"YOLOX-nano": "yolox_nano.onnx", "NanoDet-m": "nanodet_m_416.onnx"}


def measure(setup: Setup) -> Row:
    """Every figure of this section; ours only where the file is there."""
    models = {name: setup.data / "parking" / "models" / file for name, file in PEERS.items()}
    if (setup.left_out / LEFT_OUT).exists():
        models = {UNSEEN: setup.left_out / LEFT_OUT} | models
    if MODEL.exists():
        models = {OURS: MODEL} | models
    found: Row = {"bytes": MODEL.stat().st_size if MODEL.exists() else None, "sets": {}, "card": _card()}
    for name, splits in (*SETS, (KINDLESS, ("train",))):
        folder = setup.data / "parking" / "vehicles" / name
        index = [row for row in read_jsonl(folder / "index.jsonl") if row["split"] in splits]
        found["sets"][name] = {
            way: _score(setup, folder, index, model, f"{name}-{way.split(',')[0]}") for way, model in models.items()
        }
    return found


def _score(setup: Setup, folder: Path, index: list[Row], model: Path, name: str) -> Row:
    pictures = [folder / row["image"] for row in index]
    lines = setup.parkhub("vehicles", *pictures, "--model", model)
    row = setup.scored("vehicles", index, lines, name)
    return {key: row[key] for key in ("pictures", "ap50_any_kind", "ap50", "ap50_mean", "count_error", "median_ms")}


def _card() -> Row | None:
    card = MODEL.with_suffix(".json")
    return json.loads(card.read_text()) if card.exists() else None


def page(found: Row) -> list[str]:
    """The section of the page."""
    lines = [
        "## Vehicles by kind",
        "",
        "AP at an overlap of 0.5, all points, over the validation pictures (atl_traffic: validation and test; farzad",
        "has one split, whose vehicles have no kind). Count error: vehicles a picture counted too many or too few, of",
        "confidence 0.3 and more. The peers know COCO's kinds and saw none of these pictures that we know of.",
        "",
    ]
    rows = []
    for name, ways in found["sets"].items():
        for way, row in ways.items():
            kinds = [share(row["ap50"].get(kind)) for kind in KINDS]
            middle = share(row["ap50_mean"], BAR_KINDS if way.startswith("ours") else None)
            any_kind = share(row["ap50_any_kind"], BAR_ANY if way.startswith("ours") else None)
            errors = f"{row['count_error']['any']:.2f}"
            rows.append((name, row["pictures"], way, middle, *kinds, any_kind, errors))
    columns = ["set", "pictures", "model", "mean AP50", *KINDS, "any kind", "count error"]
    lines += table(columns, rows)
    main = [name for name, splits in SETS if name != "atl_traffic"]
    ways = list(dict.fromkeys(way for row in found["sets"].values() for way in row))
    lines += table(
        ["mean over sets", "bar", *ways],
        [
            ("by kind, highway and openimages", BAR_KINDS, *(_mean(found, main, way, "ap50_mean") for way in ways)),
            (
                "by kind, the three sets",
                BAR_KINDS,
                *(_mean(found, [*main, "atl_traffic"], way, "ap50_mean") for way in ways),
            ),
            (
                "any kind, all four sets",
                BAR_ANY,
                *(_mean(found, list(found["sets"]), way, "ap50_any_kind") for way in ways),
            ),
        ],
    )
    if found["bytes"] is None:
        return [*lines, "Our own model is not there yet: only the peers were measured.", ""]
    return [*lines, f"Our file: {few(found['bytes'] / 1e6, BYTES_MAX / 1e6)} MB (bar {BYTES_MAX / 1e6:.0f}).", ""]


def _mean(found: Row, sets: list[str], way: str, key: str) -> str:
    bar = {"ap50_mean": BAR_KINDS, "ap50_any_kind": BAR_ANY}[key] if way.startswith("ours") else None
    return share(mean(found["sets"][name].get(way, {}).get(key) for name in sets), bar)
