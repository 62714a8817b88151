"""A network of the server's, opened here: on one core, and so that it keeps no memory of its largest batch."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from camera_node.edge.error import EdgeError
from camera_node.edge.sight import use_one_core

NOT_INSTALLED = (
    "onnxruntime is not installed, so nothing can be recognised here. Run install.sh --edge, or pip install "
    "'parkhub-node[edge]'."
)

Floats = NDArray[np.float32]


class Model:
    """One of the server's files. ``about`` is what the file says of itself."""

    def __init__(self, data: bytes, what_for: str) -> None:
        """Raises EdgeError: the library is missing, or this is no network. ``what_for``: "places", for people."""
        self._what_for = what_for
        self._session = _open(data, what_for)
        self.about: dict[str, str] = self._session.get_modelmeta().custom_metadata_map
        given, answers = self._session.get_inputs(), self._session.get_outputs()
        if len(given) != 1 or not answers:
            raise self.too_new()
        self._input: str = given[0].name
        self.input_shape: list[Any] = given[0].shape
        self.answer_shape: list[Any] = answers[0].shape

    def run(self, batch: NDArray[Any], wanted: str | None = None) -> Floats:
        """Return the answer to ``batch``, the first or the one that is ``wanted``. Raises EdgeError."""
        try:
            found = self._session.run(None if wanted is None else [wanted], {self._input: batch})[0]
            return np.asarray(found, np.float32)
        except Exception as error:  # noqa: BLE001 - the edge to ONNX Runtime, whose errors share no base class
            raise EdgeError(f"The server's model for {self._what_for} fails here: {str(error)[:150]}.") from None

    def too_new(self) -> EdgeError:
        """Say that this node does not know what is in the file."""
        return EdgeError(f"The server's model for {self._what_for} is for newer nodes. Bring this node up to date.")


def _open(data: bytes, what_for: str) -> Any:
    try:
        import onnxruntime
    except ImportError:
        raise EdgeError(NOT_INSTALLED) from None
    use_one_core()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001 - the same
        raise EdgeError(f"The server's model for {what_for} cannot be opened here: {str(error)[:150]}.") from None
