"""What trust keeps between pictures: bounded, checked, and forgotten when spoiled."""

import cv2
import numpy as np
import pytest
from car_park_views import noisy, view

from parkhub.domain.trust import Trouble
from tasks.vision.still import STILLS_MAX
from tasks.vision.trust import inspect
from tasks.vision.trust_memory import BYTES_MAX, REFERENCES_MAX, Memory, Reference, encode, pack, unpack


def grey(seed: int = 0, shape: tuple[int, int] = (180, 320)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, shape, dtype=np.uint8)


def full() -> Memory:
    """The most there can be: references of pure noise, which no picture format makes smaller."""
    references = [Reference(encode(grey(n)), min(n, 3), n) for n in range(REFERENCES_MAX)]
    whole = np.array([[1, 0.01, 3], [0, 1.02, -2], [1e-5, 0, 1]])
    stills = [np.arange(n, n + 2304, dtype=np.uint16) for n in range(STILLS_MAX)]
    return Memory((320, 180), whole, Trouble.MOVED, 3, 77, stills, references)


def test_what_was_kept_comes_back():
    before, after = full(), unpack(pack(full()))
    assert after is not None
    assert (after.size, after.verdict, after.rest, after.count) == (before.size, Trouble.MOVED, 3, 77)
    assert np.array_equal(after.whole, before.whole)
    assert np.array_equal(after.stills, before.stills)
    assert [(one.jpeg, one.hops, one.used_at) for one in after.references] == [
        (one.jpeg, one.hops, one.used_at) for one in before.references
    ]


def test_an_empty_memory_comes_back_too():
    after = unpack(pack(Memory((320, 180))))
    assert after is not None
    assert after.stills == []
    assert after.references == []


def test_the_fullest_memory_is_within_its_bound():
    assert len(pack(full())) < BYTES_MAX


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda data: b"", id="empty"),
        pytest.param(lambda data: data[:-1], id="cut short"),
        pytest.param(lambda data: data[:6], id="only its beginning"),
        pytest.param(lambda data: data + b"x", id="with something behind"),
        pytest.param(lambda data: data[:3] + b"\x01" + data[4:], id="another version"),
        pytest.param(lambda data: data[:500] + bytes([data[500] ^ 1]) + data[501:], id="one bit turned"),
        pytest.param(lambda data: b"\x80\x04N." + data, id="something else"),
        pytest.param(lambda data: data + bytes(BYTES_MAX), id="far too long"),
    ],
)
def test_spoiled_bytes_are_forgotten(spoil):
    assert unpack(spoil(pack(full()))) is None


def test_references_of_another_size_are_forgotten():
    memory = full()
    memory.references.append(Reference(encode(grey(9, (40, 40))), 0, 0))
    assert unpack(pack(memory)) is None


def test_a_spoiled_memory_starts_afresh():
    found = inspect(view(12.0), b"PHT\x02 but nothing that was packed")
    assert found.trouble is None
    assert unpack(found.memory) is not None


def crowded(seed: int) -> np.ndarray:
    """The car park half hidden behind a crowd, each time another."""
    picture = np.array(view(12.0))
    size = (360, 1280, 3)
    crowd = np.random.default_rng(seed).integers(0, 255, (size[0] // 12, size[1] // 12, 3), dtype=np.uint8)
    picture[-size[0] :] = cv2.resize(crowd, size[1::-1], interpolation=cv2.INTER_CUBIC)
    return noisy(picture, seed=seed)


def test_references_gather_but_never_more_than_the_bound_and_the_first_stays():
    memory, first, counts = None, b"", []
    for seed in range(9):
        found = inspect(crowded(seed), memory)
        memory = found.memory
        known = unpack(memory)
        assert known is not None
        assert found.trouble is None
        first = first or known.references[0].jpeg
        assert known.references[0].jpeg == first
        counts.append(len(known.references))
    assert counts[0] == 1
    assert counts[-1] == REFERENCES_MAX
    assert max(counts) == REFERENCES_MAX
