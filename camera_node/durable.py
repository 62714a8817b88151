"""Writes a small file so that after a power cut there is the old one or the new one, never a part.

What root writes belongs to whom the folder belongs to: a person sets a node up by sudo, a service reads it.
"""

import os
from pathlib import Path


def write_durably(file: Path, data: bytes, mode: int = 0o600) -> None:
    """Put ``data`` in the place of ``file``, which is on disk when this returns. Raises OSError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f".{file.name}.{os.getpid()}.new")
    try:
        # The rights are there before the bytes: nobody reads a key in between.
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode)
        with os.fdopen(handle, "wb") as opened:
            os.fchmod(opened.fileno(), mode)
            if os.geteuid() == 0:
                owner = file.parent.stat()
                os.fchown(opened.fileno(), owner.st_uid, owner.st_gid)
            opened.write(data)
            opened.flush()
            os.fsync(opened.fileno())
        fresh.replace(file)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
