"""Permits as a table that spreadsheets read and write: CSV with commas, semicolons or tabs.

The first line names the columns, in any order: ``name`` and ``plates`` are needed; ``id``, ``kind``, ``from``,
``until``, ``times``, ``cars``, ``paused`` and ``note`` may be left out or empty. Plates of one permit are separated by
``|``, ``,`` or ``;``. Days are ``2026-11-21`` or ``21.11.2026``; left out, it holds since ever and for good. A line is
the same permit as one that is there when it has the same ``id``, or without one the same name and plates.

Spreadsheets take a cell that begins with one of ``=+-@`` for a formula, so such a cell is written with an apostrophe
before it, which is taken off again when it is read (OWASP, CSV injection).
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from parkhub.domain.permits import YEARS, Permit, PermitKind, faults, normal_plates
from parkhub.domain.tariffs import Hours
from parkhub.domain.weekly_times import parse_times, write_times
from parkhub.errors import PermitsFileError

COLUMNS: Final = ("id", "name", "plates", "kind", "from", "until", "times", "cars", "paused", "note")
NEEDED: Final = ("name", "plates")
BYTES_MAX: Final = 2 * 1024 * 1024
LINES_MAX: Final = 5_000
ERRORS_MAX: Final = 20
SINCE_EVER: Final = date(YEARS[0], 1, 1)
"""When a permit begins that the file gives no beginning."""
_COLUMN_OF: Final = {
    "external_id": "id", "holder": "name", "plates": "plates", "valid_from": "from", "valid_until": "until",
    "cars_max": "cars", "note": "note",
}  # fmt: skip
_YES_NO: Final = {"": False, "no": False, "false": False, "0": False, "yes": True, "true": True, "1": True, "x": True}
_FORMULA: Final = re.compile(r"'*[=+\-@\t\r]")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and where. ``line`` counts from 1, ``column`` empty: the line as a whole."""

    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}{f', {self.column}' if self.column else ''}: {self.reason}"


def read_permits(content: bytes, lot_id: int) -> list[Permit]:
    """The permits of a file, all of them for one lot.

    Raises PermitsFileError that names every line and column that is wrong, up to `ERRORS_MAX`.
    """
    if len(content) > BYTES_MAX:
        raise PermitsFileError([Fault(1, "", f"the file is larger than {BYTES_MAX // 1024**2} MiB")])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise PermitsFileError([Fault(line, "", "this is no text in UTF-8; save it as CSV UTF-8")]) from None
    found: list[Permit] = []
    wrong: list[Fault] = []
    known: dict[object, int] = {}
    for line, cells in _lines(text):
        permit = _permit(line, cells, lot_id, wrong)
        if permit is not None:
            before = known.setdefault(identity(permit), line)
            if before != line:
                wrong.append(Fault(line, "", f"this is the same permit as in line {before}"))
            found.append(permit)
        if len(wrong) >= ERRORS_MAX:
            break
    if wrong:
        raise PermitsFileError(wrong[:ERRORS_MAX])
    return found


def identity(permit: Permit) -> object:
    """What makes two lines the same permit."""
    return permit.external_id or (permit.holder, frozenset(permit.plates))


def write_permits(permits: Iterable[Permit]) -> Iterator[str]:
    """Lines of a file that `read_permits` reads back, without line ends."""
    yield _csv_line(COLUMNS)
    for permit in permits:
        yield _csv_line(
            (
                permit.external_id,
                permit.holder,
                "|".join(permit.plates),
                permit.kind.value,
                "" if permit.valid_from == SINCE_EVER else permit.valid_from.isoformat(),
                permit.valid_until.isoformat() if permit.valid_until else "",
                write_times(permit.times),
                str(permit.cars_max),
                "yes" if permit.paused else "no",
                permit.note,
            )
        )


def _csv_line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow([f"'{cell}" if _FORMULA.match(cell) else cell for cell in cells])
    return out.getvalue()


def _lines(text: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Number of the first line of each row, and its cells by column; empty rows are left out."""
    first, _, rest = text.partition("\n")
    told = re.fullmatch(r"sep=(.)\r?", first)  # some spreadsheets want to be told, and tell
    above = 1 if told else 0
    text = rest if told else text
    head = text.partition("\n")[0]
    mark = told[1] if told else max(",;\t", key=head.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
    names: list[str] = []
    before = 0
    try:
        for cells in lines:
            line, before = before + 1 + above, lines.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if line > LINES_MAX:
                raise PermitsFileError([Fault(line, "", f"there are more than {LINES_MAX} lines")])
            if not names:
                names = _names(line, cells)
            elif len(cells) != len(names) and any(cell.strip() for cell in cells[len(names) :]):
                reason = f"there are {len(cells)} cells for {len(names)} columns"
                raise PermitsFileError([Fault(line, "", reason)])
            else:
                yield line, dict(zip(names, map(_cell, cells), strict=False))
    except csv.Error as error:
        raise PermitsFileError([Fault(lines.line_num + above, "", f"this is no CSV: {error}")]) from None
    if not names:
        raise PermitsFileError([Fault(1, "", "the file is empty")])


def _names(line: int, cells: Sequence[str]) -> list[str]:
    names = [cell.strip().lower() for cell in cells]
    while names and not names[-1]:
        names.pop()
    wrong = [Fault(line, name, "this column is not known") for name in names if name not in COLUMNS]
    wrong += [Fault(line, name, "this column is there twice") for name in COLUMNS if names.count(name) > 1]
    wrong += [Fault(line, name, "this column is missing") for name in NEEDED if name not in names]
    if wrong:
        raise PermitsFileError(wrong)
    return names


def _cell(text: str) -> str:
    text = text.strip()
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def _permit(line: int, cells: Mapping[str, str], lot_id: int, wrong: list[Fault]) -> Permit | None:
    mine: list[Fault] = []

    def refuse(column: str, reason: str) -> None:
        mine.append(Fault(line, column, reason))

    kind, cars = cells.get("kind", "").lower() or PermitKind.PERMIT.value, cells.get("cars", "") or "1"
    days: dict[str, date | None] = {}
    times: tuple[Hours, ...] = ()
    if kind not in set(PermitKind):
        refuse("kind", f"{kind[:20]!r} is none of {', '.join(PermitKind)}")
    for column in ("from", "until"):
        try:
            days[column] = _day(cells.get(column, ""))
        except ValueError:
            refuse(column, f"{cells[column][:20]!r} is no day such as 2026-11-21 or 21.11.2026")
    try:
        times = parse_times(cells.get("times", ""))
    except ValueError as error:
        refuse("times", str(error))
    if not (cars.isascii() and cars.isdigit() and len(cars) < 6):
        refuse("cars", f"{cars[:20]!r} is no number of cars")
    if cells.get("paused", "").lower() not in _YES_NO:
        refuse("paused", f"{cells['paused'][:20]!r} is neither yes nor no")
    if not mine:
        permit = Permit(
            lot_ids=frozenset({lot_id}),
            kind=PermitKind(kind),
            holder=cells.get("name", ""),
            plates=tuple(sorted(normal_plates(re.split(r"[|,;\n]", cells.get("plates", ""))))),
            valid_from=days["from"] or SINCE_EVER,
            valid_until=days["until"],
            times=times,
            cars_max=int(cars),
            paused=_YES_NO[cells.get("paused", "").lower()],
            note=cells.get("note", ""),
            external_id=cells.get("id", ""),
        )
        mine = [
            Fault(line, _COLUMN_OF.get(name, name), f"{reason[:1].lower()}{reason[1:].rstrip('.')}")
            for name, reason in faults(permit).items()
        ]
    wrong += mine
    return None if mine else permit


def _day(text: str) -> date | None:
    if not text:
        return None
    european = re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", text)
    if european:
        return date(int(european[3]), int(european[2]), int(european[1]))
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        raise ValueError(text)
    return date.fromisoformat(text)
