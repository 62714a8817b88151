"""A key that the server changes: no moment without one that works."""

import stat
from pathlib import Path

import pytest

from camera_node.key_file import KeyFileError
from camera_node.keys import Keys, beside


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "camera.key"
    found.write_text("old\n")
    found.chmod(0o600)
    return found


def test_a_new_key_is_on_disk_before_it_is_used_and_takes_the_old_one_s_place_when_accepted(file: Path) -> None:
    keys = Keys(file)
    keys.offer("1", "new")
    assert (keys.current(), file.read_text()) == ("new", "old\n")
    assert stat.S_IMODE(beside(file).stat().st_mode) == 0o600
    assert Keys(file).current() == "new"  # after a power cut
    assert not keys.answered("new", 503)
    assert file.read_text() == "old\n"
    assert not keys.answered("new", 200)
    assert (file.read_text(), beside(file).exists(), keys.all) == ("new\n", False, ("new",))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_new_key_that_is_refused_where_the_old_one_is_taken_is_never_tried_again(file: Path) -> None:
    keys = Keys(file)
    keys.offer("1", "new")
    for _ in range(2):
        assert keys.answered("new", 401)
        assert keys.current() == "old"
        keys.answered("old", 200)
    keys.offer("1", "new")
    assert keys.current() == Keys(file).current() == "old"
    keys.offer("2", "newer")
    assert keys.current() == "newer"


def test_a_clock_that_is_set_right_between_the_two_keys_costs_neither(file: Path) -> None:
    keys = Keys(file)
    keys.offer("1", "new")
    keys.answered("new", 401)
    keys.answered("old", 200)
    assert keys.current() == "new"
    keys.answered("new", 200)
    assert file.read_text() == "new\n"


def test_a_wrong_clock_has_both_refused_and_loses_neither(file: Path) -> None:
    keys = Keys(file)
    keys.offer("1", "new")
    assert keys.answered("new", 401)
    assert keys.answered("old", 401)
    assert keys.current() == "new"
    assert not keys.answered("new", 201)
    assert file.read_text() == "new\n"


def test_power_that_goes_between_the_two_last_steps_harms_nothing(file: Path) -> None:
    keys = Keys(file)
    keys.offer("1", "new")
    file.write_text("new\n")
    again = Keys(file)
    assert (again.current(), beside(file).exists()) == ("new", False)
    assert not again.answered("new", 401)


@pytest.mark.parametrize("damaged", [b"", b"{", b"[]", b'{"id": 1}'])
def test_a_damaged_file_beside_leaves_the_old_key(file: Path, damaged: bytes) -> None:
    beside(file).write_bytes(damaged)
    said: list[str] = []
    assert Keys(file, said.append).current() == "old"
    assert len(said) == 1


def test_who_hears_a_sentence_may_ask_for_the_keys(file: Path) -> None:
    asked: list[tuple[str, ...]] = []
    keys = Keys(file, lambda _: asked.append(keys.all))
    keys.offer("1", "new")
    keys.answered("new", 200)
    assert asked[-1] == ("new",)


def test_a_key_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="does not exist"):
        Keys(tmp_path / "camera.key")
