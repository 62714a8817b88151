"""What trust remembers of a camera between pictures: plain bytes, versioned, checked, of bounded size."""

import struct
import zlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import cv2
import numpy as np

from parkhub.domain.trust import Trouble
from tasks.vision.moved import STAYS, Map
from tasks.vision.still import Still
from tasks.vision.view import CELL, CELLS_MAX, Grey, View, view_of

REFERENCES_MAX: Final = 6
BYTES_MAX: Final = 400_000
_MAGIC: Final = b"PHT\x02"  # the last byte is the version
_HEAD: Final = struct.Struct("<HHBBI9dBI")
_REFERENCE: Final = struct.Struct("<BII")
_CHECK: Final = struct.Struct("<I")
_QUALITY: Final = 92
_TROUBLES: Final = (None, *Trouble)


@dataclass(slots=True, eq=False)
class Reference:
    """A view in another light, laid back to where the first one was. ``hops``: references between it and the first.

    ``used_at``: the count of pictures when it was last the best.
    """

    jpeg: bytes
    hops: int
    used_at: int

    @property
    def view(self) -> View:
        """All that is known of it."""
        return _view(self.jpeg)


@dataclass(slots=True)
class Memory:
    """``size``: width and height of the views. ``whole``: from the first reference to the last picture.

    ``verdict``: of the last picture. ``rest``: pictures for which a failed search is not repeated. ``stills``: the last
    pictures that differed from each other, see `tasks.vision.still`. ``references``: the first belongs to the moment
    when the spots were marked, and is never replaced.
    """

    size: tuple[int, int]
    whole: Map = field(default_factory=STAYS.copy)
    verdict: Trouble | None = None
    rest: int = 0
    count: int = 0
    stills: list[Still] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)


def encode(grey: Grey) -> bytes:
    """A view as it is remembered."""
    return cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes()


def pack(memory: Memory) -> bytes:
    """The memory as bytes."""
    stills = b"".join(still.astype("<u2").tobytes() for still in memory.stills)
    verdict = _TROUBLES.index(memory.verdict)
    numbers = (verdict, memory.rest, memory.count, *memory.whole.ravel(), len(memory.stills), len(stills))
    parts = [_HEAD.pack(*memory.size, *numbers), stills]
    for reference in memory.references:
        parts += [_REFERENCE.pack(reference.hops, reference.used_at, len(reference.jpeg)), reference.jpeg]
    body = b"".join(parts)
    return _MAGIC + _CHECK.pack(zlib.crc32(body)) + body


def unpack(data: bytes | None) -> Memory | None:
    """The memory in those bytes; None for none, for another version and for spoiled ones."""
    start = len(_MAGIC) + _CHECK.size
    if not data or not data.startswith(_MAGIC) or not start <= len(data) <= BYTES_MAX:
        return None
    body = data[start:]
    if _CHECK.unpack_from(data, len(_MAGIC)) != (zlib.crc32(body),):
        return None
    try:
        return _read(body)
    except (struct.error, ValueError, IndexError, cv2.error):
        return None


def _read(body: bytes) -> Memory:
    width, height, verdict, rest, count, *numbers, still_count, length = _HEAD.unpack_from(body)
    at = _HEAD.size
    if max(width, height) > CELLS_MAX * CELL or min(width, height) < CELL:
        raise ValueError("no such view")
    values = np.frombuffer(body[at : at + length], "<u2").astype(np.uint16)
    stills = list(values.reshape(still_count, -1)) if still_count else []
    at += length
    whole = np.array(numbers, np.float64).reshape(3, 3)
    memory = Memory((width, height), whole, _TROUBLES[verdict], rest, count, stills)
    while at < len(body):
        hops, used_at, length = _REFERENCE.unpack_from(body, at)
        at += _REFERENCE.size
        reference = Reference(body[at : at + length], hops, used_at)
        if reference.view.grey.shape != (height, width):
            raise ValueError("a reference of another size")
        memory.references.append(reference)
        at += length
    return memory


@lru_cache(maxsize=128)  # some 1 MB each; the cameras of one process share it
def _view(jpeg: bytes) -> View:
    grey = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    if grey is None:
        raise ValueError("no picture")
    return view_of(np.asarray(grey, np.uint8))
