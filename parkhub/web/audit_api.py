"""The audit log for programs: the JSON interface. Owners read a lot's; a session's own stands with the session."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import Router, get
from litestar.params import FromPath, FromQuery

from parkhub.domain.accounts import Account
from parkhub.domain.audit import AuditEntry, EntryFilter
from parkhub.domain.rights import Right
from parkhub.domain.text import printable
from parkhub.services import audit
from parkhub.web.api_answers import PAGE, find_lot, page_of
from parkhub.web.guards import ID_MAX, needs
from parkhub.web.plates import shown_plate
from parkhub.web.templating import AnyRequest


class AuditItem(msgspec.Struct, frozen=True):
    """One entry. ``who``: the person's e-mail, null for a command or ParkHub itself; plates null once they expired.

    ``undone_by``: the entry that took it back.
    """

    id: int
    action: str
    subject: str
    who: str | None
    at: datetime
    reason: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    plate_before: str | None
    plate_after: str | None
    undoes: int | None
    undone_by: int | None


class AuditPage(msgspec.Struct, frozen=True):
    """Entries, the newest first. ``next_before``: ask with it as ``before`` for more; null when there are none."""

    items: list[AuditItem]
    next_before: int | None


@get("/lots/{slug:str}/audit", tags=["Audit"])
async def list_audit(
    request: AnyRequest,
    slug: FromPath[str],
    action: FromQuery[str] = "",
    before: FromQuery[int] = ID_MAX,
    limit: FromQuery[int] = PAGE,
) -> AuditPage:
    """Who did what in a lot, when and why, of every kind or of one."""
    lot, limit = await find_lot(slug), page_of(limit)
    if not printable(action):
        return AuditPage([], None)
    wanted = EntryFilter(lot_id=lot.id, action=action or None)
    found = await audit.list_entries(wanted, min(max(before, 0), ID_MAX), limit)
    return AuditPage([audit_item(each, request.user) for each in found], found[-1].id if len(found) == limit else None)


def audit_item(entry: AuditEntry, account: Account) -> AuditItem:
    """An entry as it is told."""
    before, after = entry.plates or (None, None)
    return AuditItem(
        entry.id,
        entry.action,
        entry.subject,
        entry.email,
        entry.at,
        entry.reason,
        None if entry.before is None else dict(entry.before),
        None if entry.after is None else dict(entry.after),
        before and shown_plate(account, before, entry.lot_id),
        after and shown_plate(account, after, entry.lot_id),
        entry.undoes,
        entry.undone_by,
    )


routes = [Router("/api/v1", route_handlers=[list_audit], guards=[needs(Right.PEOPLE)])]
