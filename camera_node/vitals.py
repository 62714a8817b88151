"""How the machine is: heat, power, room on the disk, time since its start. None where the machine does not say."""

import contextlib
import importlib.metadata
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

POWER_BITS = ((0, "under-voltage"), (1, "frequency-capped"), (2, "throttled"), (3, "hot"))
"""Bits of a Raspberry Pi's `get_throttled`; sixteen further up: since the machine's start."""

ASK_S = 3.0
CPU_ZONES = ("cpu-thermal", "cpu_thermal", "x86_pkg_temp", "soc_thermal", "soc-thermal", "k10temp", "acpitz")


@dataclass(frozen=True, slots=True)
class Vitals:
    """``throttled`` holds the words of `POWER_BITS`, with ``was-`` what held since the start; empty is all well."""

    uptime_s: float | None
    boot: str | None
    temperature_c: float | None
    throttled: tuple[str, ...] | None
    disk_free_bytes: int | None


def read_vitals(folder: Path, root: Path = Path("/")) -> Vitals:
    """Look at the machine whose files lie below ``root``; ``folder`` is where the spool lies."""
    return Vitals(
        uptime_s=_uptime_s(root),
        boot=_text(root / "proc/sys/kernel/random/boot_id"),
        temperature_c=_temperature_c(root),
        throttled=_throttled(root),
        disk_free_bytes=_disk_free_bytes(folder),
    )


def read_power(said: str) -> tuple[str, ...] | None:
    """Return what a Raspberry Pi says of its power, from ``throttled=0x50005`` or ``50005``; None for anything else."""
    try:
        bits = int(said.strip().rpartition("=")[2], 16)
    except ValueError:
        return None
    now = [word for bit, word in POWER_BITS if bits >> bit & 1]
    since = [f"was-{word}" for bit, word in POWER_BITS if bits >> (bit + 16) & 1]
    return (*now, *since)


def node_version() -> str:
    """Return the version of the installed package."""
    for name in ("parkhub-node", "parkhub"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            return importlib.metadata.version(name)
    return "unknown"


def _text(file: Path) -> str | None:
    try:
        return file.read_text(encoding="ascii", errors="replace").strip() or None
    except OSError:
        return None


def _uptime_s(root: Path) -> float | None:
    try:
        return float((_text(root / "proc/uptime") or "").split()[0])
    except (ValueError, IndexError):
        return None


def _temperature_c(root: Path) -> float | None:
    """The processor's, else the first zone's that makes sense."""
    found: dict[str, float] = {}
    for zone in sorted((root / "sys/class/thermal").glob("thermal_zone*")):
        try:
            degrees = int(_text(zone / "temp") or "") / 1000
        except ValueError:
            continue
        if -60 <= degrees <= 200:
            found.setdefault(_text(zone / "type") or zone.name, degrees)
    named = [found[name] for name in CPU_ZONES if name in found]
    return next(iter([*named, *found.values()]), None)


def _throttled(root: Path) -> tuple[str, ...] | None:
    said = _text(root / "sys/devices/platform/soc/soc:firmware/get_throttled")
    if said is None and root == Path("/"):
        said = _ask_firmware()
    return None if said is None else read_power(said)


def _ask_firmware() -> str | None:
    program = shutil.which("vcgencmd")
    if program is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603 - the Pi's own program, by its whole path
            [program, "get_throttled"], capture_output=True, text=True, timeout=ASK_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout


def _disk_free_bytes(folder: Path) -> int | None:
    for each in (folder, *folder.parents):
        with contextlib.suppress(OSError):
            return shutil.disk_usage(each).free
    return None
