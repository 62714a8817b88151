"""What a wheel holds, and that ParkHub works from one, away from the project."""

import os
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path

import pytest
from processes import free_port, running, wait_for

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
LEFT_OUT = "tasks/training/"
PACKAGES = ("parkhub", "tasks", "camera_node", "frontend", "migrations")
STOP_S = 30.0  # it takes five seconds at most, but not on a machine that is busy with other tests


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    (found,) = folder.glob("*.whl")
    return found


def project_files() -> set[str]:
    """What the project has in the packages' folders for a server, without what git ignores."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone")
    found = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", *PACKAGES],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    names = {name for name in found.stdout.split("\0") if name and (ROOT / name).exists()}
    return {name for name in names if not name.startswith(LEFT_OUT)}


def test_the_wheel_holds_every_file_of_its_folders_but_training_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
    own = {name for name in names if ".dist-info/" not in name}
    assert own == project_files()


def test_the_wheel_holds_templates_static_files_migrations_and_models(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    for folder, ending in [
        ("frontend/templates/", ".html"),
        ("frontend/static/", ".css"),
        ("frontend/static/", ".js"),
        ("migrations/", ".py"),
        ("tasks/vision/models/", ".onnx"),
    ]:
        assert [name for name in names if name.startswith(folder) and name.endswith(ending)], (folder, ending)


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel in it; what it depends on is borrowed from the tests' own."""
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / "bin" / "python"
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(python), "install", "-qq", "--no-deps", "--no-index", str(wheel)],
        check=True,
    )
    own = _ask(python, "import sysconfig; print(sysconfig.get_path('purelib'))")
    borrowed = _ask(Path(sys.executable), "import sysconfig; print(sysconfig.get_path('purelib'))")
    (Path(own) / "borrowed.pth").write_text(f"{borrowed}\n")
    return folder


def _ask(python: Path, program: str) -> str:
    bare = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        [python, "-c", program], cwd="/", env=bare, check=True, capture_output=True, text=True
    ).stdout.strip()


def test_the_installed_command_works_from_another_folder(installed: Path, tmp_path: Path) -> None:
    program = "import parkhub, tasks, camera_node; print(parkhub.__file__)"
    assert Path(_ask(installed / "bin" / "python", program)).is_relative_to(installed)
    with running([str(installed / "bin" / "parkhub"), "--version"], tmp_path, cwd=tmp_path) as command:
        assert command.end() == 0
        assert command.stdout.startswith("parkhub ")
    with running([str(installed / "bin" / "parkhub-node"), "--help"], tmp_path, cwd=tmp_path) as command:
        assert command.end() == 0


def test_the_installed_server_starts_and_shows_its_pages(installed: Path, tmp_path: Path) -> None:
    port = free_port()
    options = ["--data-dir", str(tmp_path / "data"), "--port", str(port)]
    with running([str(installed / "bin" / "parkhub"), "up", *options], tmp_path, cwd=tmp_path) as program:
        wait_for(lambda: "ParkHub is running" in program.stdout or program.process.poll() is not None, "the start")
        assert program.process.poll() is None, program.stderr
        for path, words in [("/", b"<html"), ("/sign-in", b"<form"), ("/static/app.css", b"{")]:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
                assert words in answer.read()
        program.process.terminate()
        assert program.end(STOP_S) == 0
