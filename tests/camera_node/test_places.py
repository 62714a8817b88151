"""A node that was installed for a service, looked at by somebody who is not its user."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from camera_node.cli import main
from camera_node.places import DeniedError, is_there

NOBODY = 65_534


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A node.toml in a folder that nobody else may enter."""
    folder = tmp_path / "etc"
    folder.mkdir()
    (folder / "node.toml").write_text("")
    return folder / "node.toml"


@contextmanager
def somebody_else(folder: Path) -> Iterator[None]:
    """Without the right to look into ``folder``."""
    folder.chmod(0)
    if os.geteuid() == 0:
        os.seteuid(NOBODY)
        try:
            yield
        finally:
            os.seteuid(0)
    else:
        yield
    folder.chmod(0o700)


def test_whether_it_is_there_is_not_known_to_everybody(installed: Path) -> None:
    assert is_there(installed)
    assert not is_there(installed.with_name("other.toml"))
    with somebody_else(installed.parent), pytest.raises(DeniedError, match="Run it by sudo"):
        is_there(installed)


@pytest.mark.parametrize("words", [["enrol", "CODE", "https://127.0.0.1:9"], ["doctor"], ["run"]], ids=lambda it: it[0])
def test_each_command_asks_for_sudo_in_a_sentence(
    installed: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with somebody_else(installed.parent), pytest.raises(SystemExit) as ended:
        main([*words, "--settings", str(installed)])
    said = "".join(capsys.readouterr())
    assert ended.value.code == 2
    assert "Run it by sudo." in said
    assert "Traceback" not in said
