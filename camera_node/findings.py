"""What the doctor looks at away from the server: settings, key file, disk, spool, heat and power, service, camera."""

import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from camera_node.configuration import Configuration
from camera_node.instance import find_instance
from camera_node.key_file import KeyFileError, read_key
from camera_node.owner import as_owner_of
from camera_node.picture import is_picture_name
from camera_node.settings import Settings, SourceKind
from camera_node.spool import RESERVE_BYTES
from camera_node.vitals import read_vitals
from camera_node.words import size, typed

PICTURE_S = 40.0
TROUBLED_S = 3.0
"""A source that says for so long what is wrong with it is believed."""

TURN_S = 0.5
HOT_C = 80.0
DARK, BRIGHT = 25.0, 230.0
BLURRED = 15.0
WAITING_LONG_S = 600.0


class Grade(StrEnum):
    """How it is: good, worth knowing, or wrong."""

    GOOD = "good"
    NOTE = "note"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; ``do`` is what to do about it."""

    grade: Grade
    what: str
    do: str = ""


def look_at_key(settings: Settings) -> Iterator[Finding]:
    """The key file: there, readable here, and by nobody else."""
    file = settings.key
    warnings: list[str] = []
    try:
        read_key(file, warnings.append)
        owner = file.stat()
    except KeyFileError as error:
        denied = isinstance(error.__context__, PermissionError)
        do = "Run the doctor by sudo." if denied else f"Enrol the node: {typed('enrol CODE URL')}"
        yield Finding(Grade.BAD, str(error), do)
        return
    if stat.S_IMODE(owner.st_mode) & 0o077:
        yield Finding(Grade.BAD, f"The key file {file} can be read by other users.", f"Run: chmod 600 {file}")
        return
    folder = file.parent.stat()
    if os.geteuid() == 0 and owner.st_uid != folder.st_uid:
        do = f"Run: chown {folder.st_uid}:{folder.st_gid} {file}"
        yield Finding(Grade.BAD, f"The key file {file} belongs to another user than its folder.", do)
        return
    yield Finding(Grade.GOOD, f"Key file {file}.")


def look_at_disk(settings: Settings) -> Iterator[Finding]:
    """Room for pictures, and how many wait."""
    folder = settings.spool_folder
    free = read_vitals(folder).disk_free_bytes
    wanted = size(settings.spool_bytes_max)
    if not os.access(next(each for each in (settings.state, *settings.state.parents) if each.exists()), os.W_OK):
        yield Finding(
            Grade.BAD,
            f"{settings.state} cannot be written by this user.",
            "Run the doctor by sudo, or set state_folder.",
        )
    if free is None:
        yield Finding(Grade.BAD, f"The disk at {folder} does not say how much room it has.", "Check the disk.")
    elif free < RESERVE_BYTES:
        yield Finding(Grade.BAD, f"Only {size(free)} are free at {folder}.", "Make room: pictures are dropped.")
    else:
        waiting = _waiting(folder)[1]
        grade = Grade.NOTE if free + waiting - RESERVE_BYTES < settings.spool_bytes_max else Grade.GOOD
        do = "So much does not fit: the oldest go sooner. Free the disk, or use a larger one."
        do = do if grade is Grade.NOTE else ""
        yield Finding(grade, f"{size(free)} free for pictures that wait, which may take {wanted}.", do)
    pictures, byte_count, oldest_s = _waiting(folder)
    said = f"{pictures} pictures wait for the server ({size(byte_count)})."
    if pictures and oldest_s > WAITING_LONG_S:
        said = f"{said[:-1]}, the oldest for {oldest_s / 60:.0f} minutes."
        yield Finding(Grade.BAD, said, "See what is said of the server, and whether the node runs.")
    else:
        yield Finding(Grade.GOOD, said)


def look_at_machine(settings: Settings) -> Iterator[Finding]:
    """Heat and power, as far as the machine says."""
    vitals = read_vitals(settings.state)
    if vitals.temperature_c is not None:
        hot = vitals.temperature_c >= HOT_C
        do = "Give the housing air or shade: the processor slows down from here." if hot else ""
        yield Finding(Grade.BAD if hot else Grade.GOOD, f"The processor has {vitals.temperature_c:.0f} °C.", do)
    if vitals.throttled is not None:
        now = [word for word in vitals.throttled if not word.startswith("was-")]
        if "under-voltage" in " ".join(vitals.throttled):
            when = "now" if "under-voltage" in now else "since its start"
            grade = Grade.BAD if when == "now" else Grade.NOTE
            yield Finding(grade, f"The power was too weak {when}.", "Use the official supply and a short, thick cable.")
        elif now:
            yield Finding(Grade.NOTE, f"The processor is slowed down ({', '.join(now)}).", "Give it air or shade.")
        else:
            yield Finding(Grade.GOOD, "Power and heat are well.")


def look_at_source(settings: Settings) -> Iterator[Finding]:
    """Whether the source gives a picture, how large, sharp and bright it is."""
    source = settings.source
    if source is None:
        return
    if source.kind is SourceKind.FOLDER and source.folder is not None:
        yield from _look_at_folder(source.folder, settings.state)
        return
    if source.kind in (SourceKind.V4L2, SourceKind.PICAMERA2) and find_instance(settings.state) is not None:
        yield Finding(Grade.NOTE, "The camera is in use by the node that runs.", "Stop it to have the camera tried.")
        return
    from camera_node.capture import CaptureProcess

    capture = CaptureProcess(source, Configuration(running=True), silence_s=PICTURE_S)
    capture.start()
    state = capture.state()
    try:
        until_s, troubled_s = time.monotonic() + PICTURE_S, 0.0
        picture = None
        while picture is None and time.monotonic() < until_s and troubled_s < TROUBLED_S:
            picture = capture.pictures(TURN_S)
            state = capture.state()
            troubled_s = troubled_s + TURN_S if state.trouble else 0.0
    finally:
        capture.stop(5.0)
    if picture is None:
        why = state.trouble or state.last_error or f"Nothing came within {PICTURE_S:.0f} s."
        yield Finding(Grade.BAD, f"The source {source.kind} gives no picture. {why}", "Check [source] and the camera.")
    else:
        yield from _look_at_picture(picture.data, f"The source {source.kind} gives pictures")


def _look_at_folder(folder: Path, state: Path) -> Iterator[Finding]:
    user = ""
    try:
        with as_owner_of(state) as user:
            pictures = [each for each in folder.iterdir() if is_picture_name(each)]
            newest = max(pictures, key=lambda each: each.stat().st_mtime, default=None)
            data = newest.read_bytes() if newest else b""
    except OSError as error:
        by = f" by {user}, as which the node runs" if user else ""
        what = f"{error.filename or folder} cannot be read{by}: {error.strerror}."
        yield Finding(Grade.BAD, f"The folder {folder}: {what}", "Check its name and rights.")
        return
    if not data:
        yield Finding(Grade.NOTE, f"The folder {folder} holds no pictures yet.", "Put one there to try.")
        return
    yield from _look_at_picture(data, f"The folder {folder} holds {len(pictures)} pictures; the newest")


def _look_at_picture(data: bytes, what: str) -> Iterator[Finding]:
    import cv2
    import numpy as np

    from camera_node.sharpness import FOCUS_WIDTH, sharpness

    grey = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    if grey is None:
        yield Finding(Grade.BAD, f"{what}: not a picture that can be read.", "Check what writes it.")
        return
    high, wide = grey.shape[:2]
    if wide > FOCUS_WIDTH:
        small = cv2.resize(grey, (FOCUS_WIDTH, max(3, high * FOCUS_WIDTH // wide)), interpolation=cv2.INTER_AREA)
    else:
        small = grey
    light, sharp = float(np.mean(small)), sharpness(np.asarray(small, dtype=np.uint8))
    said = f"{what}: {wide} x {high}, brightness {light:.0f} of 255, sharpness {sharp:.0f}."
    if light < DARK:
        yield Finding(Grade.NOTE, said, "It is nearly black: is the lens covered, is it night?")
    elif light > BRIGHT:
        yield Finding(Grade.NOTE, said, "It is nearly white: the sun or a lamp shines into it, or it exposes too long.")
    elif sharp < BLURRED:
        yield Finding(
            Grade.NOTE, said, "It is blurred or shows nothing: clean the lens, turn its ring (Help with the focus)."
        )
    else:
        yield Finding(Grade.GOOD, said)


def _waiting(folder: Path) -> tuple[int, int, float]:
    """How many pictures wait, their bytes, and for how many seconds the oldest has."""
    sizes, oldest = [], time.time()
    for each in folder.glob("*.picture"):
        try:
            found = each.stat()
        except OSError:
            continue
        sizes.append(found.st_size)
        oldest = min(oldest, found.st_mtime)
    return len(sizes), sum(sizes), time.time() - oldest
