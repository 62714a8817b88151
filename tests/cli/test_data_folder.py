"""The data folder is private and has one holder."""

import os
from pathlib import Path

import pytest

from parkhub.cli.data_folder import LOCK_NAME, hold, make_data_folder
from parkhub.cli.embedded_redis import socket_path
from parkhub.errors import ConflictError, SettingsError


def test_a_new_folder_is_for_this_user_only(tmp_path: Path) -> None:
    make_data_folder(tmp_path / "a" / "data")
    assert (tmp_path / "a" / "data").stat().st_mode & 0o777 == 0o700


def test_a_folder_that_was_there_is_made_private(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    make_data_folder(tmp_path)
    assert tmp_path.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_all_users_share_is_left_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    with pytest.raises(SettingsError, match="shared by all users"):
        make_data_folder(tmp_path)
    assert tmp_path.stat().st_mode & 0o7777 == 0o1777


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_another_user_s_folder_that_others_can_write_is_refused(tmp_path: Path) -> None:
    os.chown(tmp_path, 65534, 65534)
    tmp_path.chmod(0o770)
    with pytest.raises(SettingsError, match="another user's"):
        make_data_folder(tmp_path)
    tmp_path.chmod(0o750)
    make_data_folder(tmp_path)
    assert tmp_path.stat().st_mode & 0o777 == 0o750


@pytest.mark.parametrize("wrong", ["/dev/null", "/dev/null/data", "/proc/data"])
def test_a_folder_that_cannot_be_is_a_wrong_setting(wrong: str) -> None:
    with pytest.raises(SettingsError, match="PARKHUB_DATA_DIR is wrong"):
        make_data_folder(Path(wrong))


def test_the_second_holder_is_refused_and_told_the_first(tmp_path: Path) -> None:
    with hold(tmp_path):
        assert (tmp_path / LOCK_NAME).read_text().strip() == str(os.getpid())
        with pytest.raises(ConflictError, match=rf"process {os.getpid()}\)"), hold(tmp_path):
            raise AssertionError("held twice")
    with hold(tmp_path):
        pass


def test_the_redis_socket_lies_in_the_data_folder_where_its_path_fits(tmp_path: Path) -> None:
    assert socket_path(Path("/srv/parkhub")) == Path("/srv/parkhub/redis.sock")


def test_a_long_path_moves_the_redis_socket_to_a_private_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    deep = Path("/srv") / ("x" * 100)
    found = socket_path(deep)
    assert found == socket_path(deep)
    assert found != socket_path(Path("/srv") / ("y" * 100))
    assert found.parent.parent == tmp_path
    assert found.parent.stat().st_mode & 0o777 == 0o700
    found.parent.chmod(0o755)
    with pytest.raises(SettingsError, match="is not this user's own folder"):
        socket_path(deep)
