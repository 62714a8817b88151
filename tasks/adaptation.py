"""The job that fits the classifier to a lot from its labels, and keeps the fit if it wins."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import structlog

from parkhub.clients import Clients
from parkhub.domain.cameras import Engine
from parkhub.domain.corrections import SpotLabel, together
from parkhub.domain.spot_heads import HeadTrial, SpotHead, too_few
from parkhub.domain.spots import Polygon
from parkhub.errors import EngineError, InvalidInputError, NotFoundError
from parkhub.services import adaptation
from parkhub.services.adaptation import Adapted
from parkhub.services.labels import crop_key
from tasks.vision.adaptation import fit
from tasks.vision.classifier import ClassifierEngine
from tasks.vision.labels import window_crops

log = structlog.get_logger(__name__)


async def adapt(ctx: dict[str, Any], lot_id: int, instead_of: int | None) -> None:
    """Fit the classifier to a lot. ``instead_of``: the version that judged it when this was asked for.

    Labels that have become too few meanwhile, or a model that cannot be adapted, are kept with the lot as the reason.
    """
    reason = ""
    try:
        engine = await ctx["engines"].get(Engine.CLASSIFIER)
        await adapt_now(ctx["clients"], engine, lot_id, instead_of)
    except (InvalidInputError, EngineError) as error:
        reason = str(error)
    await adaptation.end_fit(lot_id, datetime.now(UTC), reason)


async def give_up(_ctx: dict[str, Any], lot_id: int, _instead_of: int | None) -> None:
    """What is kept of a fit when every try has failed by a fault of ours."""
    await adaptation.end_fit(lot_id, datetime.now(UTC), "A fault in ParkHub; the log has the details.")


async def adapt_now(clients: Clients, engine: ClassifierEngine, lot_id: int, instead_of: int | None) -> Adapted:
    """The same with the answer. Raises InvalidInputError: too few labels, EngineError: the model cannot be adapted."""
    found = await _crops(clients, await adaptation.load_training(lot_id))
    labels = [label for label, _, _ in found]
    occupied = sum(label.occupied for label in labels)
    missing = too_few(len(labels) - occupied, occupied)
    if missing:
        raise InvalidInputError(f"The pictures of some labels are gone or damaged. {missing}")
    head, trial = await asyncio.to_thread(_fit, engine, found)
    return await adaptation.save_head(lot_id, labels, head, trial, instead_of=instead_of, now=datetime.now(UTC))


_Found = tuple[SpotLabel, bytes, Polygon]


async def _crops(clients: Clients, labels: Sequence[SpotLabel]) -> list[_Found]:
    """Labels with their kept crops, those left out whose file somebody took away."""
    found: list[_Found] = []
    for label in labels:
        assert label.crop_polygon is not None
        try:
            found.append((label, await clients.pictures.get(crop_key(label)), label.crop_polygon))
        except NotFoundError:
            log.warning("label.crop_missing", label=label.id)
    return found


def _fit(engine: ClassifierEngine, found: Sequence[_Found]) -> tuple[SpotHead, HeadTrial]:
    labels = [label for label, _, _ in found]
    crops = window_crops([(png, polygon) for _, png, polygon in found], engine.window)
    occupied = np.array([label.occupied for label in labels])
    return fit(crops, occupied, np.array(together(labels)), engine)
