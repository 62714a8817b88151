"""The audit log: who did what, when and why, to be searched."""

import re
from collections.abc import Mapping
from datetime import MAXYEAR, UTC, date, datetime, time, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from litestar import Router, get
from litestar.response import Template

from parkhub.db import accounts as account_rows
from parkhub.db import audit as audit_rows
from parkhub.db import lots as lot_rows
from parkhub.domain.audit import AuditEntry, EntryFilter
from parkhub.domain.rights import Right
from parkhub.domain.text import printable
from parkhub.services import audit
from parkhub.web.guards import ID_MAX, needs
from parkhub.web.plates import shown_plate
from parkhub.web.templating import AnyRequest, page

PAGE: Final = 50
ACTIONS_AMONG: Final = 2000
FILTERS: Final = ("lot", "action", "who", "since", "until")
VALUE_LENGTH_MAX: Final = 60
INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")


def _day(text: str) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    except (ValueError, OverflowError):
        return None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 11 and int(text) <= ID_MAX else None


@get("/console/system/audit")
async def show_audit(request: AnyRequest) -> Template:
    """Entries, the newest first; days are those of UTC."""
    given = {name: request.query_params.get(name, "") for name in FILTERS}
    given = {name: value if printable(value) else "" for name, value in given.items()}
    lots, people = await lot_rows.list_lots(), await account_rows.list_people()
    lot = next((each for each in lots if each.slug == given["lot"]), None)
    until = _day(given["until"])
    wanted = EntryFilter(
        lot_id=lot.id if lot else None,
        action=given["action"] or None,
        account_id=_number(given["who"]),
        since=_day(given["since"]),
        until=until + timedelta(days=1) if until and until.year < MAXYEAR else until,
    )
    entries = await audit.list_entries(wanted, _number(request.query_params.get("before", "")), PAGE + 1)
    shown = entries[:PAGE]
    kept = {name: value for name, value in given.items() if value}
    return page(
        request,
        "system/audit.html",
        entries=[(entry, _changes(entry, request)) for entry in shown],
        names={each.id: each.name for each in lots},
        given=given,
        lots=[("", "All"), *((each.slug, each.name) for each in lots)],
        actions=[
            ("", "All"),
            *((action, action_words(action)) for action in await audit_rows.list_actions(ACTIONS_AMONG)),
        ],
        people=[("", "Everybody"), *((str(each.id), each.email) for each in people)],
        action_words=action_words,
        filtered=bool(kept),
        older=f"/console/system/audit?{urlencode({**kept, 'before': shown[-1].id})}" if len(entries) > PAGE else "",
        newest=f"/console/system/audit?{urlencode(kept)}" if request.query_params.get("before") else "",
    )


def action_words(action: str) -> str:
    """An action as people read it: "session.closed_by_hand" is "session: closed by hand"."""
    noun, _, verb = action.partition(".")
    return f"{noun}: {verb}".replace("_", " ")


def _changes(entry: AuditEntry, request: AnyRequest) -> list[tuple[str, str, str]]:
    """What is another than before, as (name, before, after)."""
    before, after = _flat(entry.before or {}), _flat(entry.after or {})
    found = [
        (name.replace("_", " "), _written(before.get(name)), _written(after.get(name)))
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]
    if entry.plates:
        old, new = (shown_plate(request.user, plate, entry.lot_id) for plate in entry.plates)
        found.insert(0, ("plate", old if old != new else "", new))
    return found


def _flat(values: Mapping[str, Any], within: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        found |= _flat(value, f"{within}{name}, ") if isinstance(value, dict) else {f"{within}{name}": value}
    return found


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and not any(isinstance(each, dict | list) for each in value):
        return ", ".join(map(str, value))
    text = "" if value is None else str(value)
    if INSTANT.match(text):
        return datetime.fromisoformat(text).astimezone(UTC).strftime("%d %b %Y, %H:%M:%S")
    return text if len(text) <= VALUE_LENGTH_MAX else text[: VALUE_LENGTH_MAX - 1] + "…"


routes = [
    Router("/", route_handlers=[show_audit], guards=[needs(Right.PEOPLE, everywhere=True)], include_in_schema=False)
]
