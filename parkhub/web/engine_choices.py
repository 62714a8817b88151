"""The engines in words, for every form that lets people choose one."""

from typing import Final

from parkhub.domain.cameras import Engine

ENGINES: Final = {
    Engine.CLASSIFIER: "Classifier (looks at every spot)",
    Engine.DIFFERENCE: "Difference (what has changed)",
    Engine.DETECTOR: "Detector (finds vehicles)",
}


def engine_choices() -> list[tuple[str, str]]:
    """Every engine; the detector works with the shipped model, or with the one that is set."""
    return [(engine.value, words) for engine, words in ENGINES.items()]
