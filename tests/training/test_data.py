"""A labelled set as the console gives it is read as training data."""

import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from builders import NOW, a_new_label, save_lot, stand_ins

from parkhub.services.labelled_sets import export
from parkhub.services.labels import import_label
from parkhub.settings import Settings
from tasks.training.data import LABELLED, DataSet
from tasks.training.spots import Settings as TrainingSettings
from tasks.training.spots import shares


async def test_a_labelled_set_of_the_console_is_learnt_from(sqlite_open: Settings, tmp_path: Path) -> None:
    lot, clients = await save_lot(), stand_ins()
    _, png = cv2.imencode(".png", np.full((100, 200, 3), 90, np.uint8))
    for occupied in (True, False):
        new = a_new_label(lot.id, occupied=occupied, name=f"A{int(occupied)}")
        await import_label(clients, new, png.tobytes(), ((0.25, 0.25), (0.75, 0.25), (0.75, 0.5)))
    await export(clients, None, lot, tmp_path / "set.zip", 365, NOW)
    with zipfile.ZipFile(tmp_path / "set.zip") as archive:
        archive.extractall(tmp_path / "set")
    data = DataSet()
    data.add_labelled(tmp_path / "set")
    assert data.counts() == {LABELLED: (1, 1)}
    assert data.samples[0].polygon.tolist() == [[50, 25], [150, 25], [150, 50]]
    assert shares(data, TrainingSettings()) == pytest.approx([0.5, 0.5])
