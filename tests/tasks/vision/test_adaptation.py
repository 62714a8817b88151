"""A lot's own head: learns what labels tell, stays where they tell nothing, and is judged on labels it has not seen."""

import numpy as np
import pytest
from networks import save_brightness_classifier, save_colour_classifier

from parkhub.domain.spot_heads import LABELS_MAX, wins
from parkhub.errors import EngineError, InvalidInputError
from tasks.vision.adaptation import fit
from tasks.vision.classifier import ClassifierEngine

SIDE = 8


@pytest.fixture
def engine(tmp_path) -> ClassifierEngine:
    """Takes bright places for occupied, whatever their colour."""
    return ClassifierEngine(save_colour_classifier(tmp_path / "bright.onnx", side=SIDE))


def crops(light: np.ndarray, red: np.ndarray, seed: int = 0) -> np.ndarray:
    """Crops as bright (128: in the middle) and as red as said, and a little noise: cyan takes back what red gives."""
    made = np.random.default_rng(seed).normal(0, 4, (len(light), SIDE, SIDE, 4))
    for channel, level in enumerate((light, 255 - red, red)):
        made[..., channel] += level[:, None, None]
    return made.clip(0, 255).astype(np.uint8)


def red_lot(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A lot where red means occupied and brightness tells it in four of five cases only; five labels a picture."""
    random = np.random.default_rng(seed)
    occupied = np.arange(count) % 2 == 0
    told = random.random(count) < 0.8
    light = np.where(occupied == told, 200.0, 60.0) + random.normal(0, 10, count)
    red = np.where(occupied, 200.0, 60.0) + random.normal(0, 10, count)
    return crops(light, red, seed), occupied, np.arange(count) // 5


def right(engine: ClassifierEngine, lot: tuple[np.ndarray, np.ndarray, np.ndarray]) -> float:
    return float(((engine.chances(lot[0]) >= 0.5) == lot[1]).mean())


def test_a_head_learns_a_lot_and_wins(engine):
    head, trial = fit(*red_lot(200), engine)
    assert wins(trial)
    assert (trial.labels, trial.held_back) == (200, 200)
    other = red_lot(300, seed=9)
    assert right(engine, other) < 0.85
    assert right(engine.with_head(head), other) > 0.97


def test_the_engine_it_was_fitted_on_stays_as_it_was(engine):
    lot = red_lot(100)
    before = engine.chances(lot[0])
    engine.with_head(fit(*lot, engine)[0])
    assert np.array_equal(engine.chances(lot[0]), before)


def test_the_same_labels_give_the_same_head_from_an_adapted_engine_too(engine):
    lot = red_lot(60)
    first = fit(*lot, engine)
    assert fit(*lot, engine) == first
    assert fit(*lot, engine.with_head(first[0])) == first


def test_labels_that_agree_do_not_win(engine):
    occupied = np.arange(60) % 2 == 0
    same = crops(np.where(occupied, 200.0, 60.0), np.full(60, 128.0))
    head, trial = fit(same, occupied, np.arange(60), engine)
    assert not wins(trial)
    assert trial.before == trial.after == 1.0
    assert right(engine.with_head(head), (same, occupied, occupied)) == 1.0


def test_labels_that_contradict_each_other_do_not_win(engine):
    lot = red_lot(100)
    twice = (np.concatenate((lot[0], lot[0])), np.concatenate((lot[1], ~lot[1])), np.concatenate((lot[2], lot[2])))
    assert not wins(fit(*twice, engine)[1])


def test_errors_that_look_like_what_is_right_do_not_turn_the_head_over(engine):
    """Forty missed cars that look like free ground, and ten confirmed spots of each state."""
    light = np.concatenate((np.full(40, 90.0), np.full(10, 90.0), np.full(10, 170.0)))
    occupied = np.concatenate((np.ones(40, bool), np.zeros(10, bool), np.ones(10, bool)))
    made = crops(light + np.random.default_rng(1).normal(0, 5, 60), np.full(60, 128.0))
    head, trial = fit(made, occupied, np.arange(60) % 12, engine)
    assert not wins(trial)
    adapted = engine.with_head(head)
    assert (adapted.chances(made[40:50]) < 0.5).all()


def test_labels_of_one_picture_cannot_be_held_back_so_they_do_not_win(engine):
    made, occupied, _ = red_lot(60)
    _, trial = fit(made, occupied, np.zeros(60, int), engine)
    assert trial.held_back == 0
    assert not wins(trial)


def test_a_picture_is_never_on_both_sides_of_a_split(engine):
    """Two of three pictures have a tell of their own that the others lack: only labels of the same picture teach it."""
    random = np.random.default_rng(2)
    picture, occupied = np.arange(120) // 40, np.arange(120) % 2 == 0
    deceives = (random.random(120) < 0.2) & (picture < 2)
    tells = np.array([[1, -1, 0], [1, 1, -2], [0, 0, 0]])[picture] * np.where(occupied, 20, -20)[:, None]
    light = np.where(deceives, 10, 40) * np.where(occupied ^ deceives, 1, -1)
    made = np.full((120, SIDE, SIDE, 4), 128, np.uint8)
    made[..., :3] = (128 + tells + light[:, None])[:, None, None, :]
    assert wins(fit(made, occupied, np.arange(120), engine)[1])
    assert not wins(fit(made, occupied, picture, engine)[1])


def test_an_unsure_lot_gets_an_unsure_head(engine):
    """The shipped layer knows that it is often wrong here: so many errors are no sign that people label errors only."""
    random = np.random.default_rng(3)
    occupied = np.arange(400) % 2 == 0
    light = np.where(occupied, 140.0, 116.0) + random.normal(0, 40, 400)
    made = crops(light.clip(0, 255), np.full(400, 128.0))
    head, _ = fit(made, occupied, np.arange(400), engine)
    chances = engine.with_head(head).chances(made)
    sure = np.maximum(chances, 1 - chances)
    assert abs(sure.mean() - ((chances >= 0.5) == occupied).mean()) < 0.05


def test_correcting_mostly_errors_does_not_make_a_head_unsure_of_all_it_sees(engine):
    """Of ten labels seven are errors, of a lot that is read surely and right otherwise."""
    occupied = np.arange(100) % 2 == 0
    wrong = np.arange(100) < 70
    level = np.where(wrong, 20, 80) * np.where(occupied ^ wrong, 1, -1) + 128
    made = np.broadcast_to(level[:, None, None, None], (100, SIDE, SIDE, 4)).astype(np.uint8)
    head, _ = fit(made, occupied, np.arange(100), engine)
    chances = engine.with_head(head).chances(made[~wrong])
    assert np.where(occupied[~wrong], chances, 1 - chances).min() > 0.95


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c, o, g: (c[:19], o[:19], g[:19]), "1 more label"),
        (lambda c, o, g: (c, np.ones_like(o), g), "Only 0 of the labels say free"),
        (lambda c, o, g: (c, o[:-1], g), "Each label needs"),
        (lambda c, o, g: (c, o.astype(int), g), "Each label needs"),
        (lambda c, o, g: tuple(np.concatenate([part] * 11) for part in (c, o, g)), f"more than the {LABELS_MAX}"),
        (lambda c, o, g: (crops(np.where(o, 60.0, 200.0), np.full(len(o), 128.0)), o, g), "Every label says"),
    ],
    ids=["too few", "one state", "lengths", "no truth values", "too many", "nothing confirmed"],
)
def test_labels_that_nothing_can_be_fitted_to_are_refused_with_a_sentence(engine, change, message):
    with pytest.raises(InvalidInputError, match=message):
        fit(*change(*red_lot(50)), engine)


def test_a_model_without_features_cannot_be_adapted(tmp_path):
    engine = ClassifierEngine(save_brightness_classifier(tmp_path / "b.onnx", side=SIDE))
    with pytest.raises(EngineError, match="cannot be adapted"):
        fit(*red_lot(50), engine)


def test_the_shipped_model_can_be_adapted():
    engine = ClassifierEngine()
    random = np.random.default_rng(5)
    made = random.integers(0, 256, (40, engine.window.side_px, engine.window.side_px, 4), np.uint8)
    assert engine.shipped_head is not None
    assert engine.features(made).shape == (40, len(engine.shipped_head.weights))
    again = engine.with_head(engine.shipped_head)
    assert np.allclose(again.chances(made), engine.chances(made), atol=1e-5)
