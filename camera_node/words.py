"""Words that several commands say to people: a command as it is typed here, and how much a number of bytes is."""

import os

from camera_node.places import VAR


def typed(words: str) -> str:
    """Return `parkhub-node` with ``words`` as it is typed at this machine: by sudo where a service is installed."""
    sudo = "sudo " if os.geteuid() == 0 or VAR.is_dir() else ""
    return f"{sudo}parkhub-node {words}"


def size(byte_count: float) -> str:
    """Return a size as people say it: 12.3 MB, 29.8 GB."""
    if byte_count >= 1e9:
        return f"{byte_count / 1e9:.1f} GB"
    return f"{byte_count / 1e6:.0f} MB" if byte_count >= 1e7 else f"{byte_count / 1e6:.1f} MB"
