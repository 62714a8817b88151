"""Reads over time become passages."""

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plate_scenes import read

from parkhub.domain.passages import Passage, Sighting, Watch, alike, passages
from parkhub.errors import InvalidInputError


def seen(*moments: tuple[float, str]) -> list[Sighting]:
    return [Sighting(at_s, read(text)) for at_s, text in moments]


def texts(found: list[Passage]) -> list[str]:
    return [passage.text for passage in found]


def test_reads_of_one_plate_are_one_passage() -> None:
    (passage,) = passages(seen((1.0, "KA417XM"), (1.2, "KA417XM"), (1.4, "KA417XM")))
    assert (passage.text, passage.first_s, passage.last_s, passage.frames) == ("KA417XM", 1.0, 1.4, 3)


def test_a_wrong_read_among_right_ones_is_voted_down() -> None:
    found = passages(seen((1.0, "KA417XW"), (1.2, "KA417XM"), (1.4, "KA417XM"), (1.6, "KA411XM")))
    assert texts(found) == ["KA417XM"]


def test_a_plate_cut_by_the_edge_is_part_of_the_whole_one() -> None:
    """A vehicle drives in: first only the end of its plate is seen, further and further left."""
    cut = [Sighting(0.2 * i, read(text, (600 - 40 * i, 100, 90, 30))) for i, text in enumerate(["7XM", "417XM"])]
    whole = [Sighting(0.6 + 0.2 * i, read("KA417XM", (500 - 40 * i, 100, 120, 30))) for i in range(4)]
    assert texts(passages([*cut, *whole])) == ["KA417XM"]


def test_two_vehicles_side_by_side_are_two_passages() -> None:
    both = []
    for at_s in (0.0, 0.2, 0.4):
        both += [Sighting(at_s, read("KA417XM", (0, 0, 100, 30))), Sighting(at_s, read("BD52KTV", (400, 0, 100, 30)))]
    assert sorted(texts(passages(both))) == ["BD52KTV", "KA417XM"]


def test_vehicles_one_after_the_other_at_one_place_are_two_passages() -> None:
    moments = [(0.2 * i, "KA417XM") for i in range(5)] + [(4.0 + 0.2 * i, "BD52KTV") for i in range(5)]
    assert texts(passages(seen(*moments))) == ["KA417XM", "BD52KTV"]


def test_a_parked_car_in_view_is_one_passage_however_long() -> None:
    (passage,) = passages(seen(*((float(minute * 5), "KA417XM") for minute in range(500))))
    assert (passage.frames, passage.last_s) == (500, 2495.0)


@pytest.mark.parametrize(("away_s", "count"), [(5.0, 1), (60.0, 2)], ids=["within the window", "after it"])
def test_a_plate_that_comes_back_is_told_by_the_merge_window(away_s: float, count: int) -> None:
    first = [(0.0, "KA417XM"), (0.2, "KA417XM")]
    again = [(0.2 + away_s, "KA417XM"), (0.4 + away_s, "KA417XM")]
    assert len(passages(seen(*first, *again), merge_window_s=8.0)) == count


def test_a_single_read_is_no_passage_unless_asked() -> None:
    once = seen((0.0, "KA417XM"))
    assert passages(once) == []
    assert texts(passages(once, reads_min=1)) == ["KA417XM"]


def test_reads_that_never_agree_are_no_passage() -> None:
    assert passages(seen((0.0, "KA417XM"), (0.2, "TR09BQZ"), (0.4, "9XX4"))) == []


def test_the_best_sighting_reads_the_passage_s_own_text() -> None:
    wrong = Sighting(0.0, read("KA417XW", confidence=0.95))
    right = [Sighting(at, read("KA417XM", confidence=0.9 - at / 10)) for at in (0.2, 0.4, 0.6)]
    (passage,) = passages([wrong, *right])
    assert passage.best == right[0]


def test_the_evidence_is_of_the_frame_that_read_what_the_vote_says() -> None:
    """Not of the surest frame, nor of the first."""
    wrong = [Sighting(0.0, read("KA417XW", confidence=0.95), b"wrong")]
    right = [Sighting(at, read("KA417XM", confidence=0.6 + at / 2), f"at {at}".encode()) for at in (0.2, 0.4, 0.6)]
    (passage,) = passages([*wrong, *right])
    assert (passage.text, passage.best.crop) == ("KA417XM", b"at 0.6")


def test_evidence_survives_when_two_tracks_turn_out_to_be_one_plate() -> None:
    left = [Sighting(0.2 * i, read("KA417XM", (0, 0, 100, 30), 0.8), b"left") for i in range(3)]
    away = [Sighting(0.2 * i, read("BD52KTV", (400, 0, 100, 30), 0.5), b"else") for i in range(2)]
    right = [Sighting(0.2 * i, read("KA417XM", (400, 0, 100, 30), 0.9), b"right") for i in range(2, 5)]
    found = passages(sorted([*left, *away, *right], key=lambda seen: seen.at_s))
    assert {passage.text: passage.best.crop for passage in found}["KA417XM"] == b"right"


def test_a_plate_seen_twice_in_one_frame_has_not_been_read_twice() -> None:
    same = [Sighting(0.0, read("KA417XM", box)) for box in ((0, 0, 100, 30), (20, 10, 100, 30))]
    assert passages(same) == []


def test_a_passage_is_given_out_once_it_is_over_and_only_once() -> None:
    watch = Watch(merge_window_s=8.0)
    for seen_at in seen((0.0, "KA417XM"), (0.2, "KA417XM")):
        watch.see(seen_at)
    assert watch.ended(8.2) == []
    assert texts(watch.ended(8.3)) == ["KA417XM"]
    assert watch.ended(99.0) == watch.end() == []


def test_what_is_kept_of_a_parked_car_does_not_grow() -> None:
    """An hour in view, five looks a second, two in three of them misread in ever new ways."""
    watch = Watch()
    kept = []
    for look in range(18_000):
        place, wrong = look % 7, "CEHJLPRTWY"[look // 7 % 10]
        text = "KA417XM" if look % 3 == 0 else "KA417XM"[:place] + wrong + "KA417XM"[place + 1 :]
        watch.see(Sighting(look * 0.2, read(text), bytes(100_000)))
        if look in (999, 17_999):
            kept.append(len(pickle.dumps(watch)))
    assert kept[1] < min(1.1 * kept[0], 2_000_000)
    (passage,) = watch.end()
    assert (passage.text, passage.frames, len(passage.best.crop)) == ("KA417XM", 18_000, 100_000)


def test_an_unknown_region_is_refused_before_anything_is_seen() -> None:
    with pytest.raises(InvalidInputError, match="atlantis"):
        Watch("atlantis")


def test_layouts_are_applied_after_the_vote() -> None:
    assert texts(passages(seen((0.0, "KAO17XM"), (0.2, "KAO17XM")), region="sk")) == ["KA017XM"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("KA417XM", "KA417XM", True),
        ("KA4I7XM", "KA417XM", True),
        ("KA417XM", "A417XM", True),
        ("417XM", "KA417XM", True),
        ("KA417XM", "BD52KTV", False),
        ("KA417XM", "KA580TR", False),
    ],
)
def test_texts_that_may_be_one_plate(one: str, other: str, same: bool) -> None:
    assert alike(one, other) is same
    assert alike(other, one) is same


PLATES = st.sampled_from(["KA417XM", "BD52KTV", "60BXK4", "KA417XW"])


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 100), PLATES), max_size=30))
def test_passages_are_in_order_and_count_no_frame_twice(moments: list[tuple[float, str]]) -> None:
    sightings = seen(*sorted(moments))
    found = passages(sightings)
    assert [p.first_s for p in found] == sorted(p.first_s for p in found)
    assert sum(p.frames for p in found) <= len(sightings)
    assert all(p.first_s <= p.best.at_s <= p.last_s for p in found)
