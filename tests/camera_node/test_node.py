"""A whole node in this process, by what it says of itself to a server that answers as the test says."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import wait_for
from scripted import Server

from camera_node.log import Log
from camera_node.node import Node
from camera_node.settings import read_settings


@pytest.fixture
def log() -> Log:
    return Log(io.StringIO())


@pytest.fixture
def node(server: Server, key_file: Path, tmp_path: Path, log: Log) -> Iterator[Node]:
    (tmp_path / "pictures").mkdir()
    lines = (f'server = "{server.url}"', 'camera = "north"', f'key_file = "{key_file}"', 'state_folder = "state"')
    file = tmp_path / "node.toml"
    file.write_text("\n".join([*lines, '[source]\nkind = "folder"\nfolder = "pictures"\n']))
    found = Node(read_settings(file), log)
    yield found
    found.stop()


def test_the_first_heartbeat_tells_of_a_camera_that_is_there_and_of_a_node_that_has_just_begun(
    node: Node, server: Server, log: Log
) -> None:
    node.start()
    [said, *_] = wait_for(lambda: server.said("heartbeat"), "the first heartbeat")
    assert said["capture"]["running"] is True
    assert said["capture"]["last_error"] is None
    assert 0 <= said["running_s"] < 60
    node.look_after()
    wait_for(lambda: node.look_after() and "source is open" in "".join(log.lines()), "the log to say so")


def test_a_heartbeat_that_arrives_does_not_say_that_the_one_before_did_not(
    node: Node, server: Server, log: Log
) -> None:
    server.answers["heartbeat"] = [(503, {"detail": "Not now"})]
    node.start()
    wait_for(lambda: "503" in "".join(log.lines()), "the refusal to be told")
    said = wait_for(lambda: server.said("heartbeat")[1:], "the next heartbeat")
    assert said[0]["last_error"] is None
    wait_for(lambda: node.trouble() == "", "all to be well")
