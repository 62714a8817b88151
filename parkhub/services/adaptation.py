"""The classifier fitted to a lot from its labels: asked for, kept in versions, turned back in one call."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import structlog

from parkhub.clients import Clients
from parkhub.clients.queue import QueueName
from parkhub.db import spot_heads as head_rows
from parkhub.db import spot_labels as label_rows
from parkhub.db import spots as spot_rows
from parkhub.db.engine import transaction
from parkhub.domain.corrections import Crop, SpotLabel
from parkhub.domain.spot_heads import LABELS_MAX, HeadTrial, HeadVersion, SpotHead, too_few, wins
from parkhub.errors import BusyError, InvalidInputError
from parkhub.services import audit

ADAPT: Final = "adapt"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Adapted:
    """What became of a fit. ``known``: these very labels had been fitted before, and nothing was done."""

    version: HeadVersion
    known: bool = False


async def adapt_lot(clients: Clients, lot_id: int, now: datetime, account_id: int | None = None) -> bool:
    """Ask vision to fit the classifier to a lot's labels; False when that is being done already.

    How it ends is kept with the lot (`parkhub.db.spot_heads.find_fit`). Raises InvalidInputError when there are too few
    labels, with what is missing, and BusyError.
    """
    await load_training(lot_id)
    async with transaction():
        active = await head_rows.active_version(lot_id)
        await head_rows.ask_fit(lot_id, now)  # first, or it may have ended before
        await _note("head.asked", lot_id, account_id, active, active, now)
    try:
        return await clients.queue.enqueue(ADAPT, lot_id, active, job_id=job_id(lot_id), queue=QueueName.ADAPTATION)
    except BusyError as error:
        await head_rows.end_fit(lot_id, now, str(error))
        raise


async def end_fit(lot_id: int, now: datetime, error: str = "") -> None:
    """Note that a fit that was asked for has ended, and why it made no version if it did not."""
    await head_rows.end_fit(lot_id, now, error)
    if error:
        log.warning("head.not_fitted", lot=lot_id, reason=error)


def job_id(lot_id: int) -> str:
    """One fit of a lot at a time."""
    return f"adapt:{lot_id}"


async def load_training(lot_id: int) -> list[SpotLabel]:
    """The labels a fit learns from: those with a crop, of the newest pictures. Raises InvalidInputError: too few."""
    cut = [label for label in await label_rows.list_labels(lot_id) if label.crop is Crop.CUT][:LABELS_MAX]
    occupied = sum(label.occupied for label in cut)
    missing = too_few(len(cut) - occupied, occupied)
    if missing:
        raise InvalidInputError(f"There are not enough labels with a picture to learn from. {missing}")
    return cut


async def save_head(
    lot_id: int,
    labels: Sequence[SpotLabel],
    head: SpotHead,
    trial: HeadTrial,
    *,
    instead_of: int | None,
    now: datetime,
) -> Adapted:
    """Keep a fit as the lot's next version, once per set of labels and model.

    It judges the lot from now on if it won its trial, and if the version that did when the fit was asked for still
    does (``instead_of``, None: the shipped head): who turned it back meanwhile did not mean this one.
    """
    fingerprint = fingerprint_of(labels)
    async with transaction():
        await spot_rows.lock_map(lot_id)
        known = await head_rows.find_version(lot_id, head.model_sha256, fingerprint)
        if known is not None:
            return Adapted(known, known=True)
        version = await head_rows.add_version(lot_id, head, trial, fingerprint, now)
        if wins(trial) and await head_rows.active_version(lot_id) == instead_of:
            await head_rows.set_active(lot_id, version.version)
            version = replace(version, active=True)
    log.info(
        "head.fitted",
        lot=lot_id,
        version=version.version,
        labels=trial.labels,
        before=round(trial.before, 4),
        after=round(trial.after, 4),
        active=version.active,
    )
    return Adapted(version)


def fingerprint_of(labels: Sequence[SpotLabel]) -> str:
    """SHA-256, hex, of which labels these are and what they say."""
    words = sorted(f"{label.id}:{int(label.occupied)}" for label in labels)
    return hashlib.sha256(" ".join(words).encode()).hexdigest()


async def revert_head(
    lot_id: int, version: int | None = None, *, account_id: int | None = None, now: datetime | None = None
) -> None:
    """Let a version judge the lot again, None the shipped head; cameras use it from their next picture on.

    ``now``: when a person said so, which is noted; a command is not. Raises NotFoundError without such a version.
    """
    async with transaction():
        await spot_rows.lock_map(lot_id)
        before = await head_rows.active_version(lot_id)
        await head_rows.set_active(lot_id, version)
        if now is not None:
            await _note("head.chosen", lot_id, account_id, before, version, now)
    log.info("head.reverted", lot=lot_id, version=version)


async def _note(
    action: str, lot_id: int, account_id: int | None, before: int | None, after: int | None, now: datetime
) -> None:
    await audit.note(
        action,
        account_id=account_id,
        lot_id=lot_id,
        subject=f"lot:{lot_id}",
        before={"version": before or "shipped"},
        after={"version": after or "shipped"},
        at=now,
    )


def describe(version: HeadVersion, model_sha256: str) -> str:
    """In a sentence, whether a version judges its lot, and if not, why; ``model_sha256`` of the model in use."""
    if version.head.model_sha256 != model_sha256:
        return "Made for another model: adapt again."
    if version.active:
        return "Judges this lot."
    if not wins(version.trial):
        return "Not used: no better than the shipped head on labels it had not seen."
    return "Not used."
