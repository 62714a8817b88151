"""Plates in clips: every vehicle once, nobody else."""

from accuracy_setup import Row, Setup, read_jsonl, share, table

KEPT = ("clips", "clips_correct", "clips_exact", "clips_faultless", "clips_correct_95", "precision", "recall")
KEPT += ("duplicates", "silent")


def measure(setup: Setup) -> Row:
    """Every figure of this section."""
    folder = setup.data / "plates" / "clips"
    index = read_jsonl(folder / "index.jsonl")
    by_region = {row["region"]: [folder / r["clip"] for r in index if r["region"] == row["region"]] for row in index}
    ways = {
        "auto": setup.parkhub("plates", *(folder / row["clip"] for row in index)),
        "by country": [
            line for region, paths in by_region.items() for line in setup.parkhub("plates", *paths, "--region", region)
        ],
    }
    found = {way: setup.scored("clips", index, lines, way.split()[-1]) for way, lines in ways.items()}
    return {way: {key: row[key] for key in KEPT} for way, row in found.items()}


def page(found: Row) -> list[str]:
    """The section of the page."""
    rows = [
        (
            way,
            row["clips"],
            share(row["clips_correct"], 1.0, row["clips_correct_95"]),
            share(row["clips_faultless"], 1.0),
            share(row["precision"]),
            share(row["recall"]),
            row["duplicates"],
        )
        for way, row in found.items()
    ]
    columns = ["region", "clips", "right plates (bar 1)", "each once (bar 1)", "precision", "recall", "twice"]
    return [
        "## Plates in clips",
        "",
        "A clip is right when its passages have exactly the plates that drive by, look-alikes folded. Most clips show",
        "the vehicles of the Dutch stills, half of which were tuned on.",
        "",
        *table(columns, rows),
    ]
