"""Single files and the pictures of a folder, in the order of their names."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from camera_node.picture import MEDIA_TYPES, Picture, is_picture_name, is_video_name

CapturedAt = Literal["now", "file"]


def read_picture(path: Path, captured: CapturedAt) -> Picture:
    """Read one picture file. ``captured`` picks the moment of reading or the file's time. Raises OSError."""
    data = path.read_bytes()
    moment = datetime.fromtimestamp(path.stat().st_mtime, UTC) if captured == "file" else datetime.now(UTC)
    return Picture(str(path), data, MEDIA_TYPES.get(path.suffix.lower(), "image/jpeg"), moment)


def list_folder(folder: Path) -> Iterator[Path]:
    """Yield the pictures and videos right in ``folder`` by name; hidden and unfinished names are left out."""
    for path in sorted(folder.iterdir()):
        if path.is_file() and (is_picture_name(path) or (is_video_name(path) and not path.name.startswith("."))):
            yield path
