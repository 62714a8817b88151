"""A tariff's text as a form shows it, and a form as a tariff's text: both are the same document.

A field is called as the tariff's path to it, ``bands[0].rate.price``, so that what is wrong is found in both. What the
form has no field for stays as the text has it; of comments only those before the first line of the document stay.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import yaml

from parkhub.domain.tariff_yaml import load_yaml
from parkhub.domain.tariffs import DAYS, HOLIDAY
from parkhub.errors import TariffError

ALL_DAYS: Final = (*DAYS, HOLIDAY)
ROWS_MAX: Final = 50
RATES: Final = (
    ("per_started", "for every started time"),
    ("per_minute", "by the minute"),
    ("flat", "one price"),
    ("steps", "steps, as on a sign"),
)
THENS: Final = (("", "nothing more"), *RATES[:2])
_ORDER: Final = (
    "name", "currency", "entry_grace_minutes", "exit_grace_minutes", "free_minutes", "cap", "stay_max", "minimum",
    "lost_ticket", "overstay", "bands", "events", "holidays", "tax", "rounding",
)  # fmt: skip
_WHOLE: Final = re.compile(r"-?(0|[1-9][0-9]{0,8})")

Plain = dict[str, Any]


def read_document(text: str) -> Plain | None:
    """The names and values of a text; None where it cannot be read as such."""
    try:
        found = load_yaml(text)
    except TariffError:
        return None
    return found if isinstance(found, dict) else None


def fields_of(document: Mapping[str, Any]) -> Plain:
    """What stands in the form's fields, as text; rows of bands and events as lists of the same."""
    found: Plain = {}
    for name in ("name", "currency", "entry_grace_minutes", "exit_grace_minutes", "stay_max", "minimum", "lost_ticket"):
        found[name] = _text(document.get(name))
    found["holidays"] = _text(document.get("holidays"))
    for name, parts in (
        ("free_minutes", ("minutes", "per")),
        ("cap", ("price", "per")),
        ("overstay", ("grace_minutes", "fee")),
        ("tax", ("percent", "included")),
        ("rounding", ("to", "mode")),
    ):
        within = _mapping(document.get(name))
        for part in parts:
            found[f"{name}.{part}"] = _text(within.get(part))
    found["bands"] = [_row(_mapping(each)) for each in _rows(document.get("bands"))]
    found["events"] = [_row(_mapping(each)) for each in _rows(document.get("events"))]
    return found


def _row(row: Mapping[str, Any]) -> Plain:
    rate = _mapping(row.get("rate"))
    then = _mapping(rate.get("then"))
    days = row.get("days")
    steps = [_mapping(each) for each in _rows(rate.get("steps"))]
    return {
        **{name: _text(row.get(name)) for name in ("name", "from", "to", "cap")},
        "days": [day for day in ALL_DAYS if isinstance(days, list) and day in days],
        "rate.type": _text(rate.get("type")),
        "rate.minutes": _text(rate.get("minutes")),
        "rate.price": _text(rate.get("price")),
        "rate.price_per_hour": _text(rate.get("price_per_hour")),
        "rate.steps": "\n".join(f"{_text(each.get('up_to_minutes'))} {_text(each.get('price'))}" for each in steps),
        "rate.then.type": _text(then.get("type")),
        "rate.then.minutes": _text(then.get("minutes")),
        "rate.then.price": _text(then.get("price")),
        "rate.then.price_per_hour": _text(then.get("price_per_hour")),
    }


def written(form: Mapping[str, str], days: Mapping[str, Sequence[str]], text: str) -> str:
    """The text that a form says. ``days``: the ticked days, by the field's name; ``text`` is what it said before."""
    before = read_document(text) or {}
    document = dict(before)
    for name in ("name", "currency", "entry_grace_minutes", "exit_grace_minutes", "stay_max", "minimum", "lost_ticket"):
        _put(document, name, form.get(name, ""))
    _put(document, "holidays", form.get("holidays", ""))
    for name, needed, parts in (
        ("free_minutes", "minutes", ("minutes", "per")),
        ("cap", "price", ("price", "per")),
        ("tax", "percent", ("percent", "included")),
        ("rounding", "to", ("to", "mode")),
        ("overstay", "", ("grace_minutes", "fee")),
    ):
        within = dict(_mapping(document.get(name)))
        for part in parts:
            _put(within, part, form.get(f"{name}.{part}", ""))
        document[name] = within
        if not within or (needed and needed not in within):
            del document[name]
    for name in ("bands", "events"):
        known = [_mapping(each) for each in _rows(before.get(name))]
        number = _count(form.get(name, "0"))
        document[name] = [
            _written_row(form, days, f"{name}[{at}]", known[at] if at < len(known) else {}) for at in range(number)
        ]
        if not document[name]:
            del document[name]
    return write(document, text)


def write(document: Mapping[str, Any], text: str = "") -> str:
    """A document as YAML, under the comments that ``text`` begins with."""
    head = re.match(r"(?:[ \t]*#.*\r?\n)*", text)
    names = [name for name in _ORDER if name in document] + [name for name in document if name not in _ORDER]
    plain = {name: document[name] for name in names}
    body: str = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=110) if plain else ""
    return (head[0].replace("\r\n", "\n") if head else "") + body


def reordered(text: str, do: str) -> str:
    """The text after a button of a row was pressed: ``add-bands``, ``remove-bands-2``, ``up-bands-2``."""
    document = read_document(text)
    found = re.fullmatch(r"(add|remove|up)-(bands|events)(?:-(\d{1,3}))?", do)
    if document is None or found is None:
        return text
    action, name, at = found[1], found[2], int(found[3] or 0)
    rows = list(_rows(document.get(name)))
    if action == "add":
        rows.append(NEW[name])
    elif at < len(rows):
        row = rows.pop(at)
        if action == "up":
            rows.insert(max(0, at - 1), row)
    document[name] = rows
    if not rows:
        del document[name]
    return write(document, text)


NEW: Final[Mapping[str, Plain]] = {
    "bands": {"name": "New", "from": "18:00", "to": "08:00", "rate": {"type": "flat", "price": "5.00"}},
    "events": {
        "name": "New",
        "from": "2027-01-01T16:00",
        "to": "2027-01-02T00:00",
        "rate": {"type": "flat", "price": "5.00"},
    },
}


def _written_row(
    form: Mapping[str, str], days: Mapping[str, Sequence[str]], path: str, before: Mapping[str, Any]
) -> Plain:
    row = {name: value for name, value in before.items() if name not in ("days", "rate")}
    for name in ("name", "from", "to", "cap"):
        _put(row, name, form.get(f"{path}.{name}", ""), whole=False)
    chosen = [day for day in ALL_DAYS if day in days.get(f"{path}.days", ())]
    if chosen:
        row["days"] = chosen
    row["rate"] = _written_rate(form, f"{path}.rate")
    order = ("name", "days", "from", "to", "rate", "cap")
    return {name: row[name] for name in order if name in row} | {
        name: value for name, value in row.items() if name not in order
    }


def _written_rate(form: Mapping[str, str], path: str) -> Plain:
    """A rate; what has no field for its kind yet gets a beginning."""
    kind = form.get(f"{path}.type", "")
    price = form.get(f"{path}.price", "").strip() or form.get(f"{path}.price_per_hour", "").strip()
    rate: Plain = {"type": kind}
    match kind:
        case "per_started":
            _put(rate, "minutes", form.get(f"{path}.minutes", "") or "60")
            _put(rate, "price", price or "1.00", whole=False)
        case "per_minute":
            _put(rate, "price_per_hour", price or "1.00", whole=False)
        case "steps":
            lines = form.get(f"{path}.steps", "").split("\n")
            rate["steps"] = [_step(line) for line in lines if line.strip()] or [_step(f"60 {price or '1.00'}")]
            then = form.get(f"{path}.then.type", "")
            if then:
                rate["then"] = _written_rate(form, f"{path}.then")
        case _:
            _put(rate, "price", price or "0", whole=False)
    return rate


def _step(line: str) -> Plain:
    minutes, _, price = line.strip().replace(":", " ").replace("=", " ").partition(" ")
    step: Plain = {}
    _put(step, "up_to_minutes", minutes)
    _put(step, "price", price, whole=False)
    return step


def _put(target: Plain, name: str, text: str, *, whole: bool = True) -> None:
    text = text.strip()
    if not text:
        target.pop(name, None)
    elif name == "included":
        target[name] = text == "true"
    else:
        target[name] = int(text) if whole and name not in _AMOUNTS and _WHOLE.fullmatch(text) else text


_AMOUNTS: Final = frozenset({"price", "stay_max", "minimum", "lost_ticket", "fee", "percent", "to", "name"})


def _text(value: object) -> str:
    if value is None or isinstance(value, dict | list):
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _rows(value: object) -> Sequence[Any]:
    return value[:ROWS_MAX] if isinstance(value, list) else []


def _count(text: str) -> int:
    return min(int(text), ROWS_MAX) if text.isascii() and text.isdigit() and len(text) < 4 else 0
