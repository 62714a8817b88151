"""How well plates are read on whole pictures: ours for any country, ours for the right one, and plain RapidOCR.

Every set is scored on the pictures nothing was trained or chosen on, the odd-numbered ones (stills by clip), and whole;
UCSD's pictures were never used for anything but this.
"""

import cv2
from accuracy_setup import Row, Setup, read_jsonl, share, table
from rapidocr_peer import answers, open_peer

from tasks.training.plate_scenes import tuning_half

SETS = (
    ("openalpr_eu", "eu", 0.97),
    ("openalpr_us", "us", 0.90),
    ("openalpr_br", "br", 0.98),
    ("tudelft_nl", "nl", 0.97),
    ("ucsd_california", "us", 0.88),
)
NEVER_TRAINED = ("ucsd_california",)
UNREADABLE = "romania_night"
AUTO, CHOSEN, PEER = "ours, auto", "ours, chosen region", "RapidOCR"
KEPT = ("pictures", "top1_folded", "top1_exact", "recall_folded", "detection_recall", "false_per_picture")
KEPT += ("top1_folded_95", "median_ms")


def measure(setup: Setup) -> Row:
    """Every figure of this section."""
    cv2.setNumThreads(1)
    peer = open_peer()
    found: Row = {"held out": {}, "all": {}}
    for name, region, _ in SETS:
        folder = setup.data / "plates" / name
        rows = read_jsonl(folder / "index.jsonl")
        paths = [folder / image for image in sorted({row["image"] for row in rows})]
        half = set() if name in NEVER_TRAINED else set(tuning_half(rows))
        held = [row for row in rows if row["image"] not in half]
        lines = {
            AUTO: setup.parkhub("plates", *paths),
            CHOSEN: setup.parkhub("plates", *paths, "--region", region),
            PEER: answers(peer, paths),
        }
        for way, pred in lines.items():
            for part, index in (("held out", held), ("all", rows)):
                kept = setup.scored("plates", index, pred, f"{name}-{part[:4]}-{way.split(', ')[-1][:6]}")
                found[part].setdefault(name, {})[way] = {key: kept[key] for key in KEPT}
    folder = setup.data / "plates" / UNREADABLE
    rows = read_jsonl(folder / "index.jsonl")
    pred = setup.parkhub("plates", *(folder / image for image in sorted({row["image"] for row in rows})))
    kept = setup.scored("plates", rows, pred, UNREADABLE)
    found["unreadable"] = {key: kept[key] for key in KEPT} | {"plates": len(rows)}
    return found


def page(found: Row) -> list[str]:
    """The section of the page."""
    lines = [
        "## Plates",
        "",
        "Top-1 over whole pictures, look-alikes folded. Held out: odd-numbered pictures (stills by clip), on which",
        "nothing was trained or chosen. Chosen region: `--region eu|us|br|nl`. Peer: RapidOCR with its own settings",
        "over the whole picture, lines of 4 to 9 letters and digits, surest first; in brackets the share of pictures",
        "in which any such line is the plate. False: plates that are none, or have no label, a picture.",
        "",
    ]
    for part, title in (("held out", "held out"), ("all", "all pictures, half of them tuned on")):
        rows = []
        for name, _, bar in SETS:
            ways, peer = found[part][name], found[part][name][PEER]
            ours = [
                share(ways[way]["top1_folded"], bar, ways[way]["top1_folded_95"] if part == "held out" else None)
                for way in (AUTO, CHOSEN)
            ]
            exact, false = share(ways[CHOSEN]["top1_exact"]), share(ways[AUTO]["false_per_picture"])
            theirs = f"{share(peer['top1_folded'])} ({share(peer['recall_folded'])})"
            known = f"{name}, never trained on" if name in NEVER_TRAINED else name
            rows.append((known, ways[AUTO]["pictures"], bar, *ours, exact, theirs, false))
        columns = [f"set, {title}", "pictures", "bar", AUTO, CHOSEN, "letter by letter", "peer", "false, auto"]
        lines += table(columns, rows)
    row = found["unreadable"]
    return [
        *lines,
        f"{UNREADABLE} (dashcam by night, infra-red; boxes without texts): {share(row['detection_recall'])} of "
        f"{row['plates']} plates are answered with a text.",
        "",
    ]
