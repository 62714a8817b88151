"""What root may read and the node's user may not is seen with the eyes of that user."""

import os
from pathlib import Path

import pytest

from camera_node.owner import as_owner_of

NOBODY = 65_534
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give rights up")


@needs_root
def test_root_reads_as_who_owns_the_folder_and_is_root_again_afterwards(tmp_path: Path) -> None:
    own, other = tmp_path / "own", tmp_path / "other"
    for each in (own, other):
        each.mkdir(mode=0o700)
    os.chown(own, NOBODY, NOBODY)
    groups = os.getgroups()
    with as_owner_of(own) as name:
        assert name == "nobody"
        with pytest.raises(PermissionError):
            list(other.iterdir())
    assert list(other.iterdir()) == []
    assert (os.geteuid(), os.getegid(), os.getgroups()) == (0, os.getgid(), groups)


def test_a_folder_that_is_not_there_or_one_s_own_changes_nothing(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        with as_owner_of(folder) as name:
            assert (name, os.geteuid()) == ("", os.getuid())
