"""Where node.toml is and what may be written, unless somebody says otherwise."""

import os
from pathlib import Path

ETC = Path("/etc/parkhub-node/node.toml")
VAR = Path("/var/lib/parkhub-node")


class DeniedError(Exception):
    """The file belongs to the service's user; the message says how to come at it."""

    def __init__(self, file: Path) -> None:
        super().__init__(f"{file} is for the service's user only. Run it by sudo.")


def is_there(file: Path) -> bool:
    """Say whether there is such a file. Raises DeniedError where only others may look."""
    try:
        return file.exists()
    except PermissionError:
        raise DeniedError(file) from None


def default_settings_file() -> Path:
    """Return where node.toml is looked for: PARKHUB_NODE_SETTINGS, /etc/parkhub-node, else XDG's folder.

    Raises DeniedError.
    """
    said = os.environ.get("PARKHUB_NODE_SETTINGS")
    if said:
        return Path(said)
    if is_there(ETC) or os.geteuid() == 0:
        return ETC
    home = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(home).expanduser() / "parkhub-node" / "node.toml"


def default_state_folder() -> Path:
    """Return where the node keeps what must outlive a restart."""
    said = os.environ.get("STATE_DIRECTORY", "").split(":")[0]  # systemd's StateDirectory=
    if said:
        return Path(said)
    if os.geteuid() == 0 or VAR.is_dir():
        return VAR
    home = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(home).expanduser() / "parkhub-node"
