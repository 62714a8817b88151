"""The engines in words, for every form that lets people choose one."""

from typing import Final

from parkhub.domain.cameras import Engine
from parkhub.settings import Settings

ENGINES: Final = {
    Engine.CLASSIFIER: "Classifier (looks at every spot)",
    Engine.DIFFERENCE: "Difference (what has changed)",
    Engine.DETECTOR: "Detector (finds vehicles)",
}


def engine_choices(settings: Settings, chosen: str = "") -> list[tuple[str, str]]:
    """Engines that can work here; the detector needs a model, and stays in the list of who has it already."""
    return [
        (engine.value, words)
        for engine, words in ENGINES.items()
        if engine is not Engine.DETECTOR or settings.detector_model or chosen == engine
    ]
