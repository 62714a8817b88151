"""The node by itself: what its wheel holds and needs, its installer, its service."""

import ast
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from configparser import RawConfigParser
from pathlib import Path

import pytest

NODE = Path(__file__).parents[2] / "camera_node"
IMPORTED_AS = {"opencv-python-headless": "cv2", "pillow": "PIL", "tzdata": None}
"""Where a package's module is not called what the package is; tzdata is read by the standard library."""
OF_THE_SYSTEM = {"picamera2", "libcamera"}
"""Only a Raspberry Pi's own packages have them."""


def project() -> dict[str, object]:
    found: dict[str, object] = tomllib.loads((NODE / "pyproject.toml").read_text())["project"]
    return found


def names(requirements: list[str]) -> set[str]:
    return {each.partition(">=")[0] for each in requirements}


def test_the_wheel_holds_the_program_and_what_the_wire_is(tmp_path: Path) -> None:
    given = tmp_path / "camera_node"
    shutil.copytree(NODE, given, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=given, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("parkhub_node-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
        entry = next(name for name in archive.namelist() if name.endswith("entry_points.txt"))
        assert "parkhub-node = camera_node.cli:main" in archive.read(entry).decode()
    program = {path.relative_to(NODE.parent).as_posix() for path in NODE.rglob("*.py")}
    assert held == program | {"camera_node/WIRE.md"}


def test_it_names_what_it_imports_and_nothing_else() -> None:
    imported = set()
    for file in NODE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                imported |= {each.name.split(".")[0] for each in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                imported.add(node.module.split(".")[0])
    outside = imported - set(sys.stdlib_module_names) - {"camera_node"} - OF_THE_SYSTEM
    said = project()
    extras = said["optional-dependencies"]
    assert isinstance(extras, dict)
    assert isinstance(said["dependencies"], list)
    needed = names(said["dependencies"])
    optional = names([each for several in extras.values() for each in several])
    modules = {IMPORTED_AS.get(each, each) for each in needed | optional - {"lgpio"}} - {None}
    assert outside == modules


def test_both_wheels_say_the_same_version_and_licence() -> None:
    server = tomllib.loads((NODE.parent / "pyproject.toml").read_text())["project"]
    own = project()
    assert (own["version"], own["license"]) == (server["version"], server["license"])


def test_the_installer_is_sound_shell() -> None:
    if shutil.which("shellcheck") is None:
        if os.environ.get("CI"):
            pytest.fail("shellcheck is needed in CI.")
        pytest.skip("shellcheck is not installed.")
    ran = subprocess.run(["shellcheck", str(NODE / "install.sh")], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, "")


def test_the_installer_lets_the_node_read_the_journal_of_its_runs_before() -> None:
    (loop,) = [line for line in (NODE / "install.sh").read_text().splitlines() if line.startswith("for group in ")]
    assert "systemd-journal" in loop.rstrip("; do").split()


def test_the_installer_refuses_what_it_does_not_know_and_changes_nothing() -> None:
    ran = subprocess.run([str(NODE / "install.sh"), "--egde"], capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert "--uninstall" in ran.stderr


def test_the_service_runs_what_the_installer_installs_and_is_watched() -> None:
    unit = RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(NODE / "parkhub-node.service")
    service, installer = unit["Service"], (NODE / "install.sh").read_text()
    assert service["ExecStart"] == "/opt/parkhub-node/venv/bin/parkhub-node run"
    assert "HOME_FOLDER=/opt/parkhub-node\n" in installer
    assert f"WHO={service['User']}\n" in installer
    assert service["Type"] == "notify"
    assert int(service["WatchdogSec"]) > 0
    assert service["Restart"] == "always"
