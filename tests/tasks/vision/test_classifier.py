"""The classifier engine: one opinion per spot in order, "could not look" apart from "free", errors never empty."""

import cv2
import numpy as np
import pytest
from networks import save_brightness_classifier, save_constant_detector

from parkhub.domain.spots import SpotShape, SpotState
from parkhub.errors import EngineError, InvalidInputError
from tasks.vision.classifier import MODEL, ClassifierEngine
from tasks.vision.engine import decode_for, open_engine


def spot(name: str, left: float, top: float, width: float = 0.1, height: float = 0.2) -> SpotShape:
    return SpotShape(name, ((left, top), (left + width, top), (left + width, top + height), (left, top + height)))


@pytest.fixture
def engine(tmp_path) -> ClassifierEngine:
    return ClassifierEngine(save_brightness_classifier(tmp_path / "bright.onnx"))


def picture(level: int = 60) -> np.ndarray:
    made = np.full((200, 400, 3), level, np.uint8)
    made[::4] += 8
    return made


def test_every_spot_gets_an_answer_in_the_order_asked(engine):
    seen = picture()
    seen[:, 200:] = 180
    seen[::4, 200:] = 200
    spots = [spot("b", 0.6, 0.3), spot("a", 0.1, 0.3), spot("c", 0.8, 0.3)]
    look = engine.look(seen, spots)

    assert [(o.spot, o.state) for o in look.observations] == [
        ("b", SpotState.OCCUPIED),
        ("a", SpotState.FREE),
        ("c", SpotState.OCCUPIED),
    ]
    assert all(0.5 <= o.confidence <= 1 for o in look.observations)
    assert look.memory is None


def test_temperature_lowers_confidence_but_never_the_state(tmp_path):
    sure = ClassifierEngine(save_brightness_classifier(tmp_path / "sure.onnx"))
    unsure = ClassifierEngine(save_brightness_classifier(tmp_path / "unsure.onnx", temperature="4"))
    first = sure.look(picture(), [spot("a", 0.1, 0.3)]).observations[0]
    second = unsure.look(picture(), [spot("a", 0.1, 0.3)]).observations[0]
    assert first.state is second.state
    assert first.confidence > second.confidence


@pytest.mark.parametrize(
    ("seen", "shape"),
    [
        (picture(), spot("a", 0.1, 0.1, 0.015, 0.03)),
        (np.zeros((200, 400, 3), np.uint8), spot("a", 0.1, 0.3)),
        (np.full((200, 400, 3), 255, np.uint8), spot("a", 0.1, 0.3)),
        (picture(), spot("a", 0.96, 0.3)),
        (picture(), spot("a", -0.5, -0.5)),
    ],
    ids=["too small", "dark", "blown out", "half outside", "outside"],
)
def test_a_spot_that_cannot_be_seen_is_unknown_not_free(engine, seen, shape):
    (observation,) = engine.look(seen, [shape]).observations
    assert observation.state is SpotState.UNKNOWN
    assert observation.confidence == 0


@pytest.mark.parametrize(("level", "free"), [(8, 8), (100, -8)], ids=["night", "glare"])
def test_a_place_with_too_little_or_too_much_light_is_never_called_free_but_a_vehicle_found_counts(
    tmp_path, level, free
):
    """Part of the place still shows something: dark ground with a brighter edge, or a third that the sun left."""
    seen = np.full((200, 400, 3), level, np.uint8)
    seen[60:100, 40:66] = 0 if level < 50 else 255
    seen[60:100, 66:80] += 15
    engines = [
        ClassifierEngine(save_brightness_classifier(tmp_path / f"{spread}.onnx", spread=spread))
        for spread in (free, -free)
    ]
    missed, found = (engine.look(seen, [spot("a", 0.1, 0.3)]).observations[0] for engine in engines)
    assert (missed.state, missed.confidence) == (SpotState.UNKNOWN, 0)
    assert found.state is SpotState.OCCUPIED


def test_a_dim_night_picture_is_still_judged(engine):
    seen = picture(0)
    cv2.rectangle(seen, (40, 60), (80, 100), (40, 40, 40), -1)
    assert engine.look(seen, [spot("a", 0.1, 0.3)]).observations[0].state is not SpotState.UNKNOWN


def test_no_spots_no_answers(engine):
    assert engine.look(picture(), []).observations == []


def test_a_lot_of_a_thousand_spots_is_judged_in_parts(engine):
    spots = [spot(str(i), (i % 20) / 22, (i // 20) / 55, 0.04, 0.05) for i in range(1000)]
    names = [o.spot for o in engine.look(picture(), spots).observations]
    assert names == [s.name for s in spots]


def test_the_shipped_model_tells_a_car_from_bare_ground():
    ground = np.random.default_rng(3).normal(110, 5, (400, 600, 3)).clip(0, 255).astype(np.uint8)
    car = cv2.GaussianBlur(ground, (5, 5), 0)
    cv2.rectangle(car, (230, 130), (330, 330), (40, 30, 160), -1)  # body
    cv2.rectangle(car, (240, 180), (320, 215), (30, 25, 20), -1)  # windscreen
    cv2.rectangle(car, (245, 290), (315, 310), (30, 25, 20), -1)  # rear window
    cv2.rectangle(car, (240, 132), (262, 142), (230, 230, 240), -1)  # lamps
    cv2.rectangle(car, (298, 132), (320, 142), (230, 230, 240), -1)
    shape = SpotShape("a", ((215 / 600, 0.3), (345 / 600, 0.3), (345 / 600, 0.85), (215 / 600, 0.85)))
    engine = open_engine("classifier")

    assert engine.look(cv2.GaussianBlur(ground, (5, 5), 0), [shape]).observations[0].state is SpotState.FREE
    assert engine.look(car, [shape]).observations[0].state is SpotState.OCCUPIED


def test_the_shipped_model_is_small_and_has_its_card():
    assert MODEL.stat().st_size <= 2_000_000
    assert MODEL.with_suffix(".md").is_file()


def test_a_jpeg_is_decoded_only_as_large_as_the_spots_need():
    data = cv2.imencode(".jpg", np.zeros((1080, 1920, 3), np.uint8))[1].tobytes()
    spots = [SpotShape(str(i), ((0.1, 0.1), (0.3, 0.1), (0.3, 0.6), (0.1, 0.6))) for i in range(3)]
    assert decode_for(open_engine("classifier"), data, spots).shape[1] < 700
    assert decode_for(open_engine("classifier"), data, []).shape[1] == 1920


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: p / "none.onnx", "does not exist"),
        (lambda p: save_constant_detector(p / "d.onnx", np.zeros((1, 84, 85)), 64), "crop geometry"),
        (lambda p: save_brightness_classifier(p / "b.onnx", side_px="large"), "crop geometry"),
    ],
    ids=["missing", "a detector", "no geometry"],
)
def test_a_file_that_is_no_classifier_is_refused(tmp_path, make, message):
    with pytest.raises(EngineError, match=message):
        ClassifierEngine(make(tmp_path))


def test_a_model_that_fails_is_an_error(tmp_path):
    engine = ClassifierEngine(save_brightness_classifier(tmp_path / "b.onnx", side_px="24"))
    with pytest.raises(EngineError, match="failed"):
        engine.look(picture(), [spot("a", 0.1, 0.3)])


def test_engines_are_opened_by_name():
    with pytest.raises(InvalidInputError, match="no engine 'magic'"):
        open_engine("magic")


def test_the_difference_engine_takes_no_model(tmp_path):
    with pytest.raises(InvalidInputError, match="without a model"):
        open_engine("difference", model=tmp_path / "x.onnx")
