"""What a person set up at this machine: node.toml. What the server wants is `configuration`'s.

Relative paths are read from the folder of node.toml. A name that nobody knows is refused, because it is mistyped.
"""
# ruff: noqa: RUF009 - the functions make fields

import dataclasses
import re
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from camera_node.fields import (
    checked,
    choice,
    flag,
    number,
    part,
    path_or_none,
    read,
    text,
    whole,
    whole_or_none,
)
from camera_node.places import DeniedError, default_state_folder
from camera_node.sources.address import split_login


class SettingsError(Exception):
    """node.toml is missing, unreadable or wrong; the message names the field."""


class SourceKind(StrEnum):
    """Where pictures come from."""

    PICAMERA2 = "picamera2"
    V4L2 = "v4l2"
    RTSP = "rtsp"
    MJPEG = "mjpeg"
    SNAPSHOT = "snapshot"
    VIDEO = "video"
    FOLDER = "folder"
    SIMULATOR = "simulator"


class Transport(StrEnum):
    """How an RTSP camera sends: udp loses pictures where tcp waits."""

    TCP = "tcp"
    UDP = "udp"


def _address(said: Any) -> str:
    address = str(said) if isinstance(said, str) else ""
    try:
        parts = urlsplit(split_login(address)[0])
    except ValueError:
        parts = urlsplit("")
    if address and (parts.scheme not in ("http", "https", "rtsp", "rtsps") or not parts.hostname):
        raise ValueError("must be an address that begins with http://, https:// or rtsp://")
    return address


def _web_address(said: Any, such_as: str) -> str:
    try:
        address = _address(said)
    except ValueError:
        address = "?"
    if address and not address.startswith(("http://", "https://")):
        raise ValueError(f"must be an address such as {such_as}")
    return address


def _server(said: Any) -> str:
    return _web_address(said, "https://parkhub.example").rstrip("/")


def _camera(said: Any) -> str:
    if not isinstance(said, str) or (said and not re.fullmatch(r"[A-Za-z0-9_-]{1,200}", said)):
        raise ValueError("must be the camera's id as the console shows it")
    return said


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """The source: ``kind`` and what that kind needs (`NEEDS`); sizes in pixels, 0 leaves it to the camera."""

    kind: SourceKind = choice(SourceKind.FOLDER)
    address: str = checked("", _address)
    device: str = text()
    folder: Path | None = path_or_none()
    file: Path | None = path_or_none()
    existing: bool = flag(False)
    real_time: bool = flag(True)
    loop: bool = flag(False)
    transport: Transport = choice(Transport.TCP)
    width: int = whole(0, 0, 10_000)
    height: int = whole(0, 0, 10_000)
    seed: int = whole(1, 0, 2**31)

    def __post_init__(self) -> None:
        needed = NEEDS.get(self.kind)
        if needed and not getattr(self, needed):
            raise ValueError(f'{needed} is needed for kind = "{self.kind}"')


NEEDS = {
    SourceKind.RTSP: "address",
    SourceKind.MJPEG: "address",
    SourceKind.SNAPSHOT: "address",
    SourceKind.V4L2: "device",
    SourceKind.FOLDER: "folder",
    SourceKind.VIDEO: "file",
}


@dataclass(frozen=True, slots=True)
class SpoolSettings:
    """Pictures that wait: where (below the state folder unless said) and how many megabytes at most."""

    folder: Path | None = path_or_none()
    megabytes_max: float = number(2000.0, 1.0, 10_000_000)


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """A barrier's relay at this machine: a pin as Broadcom numbers them, or one that only says what it would do."""

    pin: int | None = whole_or_none(0, 53)
    active_low: bool = flag(False)
    pretend: bool = flag(False)

    def __post_init__(self) -> None:
        if self.pin is not None and self.pretend:
            raise ValueError("pin and pretend exclude each other")


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """How the server is reached: an authority of one's own, a certificate that the server asks for, a proxy."""

    ca_file: Path | None = path_or_none()
    client_certificate: Path | None = path_or_none()
    client_key: Path | None = path_or_none()
    proxy: str = checked("", lambda said: _web_address(said, "http://10.0.0.1:3128"))

    def __post_init__(self) -> None:
        if self.client_key and not self.client_certificate:
            raise ValueError("client_certificate is needed beside client_key")


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole of node.toml; ``file`` is where it was read, empty where there was none."""

    server: str = checked("", _server)
    camera: str = checked("", _camera)
    key_file: Path | None = path_or_none()
    state_folder: Path | None = path_or_none()
    capture_silence_s: float = number(120.0, 2.0, 600.0)
    source: SourceSettings | None = checked(None, lambda said: _read(SourceSettings, said, "source."))
    spool: SpoolSettings = part(SpoolSettings)
    relay: RelaySettings = part(RelaySettings)
    connection: ConnectionSettings = part(ConnectionSettings)

    @property
    def state(self) -> Path:
        """The only folder that is written to: what was said, systemd's, /var/lib/parkhub-node or XDG's."""
        return self.state_folder or default_state_folder()

    @property
    def key(self) -> Path:
        """The file with the camera's key."""
        return self.key_file or self.state / "camera.key"

    @property
    def camera_folder(self) -> Path:
        """What is kept for this camera only: a node that becomes another camera's does not take it along."""
        return self.state / "cameras" / (self.camera or "none")

    @property
    def spool_folder(self) -> Path:
        """Where this camera's pictures wait."""
        return self.spool.folder / self.camera if self.spool.folder else self.camera_folder / "spool"

    @property
    def spool_bytes_max(self) -> int:
        """How many bytes of pictures may wait."""
        return int(self.spool.megabytes_max * 1_000_000)


def read_settings(file: Path) -> Settings:
    """Return what node.toml says; server, camera and source may still be missing. Raises SettingsError, DeniedError."""
    try:
        said = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(f"{file} does not exist. `parkhub-node enrol CODE URL` makes it.") from None
    except PermissionError:
        raise DeniedError(file) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{file} cannot be read: {error}.") from None
    try:
        settings: Settings = _beside(_read(Settings, said), file.absolute().parent)
    except ValueError as error:
        raise SettingsError(f"{file}: {error}") from None
    return settings


def check_complete(settings: Settings, file: Path) -> None:
    """Raise SettingsError naming what `run` needs and is not there."""
    for name in ("server", "camera"):
        if not getattr(settings, name):
            raise SettingsError(f"{file}: {name} is missing. `parkhub-node enrol CODE URL` writes it.")
    if settings.source is None:
        raise SettingsError(f'{file}: [source] is missing.\nSuch as:\n[source]\nkind = "rtsp"\naddress = "rtsp://…"')


def _read(kind: type[Any], said: Any, where: str = "") -> Any:
    return read(kind, said, where, strict=True)


def _beside(settings: Any, folder: Path) -> Any:
    """Return ``settings`` with each relative path below ``folder``."""
    changed: dict[str, Any] = {}
    for each in dataclasses.fields(settings):
        value = getattr(settings, each.name)
        if isinstance(value, Path):
            changed[each.name] = folder / value
        elif dataclasses.is_dataclass(value):
            changed[each.name] = _beside(value, folder)
    return dataclasses.replace(settings, **changed)
