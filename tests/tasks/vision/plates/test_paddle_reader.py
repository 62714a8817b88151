"""PaddleOCR's edge: what its answers become, and what is said when it or its model is missing.

With PaddleOCR installed and PADDLE_REC naming the folder of a recognition model, the real thing is tried as well.
"""

import os
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from plate_scenes import plate, scene

from parkhub.errors import EngineError, InvalidInputError
from tasks.vision.picture import Picture
from tasks.vision.plates.paddle_reader import PaddleReader, PaddleStrips, open_recognition
from tasks.vision.plates.reader import open_reader

STRIP = np.zeros((48, 200, 3), np.uint8)


class Answers:
    """Stands in for `paddleocr.TextRecognition`: always these texts."""

    def __init__(self, *rows: tuple[str, float]) -> None:
        self._rows = rows
        self.asked: list[int] = []

    def predict(self, strips: list[Picture], /, *, batch_size: int = 1) -> Sequence[Mapping[str, object]]:
        self.asked.append(batch_size)
        return [{"rec_text": text, "rec_score": score} for text, score in self._rows]


class Broken:
    def predict(self, strips: list[Picture], /, *, batch_size: int = 1) -> Sequence[Mapping[str, object]]:
        raise RuntimeError("(Unavailable) oneDNN")


def test_every_letter_is_as_sure_as_the_whole_and_blanks_are_none() -> None:
    (reading,) = PaddleStrips(Answers(("KA 41", 0.75))).read([STRIP])
    assert reading.letters == ((("K", 0.75),), (("A", 0.75),), (("4", 0.75),), (("1", 0.75),))


def test_strips_are_read_in_one_go() -> None:
    network = Answers(("A", 0.9), ("B", 0.8))
    assert [reading.text for reading in PaddleStrips(network).read([STRIP, STRIP])] == ["A", "B"]
    assert network.asked == [2]
    assert PaddleStrips(network).read([]) == []
    assert network.asked == [2]


@pytest.mark.parametrize("network", [Broken(), Answers()], ids=["it fails", "an answer is missing"])
def test_a_failure_is_never_taken_for_an_empty_street(network: Broken | Answers) -> None:
    with pytest.raises(EngineError, match="PaddleOCR"):
        PaddleReader(network).read(scene([(plate(["KA 417XM"]), (380, 330, 180, 39))]))


def save_about(folder: Path, text: str) -> Path:
    (folder / "inference.yml").write_text(text, encoding="utf-8")
    return folder


def test_a_model_s_folder_must_be_given_and_hold_a_recogniser(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="folder"):
        open_reader("paddleocr")
    with pytest.raises(InvalidInputError, match=r"inference\.yml"):
        open_reader("paddleocr", model_dir=tmp_path)
    with pytest.raises(InvalidInputError, match="recognition"):
        open_reader("paddleocr", model_dir=save_about(tmp_path, "Global:\n  model_name: PP-OCRv5_mobile_det\n"))


@pytest.mark.skipif(find_spec("paddleocr") is not None, reason="PaddleOCR is installed")
def test_the_missing_extra_is_named(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="extra `paddleocr`"):
        open_recognition(save_about(tmp_path, "Global:\n  model_name: PP-OCRv5_mobile_rec\n"))


def test_a_model_folder_is_not_for_the_default_reader(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="paddleocr"):
        open_reader("onnx", model_dir=tmp_path)


@pytest.mark.skipif(
    find_spec("paddleocr") is None or "PADDLE_REC" not in os.environ,
    reason="needs PaddleOCR and a model of it, named by PADDLE_REC",
)
@pytest.mark.filterwarnings("ignore")
def test_the_real_paddleocr_reads_a_plate() -> None:
    reader = open_reader("paddleocr", model_dir=Path(os.environ["PADDLE_REC"]))
    found = reader.read(scene([(plate(["KA 417XM"]), (380, 330, 180, 39))]))
    assert [read.text for read in found] == ["KA417XM"]
