"""Makes the two text models of plate reading: ``python -m tasks.training.text_models --wheel WHEEL --out FOLDER``.

WHEEL holds PP-OCRv6's small detector and recogniser as ONNX, as the rapidocr 3.10.0 wheel ships them
(``rapidocr/models``). The detector is taken as it is. The recogniser knows 18,708 characters; its last layer is cut
down to the 94 printable ones of ASCII, blank and space, which makes it smaller and quicker, and keeps Greek,
Cyrillic and Chinese look-alikes out of plates.
"""

import argparse
import hashlib
import shutil
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

SOURCES = {
    "PP-OCRv6_det_small.onnx": "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f",
    "PP-OCRv6_rec_small.onnx": "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884",
}


def source(folder: Path, name: str) -> Path:
    """One of the wheel's files; raises ValueError when it is another version."""
    path = folder / name
    if hashlib.sha256(path.read_bytes()).hexdigest() != SOURCES[name]:
        raise ValueError(f"{path} is not the file of rapidocr 3.10.0.")
    return path


def cut_down(path: Path, out: Path) -> None:
    """The recogniser with fewer characters; for those it answers as before, among themselves."""
    model = onnx.load(str(path))
    (written,) = [prop.value for prop in model.metadata_props if prop.key == "character"]
    characters = ["", *written.splitlines(), " "]
    kept = [0, *(i for i, c in enumerate(characters) if len(c) == 1 and "!" <= c <= "~"), len(characters) - 1]
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if len(characters) in values.shape:
            cut = np.ascontiguousarray(values[..., kept])
            tensor.CopyFrom(numpy_helper.from_array(cut, tensor.name))
    model.graph.output[0].type.tensor_type.shape.dim[2].dim_value = len(kept)
    del model.graph.value_info[:]
    onnx.helper.set_model_props(model, {"character": "\n".join(characters[i] for i in kept[1:-1])})
    onnx.checker.check_model(model)
    onnx.save(model, str(out))


def main() -> None:
    """Read the command line and write both files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wheel", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    shutil.copyfile(source(args.wheel, "PP-OCRv6_det_small.onnx"), args.out / "plates_text.onnx")
    cut_down(source(args.wheel, "PP-OCRv6_rec_small.onnx"), args.out / "plates_read.onnx")
    for name in ("plates_text.onnx", "plates_read.onnx"):
        data = (args.out / name).read_bytes()
        print(name, len(data), hashlib.sha256(data).hexdigest())


if __name__ == "__main__":
    main()
