"""Old CarParkPos pickles are read as numbers; whatever else a pickle can do is refused before it is done."""

import os
import pickle
import struct

import pytest

from parkhub.domain.spots_file import parse_carparkpos
from parkhub.errors import SpotsFileError

CLASSIC = [(47, 98), (157, 98), (47, 146), (900, 600)]


class Runs:
    """What an attacker would put into a pickle."""

    def __init__(self, marker: str) -> None:
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"touch {self.marker}",)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_classic_file_becomes_boxes_in_the_order_they_were_clicked(protocol):
    found = parse_carparkpos(pickle.dumps(CLASSIC, protocol), (1100, 720))

    assert [spot.name for spot in found.spots] == ["1", "2", "3", "4"]
    assert (found.width, found.height) == (1100, 720)
    corners = [(round(x * 1100), round(y * 720)) for x, y in found.spots[0].polygon]
    assert corners == [(47, 98), (47 + 107, 98), (47 + 107, 98 + 48), (47, 98 + 48)]


def test_positions_may_be_lists_and_fractions_and_the_box_is_chosen():
    found = parse_carparkpos(pickle.dumps(([10.5, 20], (30, 40))), (200, 100), (50, 20))
    assert [round(value, 4) for value in found.spots[0].polygon[2]] == [60.5 / 200, 40 / 100]


def test_a_box_at_the_edge_is_cut():
    found = parse_carparkpos(pickle.dumps([(-10, 90)]), (200, 100), (50, 20))
    assert found.spots[0].polygon == ((0, 0.9), (0.2, 0.9), (0.2, 1), (0, 1))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_file_that_would_run_a_command_is_refused_and_runs_nothing(tmp_path, protocol):
    marker = tmp_path / "ran"
    for hostile in (Runs(str(marker)), [(1, 2), Runs(str(marker))], [(Runs(str(marker)), 1)]):
        with pytest.raises(SpotsFileError, match="more than lists, tuples and numbers"):
            parse_carparkpos(pickle.dumps(hostile, protocol), (1100, 720))
    assert not marker.exists()


def long_binput(index: int) -> bytes:
    return b"]r" + struct.pack("<I", index) + b"."


HOSTILE = {
    "os.system by hand": b"cos\nsystem\n(S'touch ran'\ntR.",
    "builtins eval": b"c__builtin__\neval\n(V1\ntR.",
    "stack global": b"\x8c\x02os\x8c\x06system\x93\x8c\x02id\x85R.",
    "instance": b"(S'id'\nios\nsystem\n.",
    "object": b"(cos\nsystem\nS'id'\no.",
    "persistent id": b"Pabc\n.",
    "extension registry": b"\x82\x01.",
    "build": b"]}b.",
    "text": b"(lS'abc'\na.",
    "dictionary": pickle.dumps({"a": 1}),
    "set": pickle.dumps({1, 2}),
    "bytes of 4 GB": b"B\xff\xff\xff\xff.",
    "text of 16 EB": b"\x8d" + b"\xff" * 8 + b".",
    "frame of 16 EB": b"\x80\x04\x95" + b"\xff" * 8 + b"].",
    "memory cell of 64 GB": long_binput(0xFFFFFFFF),
    "memory cell of 2 GB": long_binput(0x0FFFFFFF),
    "memory cell by text": b"]p999999999999\n.",
    "doubling": b"]" + b"2\x86" * 100 + b".",
    "huge integer": b"(I" + b"9" * 5000 + b"\nI1\nt.",
    "long of 2 GB": b"\x8b\xff\xff\xff\x7f.",
    "long of 100 kB": b"\x8b" + struct.pack("<I", 100_000) + b"\x7f" * 100_000 + b".",
    "nested lists": b"(" * 100_000 + b"l" * 100_000 + b".",
    "more than a million bytes": pickle.dumps([(1, 2)] * 400_000, 0),
    "six thousand spots": pickle.dumps([(1, 2)] * 6000),
    "recursive": b"]q\x00h\x00a.",
    "empty": b"",
    "not a pickle": b"hello",
    "cut short": pickle.dumps(CLASSIC)[:-5],
    "empty list": pickle.dumps([]),
    "number": pickle.dumps(5),
    "triples": pickle.dumps([(1, 2, 3)]),
    "truths": pickle.dumps([(True, False)]),
    "no number": pickle.dumps([(float("nan"), 1.0)]),
    "infinite": pickle.dumps([(float("inf"), 1.0)]),
    "outside the picture": pickle.dumps([(5000, 1)]),
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
def test_everything_else_is_refused_with_a_sentence(data):
    with pytest.raises(SpotsFileError) as caught:
        parse_carparkpos(data, (1100, 720))
    assert str(caught.value).endswith(".")
    assert len(str(caught.value)) < 300


def test_flipped_bytes_never_do_more_than_raise_a_spots_file_error():
    whole = pickle.dumps(CLASSIC, 2)
    for index in range(len(whole)):
        for value in range(0, 256, 5):
            data = whole[:index] + bytes([value]) + whole[index + 1 :]
            try:
                found = parse_carparkpos(data, (1100, 720))
            except SpotsFileError:
                continue
            assert found.spots


def test_a_box_without_size_is_refused():
    with pytest.raises(SpotsFileError, match="box of 0 x 48"):
        parse_carparkpos(pickle.dumps(CLASSIC), (1100, 720), (0, 48))
