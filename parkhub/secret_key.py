"""The installation's key, which signs forms and keys the hashes of plates: as set, or one made for this data folder."""

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from parkhub.errors import SettingsError
from parkhub.settings import Settings

NAME: Final = "secret.key"


def secret_key(settings: Settings) -> str:
    """The configured key, or the data folder's; made on first use, readable by its owner only.

    Several processes may start at once: the file appears whole or not at all, and the first one wins.
    """
    if settings.secret_key:
        return settings.secret_key
    path = settings.data_dir / NAME
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        handle, name = tempfile.mkstemp(dir=settings.data_dir, prefix=f".{NAME}-")  # made with mode 0600
        made = Path(name)
        try:
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_urlsafe(48))
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):
                os.link(made, path)
        finally:
            made.unlink()
    found = path.read_text().strip()
    if len(found) < 32:
        raise SettingsError(f"The key in {path} is too short. Delete the file; ParkHub makes a new one.")
    return found
