"""What a person far away needs to see what is wrong with a node: one text, the newest line last, no secrets in it."""

import dataclasses
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from camera_node.log import mask
from camera_node.settings import Settings
from camera_node.sources.address import masked
from camera_node.vitals import node_version

BYTES_MAX = 240 * 1024
JOURNAL_LINES = 800
ASK_S = 10.0


def make_bundle(settings: Settings, state: Mapping[str, object], lines: Iterable[str], secrets: Iterable[str]) -> bytes:
    """Return the bundle as UTF-8, at most `BYTES_MAX`: versions, settings, how the node is, the last lines."""
    head = [
        "# versions",
        f"parkhub-node {node_version()}, Python {platform.python_version()}, {platform.platform()}",
        "# settings",
        *_flat("", dataclasses.asdict(settings)),
        "# state",
        *_flat("", state),
        "# log",
    ]
    hidden = tuple(secrets)
    start = mask("\n".join(head), hidden).encode()
    tail = mask("\n".join(_journal() or lines), hidden).encode()
    room = BYTES_MAX - len(start) - 2
    if len(tail) > room:
        # From the first whole line on.
        tail = tail[-room:].partition(b"\n")[2]
    return start + b"\n" + tail + b"\n"


def _flat(where: str, said: Mapping[str, Any]) -> list[str]:
    found: list[str] = []
    for name, value in said.items():
        if isinstance(value, Mapping):
            found += _flat(f"{where}{name}.", value)
        elif value not in (None, ""):
            found.append(f"{where}{name} = {masked(str(value))}")
    return found


def _journal() -> list[str]:
    """The service's lines, also of the run before; empty where there is no journal or it may not be read."""
    program = shutil.which("journalctl")
    unit = os.environ.get("PARKHUB_NODE_UNIT", "parkhub-node")
    if program is None or "INVOCATION_ID" not in os.environ or sys.platform != "linux":
        return []
    command = [program, "--unit", unit, "--lines", str(JOURNAL_LINES), "--no-pager", "--output", "short-iso"]
    try:
        done = subprocess.run(  # noqa: S603 - systemd's own program, by its whole path
            command, capture_output=True, text=True, errors="replace", timeout=ASK_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return [line for line in done.stdout.splitlines() if not line.startswith("-- ")]
