"""What looks at a camera's pictures: at its places, and at cars if it watches a gate."""

from collections.abc import Mapping
from typing import Any

from camera_node.edge.classifier import SpotClassifier
from camera_node.edge.decoding import decode
from camera_node.edge.engines import Engines
from camera_node.edge.gate import GateEyes


class Eyes:
    """Everything that one camera needs, opened. Not for sharing between threads."""

    def __init__(self, engines: Engines, files: Mapping[str, bytes]) -> None:
        """Raises EdgeError: a library is missing, or the files are not what they should be."""
        self._spots = SpotClassifier(engines, files)
        self._gate = None if engines.gate is None else GateEyes(files, engines.gate)

    def look(self, data: bytes) -> dict[str, Any]:
        """Return what leaves of a picture file. Raises EdgeError, and FrameError for what is no picture."""
        if self._gate is None:
            look, cars = self._spots.look(data), {}
        else:
            picture, size = decode(data, max)
            look, cars = self._spots.look_at(picture, size), self._gate.look(picture)
        spots = [{"id": each.id, "state": each.state, "confidence": each.confidence} for each in look.seen]
        return {"width": look.width, "height": look.height, "spots": spots, **cars}
