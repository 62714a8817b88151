"""From single suspicions to a trouble people are told of, and back."""

from datetime import UTC, datetime, timedelta

import pytest

from parkhub.domain.spots import SpotShape
from parkhub.domain.trust import PATIENCE, Trouble, TrustTrack, is_believed, realign, watch

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
MOVED, BLOCKED, BLURRED, DARK, FROZEN = (
    Trouble.MOVED,
    Trouble.BLOCKED,
    Trouble.BLURRED,
    Trouble.DARK,
    Trouble.FROZEN,
)


def after(*seen: Trouble | None, every_s: float = 60.0) -> TrustTrack:
    """The track after pictures that looked like this, so many seconds apart."""
    track = TrustTrack()
    for number, trouble in enumerate(seen):
        track = watch(track, trouble, START + timedelta(seconds=number * every_s))
    return track


@pytest.mark.parametrize(
    ("seen", "every_s", "expected"),
    [
        pytest.param((None, MOVED), 60, None, id="one strange picture is no trouble"),
        pytest.param((None, MOVED, MOVED), 1, MOVED, id="a camera that moved is one at the second picture"),
        pytest.param((BLOCKED, BLOCKED), 60, None, id="a bird may sit there for two pictures"),
        pytest.param((BLOCKED,) * 3, 60, BLOCKED, id="but not for three"),
        pytest.param((BLOCKED,) * 5, 1, None, id="unless they come faster than a bird flies"),
        pytest.param((BLOCKED,) * 11, 1, BLOCKED, id="after ten seconds it is no bird"),
        pytest.param((BLURRED, BLOCKED, DARK), 60, DARK, id="a hand on its way over the lens is one trouble"),
        pytest.param((BLOCKED, None, BLOCKED, None, BLOCKED), 60, None, id="good pictures between begin anew"),
        pytest.param((FROZEN,) * 5, 30, None, id="the same picture for two minutes may be meant"),
        pytest.param((FROZEN,) * 6, 60, FROZEN, id="for five minutes it is not"),
        pytest.param((FROZEN,) * 4, 600, None, id="and it takes more than a few"),
        pytest.param((MOVED, MOVED, None), 60, MOVED, id="one good picture ends nothing"),
        pytest.param((MOVED, MOVED, None, None), 60, None, id="two do"),
        pytest.param((DARK, DARK, DARK, None, FROZEN, FROZEN), 60, None, id="a good picture sent again is good"),
        pytest.param((MOVED, MOVED, BLOCKED, BLOCKED), 60, BLOCKED, id="the trouble of the moment gives its name"),
    ],
)
def test_a_trouble_begins_and_ends_over_several_pictures(seen, every_s, expected):
    assert after(*seen, every_s=every_s).trouble is expected


def test_a_trouble_holds_from_its_first_picture_on_and_keeps_that_when_its_kind_changes():
    assert after(None, BLURRED, BLOCKED, DARK, BLOCKED, BLOCKED).since == START + timedelta(seconds=60)
    assert after(MOVED, MOVED, None, None).since is None


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        pytest.param((None,), True, id="a good picture"),
        pytest.param((None, BLOCKED), False, id="one that looks like a trouble, at once"),
        pytest.param((None, FROZEN), True, id="one that came twice"),
        pytest.param((MOVED, MOVED, None), False, id="the first good one after a trouble"),
        pytest.param((MOVED, MOVED, None, None), True, id="the second good one"),
        pytest.param((FROZEN,) * 7, False, id="one of a frozen camera"),
        pytest.param((), True, id="nothing seen yet"),
    ],
)
def test_opinions_count_only_of_pictures_that_can_be_believed(seen, expected):
    assert is_believed(after(*seen)) is expected


def test_every_trouble_has_a_sentence_and_a_patience():
    assert all(trouble.sentence.endswith(".") for trouble in Trouble)
    assert set(PATIENCE) == set(Trouble)


def test_spots_are_carried_along_with_a_camera_that_turned():
    spot = SpotShape("a", ((0.1, 0.2), (0.3, 0.2), (0.3, 0.5)))
    (moved,) = realign([spot], (1, 0, 0.05, 0, 1, -0.1, 0, 0, 1))
    assert moved.name == "a"
    assert [pytest.approx(point) for point in moved.polygon] == [(0.15, 0.1), (0.35, 0.1), (0.35, 0.4)]
    assert realign([spot], None) == [spot]


def test_perspective_counts_where_spots_are_carried():
    spot = SpotShape("a", ((0.5, 0.5), (1.0, 0.5), (1.0, 1.0)))
    (moved,) = realign([spot], (1, 0, 0, 0, 1, 0, 1, 0, 1))
    assert moved.polygon[0] == pytest.approx((1 / 3, 1 / 3))
    assert moved.polygon[1] == pytest.approx((0.5, 0.25))
