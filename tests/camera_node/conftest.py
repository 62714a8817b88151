"""A server that listens to the node, and a key."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from receivers import Receiver, receiving
from scripted import Server, serving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A server on a free port that answers as it is told."""
    with receiving() as found:
        yield found


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """A camera's key, readable by its owner only."""
    file = tmp_path / "camera.key"
    file.write_text("0123456789abcdefghijklmnopqrstuvwxyzABCDEFG\n")
    file.chmod(0o600)
    return file


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that answers everything a node asks as the test says."""
    with serving() as found:
        yield found
