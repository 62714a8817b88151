"""Setting barriers up: what they are called, how they are told, whom they let through."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from parkhub.clients.webhooks import check_url
from parkhub.db import barriers as barrier_rows
from parkhub.db import cameras as camera_rows
from parkhub.db import lots as lot_rows
from parkhub.db.engine import transaction
from parkhub.domain.barriers import Barrier, BarrierKind, Letting
from parkhub.domain.cameras import Camera
from parkhub.domain.mail import read_address
from parkhub.domain.passages import Direction
from parkhub.domain.text import one_line
from parkhub.errors import FieldsError, InvalidInputError
from parkhub.services import audit
from parkhub.services.lots import suggest_slug

NAME_LENGTH_MAX: Final = 60
CODE_BYTES: Final = 12
TOPIC_LENGTH_MAX: Final = 200
RANGES: Final = {"pulse_ms": (50, 10_000), "timeout_s": (2, 60), "waits_s": (10, 1800), "calls_after_s": (0, 3600)}
"""The least and the most of each number."""

_TOPIC: Final = re.compile(r"[^+#\0$/][^+#\0]*")


@dataclass(frozen=True, slots=True)
class BarrierForm:
    """A barrier as somebody describes it; cameras and node by their public ids."""

    name: str = ""
    kind: str = BarrierKind.RELAY.value
    side: str = Direction.EXIT.value
    letting: str = Letting.NOBODY.value
    address: str = ""
    node: str = ""
    cameras: Sequence[str] = ()
    pulse_ms: int = 500
    timeout_s: int = 8
    waits_s: int = 300
    calls_after_s: int = 60
    call_email: str = ""
    enabled: bool = True


async def create_barrier(lot_id: int, form: BarrierForm, account_id: int | None, now: datetime) -> Barrier:
    """Add a barrier to a lot. Raises FieldsError."""
    public_id = f"{suggest_slug(form.name)[:24].strip('-') or 'barrier'}-{secrets.token_hex(3)}"
    async with transaction():
        barrier = await _checked(lot_id, form, public_id, secrets.token_urlsafe(CODE_BYTES))
        barrier = await barrier_rows.add_barrier(barrier, now)
        await _note("barrier.added", barrier, None, account_id, now)
    return barrier


async def change_barrier(barrier: Barrier, form: BarrierForm, account_id: int | None, now: datetime) -> Barrier:
    """Set a barrier up anew; its addresses and secret stay. Raises FieldsError."""
    async with transaction():
        checked = await _checked(barrier.lot_id, form, barrier.public_id, barrier.code)
        after = replace(checked, id=barrier.id, secret_version=barrier.secret_version)
        await barrier_rows.save_barrier(after)
        await _note("barrier.changed", after, barrier, account_id, now)
    return after


async def renew_secret(barrier: Barrier, account_id: int | None, now: datetime) -> Barrier:
    """Give it another secret; what is signed with the old one is refused from now on."""
    async with transaction():
        after = replace(barrier, secret_version=barrier.secret_version + 1)
        await barrier_rows.save_barrier(after)
        await _note("barrier.secret_renewed", after, barrier, account_id, now)
    return after


async def form_of(barrier: Barrier) -> BarrierForm:
    """A barrier as its form shows it."""
    known = {each.id: each.public_id for each in await camera_rows.list_cameras(barrier.lot_id)}
    return BarrierForm(
        name=barrier.name,
        kind=barrier.kind.value,
        side=barrier.side.value,
        letting=barrier.letting.value,
        address=barrier.address,
        node=known.get(barrier.node_id or 0, ""),
        cameras=[known[each] for each in barrier.cameras if each in known],
        pulse_ms=barrier.pulse_ms,
        timeout_s=barrier.timeout_s,
        waits_s=barrier.waits_s,
        calls_after_s=barrier.calls_after_s,
        call_email=barrier.call_email,
        enabled=barrier.enabled,
    )


async def _checked(lot_id: int, form: BarrierForm, public_id: str, code: str) -> Barrier:
    await lot_rows.get_lot(lot_id)
    known = {each.public_id: each for each in await camera_rows.list_cameras(lot_id)}
    wrong = {**_wrong_words(form), **_wrong_way(form, known)}
    if any(each not in known for each in form.cameras):
        wrong["cameras"] = "Choose cameras of this car park."
    elif any(not known[each].watches_gate for each in form.cameras):
        wrong["cameras"] = "Choose cameras that watch a gate; each says so on its page."
    for name, (least, most) in RANGES.items():
        if not least <= getattr(form, name) <= most:
            wrong[name] = f"Use {least} to {most}."
    if wrong:
        raise FieldsError(wrong)
    kind = BarrierKind(form.kind)
    return Barrier(
        id=0,
        public_id=public_id,
        code=code,
        lot_id=lot_id,
        name=form.name.strip(),
        kind=kind,
        side=Direction(form.side),
        letting=Letting(form.letting),
        address="" if kind is BarrierKind.RELAY else form.address.strip(),
        node_id=known[form.node].id if kind is BarrierKind.RELAY else None,
        cameras=tuple(sorted(known[each].id for each in set(form.cameras))),
        pulse_ms=form.pulse_ms,
        timeout_s=form.timeout_s,
        waits_s=form.waits_s,
        calls_after_s=form.calls_after_s,
        call_email=form.call_email.strip(),
        secret_version=1,
        enabled=form.enabled,
    )


def _wrong_words(form: BarrierForm) -> dict[str, str]:
    wrong, name = {}, form.name.strip()
    if not name or len(name) > NAME_LENGTH_MAX or not one_line(name):
        wrong["name"] = f"Give the barrier a name of at most {NAME_LENGTH_MAX} letters on one line."
    if form.side not in list(Direction):
        wrong["side"] = "Choose entry or exit."
    if form.letting not in list(Letting):
        wrong["letting"] = "Choose from the list."
    if form.call_email.strip() and read_address(form.call_email.strip()) is None:
        wrong["call_email"] = "This is no e-mail address."
    return wrong


def _wrong_way(form: BarrierForm, known: dict[str, Camera]) -> dict[str, str]:
    address = form.address.strip()
    if form.kind not in list(BarrierKind):
        return {"kind": "Choose from the list."}
    if form.kind == BarrierKind.RELAY:
        return {} if form.node in known else {"node": "Choose the camera whose node has the relay."}
    if form.kind == BarrierKind.MQTT:
        good = _TOPIC.fullmatch(address) and len(address) <= TOPIC_LENGTH_MAX and one_line(address)
        return {} if good else {"address": "Give a topic such as parkhub/north/exit, without + and #."}
    try:
        check_url(address)
    except InvalidInputError as error:
        return {"address": str(error)}
    return {}


async def _note(action: str, after: Barrier, before: Barrier | None, account_id: int | None, now: datetime) -> None:
    await audit.note(
        action,
        account_id=account_id,
        lot_id=after.lot_id,
        subject=f"barrier:{after.id}",
        before=_told(before) if before else None,
        after=_told(after),
        at=now,
    )


def _told(barrier: Barrier) -> dict[str, Any]:
    """What the audit log keeps: everything but the code of its page and whose mailbox it is."""
    names = ("name", "kind", "side", "letting", "address", "node_id", "timeout_s", "waits_s", "secret_version")
    return {name: getattr(barrier, name) for name in (*names, "calls_after_s", "pulse_ms", "enabled")}
