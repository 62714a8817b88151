"""What the server wants this node to do: read as a whole or refused as a whole, and kept on disk for the next start.

Fields that this node does not know are left aside, so that an old node takes a newer server's document.
"""
# ruff: noqa: RUF009 - the functions make fields

import contextlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from camera_node.durable import write_durably
from camera_node.fields import (
    FieldError,
    checked,
    choice,
    flag,
    number,
    number_or_none,
    part,
    read,
    whole,
    whole_or_none,
)
from camera_node.schedule import Mode as Mode
from camera_node.schedule import Span as Span
from camera_node.schedule import read_schedule

Area = tuple[float, float, float, float]
"""Left, top, width and height as shares of the picture, 0 to 1."""

BYTES_MAX = 256 * 1024


class ConfigurationError(Exception):
    """The document is refused as a whole; the message names the field."""


class Night(StrEnum):
    """Whether the camera takes long, dark pictures."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"


class Focus(StrEnum):
    """Who turns the lens."""

    AUTO = "auto"
    MANUAL = "manual"


def _area(said: Any) -> Area | None:
    if said is None:
        return None
    wrong = ValueError("must be null or [left, top, width, height] as shares of the picture from 0 to 1")
    if not isinstance(said, list | tuple) or len(said) != 4:
        raise wrong
    if any(isinstance(side, bool) or not isinstance(side, int | float) for side in said):
        raise wrong
    left, top, width, height = (float(side) for side in said)
    if not (0 <= left < 1 and 0 <= top < 1 and 0 < width <= 1.001 - left and 0 < height <= 1.001 - top):
        raise wrong
    return left, top, width, height


@dataclass(frozen=True, slots=True)
class Change:
    """On change: the share of points that must differ where most do (`change.changed_share`), how often at most."""

    interval_min_s: float = number(2.0, 0.05, 86_400)
    interval_max_s: float = number(60.0, 0.05, 86_400)
    threshold: float = number(0.02, 0.0, 1.0)
    area: Area | None = checked(None, _area)

    def __post_init__(self) -> None:
        if self.interval_min_s > self.interval_max_s:
            raise ValueError("interval_min_s must not be more than interval_max_s")


@dataclass(frozen=True, slots=True)
class Gate:
    """A burst while something moves in the area, of which the best ``keep`` are sent; an overview now and then."""

    area: Area | None = checked(None, _area)
    burst_max: int = whole(8, 1, 100)
    keep: int = whole(4, 1, 100)
    idle_interval_s: float = number(60.0, 0.1, 86_400)

    def __post_init__(self) -> None:
        if self.keep > self.burst_max:
            raise ValueError("keep must not be more than burst_max")


@dataclass(frozen=True, slots=True)
class PictureForm:
    """JPEG quality and width in pixels; both go down towards the least while the line is slow."""

    quality: int = whole(85, 10, 100)
    quality_min: int = whole(60, 10, 100)
    width_max: int = whole(1920, 160, 10_000)
    width_min: int = whole(1280, 160, 10_000)

    def __post_init__(self) -> None:
        if self.quality_min > self.quality:
            raise ValueError("quality_min must not be more than quality")
        if self.width_min > self.width_max:
            raise ValueError("width_min must not be more than width_max")


@dataclass(frozen=True, slots=True)
class CameraControls:
    """What a camera with controls is set to; null leaves it to the camera. ``lens_position`` in dioptres."""

    night: Night = choice(Night.AUTO)
    exposure_us: int | None = whole_or_none(1, 600_000_000)
    gain: float | None = number_or_none(0.1, 1000)
    focus: Focus = choice(Focus.AUTO)
    lens_position: float | None = number_or_none(0.0, 1000)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is sent at most."""

    pictures_per_s: float = number(4.0, 0.01, 1000)
    kbit_per_s: float | None = number_or_none(1, 10_000_000)


@dataclass(frozen=True, slots=True)
class Edge:
    """Whether the node recognises by itself, and whether pictures may leave it where it cannot."""

    enabled: bool = flag(False)
    pictures_if_broken: bool = flag(False)


def _timezone(said: Any) -> str:
    try:
        ZoneInfo(said)
    except Exception:  # noqa: BLE001 - zoneinfo raises errors of four kinds for names that are none
        raise ValueError("must be a time zone that this machine knows, such as Europe/Berlin") from None
    return str(said)


@dataclass(frozen=True, slots=True)
class Configuration:
    """The whole document; version 0 is what a node does before it was told anything."""

    version: int = whole(0, 0, 2**53)
    running: bool = flag(True)
    mode: Mode = choice(Mode.INTERVAL)
    interval_s: float = number(10.0, 0.05, 86_400)
    change: Change = part(Change)
    gate: Gate = part(Gate)
    schedule: tuple[Span, ...] = checked((), read_schedule)
    timezone: str = checked("UTC", _timezone)
    picture: PictureForm = part(PictureForm)
    camera: CameraControls = part(CameraControls)
    upload: Limits = part(Limits)
    heartbeat_s: float = number(30.0, 0.2, 3600)
    edge: Edge = part(Edge)

    def at(self, moment: datetime) -> tuple[Mode, float]:
        """Return mode and interval in seconds at ``moment`` (aware): the first span that holds, else the plain ones."""
        local = moment.astimezone(ZoneInfo(self.timezone))
        for span in self.schedule:
            if span.holds(local):
                return span.mode, span.interval_s
        return self.mode, self.interval_s


def read_configuration(text: bytes) -> Configuration:
    """Return what the server's document says. Raises ConfigurationError naming the field."""
    if len(text) > BYTES_MAX:
        raise ConfigurationError(f"The document is larger than {BYTES_MAX} bytes.")
    try:
        return read(Configuration, json.loads(text))
    except FieldError as error:
        raise ConfigurationError(str(error)) from None
    except (ValueError, RecursionError):
        raise ConfigurationError("The document is not JSON.") from None


class Kept:
    """The last good documents on disk: the newest and the one before, should the newest be damaged."""

    def __init__(self, folder: Path, tell: Callable[[str], None] = lambda _: None) -> None:
        self._file = folder / "configuration.json"
        self._before = folder / "configuration.before.json"
        self._tell = tell

    def read(self) -> Configuration:
        """Return the newest that is good, else the defaults."""
        for file in (self._file, self._before):
            try:
                return read_configuration(file.read_bytes())
            except FileNotFoundError:
                continue
            except (OSError, ConfigurationError) as error:
                self._tell(f"{file} cannot be used: {error}")
        return Configuration()

    def keep(self, text: bytes) -> Configuration:
        """Read a document and keep it; it is on disk when this returns. Raises ConfigurationError, OSError."""
        configuration = read_configuration(text)
        with contextlib.suppress(FileNotFoundError, ConfigurationError):
            read_configuration(self._file.read_bytes())
            os.replace(self._file, self._before)  # noqa: PTH105
        write_durably(self._file, text)
        return configuration
