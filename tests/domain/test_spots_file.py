"""SPOTS.json is read strictly, and every spot gets a place on the map."""

import itertools
import json
import pickle

import pytest

from parkhub.domain.cameras import SpotsFileKind
from parkhub.domain.spots import BayShape, SpotKind
from parkhub.domain.spots_file import PLAN_WIDTH, SPOTS_MAX, build, kind_of, lay_out, parse_spots_json
from parkhub.errors import SpotsFileError, UnsupportedTypeError

SQUARE = [[10, 10], [50, 10], [50, 60], [10, 60]]


def file(**changes) -> bytes:
    return json.dumps({"size": [100, 80], "spots": [{"id": "A1", "polygon": SQUARE}]} | changes).encode()


def spot(**changes) -> bytes:
    return file(spots=[{"id": "A1", "polygon": SQUARE} | changes])


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n", SpotsFileKind.MASK),
        (b"\xff\xd8\xff\xe0", SpotsFileKind.MASK),
        (b"RIFF\0\0\0\0WEBP", SpotsFileKind.MASK),
        (file(), SpotsFileKind.JSON),
        (b"\xef\xbb\xbf\r\n {", SpotsFileKind.JSON),
        (b"[]", SpotsFileKind.JSON),  # and then refused with what is wrong with it
        *((pickle.dumps([(1, 2), (3, 4)], protocol), SpotsFileKind.CARPARKPOS) for protocol in range(6)),
    ],
)
def test_a_file_is_taken_for_what_its_first_bytes_say(data, kind):
    assert kind_of(data) is kind


@pytest.mark.parametrize("data", [b"", b"hello", b"BM\x36\x00", b" \x80\x04"], ids=["empty", "text", "BMP", "shifted"])
def test_what_is_none_is_said_to_be_none(data):
    with pytest.raises(UnsupportedTypeError, match="neither a mask picture"):
        kind_of(data)


def test_polygons_become_shares_of_the_picture_in_the_order_of_the_file():
    found = parse_spots_json(file(spots=[{"id": "B", "polygon": SQUARE}, {"id": 7, "polygon": SQUARE[:3]}]))

    assert [s.name for s in found.spots] == ["B", "7"]
    assert found.spots[0].polygon == ((0.1, 0.125), (0.5, 0.125), (0.5, 0.75), (0.1, 0.75))
    assert found.spots[0].kind is SpotKind.STANDARD
    assert found.spots[0].zone == ""


def test_kind_zone_plan_and_name_are_kept():
    plan = {"shape": "up", "x": 10, "y": 20, "width": 22, "height": 46}
    row = {"id": "A1", "polygon": SQUARE, "kind": "ev", "zone": "North", "plan": plan}
    found = parse_spots_json(file(spots=[row], plan_size=[300, 200], name="Main street"))

    assert (found.name, found.plan_width, found.plan_height) == ("Main street", 300, 200)
    assert (found.spots[0].kind, found.spots[0].zone) == (SpotKind.EV, "North")
    assert found.spots[0].plan.shape is BayShape.MOUTH_UP
    assert (found.spots[0].plan.x, found.spots[0].plan.height) == (10, 46)


def test_one_spot_without_a_plan_lays_out_all():
    plan = {"shape": "down", "x": 1, "y": 1, "width": 22, "height": 46}
    rows = [{"id": "1", "polygon": SQUARE, "plan": plan}, {"id": "2", "polygon": SQUARE}]
    assert {s.plan.shape for s in parse_spots_json(file(spots=rows)).spots} == {BayShape.OUTLINE}


WRONG = {
    "not JSON": (b"{", "not JSON"),
    "not text": (b"\xff\xfe\x00", "not JSON"),
    "deep": (b"[" * 100_000, "not JSON"),
    "a list": (b"[]", "must be an object"),
    "no size": (b"{}", "size:"),
    "size of one": (file(size=[100]), "size:"),
    "size of 0": (file(size=[0, 80]), "size:"),
    "size with a fraction": (file(size=[10.5, 80]), "size: whole"),
    "size of words": (file(size=["a", 80]), r"size\[0\]:"),
    "huge size": (file(size=[10**9, 80]), r"size\[0\]:"),
    "no spots": (file(spots=[]), "spots: a list"),
    "spots as object": (file(spots={}), "spots: a list"),
    "too many": (file(spots=[{"id": i, "polygon": SQUARE} for i in range(SPOTS_MAX + 1)]), "at most 5000"),
    "spot as number": (file(spots=[1]), r"spots\[0\]:"),
    "no id": (spot(id=None), r"spots\[0\]\.id:"),
    "empty id": (spot(id="  "), r"spots\[0\]\.id:"),
    "true as id": (spot(id=True), r"spots\[0\]\.id:"),
    "line end in id": (spot(id="a\nb"), r"spots\[0\]\.id:"),
    "long id": (spot(id="x" * 41), r"spots\[0\]\.id:"),
    "giant id": (spot(id=10**4000), r"spots\[0\]\.id:"),
    "same id twice": (
        file(spots=[{"id": "1", "polygon": SQUARE}, {"id": 1, "polygon": SQUARE}]),
        r'spots\[1\]\.id: "1" was given',
    ),
    "no polygon": (spot(polygon=None), r"spots\[0\]\.polygon: at least 3"),
    "two points": (spot(polygon=SQUARE[:2]), r"spots\[0\]\.polygon: at least 3"),
    "many points": (spot(polygon=SQUARE * 30), r"spots\[0\]\.polygon: 120 points"),
    "point of three": (spot(polygon=[[1, 2, 3], *SQUARE]), r"spots\[0\]\.polygon\[0\]:"),
    "point of words": (spot(polygon=[*SQUARE, ["a", 1]]), r"spots\[0\]\.polygon\[4\]\[0\]: a number"),
    "no number": (spot(polygon=[*SQUARE, [float("nan"), 1]]), r"spots\[0\]\.polygon\[4\]\[0\]: nan"),
    "infinite": (spot(polygon=[*SQUARE, [1, float("inf")]]), r"spots\[0\]\.polygon\[4\]\[1\]: inf"),
    "outside": (spot(polygon=[*SQUARE, [101, 1]]), r"spots\[0\]\.polygon\[4\]: \[101, 1\] lies outside .* 100 x 80"),
    "negative": (spot(polygon=[*SQUARE, [1, -0.5]]), r"spots\[0\]\.polygon\[4\]: \[1, -0.5\] lies outside"),
    "a line": (spot(polygon=[[1, 1], [2, 2], [3, 3]]), r"spots\[0\]\.polygon: the points enclose no area"),
    "kind": (spot(kind="boat"), r"spots\[0\]\.kind: one of standard, disabled"),
    "zone": (spot(zone=5), r"spots\[0\]\.zone:"),
    "half a pair in a zone": (spot(zone="\ud800"), r"spots\[0\]\.zone: .* visible characters"),
    "NUL in a zone": (spot(zone="a\0"), r"spots\[0\]\.zone: .* visible characters"),
    "half a pair in an id": (spot(id="\ud800"), r"spots\[0\]\.id: .* visible characters"),
    "half a pair in the name": (file(name="\ud800"), r"name: .* visible characters"),
    "plan": (spot(plan=5), r"spots\[0\]\.plan:"),
    "plan shape": (spot(plan={"shape": "round"}), r"spots\[0\]\.plan\.shape: one of up"),
    "plan number": (spot(plan={"shape": "up", "x": "1"}), r"spots\[0\]\.plan\.x: a number"),
    "flat plan": (spot(plan={"shape": "up", "x": 1, "y": 1, "width": 0, "height": 2}), r"spots\[0\]\.plan: width"),
    "plan outline": (spot(plan={"shape": "outline"}), r"spots\[0\]\.plan\.outline: at least 3"),
    "name": (file(name=5), "name:"),
    "too long": (b" " * (9 * 1024 * 1024), "at most"),
}


@pytest.mark.parametrize(("data", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_file_is_refused_by_the_path_of_the_wrong_value(data, message):
    with pytest.raises(SpotsFileError, match=message) as caught:
        parse_spots_json(data)
    assert len(str(caught.value)) < 400


def test_a_byte_order_mark_does_not_matter():
    assert parse_spots_json(b"\xef\xbb\xbf" + file()).width == 100


def test_a_lot_of_396_spots_fits_the_plan_without_overlap():
    boxes = [(40 * column, 24 * row) for row in range(18) for column in range(22)]
    named = [(str(i), [(x, y), (x + 40, y), (x + 40, y + 24), (x, y + 24)]) for i, (x, y) in enumerate(boxes)]
    found = build(1280, 720, named)

    plans = [s.plan for s in found.spots]
    assert found.plan_width == PLAN_WIDTH
    assert all(p.x >= 0 and p.x + p.width <= found.plan_width for p in plans)
    assert all(p.y >= 0 and p.y + p.height <= found.plan_height for p in plans)
    assert all(a.x + a.width < b.x for a, b in itertools.pairwise(plans[:22]))
    assert min(p.width for p in plans) > 10
    # the plan keeps the picture's proportions
    assert abs(plans[0].width / plans[0].height - 40 / 24) < 0.05


def test_one_tall_column_does_not_make_an_endless_plan():
    plans, height = lay_out([((0.5, 0.0), (0.51, 0.0), (0.51, 1.0), (0.5, 1.0))], 1.0)
    assert height <= 4 * PLAN_WIDTH + 16
    assert plans[0].outline


def test_no_spots_make_an_empty_plan():
    assert lay_out([], 1.5) == ((), PLAN_WIDTH)
