"""A 1080p JPEG frame with 100 spots, decoded, cut and judged on one thread, against a VGG16 per spot in the same run.

    python tests/bench/bench_frame.py [--json] [--repeats 30]

VGG16 (Simonyan and Zisserman, 2014) at 224 x 224 with random weights: time does not depend on what it has learnt.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from parkhub.domain.spots import SpotShape
from tasks.vision.classifier import ClassifierEngine
from tasks.vision.crops import cut, lay
from tasks.vision.engine import decode_for

WIDTH, HEIGHT, COLUMNS, ROWS = 1920, 1080, 20, 5
VGG16_BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


def made_frame() -> tuple[bytes, list[SpotShape]]:
    """A lot of five rows of twenty bays, two thirds with cars, as a JPEG of everyday quality."""
    numbers = np.random.default_rng(5)
    ground = cv2.resize(numbers.normal(110, 18, (135, 240, 3)), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    spots = []
    for row in range(ROWS):
        for column in range(COLUMNS):
            x, y = 40 + column * 92, 60 + row * 205
            corners = np.array([(x + 12, y), (x + 84, y), (x + 76, y + 150), (x, y + 150)])
            cv2.polylines(ground, [corners], True, (215, 215, 215), 3)
            if numbers.random() < 0.66:
                body = np.add(corners, [[8, 14], [-8, 14], [-8, -10], [8, -10]])
                cv2.fillPoly(ground, [body], numbers.uniform(0, 255, 3))
                cv2.rectangle(ground, (x + 18, y + 50), (x + 66, y + 74), (30, 28, 25), -1)
                cv2.rectangle(ground, (x + 18, y + 116), (x + 66, y + 128), (30, 28, 25), -1)
            polygon = tuple((float(a) / WIDTH, float(b) / HEIGHT) for a, b in corners)
            spots.append(SpotShape(f"{row}-{column}", polygon))
    picture = (ground + numbers.normal(0, 3, ground.shape)).clip(0, 255).astype(np.uint8)
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes(), spots


def save_vgg16(path: Path) -> None:
    """VGG16 with two answers, built node by node with random weights."""
    numbers = np.random.default_rng(1)
    nodes, constants, name, depth = [], [], "picture", 3

    def constant(key: str, *shape: int) -> str:
        constants.append(numpy_helper.from_array(numbers.normal(0, 0.01, shape).astype(np.float32), key))
        return key

    for block, widths in enumerate(VGG16_BLOCKS):
        for step, width in enumerate(widths):
            key = f"{block}_{step}"
            given = [name, constant(f"w{key}", width, depth, 3, 3), constant(f"b{key}", width)]
            nodes.append(helper.make_node("Conv", given, [f"c{key}"], kernel_shape=[3, 3], pads=[1] * 4))
            nodes.append(helper.make_node("Relu", [f"c{key}"], [f"r{key}"]))
            name, depth = f"r{key}", width
        nodes.append(helper.make_node("MaxPool", [name], [f"p{block}"], kernel_shape=[2, 2], strides=[2, 2]))
        name = f"p{block}"
    nodes.append(helper.make_node("Flatten", [name], ["flat"]))
    name, depth = "flat", 512 * 7 * 7
    for step, width in enumerate((4096, 4096, 2)):
        given = [name, constant(f"fw{step}", depth, width), constant(f"fb{step}", width)]
        nodes.append(helper.make_node("Gemm", given, [f"f{step}"]))
        name, depth = f"f{step}", width
        if step < 2:
            nodes.append(helper.make_node("Relu", [name], [f"fr{step}"]))
            name = f"fr{step}"
    picture = helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, 224, 224])
    answer = helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 2])
    graph = helper.make_graph(nodes, "vgg16", [picture], [answer], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    path.write_bytes(model.SerializeToString())
    del model
    onnx.checker.check_model(str(path))


def timed(work: Callable[[], object], repeats: int) -> dict[str, float]:
    """Least and middle wall-clock milliseconds, after one run to warm up."""
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1000)
    return {"min_ms": round(min(times), 2), "median_ms": round(statistics.median(times), 2)}


def vgg16_ms(repeats: int) -> dict[str, float]:
    """One spot through VGG16 on one thread, its crop not counted."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "vgg16.onnx")
        save_vgg16(path)
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    crop = np.zeros((1, 3, 224, 224), np.float32)
    return timed(lambda: session.run(None, {"picture": crop}), repeats)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one line of JSON instead of a table")
    parser.add_argument("--repeats", type=int, default=30)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    data, spots = made_frame()
    engine = ClassifierEngine(threads=1)
    picture = decode_for(engine, data, spots)
    layout = lay(tuple(spots), picture.shape[1], picture.shape[0], engine.window)
    crops = cut(picture, layout)
    found = {
        "whole frame: decode, crops, network": timed(
            lambda: engine.look(decode_for(engine, data, spots), spots), args.repeats
        ),
        "decode alone": timed(lambda: decode_for(engine, data, spots), args.repeats),
        "crops alone": timed(lambda: cut(picture, layout), args.repeats),
        "network alone": timed(lambda: engine.chances(crops), args.repeats),
        "VGG16, one spot": vgg16_ms(max(3, args.repeats // 6)),
    }
    per_spot = found["whole frame: decode, crops, network"]["median_ms"] / len(spots)
    summary = {
        "frame": f"{WIDTH} x {HEIGHT}, {len(data)} bytes, decoded at {picture.shape[1]} x {picture.shape[0]}",
        "spots": len(spots),
        "times": found,
        "ms_per_spot": round(per_spot, 4),
        "times_faster_than_vgg16": round(found["VGG16, one spot"]["median_ms"] / per_spot),
    }
    if args.json:
        print(json.dumps(summary))
        return
    print(f"{summary['frame']}; {len(spots)} spots; one thread\n")
    print(f"{'':38}{'least':>9}{'middle':>9}  ms")
    for name, row in found.items():
        print(f"{name:38}{row['min_ms']:9.2f}{row['median_ms']:9.2f}")
    print(f"\n{per_spot:.3f} ms a spot; VGG16 takes {summary['times_faster_than_vgg16']} times as long.")


if __name__ == "__main__":
    main()
