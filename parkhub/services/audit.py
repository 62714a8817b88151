"""The audit log: noted in the transaction of what was done, so that neither is there without the other."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from parkhub.db import audit as audit_rows
from parkhub.db.engine import in_transaction
from parkhub.domain.audit import ALL, AuditEntry, EntryFilter, NewEntry
from parkhub.domain.cameras import Camera
from parkhub.errors import ConflictError, NotFoundError

PAGE: Final = 100


async def note(
    action: str,
    *,
    account_id: int | None,
    lot_id: int | None,
    subject: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    reason: str = "",
    at: datetime,
    plates: tuple[str, str] | None = None,
    undoes: int | None = None,
) -> int:
    """Note something done, inside the caller's transaction; answers the entry's id.

    ``plates``: before and after; they go by the lot's retention. Raises NotFoundError when there is no entry
    ``undoes``, ConflictError when it was undone already.
    """
    if not in_transaction():
        raise RuntimeError("what was done and its entry in the audit log need one transaction")
    if undoes is not None and (await get_entry(undoes)).undone_by is not None:
        raise ConflictError("This was taken back already.")
    new = NewEntry(action, account_id, lot_id, subject, before, after, at, reason, plates, undoes)
    return await audit_rows.add_entry(new)


async def note_camera(
    action: str,
    camera: Camera,
    account_id: int | None,
    now: datetime,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
) -> int:
    """Note something done to a camera."""
    return await note(
        action,
        account_id=account_id,
        lot_id=camera.lot_id,
        subject=f"camera:{camera.public_id}",
        before=before,
        after=after,
        reason=reason,
        at=now,
    )


async def list_entries(wanted: EntryFilter = ALL, before_id: int | None = None, limit: int = PAGE) -> list[AuditEntry]:
    """Entries, the newest first; the id of a page's last is the next page's ``before_id``."""
    return await audit_rows.list_entries(wanted, before_id, limit)


async def get_entry(entry_id: int) -> AuditEntry:
    """The entry. Raises NotFoundError."""
    entry = await audit_rows.find_entry(entry_id)
    if entry is None:
        raise NotFoundError("There is no such entry in the audit log.")
    return entry
