"""Opens ONNX files the way a long-running process wants them."""

from pathlib import Path
from typing import Any

import onnxruntime

from parkhub.errors import EngineError


def open_session(model: Path, threads: int) -> Any:
    """An ONNX Runtime session on the CPU with ``threads`` threads.

    The memory arena is off: it keeps the largest batch ever seen for good. Threads do not spin while they wait, so
    other processes get the core. Raises EngineError when the file is missing or is not a model.
    """
    if not model.is_file():
        raise EngineError(f"The model file {model} does not exist.")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the edge to ONNX Runtime, whose errors share no base class
        raise EngineError(f"The model file {model.name} cannot be loaded: {str(error)[:200]}") from error
