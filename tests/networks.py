"""Tiny ONNX files with known answers, built by the tests that need them."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def save_constant_detector(path: Path, rows: np.ndarray, side: int) -> Path:
    """A YOLOX-shaped network that answers ``rows`` (1 x N x 5+classes) to any 1 x 3 x side x side picture."""
    picture = helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, side, side])
    answer = helper.make_tensor_value_info("output", TensorProto.FLOAT, list(rows.shape))
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
        helper.make_node("Add", ["rows", "nothing"], ["output"]),
    ]
    constants = [
        numpy_helper.from_array(rows.astype(np.float32), "rows"),
        numpy_helper.from_array(np.array(0, np.float32), "zero"),
    ]
    return _save(path, nodes, picture, answer, constants)


def save_brightness_classifier(path: Path, side: int = 16, **metadata: str) -> Path:
    """A spot classifier that holds bright places for occupied: logit = (mean blue-green-red-mark - 128) / 8."""
    crops = helper.make_tensor_value_info("crops", TensorProto.UINT8, ["n", side, side, 4])
    logit = helper.make_tensor_value_info("logit", TensorProto.FLOAT, ["n"])
    nodes = [
        helper.make_node("Cast", ["crops"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["float", "axes"], ["mean"], keepdims=0),
        helper.make_node("Sub", ["mean", "middle"], ["offset"]),
        helper.make_node("Div", ["offset", "spread"], ["logit"]),
    ]
    constants = [
        numpy_helper.from_array(np.array([1, 2, 3], np.int64), "axes"),
        numpy_helper.from_array(np.array(128, np.float32), "middle"),
        numpy_helper.from_array(np.array(8, np.float32), "spread"),
    ]
    about = {"side_px": str(side), "long_room": "1.0", "short_room": "1.0", "raised": "0.0", "temperature": "1.0"}
    return _save(path, nodes, crops, logit, constants, about | metadata)


def _save(path: Path, nodes, given, answer, constants, metadata=None) -> Path:
    graph = helper.make_graph(nodes, "made", [given], [answer], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    helper.set_model_props(model, metadata or {})
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return path
