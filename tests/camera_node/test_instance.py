"""One node for a state folder."""

import os
from pathlib import Path

import pytest

from camera_node.instance import Instance, InstanceError, find_instance


def test_a_second_node_is_told_who_has_the_folder(tmp_path: Path) -> None:
    assert find_instance(tmp_path) is None
    first = Instance(tmp_path / "state")
    with pytest.raises(InstanceError, match=rf"process {os.getpid()}\) uses"):
        Instance(tmp_path / "state")
    assert find_instance(tmp_path / "state") == os.getpid()
    first.close()
    assert find_instance(tmp_path / "state") is None
    Instance(tmp_path / "state").close()
