"""The files that plate reading ships are the ones their cards describe."""

import hashlib
import json
from pathlib import Path

import pytest

import tasks.vision

MODELS = Path(tasks.vision.__file__).parent / "models"
BYTES_MAX = 40_000_000


@pytest.mark.parametrize("name", ["plates_find", "plates_read"])
def test_a_model_is_what_its_card_says(name: str) -> None:
    card = json.loads((MODELS / f"{name}.json").read_text())
    data = (MODELS / card["file"]).read_bytes()
    assert (hashlib.sha256(data).hexdigest(), len(data)) == (card["sha256"], card["file_bytes"])
    assert card["licence"].startswith("Apache-2.0")
    assert (MODELS / f"{name}.md").is_file()


def test_all_models_together_are_small() -> None:
    assert sum(path.stat().st_size for path in MODELS.glob("*.onnx")) < BYTES_MAX
