"""The form that says what a node is to do: every number by its path in the document, areas as text, rows by number."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from parkhub.domain.node_configurations import DAYS, Document, Focus, Mode, Night, Span
from parkhub.domain.node_limits import BOUNDS, MAY_LACK, SCHEDULE_MAX, check, value_at
from parkhub.errors import FieldsError

MODES: Final = [
    (Mode.INTERVAL.value, "By the clock"),
    (Mode.CHANGE.value, "When something changes"),
    (Mode.GATE.value, "Bursts at a gate"),
]
NIGHTS: Final = [(Night.AUTO.value, "By itself"), (Night.ON.value, "Always"), (Night.OFF.value, "Never")]
FOCI: Final = [(Focus.AUTO.value, "By itself"), (Focus.MANUAL.value, "As set here")]
DAY_NAMES: Final = dict(zip(DAYS, ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), strict=True))
SWITCHES: Final = ("edge.enabled", "edge.pictures_if_broken")
ROWS_EMPTY: Final = 2
NO_AREA: Final = "Use left, top, width, height as shares of the picture, such as 0.1,0.4,0.8,0.5."


def name_of(path: str) -> str:
    """A path of the document as the name of its field."""
    return path.replace(".", "-")


def in_form(document: Document) -> dict[str, Any]:
    """A document as the form shows it."""
    given: dict[str, Any] = {name_of(path): _number_text(value_at(document, path)) for path in BOUNDS}
    given |= {name_of(path): _area_text(value_at(document, path)) for path in ("change.area", "gate.area")}
    given |= {
        "version": str(document.version),
        "mode": document.mode.value,
        "camera-night": document.camera.night.value,
        "camera-focus": document.camera.focus.value,
        **{name_of(path): value_at(document, path) for path in SWITCHES},
        "rows": [
            {
                "days": span.days,
                "from": span.begin,
                "to": span.end,
                "mode": span.mode.value,
                "interval_s": _number_text(span.interval_s),
            }
            for span in document.schedule
        ],
    }
    return with_room(given)


def with_room(given: dict[str, Any]) -> dict[str, Any]:
    """The same with empty rows to fill in."""
    empty = {"days": (), "from": "", "to": "", "mode": Mode.INTERVAL.value, "interval_s": "60"}
    rows = [row for row in given["rows"] if row["days"] or row["from"] or row["to"]]
    return given | {"rows": [*rows, *[empty] * min(ROWS_EMPTY, SCHEDULE_MAX - len(rows))]}


def read_given(form: Mapping[str, Any], all_of: Any) -> dict[str, Any]:
    """What somebody filled in, as text; ``all_of`` answers every value of a name."""
    names = [name_of(path) for path in (*BOUNDS, "change.area", "gate.area", "camera.night", "camera.focus")]
    given: dict[str, Any] = {name: str(form.get(name, "")).strip() for name in (*names, "mode", "version")}
    given |= {name_of(path): form.get(name_of(path)) == "1" for path in SWITCHES}
    given["rows"] = [
        {
            "days": tuple(day for day in DAYS if day in all_of(f"row-{at}-days")),
            **{part: str(form.get(f"row-{at}-{part}", "")).strip() for part in ("from", "to", "mode", "interval_s")},
        }
        for at in range(SCHEDULE_MAX)
    ]
    return given


def read_document(given: Mapping[str, Any]) -> Document:
    """The document that was filled in, checked. Raises FieldsError by the names of the form's fields."""
    wrong: dict[str, str] = {}
    parts: dict[str, Any] = {"change": {}, "gate": {}, "picture": {}, "camera": {}, "upload": {}, "edge": {}}
    for path, bound in BOUNDS.items():
        text = given[name_of(path)].replace(",", ".")
        if not text and path in MAY_LACK:
            value: float | None = None
        else:
            value = _number(text, whole=bound.whole)
            if value is None or not bound.takes(value):
                wrong[name_of(path)] = bound.words
        _put(parts, path, value)
    for path in ("change.area", "gate.area"):
        area, good = _area(given[name_of(path)])
        if not good:
            wrong[name_of(path)] = NO_AREA
        _put(parts, path, area)
    for name, path, choices in (
        ("mode", "mode", Mode),
        ("camera-night", "camera.night", Night),
        ("camera-focus", "camera.focus", Focus),
    ):
        if given[name] not in list(choices):
            wrong[name] = "Choose one from the list."
        _put(parts, path, given[name])
    for path in SWITCHES:
        _put(parts, path, given[name_of(path)])
    rows = [row for row in given["rows"] if row["days"] or row["from"] or row["to"]]
    for at, row in enumerate(rows):
        if _number(row["interval_s"].replace(",", "."), whole=False) is None or row["mode"] not in list(Mode):
            wrong[f"schedule-{at}"] = f"Pause: {BOUNDS['interval_s'].words}"
    if wrong:
        raise FieldsError(wrong)
    version = given["version"]
    number = int(version) if version.isascii() and version.isdigit() and len(version) < 10 else 0
    document = msgspec.convert({**parts, "version": number, "schedule": []}, Document)
    document = msgspec.structs.replace(document, schedule=tuple(_span(row) for row in rows))
    try:
        check(document)
    except FieldsError as error:
        raise FieldsError({name_of(path): words for path, words in error.fields.items()}) from None
    return document


def _span(row: Mapping[str, Any]) -> Span:
    pause = float(row["interval_s"].replace(",", "."))
    return Span(tuple(row["days"]), row["from"][:5], row["to"][:5], Mode(row["mode"]), pause)


def _put(parts: dict[str, Any], path: str, value: Any) -> None:
    *way, name = path.split(".")
    for step in way:
        parts = parts[step]
    parts[name] = value


def _number(text: str, *, whole: bool) -> float | None:
    """What was typed; None for what is no plain number."""
    try:
        found = float(text) if text.isascii() and len(text) < 20 and "_" not in text else None
    except ValueError:
        return None
    if found is None or not abs(found) <= 1e12:  # nor a NaN
        return None
    if whole:
        return int(found) if found == int(found) else None
    return found


def _number_text(value: float | None) -> str:
    return "" if value is None else f"{value:.10g}"


def _area_text(area: tuple[float, ...] | None) -> str:
    return "" if area is None else ",".join(f"{share:.4g}" for share in area)


def _area(text: str) -> tuple[list[float] | None, bool]:
    """An area as typed and whether it can be one; None is all of the picture."""
    if not text:
        return None, True
    shares = [_number(part.strip(), whole=False) for part in text.split(",")]
    known = [share for share in shares if share is not None]
    return (known, True) if len(known) == len(shares) == 4 else (None, False)
