"""Logs of one process: one way out, in one of two forms."""

import io
import json
import logging
import subprocess
import sys

import pytest
import structlog

from parkhub.logs import set_up_logs
from parkhub.settings import load_settings


def logged(log_format: str, log_level: str = "info", process: str = "web.1") -> io.StringIO:
    out = io.StringIO()
    set_up_logs(load_settings(log_format=log_format, log_level=log_level), process, out)
    return out


def test_json_is_one_object_per_line_with_process_level_and_time() -> None:
    out = logged("json")
    structlog.get_logger().info("frame stored", frame_id=3)
    line = json.loads(out.getvalue())
    assert {name: line[name] for name in ("message", "level", "process", "frame_id")} == {
        "message": "frame stored",
        "level": "info",
        "process": "web.1",
        "frame_id": 3,
    }
    assert line["timestamp"].endswith("Z")


def test_libraries_take_the_same_way() -> None:
    out = logged("json")
    logging.getLogger("uvicorn.error").warning("no %s", "room")
    logging.getLogger("arq.worker").info("every step")
    (line,) = out.getvalue().splitlines()
    assert json.loads(line)["message"] == "no room"


def test_a_terminal_reads_lines_without_braces() -> None:
    out = logged("console")
    structlog.get_logger().info("frame stored", frame_id=3)
    assert "frame stored" in out.getvalue()
    assert "frame_id=3" in out.getvalue()
    assert "{" not in out.getvalue()


def test_auto_is_json_where_nobody_watches() -> None:
    out = logged("auto")
    structlog.get_logger().info("frame stored")
    assert json.loads(out.getvalue())["message"] == "frame stored"


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_traceback_never_tells_local_variables(log_format: str) -> None:
    out = logged(log_format)
    key = "-".join(["a", "secret", "value"])
    try:
        int(key[:1])
    except ValueError:
        structlog.get_logger().exception("failed")
    assert "ValueError: invalid literal" in out.getvalue()
    assert key not in out.getvalue()


def test_what_is_below_the_level_is_not_written() -> None:
    out = logged("json", "warning")
    structlog.get_logger().info("no")
    structlog.get_logger().warning("yes")
    assert [json.loads(line)["message"] for line in out.getvalue().splitlines()] == ["yes"]


def test_a_crash_is_one_line_too() -> None:
    program = (
        "from parkhub.logs import set_up_logs; from parkhub.settings import load_settings\n"
        "set_up_logs(load_settings(log_format='json'), 'worker')\n"
        "1 / 0\n"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    line = json.loads(found.stderr)
    assert (found.returncode, line["message"], line["level"], line["process"]) == (1, "crashed", "critical", "worker")
    assert "ZeroDivisionError" in line["exception"]
