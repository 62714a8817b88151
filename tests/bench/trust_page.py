"""The page of figures about pictures that cannot be trusted."""

from accuracy_setup import Row, share, table


def page(found: Row) -> list[str]:
    """The section of the page."""
    pairs = next(iter(found["made"].values()))["pairs"]
    lines = [
        "## Pictures that cannot be trusted",
        "",
        f"Faults made on {pairs} real pictures of each set, each beside a reference of the same camera at another",
        "time: how many were named so (in brackets: flagged at all). A cover of 20 % should not be BLOCKED: its spots",
        "should turn unknown, see below. What is marked NOT should not be flagged. FROZEN counts looks at the second",
        "picture of a scene; behind H.264 it counts streams of seven minutes, a look every ten seconds, that the rule",
        "over several looks told people of.",
        "",
    ]
    sets = list(found["made"])
    kinds = list(dict.fromkeys(kind for row in found["made"].values() for kind in row["faults"]))
    rows = []
    for kind in kinds:
        counts = [found["made"][name]["faults"].get(kind) for name in sets]
        shown = [f"{c['right']}/{c['of']} ({c['flagged']})" if c else "-" for c in counts]
        rows.append([kind, *shown])
    lines += table(["fault", *sets], rows)
    lines += ["Spots under a cover of 20 % that turn unknown, and open ones that do.", ""]
    hidden = {name: found["made"][name]["hidden_spots"] for name in sets}
    rows = [
        [kind, *(f"{share(hidden[name][kind][0])} / {share(hidden[name][kind][1])}" for name in sets)]
        for kind in next(iter(hidden.values()))
        if all(kind in row for row in hidden.values())
    ]
    lines += table(["cover", *sets], rows)
    lines += [
        "What a fault that is not told does: the classifier's balanced accuracy on the spots still believed, in the",
        "pictures that were not flagged; - where all were.",
        "",
    ]
    believed = {name: found["made"][name]["believed"] for name in sets}
    kinds = list(dict.fromkeys(kind for row in believed.values() for kind in row))
    lines += table(["fault", *sets], [[kind, *(share(believed[name].get(kind)) for name in sets)] for kind in kinds])
    lines += [
        "A camera turned, rolled and zoomed: the error of the alignment in pixels of a picture 1280 wide (median,",
        "90 %), and the classifier's balanced accuracy before, after it, and with the spots carried along.",
        "",
    ]
    rows = [
        [name, f"{float(way):.1%}", " ".join(f"{k} {v}" for k, v in row["outcome"].items()), row["error_px"] or "-"]
        + [share(row["balanced"][key]) for key in ("still", "left", "aligned")]
        for name, ways in found["moves"].items()
        for way, row in ways.items()
    ]
    lines += table(["set", "turned by", "outcome", "error px", "before", "left as they were", "carried along"], rows)
    lines += ["Nothing is wrong with these: single pictures flagged, and troubles after the rule over several.", ""]
    keys = ("pictures", "flagged", "frozen", "blind", "shifted")
    rows = [
        [name, *(row[key] for key in keys), row["troubles"] or 0, row["ms"]] for name, row in found["quiet"].items()
    ]
    return lines + table(["sequence", *keys, "troubles", "ms a picture (CPU)"], rows)
