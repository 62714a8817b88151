"""The engines of one vision process, each opened once."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import structlog

from parkhub.db import spot_heads as head_rows
from parkhub.domain.cameras import Engine
from parkhub.domain.spots import SpotShape
from parkhub.errors import EngineError, NotFoundError, ParkHubError
from parkhub.settings import Settings
from tasks.vision.engine import SpotEngine, open_engine

if TYPE_CHECKING:
    from tasks.vision.plates.reader import PlateReader
    from tasks.vision.vehicles.finder import VehicleFinder

log = structlog.get_logger(__name__)

_ANY_SPOT = SpotShape("any", ((0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6)))

HEADS_MAX = 1000
"""Heads kept at once, a kilobyte or two each: more lots than one process looks after."""


class Engines:
    """Opens an engine at its first use and keeps it. A model that could not be loaded is tried again each time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._open: dict[Engine, SpotEngine] = {}
        self._adapted: dict[int, SpotEngine] = {}
        self._finder: VehicleFinder | None = None
        self._reader: PlateReader | None = None
        self._opening = asyncio.Lock()

    async def get(self, name: Engine, head_id: int | None = None) -> SpotEngine:
        """The engine of that name. Raises EngineError or InvalidInputError with the reason.

        ``head_id``: of the head fitted to a lot, which the classifier takes; one that does not fit its model is left.
        """
        async with self._opening:
            if name not in self._open:
                self._open[name] = await asyncio.to_thread(self._load, name)
            engine = self._open[name]
            if head_id is None or name is not Engine.CLASSIFIER:
                return engine
            if head_id not in self._adapted:
                if len(self._adapted) >= HEADS_MAX:
                    self._adapted.clear()
                self._adapted[head_id] = await adapted(engine, head_id)
            return self._adapted[head_id]

    async def finder(self) -> "VehicleFinder":
        """What counts vehicles beside an engine that does not find them. Raises EngineError."""
        async with self._opening:
            if self._finder is None:
                self._finder = await asyncio.to_thread(self._load_finder)
        return self._finder

    async def reader(self) -> "PlateReader":
        """What reads plates. Raises EngineError."""
        async with self._opening:
            if self._reader is None:
                self._reader = await asyncio.to_thread(self._load_reader)
        return self._reader

    async def warm(self, names: set[Engine], *, counting: bool = False, reading: bool = False) -> None:
        """Open engines ahead and let each look once, so that the first real picture does not wait for a model.

        ``counting``: also what counts vehicles; ``reading``: also what reads plates.
        """
        for name in sorted(names):
            try:
                engine = await self.get(name)
                await asyncio.to_thread(engine.look, np.zeros((480, 640, 3), np.uint8), [_ANY_SPOT], None)
            except ParkHubError as error:
                log.warning("engine.not_ready", engine=name.value, reason=str(error))
        if counting:
            try:
                await asyncio.to_thread((await self.finder()).find, np.zeros((480, 640, 3), np.uint8))
            except ParkHubError as error:
                log.warning("vehicles.not_counted", reason=str(error))
        if reading:
            try:
                await asyncio.to_thread((await self.reader()).read, np.zeros((480, 640, 3), np.uint8))
            except ParkHubError as error:
                log.warning("plates.not_ready", reason=str(error))

    def _load(self, name: Engine) -> SpotEngine:
        model = self._settings.detector_model if name is Engine.DETECTOR else ""
        return open_engine(
            name.value,
            model=Path(model) if model else None,
            threads=self._settings.vision_threads,
            providers=self._settings.providers,
        )

    def _load_finder(self) -> "VehicleFinder":
        from tasks.vision.vehicles.finder import open_finder

        model = self._settings.detector_model
        return open_finder(Path(model) if model else None, self._settings.vision_threads, self._settings.providers)

    def _load_reader(self) -> "PlateReader":
        from tasks.vision.plates.reader import open_reader

        return open_reader(threads=self._settings.vision_threads, providers=self._settings.providers)


async def adapted(engine: SpotEngine, head_id: int) -> SpotEngine:
    """The classifier with a lot's head, the same session under it; a head's row never changes."""
    from tasks.vision.classifier import ClassifierEngine

    if not isinstance(engine, ClassifierEngine):
        return engine
    try:
        return engine.with_head(await head_rows.get_head(head_id))
    except (EngineError, NotFoundError) as error:
        log.warning("engine.head_left", head=head_id, reason=str(error))
        return engine
