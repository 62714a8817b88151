"""Reads the camera's key from its file, so it never stands on a command line where everybody can see it."""

import stat
from collections.abc import Callable
from pathlib import Path


class KeyFileError(Exception):
    """The key file is missing, unreadable or holds no key; the message says which."""


def read_key(file: Path, warn: Callable[[str], None]) -> str:
    """Return the key in ``file``; ``warn`` hears when others on this machine can read it. Raises KeyFileError."""
    try:
        text = file.read_text(encoding="ascii").strip()
        mode = file.stat().st_mode
    except FileNotFoundError:
        raise KeyFileError(f"The key file {file} does not exist.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFileError(f"The key file {file} cannot be read: {error}.") from None
    if not text or any(letter.isspace() for letter in text):
        raise KeyFileError(f"The key file {file} must hold the camera's key and nothing else.")
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        warn(f"The key file {file} can be read by other users of this machine. Run: chmod 600 {file}")
    return text
