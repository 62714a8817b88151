"""Tiny ONNX files with known answers, built by the tests that need them."""

from base64 import b64encode
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def save_constant_detector(path: Path, rows: np.ndarray, side: int, **metadata: str) -> Path:
    """A network with one answer, ``rows``, such as YOLOX's 1 x N x 5+classes, to any 1 x 3 x side x side picture."""
    return save_constant_answers(path, [rows], (side, side), **metadata)


def save_constant_answers(path: Path, answers: list[np.ndarray], size: tuple[int, int], **metadata: str) -> Path:
    """A network that gives ``answers`` to any picture of ``size`` (width, height)."""
    picture = helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, size[1], size[0]])
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
    ]
    constants = [numpy_helper.from_array(np.array(0, np.float32), "zero")]
    given = []
    for number, answer in enumerate(answers):
        given.append(helper.make_tensor_value_info(f"output{number}", TensorProto.FLOAT, list(answer.shape)))
        nodes.append(helper.make_node("Add", [f"rows{number}", "nothing"], [f"output{number}"]))
        constants.append(numpy_helper.from_array(answer.astype(np.float32), f"rows{number}"))
    return _save(path, nodes, picture, given, constants, metadata)


def save_brightness_classifier(path: Path, side: int = 16, spread: float = 8, **metadata: str) -> Path:
    """A spot classifier that holds bright places for occupied: logit = (mean blue-green-red-mark - 128) / spread."""
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
        numpy_helper.from_array(np.array(spread, np.float32), "spread"),
    ]
    about = {"side_px": str(side), "long_room": "1.0", "short_room": "1.0", "raised": "0.0", "temperature": "1.0"}
    return _save(path, nodes, crops, [logit], constants, about | metadata)


def save_colour_classifier(path: Path, side: int = 16) -> Path:
    """A spot classifier with features, so that it can be adapted: mean blue, green and red of the crop over 64, less 2.

    It holds bright places for occupied, whatever their colour.
    """
    crops = helper.make_tensor_value_info("crops", TensorProto.UINT8, ["n", side, side, 4])
    features = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", 3])
    logit = helper.make_tensor_value_info("logit", TensorProto.FLOAT, ["n"])
    nodes = [
        helper.make_node("Cast", ["crops"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["float", "places"], ["means"], keepdims=0),
        helper.make_node("Gather", ["means", "colours"], ["colour"], axis=1),
        helper.make_node("Div", ["colour", "scale"], ["scaled"]),
        helper.make_node("Sub", ["scaled", "middle"], ["features"]),
        helper.make_node("ReduceSum", ["features", "each"], ["logit"], keepdims=0),
    ]
    constants = [
        numpy_helper.from_array(np.array([1, 2], np.int64), "places"),
        numpy_helper.from_array(np.array([0, 1, 2], np.int64), "colours"),
        numpy_helper.from_array(np.array(64, np.float32), "scale"),
        numpy_helper.from_array(np.array(2, np.float32), "middle"),
        numpy_helper.from_array(np.array([1], np.int64), "each"),
    ]
    head = b64encode(np.array([1, 1, 1, 0], "<f4").tobytes()).decode()
    about = {"side_px": str(side), "long_room": "1.0", "short_room": "1.0", "raised": "0.0", "temperature": "1.0"}
    return _save(path, nodes, crops, [logit, features], constants, about | {"head": head})


def _save(path: Path, nodes, given, answers, constants, metadata=None) -> Path:
    graph = helper.make_graph(nodes, "made", [given], answers, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    helper.set_model_props(model, metadata or {})
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return path
