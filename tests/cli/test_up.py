"""`parkhub up` as its users start, stop and break it: real processes, an embedded Redis, SQLite."""

import json
import re
import signal
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import psutil
import pytest
import servers
from processes import Program, free_port, running, runs, wait_for

from parkhub.settings import Settings

pytestmark = pytest.mark.slow

STOP_S = 30.0  # it takes five seconds at most, but not on a machine that is busy with other tests
AGAIN = "process ended, starting it again"
RUNNING = "ParkHub is running"
PARKHUB = str(Path(sys.executable).with_name("parkhub"))


def up(folder: Path, *options: str, **env: str) -> AbstractContextManager[Program]:
    """Run `parkhub up` from a folder that is not the project's."""
    return running([PARKHUB, "up", *options], folder, {"PARKHUB_LOG_FORMAT": "json", **env}, cwd=folder)


@contextmanager
def started(folder: Path, *options: str, **env: str) -> Iterator[tuple[Program, str]]:
    """The same, once it says that it runs; gives its address, too."""
    port = free_port()
    with up(folder, "--data-dir", str(folder / "data"), "--port", str(port), *options, **env) as program:
        wait_for(lambda: RUNNING in program.stdout or program.process.poll() is not None, "the start")
        assert program.process.poll() is None, program.stderr
        yield program, f"http://127.0.0.1:{port}"


def ask(address: str) -> tuple[int, dict[str, object]]:
    try:
        with urllib.request.urlopen(address, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def is_ready(address: str) -> bool:
    try:
        return ask(f"{address}/health/ready")[0] == 200
    except OSError:
        return False


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Program, str, Path]]:
    """A start that several tests share, its address and folder, whose long name leaves no room for a socket."""
    deep = tmp_path_factory.mktemp("up") / ("a-folder-with-a-long-name" * 4) / "and-another"
    deep.mkdir(parents=True)
    with started(deep) as (program, address):
        yield program, address, deep


def test_it_starts_says_where_and_is_ready(one: tuple[Program, str, Path]) -> None:
    program, address, folder = one
    assert address in program.stdout
    assert ask(f"{address}/health/live") == (200, {"status": "live"})
    assert ask(f"{address}/health/ready") == (200, {"status": "ready"})
    assert (folder / "data").stat().st_mode & 0o777 == 0o700
    assert (folder / "data" / "parkhub.sqlite").stat().st_mode & 0o077 == 0
    for words in ("redis-server", "parkhub.cli.serve", "tasks.worker work", "tasks.worker vision"):
        assert wait_for(lambda words=words: program.member(words), words)


def test_the_owners_password_is_shown_on_the_first_start_only(tmp_path: Path) -> None:
    for again in (False, True):
        with started(tmp_path) as (program, _):
            shown = re.search(r"password +(\S+)", program.stdout)
            assert (shown is None) is again
            assert "password  " not in program.stderr
            program.signal(signal.SIGTERM)
            assert program.end(STOP_S) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["TERM", "Ctrl-C"])
def test_a_signal_stops_everything_though_a_page_is_open(tmp_path: Path, number: int) -> None:
    with started(tmp_path) as (program, address):
        wait_for(lambda: program.member("tasks.worker vision"), "vision")
        host, port = address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as held:
            held.sendall(b"POST /sign-in HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n")  # and never the body
            program.signal(number)
            assert program.end(STOP_S) == 0
        assert program.survivors() == []
        assert program.log_lines(AGAIN) == []


def test_kill_minus_nine_leaves_no_orphan_and_frees_the_folder(tmp_path: Path) -> None:
    with started(tmp_path) as (program, _):
        wait_for(lambda: program.member("tasks.worker vision"), "vision")
        program.signal(signal.SIGKILL)
        program.end()
        wait_for(lambda: not program.survivors(), "the orphans to end")
    with started(tmp_path) as (_, address):
        assert is_ready(address)


def test_a_second_start_on_the_same_folder_is_refused(one: tuple[Program, str, Path]) -> None:
    program, address, folder = one
    with up(folder, "--data-dir", str(folder / "data"), "--port", str(free_port())) as second:
        assert second.end() == 1
        sentence = second.stderr.strip()
        assert sentence.startswith("parkhub: ParkHub already runs on the data folder")
        assert f"(process {program.process.pid})" in sentence
        assert "\n" not in sentence
    assert is_ready(address)


@pytest.mark.parametrize("words", ["parkhub.cli.serve", "redis-server"], ids=["web", "redis"])
def test_a_killed_process_comes_back_and_that_is_said(one: tuple[Program, str, Path], words: str) -> None:
    program, address, _ = one
    first = wait_for(lambda: program.member(words), words)
    first.kill()
    (line,) = wait_for(lambda: [line for line in program.log_lines(AGAIN) if line["pid"] == first.pid], "the log line")
    assert line["reason"] == "killed by SIGKILL"
    wait_for(lambda: is_ready(address), "everything to be ready again")
    second = wait_for(lambda: program.member(words), words)
    assert second.pid != first.pid


def test_several_web_processes_share_one_port(tmp_path: Path) -> None:
    with started(tmp_path, PARKHUB_WEB_PROCESSES="2") as (program, address):
        wait_for(lambda: len(_members(program, "parkhub.cli.serve")) == 2, "two web processes")
        first, second = _members(program, "parkhub.cli.serve")
        first.kill()
        wait_for(lambda: not runs(first), "one to end")
        assert is_ready(address)
        assert runs(second)


def _members(program: Program, words: str) -> list[psutil.Process]:
    found = []
    for member in program.family():
        try:
            line = " ".join(member.cmdline())
        except psutil.Error:
            continue
        if words in line and "leash.py" not in line:
            found.append(member)
    return found


def test_ready_names_what_is_missing_and_live_does_not_care(tmp_path: Path) -> None:
    with servers.redis() as outside, started(tmp_path, PARKHUB_REDIS_URL=f"unix://{outside}") as (program, address):
        assert program.member("redis-server") is None
        outside.rename(outside.with_suffix(".away"))
        _kill_connections(outside.with_suffix(".away"))
        status, body = wait_for(lambda: found if (found := ask(f"{address}/health/ready"))[0] != 200 else None, "503")
        assert (status, body["missing"], body["detail"]) == (503, ["redis"], "Missing: redis.")
        assert ask(f"{address}/health/live") == (200, {"status": "live"})


def _kill_connections(address: Path) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(address))
        for kind in ("normal", "pubsub"):
            connection.sendall(f"CLIENT KILL TYPE {kind} SKIPME yes\r\n".encode())
            connection.recv(64)


WRONG = [
    (["--port", "0"], {}, 2, "PARKHUB_PORT is wrong: "),
    ([], {"PARKHUB_PORT": "eighty"}, 2, "PARKHUB_PORT is wrong: "),
    ([], {"PARKHUB_WEB_PROCESSES": "0"}, 2, "PARKHUB_WEB_PROCESSES is wrong: "),
    ([], {"PARKHUB_DATABASE_URL": "mysql://x"}, 2, "PARKHUB_DATABASE_URL is wrong: "),
    ([], {"PARKHUB_REDIS_URL": "redis.example"}, 2, "PARKHUB_REDIS_URL is wrong: "),
    (["--log-format", "xml"], {}, 2, "PARKHUB_LOG_FORMAT is wrong: "),
    (["--host", "no.such.host.invalid"], {}, 2, "PARKHUB_HOST is wrong: "),
    (["--host", "192.0.2.1"], {}, 2, "PARKHUB_HOST is wrong: "),
    (["--data-dir", "/dev/null/x"], {}, 2, "PARKHUB_DATA_DIR is wrong: "),
    (["--settings", "/no/such/file.toml"], {}, 2, "The settings file /no/such/file.toml does not exist."),
    ([], {"PARKHUB_REDIS_URL": "redis://localhost:port"}, 2, "PARKHUB_REDIS_URL is wrong: "),
    ([], {"PARKHUB_DATABASE_URL": "postgresql://localhost:port/x"}, 2, "PARKHUB_DATABASE_URL is wrong: "),
    ([], {"PARKHUB_REDIS_URL": "unix:///no/such/redis.sock"}, 1, "Redis does not answer at unix:///no/such/redis.sock"),
    (
        [],
        {"PARKHUB_DATABASE_URL": "postgresql://me:secret@127.0.0.1:1/parkhub"},
        1,
        "The database does not answer at postgresql://127.0.0.1:1/parkhub",
    ),
]


@pytest.mark.parametrize(
    ("options", "env", "status", "beginning"), WRONG, ids=[" ".join([*o, *e.values()]) for o, e, _, _ in WRONG]
)
def test_what_is_wrong_is_said_in_one_sentence(
    tmp_path: Path, options: Sequence[str], env: dict[str, str], status: int, beginning: str
) -> None:
    usual = {"PARKHUB_DATA_DIR": str(tmp_path / "data"), "PARKHUB_PORT": str(free_port())}
    with up(tmp_path, *options, **{**usual, **env}) as program:
        assert program.end() == status
        assert program.stderr.startswith(f"parkhub: {beginning}")
        assert program.stderr.count("\n") == 1
        assert "secret" not in program.stderr


def test_a_taken_port_is_said_in_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with up(tmp_path, "--data-dir", str(tmp_path / "data"), "--port", str(port)) as program:
            assert program.end() == 1
            assert program.stderr.startswith(f"parkhub: Port {port} on 127.0.0.1 is taken by another program: ")
            assert program.stderr.count("\n") == 1


def test_a_database_that_does_not_exist_is_said_in_one_sentence(tmp_path: Path, postgresql_server: Path) -> None:
    url = f"postgresql://parkhub@/nowhere?host={postgresql_server}"
    with up(tmp_path, "--data-dir", str(tmp_path / "data"), PARKHUB_DATABASE_URL=url) as program:
        assert program.end() == 2
        assert "PARKHUB_DATABASE_URL" in program.stderr
        assert "nowhere" in program.stderr
        assert program.stderr.count("\n") == 1


def test_a_web_process_with_a_wrong_setting_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "secret.key").write_text("short")
    with up(tmp_path, "--data-dir", str(tmp_path / "data"), "--port", str(free_port())) as program:
        assert program.end() == 2
        assert "parkhub: The key in" in program.stderr
        assert "Traceback" not in program.stderr
        wait_for(lambda: not program.survivors(), "all to end")


def test_a_damaged_redis_file_stops_the_start_and_its_words_are_told(tmp_path: Path) -> None:
    (tmp_path / "data" / "redis").mkdir(parents=True)
    (tmp_path / "data" / "redis" / "appendonly.aof").write_bytes(b"*1\r\nnonsense\r\n" * 3)
    with up(tmp_path, "--data-dir", str(tmp_path / "data"), "--port", str(free_port())) as program:
        assert program.end() == 1
        assert program.stderr.splitlines()[-1].startswith("parkhub: The embedded Redis does not start; ")
        assert "Bad file format" in " ".join(program.log_lines(AGAIN)[0]["said"])


def test_a_stop_signal_during_the_start_is_heeded(tmp_path: Path) -> None:
    with up(tmp_path, "--data-dir", str(tmp_path / "data"), "--port", str(free_port())) as program:
        wait_for(lambda: program.member("parkhub.cli.release"), "the preparation")
        program.signal(signal.SIGTERM)
        assert program.end(STOP_S) == 0
        assert program.survivors() == []


def test_it_runs_on_postgresql_and_an_outside_redis(
    tmp_path: Path, empty_postgresql_settings: Settings, redis_url: str
) -> None:
    env = {
        "PARKHUB_DATABASE_URL": empty_postgresql_settings.database_url,
        "PARKHUB_REDIS_URL": redis_url,
        "PARKHUB_WEB_PROCESSES": "2",
        "PARKHUB_VISION_PROCESSES": "2",
    }
    with started(tmp_path, **env) as (program, address):
        assert is_ready(address)
        wait_for(lambda: len(_members(program, "tasks.worker vision")) == 2, "two vision processes")
        assert not (tmp_path / "data" / "parkhub.sqlite").exists()
        program.signal(signal.SIGTERM)
        assert program.end(STOP_S) == 0
        assert program.survivors() == []


def test_unknown_options_are_wrong_usage(tmp_path: Path) -> None:
    with up(tmp_path, "--no-such-option") as program:
        assert program.end() == 2


def test_settings_come_from_a_file_and_options_win(tmp_path: Path) -> None:
    file = tmp_path / "parkhub.toml"
    file.write_text(f'data_dir = "{tmp_path / "elsewhere"}"\nport = 1\nvision_processes = 2\n')
    port = free_port()
    with up(tmp_path, "--settings", str(file), "--port", str(port)) as program:
        wait_for(lambda: RUNNING in program.stdout, "the start")
        assert is_ready(f"http://127.0.0.1:{port}")
        wait_for(lambda: len(_members(program, "tasks.worker vision")) == 2, "two vision processes")
        assert (tmp_path / "elsewhere" / "parkhub.sqlite").exists()


def test_a_lost_password_is_replaced(one: tuple[Program, str, Path]) -> None:
    folder = one[2]
    command = [PARKHUB, "account", "password", "--data-dir", str(folder / "data")]
    with running([*command, "Owner@parkhub.local"], folder) as replaced:
        assert replaced.end() == 0
        assert re.fullmatch(r"\S{16}\n", replaced.stdout)
    with running([*command, "nobody@x"], folder) as other:
        assert other.end() == 1
        assert other.stderr == "parkhub: There is no account with the e-mail nobody@x.\n"


def test_the_demo_lot_lives(tmp_path: Path) -> None:
    with started(tmp_path, "--demo") as (program, address):
        _, lots = ask(f"{address}/api/v1/lots")
        (lot,) = lots["items"]  # type: ignore[misc]
        assert lot["name"] == "Harbour Street Car Park"
        (key_file,) = (tmp_path / "data" / "demo").glob("*.key")
        assert key_file.stat().st_mode & 0o777 == 0o600
        wait_for(lambda: program.member("camera_node simulate"), "the camera")
        wait_for(lambda: program.member("parkhub.cli.demo_traffic"), "the traffic")
        assert f"{address}/pay/{lot['slug']}\n" in program.stdout

        def known() -> bool:
            _, status = ask(f"{address}/api/v1/lots/{lot['slug']}/status")
            return bool(status["free"]) and bool(status["occupied"])

        wait_for(known, "the first spots to be known")
        with urllib.request.urlopen(f"{address}/lots/{lot['slug']}/events", timeout=60) as stream:
            assert stream.readline()  # an open page must not hold up the end
            program.signal(signal.SIGTERM)
            assert program.end(STOP_S) == 0
    with started(tmp_path, "--demo") as (program, address):
        assert len(ask(f"{address}/api/v1/lots")[1]["items"]) == 1  # type: ignore[arg-type]
        assert wait_for(lambda: program.member("camera_node simulate"), "the camera")


def test_version_and_help(tmp_path: Path) -> None:
    with running([PARKHUB, "--version"], tmp_path, cwd=tmp_path) as program:
        assert program.end() == 0
        assert re.fullmatch(r"parkhub \d+\.\d+\.\d+\n", program.stdout)
    with running([PARKHUB, "--help"], tmp_path, cwd=tmp_path) as program:
        assert program.end() == 0
    with running([PARKHUB, "nonsense"], tmp_path, cwd=tmp_path) as program:
        assert program.end() == 2
