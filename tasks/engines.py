"""The engines of one vision process, each opened once."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import structlog

from parkhub.domain.cameras import Engine
from parkhub.domain.spots import SpotShape
from parkhub.errors import ParkHubError
from parkhub.settings import Settings
from tasks.vision.engine import SpotEngine, open_engine

if TYPE_CHECKING:
    from tasks.vision.vehicles.finder import VehicleFinder

log = structlog.get_logger(__name__)

_ANY_SPOT = SpotShape("any", ((0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6)))


class Engines:
    """Opens an engine at its first use and keeps it. A model that could not be loaded is tried again each time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._open: dict[Engine, SpotEngine] = {}
        self._finder: VehicleFinder | None = None
        self._opening = asyncio.Lock()

    async def get(self, name: Engine) -> SpotEngine:
        """The engine of that name. Raises EngineError or InvalidInputError with the reason."""
        async with self._opening:
            if name not in self._open:
                self._open[name] = await asyncio.to_thread(self._load, name)
        return self._open[name]

    async def finder(self) -> "VehicleFinder":
        """What counts vehicles beside an engine that does not find them. Raises EngineError."""
        async with self._opening:
            if self._finder is None:
                self._finder = await asyncio.to_thread(self._load_finder)
        return self._finder

    async def warm(self, names: set[Engine]) -> None:
        """Open engines ahead and let each look once, so that the first real picture does not wait for a model."""
        for name in sorted(names):
            try:
                engine = await self.get(name)
                await asyncio.to_thread(engine.look, np.zeros((480, 640, 3), np.uint8), [_ANY_SPOT], None)
            except ParkHubError as error:
                log.warning("engine.not_ready", engine=name.value, reason=str(error))

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
