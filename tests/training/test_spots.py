"""The spot classifier's training in small: it learns made spots, and the exported file answers as the net does."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from tasks.training.data import LOTS, MADE, DataSet, Sample
from tasks.training.export import compare, export
from tasks.training.net import SpotNet
from tasks.training.spots import Settings, logits, train
from tasks.vision.classifier import ClassifierEngine
from tasks.vision.crops import Window


def made_lot() -> DataSet:
    """Sixteen bays of grey ground, in half of them a red box with dark windows; of a lot and of the simulator."""
    random = np.random.default_rng(1)
    data = DataSet()
    for source in (LOTS[0], MADE):
        picture = random.normal(120, 8, (260, 520, 3))
        for bay in range(16):
            x, y = 10 + bay % 8 * 62, 10 + bay // 8 * 125
            occupied = bay % 2 == 0
            if occupied:
                cv2.rectangle(picture, (x + 6, y + 6), (x + 50, y + 104), (40, 30, 170), -1)
                cv2.rectangle(picture, (x + 12, y + 30), (x + 44, y + 44), (25, 25, 20), -1)
            corners = np.array([(x, y), (x + 56, y), (x + 56, y + 110), (x, y + 110)], np.float32)
            data.samples.append(Sample(len(data.levels), corners, occupied, source))
        data.levels.append([cv2.cvtColor(picture.clip(0, 255).astype(np.uint8), cv2.COLOR_BGR2BGRA)])
    return data


@pytest.fixture(scope="module")
def settings() -> Settings:
    return replace(Settings(), epochs=4, per_epoch=320, batch=32, follow=0.2)


@pytest.fixture(scope="module")
def net(settings) -> SpotNet:
    torch.set_num_threads(1)
    return train(made_lot(), Window(), settings, "made")


def test_a_few_steps_tell_made_cars_from_ground(net):
    answers, truth = logits(net, made_lot(), Window())
    assert ((answers > np.median(answers)) == truth).mean() > 0.9


def test_the_same_seed_gives_the_same_net(settings):
    short = replace(settings, epochs=1, per_epoch=64)
    first, second = (train(made_lot(), Window(), short, "made").state_dict() for _ in range(2))
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_the_file_gives_the_same_logits_and_features_and_carries_its_head(net, tmp_path):
    path = tmp_path / "spots.onnx"
    export(net, Window(), 0.5, path)
    crops = np.random.default_rng(2).integers(0, 256, (5, 48, 48, 4), np.uint8)
    engine = ClassifierEngine(path)
    with torch.no_grad():
        logit, features = net(torch.from_numpy(crops))

    assert np.allclose(engine.features(crops), features.numpy(), atol=1e-3)
    assert np.allclose(engine.chances(crops), torch.sigmoid(logit / 0.5).numpy(), atol=1e-3)
    assert engine.window == Window()
    assert engine.shipped_head is not None
    assert np.allclose(engine.shipped_head.weights, net.head.weight[0].detach().numpy())
    assert engine.shipped_head.temperature == 0.5


def test_a_file_of_another_net_is_noticed(net, tmp_path):
    path = tmp_path / "spots.onnx"
    export(SpotNet(), Window(), 0.5, path)
    with pytest.raises(ValueError, match="differ"):
        compare(net, path, Window().side_px)
