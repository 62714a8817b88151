"""What the commands print: one JSON object per line for programs, a table for people; errors on standard error."""

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from parkhub.cli.failure import FAILED, WRONG_USAGE, ending_at_once
from parkhub.errors import ParkHubError

Line = Mapping[str, Any]
Row = Sequence[str]


@dataclass
class Output:
    """Standard output of one command.

    Lines go out one by one as they are ready, so that a reader can follow. On a terminal, unless lines were asked
    for, the same lines become one table at the end: ``columns`` are its headings, ``rows`` turns a line into its rows.
    """

    columns: Sequence[str]
    rows: Callable[[Line], Sequence[Row]]
    lines_wanted: bool = False
    failures: int = 0
    _table: list[Row] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lines_wanted = self.lines_wanted or not sys.stdout.isatty()

    def add(self, line: Line) -> None:
        """Give out the answer to one input."""
        if self.lines_wanted:
            print(json.dumps(line, ensure_ascii=False), flush=True)
        else:
            self._table += self.rows(line)

    def failed(self, name: str, error: ParkHubError) -> None:
        """Say that one input failed; the others go on."""
        self.failures += 1
        print(f"parkhub: {name}: {error}", file=sys.stderr, flush=True)

    def look_at_each(self, files: Iterable[Path], look: Callable[[Path], Iterable[Line]]) -> int:
        """Give out what is seen in each file, whatever becomes of the others; answers the command's exit status."""
        with ending_at_once():
            for file in files:
                try:
                    for line in look(file):
                        self.add(line)
                except ParkHubError as error:
                    self.failed(str(file), error)
        return self.end()

    def end(self) -> int:
        """Print the table, if any, and answer the command's exit status."""
        if self._table:
            from rich.console import Console
            from rich.table import Table
            from rich.text import Text

            table = Table(*self.columns)
            for row in self._table:
                table.add_row(*(Text(_plain(cell)) for cell in row))
            Console().print(table)
        return FAILED if self.failures else 0


def _plain(cell: str) -> str:
    """What others wrote (a file's name, a model's licence) cannot command the terminal."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "\N{REPLACEMENT CHARACTER}" for letter in cell)


def wrong_usage(message: str) -> SystemExit:
    """The exit of a command that cannot begin: one sentence on standard error, status 2."""
    print(f"parkhub: {message}", file=sys.stderr, flush=True)
    return SystemExit(WRONG_USAGE)
