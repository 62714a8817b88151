"""What the doctor finds about the node that runs here, and its service."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from camera_node.findings import Finding, Grade
from camera_node.instance import LOCK_NAME, find_instance
from camera_node.settings import Settings

UNIT = "parkhub-node.service"


def look_at_service(settings: Settings, file: Path) -> Iterator[Finding]:
    """Whether a node runs here, by ``file`` (node.toml) as it is now, and whether it will after the next power cut."""
    running = find_instance(settings.state)
    program = shutil.which("systemctl")
    enabled, active = (_systemctl(program, word) if program else "" for word in ("is-enabled", "is-active"))
    if running is not None:
        yield Finding(Grade.GOOD, f"The node runs (process {running}).")
        if _is_newer(file, settings.state):
            yield Finding(Grade.BAD, f"{file.name} is newer than the running node.", f"sudo systemctl restart {UNIT}")
    elif active == "active":
        yield Finding(Grade.NOTE, "The service runs, but not with this state folder.", "Is --settings the service's?")
    else:
        do = f"sudo systemctl start {UNIT}; journalctl -u {UNIT} says why it ended" if enabled else "parkhub-node run"
        yield Finding(Grade.BAD, "The node does not run.", do)
    if enabled == "enabled":
        yield Finding(Grade.GOOD, "The service starts with the machine.")
    elif enabled:
        yield Finding(Grade.BAD, f"The service is {enabled}.", f"sudo systemctl enable {UNIT}")
    else:
        yield Finding(
            Grade.NOTE, "No service is installed: after a power cut nobody starts the node.", "Run install.sh."
        )


def _is_newer(file: Path, state: Path) -> bool:
    """The lock is written when a node begins, and not again."""
    try:
        return file.stat().st_mtime_ns > (state / LOCK_NAME).stat().st_mtime_ns
    except OSError:
        return False


def _systemctl(program: str, word: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - systemd's own program, by its whole path
            [program, word, UNIT], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    said = done.stdout.strip()
    return "" if said in ("not-found", "offline") else said
