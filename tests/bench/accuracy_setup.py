"""What every measure of accuracy stands on: the product's commands, the scoring program, and tables."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Row = dict[str, Any]
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Setup:
    """Where things are. ``left_out``: nets trained without a set; ``wrong``: where wrong cases are kept, if at all."""

    data: Path
    score: Path
    left_out: Path
    wrong: Path | None = None

    def parkhub(self, *arguments: object) -> list[Row]:
        """The lines of one command. Inputs that failed are missing among them, as for any other caller."""
        command = [sys.executable, "-m", "parkhub.cli.main", *map(str, arguments), "--jsonl"]
        clean = {key: value for key, value in os.environ.items() if not key.startswith("PARKHUB_")}
        found = subprocess.run(command, cwd=ROOT, env=clean, check=False, stdout=subprocess.PIPE, text=True)
        if found.returncode not in (0, 1):
            raise SystemExit(f"parkhub {arguments[0]} ended with {found.returncode}")
        return [json.loads(line) for line in found.stdout.splitlines()]

    def scored(self, kind: str, truth: list[Row] | Row, lines: list[Row], name: str, *more: object) -> Row:
        """What the scoring program says of these lines. ``name`` is for the file of wrong cases."""
        with tempfile.TemporaryDirectory() as folder:
            whole = kind in ("spots", "video")
            given = Path(folder, "truth.json" if whole else "truth.jsonl")
            given.write_text(json.dumps(truth) if whole else "".join(json.dumps(row) + "\n" for row in truth))
            pred = Path(folder, "pred.jsonl")
            pred.write_text("".join(json.dumps(line) + "\n" for line in lines))
            command = [sys.executable, self.score, kind, "--labels" if whole else "--index", given, "--pred", pred]
            if self.wrong:
                command += ["--wrong", self.wrong / f"{kind}-{name}.jsonl"]
            command = [str(part) for part in (*command, *more)]
            found = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        answer: Row = json.loads(found.stdout)
        return answer


def read_jsonl(path: Path) -> list[Row]:
    """One JSON object a line."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """A Markdown table and an empty line."""
    lines = [columns, ["---"] * len(columns), *([str(cell) for cell in row] for row in rows)]
    return ["| " + " | ".join(line) + " |" for line in lines] + [""]


def share(value: float | None, at_least: float | None = None, spread: Sequence[float] | None = None) -> str:
    """A share for a table; bold where it misses its bar, with its 95 % interval where there is one."""
    if value is None:
        return "-"
    text = f"{value:.3f}"
    if at_least is not None and value < at_least:
        text = f"**{text}**"
    return f"{text} [{spread[0]:.3f}, {spread[1]:.3f}]" if spread else text


def few(value: float | None, at_most: float) -> str:
    """A figure that should be small; bold where it is above its bar."""
    if value is None:
        return "-"
    return f"**{value:.3f}**" if value > at_most else f"{value:.3f}"


def mean(values: Iterable[float | None]) -> float | None:
    """Mean of what is there; None of nothing."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
