"""Opens ONNX files the way a long-running process wants them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import onnxruntime

from parkhub.errors import EngineError

PROVIDERS: Final = ("CPUExecutionProvider",)


def open_session(model: Path, threads: int, providers: Sequence[str] = PROVIDERS) -> Any:
    """An ONNX Runtime session with ``threads`` threads on the first of ``providers`` that can run each step.

    The memory arena is off: it keeps the largest batch ever seen for good. Threads do not spin while they wait, so
    other processes get the core. ``providers`` are ONNX Runtime's names, such as CUDAExecutionProvider. Raises
    EngineError when the file is missing or is not a model, or a provider is not in the installed ONNX Runtime.
    """
    if not model.is_file():
        raise EngineError(f"The model file {model} does not exist.")
    here = onnxruntime.get_available_providers()
    missing = [name for name in providers if name not in here]
    if missing or not providers:
        raise EngineError(
            f"The installed ONNX Runtime has no provider {', '.join(missing) or 'at all to run on'}; "
            f"it has {', '.join(here)}."
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(str(model), options, providers=list(providers))
    except Exception as error:  # the edge to ONNX Runtime, whose errors share no base class
        raise EngineError(f"The model file {model.name} cannot be loaded: {str(error)[:200]}") from error
