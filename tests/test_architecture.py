"""The house is as ARCHITECTURE.md draws it."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "shared"}


def tracked() -> list[Path]:
    """Files of the project, without those that git ignores."""
    found = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return [Path(name) for name in found.stdout.split("\0") if name and (ROOT / name).exists()]


@pytest.fixture(scope="module")
def files() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone")
    return tracked()


def rooms() -> set[str]:
    """Folders named in the table of ARCHITECTURE.md."""
    page = (ROOT / "ARCHITECTURE.md").read_text()
    return {name.rstrip("/") for name in re.findall(r"^\| `([\w/]+/)` \|", page, re.MULTILINE)}


def test_imports_point_down() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    found = subprocess.run(
        [program, "--no-cache", "--config", "pyproject.toml"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stdout + found.stderr


def test_every_folder_at_the_top_is_a_room_of_the_architecture(files: list[Path]) -> None:
    allowed = {name.split("/")[0] for name in rooms()} | {"docs"}
    found = {file.parts[0] for file in files if len(file.parts) > 1 and not file.parts[0].startswith(".")}
    assert found <= allowed


def test_every_room_of_the_architecture_is_there(files: list[Path]) -> None:
    folders = {parent.as_posix() for file in files for parent in file.parents}
    assert rooms() <= folders


def test_every_folder_of_the_server_is_a_room(files: list[Path]) -> None:
    found = {"/".join(file.parts[:2]) for file in files if file.parts[0] == "parkhub" and len(file.parts) > 2}
    assert found <= rooms()


def test_no_file_is_a_drawer_for_everything(files: list[Path]) -> None:
    assert [file for file in files if file.suffix == ".py" and file.stem in BANNED_NAMES] == []


def test_tests_mirror_the_tree_and_are_no_package(files: list[Path]) -> None:
    own = [file for file in files if file.parts[0] == "tests"]
    assert [file for file in own if file.name == "__init__.py"] == []
    mirrored = {room.split("/")[-1] for room in rooms()} | {"contract", "browser", "bench"}
    assert {file.parts[1] for file in own if len(file.parts) > 2} <= mirrored


def test_the_web_process_loads_no_vision_library() -> None:
    heavy = ("numpy", "cv2", "onnxruntime", "av", "torch")
    program = f"import sys, parkhub.app; print([name for name in {heavy!r} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True)
    assert found.stdout.strip() == "[]"


def test_the_command_starts_without_what_its_subcommands_need() -> None:
    heavy = ("litestar", "piccolo", "numpy", "cv2", "onnxruntime", "av", "arq", "redis", "structlog")
    program = f"import sys, parkhub.cli.main; print([name for name in {heavy!r} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True)
    assert found.stdout.strip() == "[]"


def test_the_constraints_name_versions_and_nothing_else() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = [line for line in lines if line and not line.startswith("#")]
    assert [line for line in pinned if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line)] == []


def test_every_direct_dependency_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["test"], *extras["bench"], *extras["training"], *extras["ultralytics"]]
    names = {_normal(re.split(r"[<>=;\[ ]", requirement)[0]) for requirement in wanted}
    pinned = {_normal(line.split("==")[0]) for line in (ROOT / "constraints.txt").read_text().splitlines()}
    assert names <= pinned


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_heavy_things_are_extras_only() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = " ".join(project["dependencies"]).lower()
    assert [heavy for heavy in ("torch", "ultralytics", "paddle", "tensorflow") if heavy in named] == []
