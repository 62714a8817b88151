"""How a machine is, on a Pi, on a laptop, and where nothing says anything."""

from pathlib import Path

import pytest

from camera_node.vitals import node_version, read_power, read_vitals


def a_machine(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_a_pi_tells_everything(tmp_path: Path) -> None:
    files = {
        "proc/uptime": "93784.21 300000.00\n",
        "proc/sys/kernel/random/boot_id": "0b1f6ffd-0a2c-4c0d-9c6d-000000000001\n",
        "sys/class/thermal/thermal_zone0/type": "gpu\n",
        "sys/class/thermal/thermal_zone0/temp": "40000\n",
        "sys/class/thermal/thermal_zone1/type": "cpu-thermal\n",
        "sys/class/thermal/thermal_zone1/temp": "61835\n",
        "sys/devices/platform/soc/soc:firmware/get_throttled": "50005\n",
    }
    found = read_vitals(tmp_path / "not" / "yet", a_machine(tmp_path, files))
    assert (found.uptime_s, found.boot) == (93784.21, "0b1f6ffd-0a2c-4c0d-9c6d-000000000001")
    assert found.temperature_c == 61.835
    assert found.throttled == ("under-voltage", "throttled", "was-under-voltage", "was-throttled")
    assert found.disk_free_bytes is not None
    assert found.disk_free_bytes > 0


def test_what_a_machine_does_not_say_is_not_made_up(tmp_path: Path) -> None:
    broken = {"sys/class/thermal/thermal_zone0/temp": "999999999", "sys/class/thermal/thermal_zone1/temp": "?"}
    found = read_vitals(tmp_path, a_machine(tmp_path, broken))
    assert (found.uptime_s, found.boot, found.temperature_c, found.throttled) == (None, None, None, None)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("throttled=0x0", ()),
        ("throttled=0xE0008\n", ("hot", "was-frequency-capped", "was-throttled", "was-hot")),
        ("error=1 error_msg='Command not registered'", None),
        ("", None),
    ],
    ids=["well", "hot", "refused", "silent"],
)
def test_the_firmware_s_bits_become_words(said: str, meant: tuple[str, ...] | None) -> None:
    assert read_power(said) == meant


def test_the_version_is_the_package_s() -> None:
    assert node_version()[0].isdigit()
