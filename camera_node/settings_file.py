"""Changes single values of node.toml and leaves the rest as the person wrote it, comments too."""

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from camera_node.durable import write_durably
from camera_node.settings import SettingsError

TEMPLATE = """\
# What this node is. `parkhub-node enrol CODE URL` sets server and camera; the console sets the rest.
server = ""
camera = ""

# Where pictures come from; take one:
#
# [source]
# kind = "picamera2"                      # the camera of a Raspberry Pi
#
# [source]
# kind = "rtsp"                           # a network camera
# address = "rtsp://name:password@192.168.1.20/stream1"
#
# [source]
# kind = "v4l2"                           # a USB camera
# device = "/dev/video0"
#
# [source]
# kind = "folder"                         # pictures that something else puts there
# folder = "/srv/pictures"
"""

Place = tuple[str, str]
"""The table's name, "" for the top, and the value's."""


def set_values(file: Path, values: Mapping[Place, str]) -> None:
    """Write texts into ``file``, which is made, for its owner only, when missing. Raises SettingsError, OSError."""
    try:
        text = file.read_text(encoding="utf-8")
        before = tomllib.loads(text)
    except FileNotFoundError:
        text, before = TEMPLATE, tomllib.loads(TEMPLATE)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{file} cannot be read: {error}. Mend it or move it away.") from None
    for (table, name), value in values.items():
        text = _set(text, table, name, json.dumps(value))
        where = before.setdefault(table, {}) if table else before
        where[name] = value
    try:
        good = tomllib.loads(text) == before
    except tomllib.TOMLDecodeError:
        good = False
    if not good:
        names = ", ".join(f"{table}.{name}".strip(".") for table, name in values)
        raise SettingsError(f"{file} is written in a way that cannot be changed here. Set {names} in it by hand.")
    write_durably(file, text.encode(), 0o600 if not file.exists() else file.stat().st_mode & 0o777)


def _set(text: str, table: str, name: str, value: str) -> str:
    lines = text.splitlines()
    headers = [number for number, line in enumerate(lines) if line.lstrip().startswith("[")]
    if table:
        begin = next((each for each in headers if re.fullmatch(rf"\s*\[\s*{table}\s*\]\s*(#.*)?", lines[each])), None)
        if begin is None:
            return "\n".join([*lines, "", f"[{table}]", f"{name} = {value}", ""])
        begin += 1
    else:
        begin = 0
    end = next((each for each in headers if each >= begin), len(lines))
    for number in range(begin, end):
        if re.match(rf"\s*{name}\s*=", lines[number]):
            lines[number] = f"{name} = {value}"
            break
    else:
        lines.insert(begin, f"{name} = {value}")
    return "\n".join([*lines, ""])
