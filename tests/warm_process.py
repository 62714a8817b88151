"""Loads ParkHub and then becomes, copy by copy, the programs it is asked for. See `warm`."""

import atexit
import gc
import importlib
import json
import os
import runpy
import socket
import sys
import threading
import traceback
from typing import Any

ASK_BYTES_MAX = 1 << 20
SERVER = (
    "parkhub.app",
    "tasks.queue",
    "uvicorn.main",
    "uvicorn.lifespan.on",
    "uvicorn.loops.auto",
    "uvicorn.protocols.http.auto",
)
COMMANDS = (
    "account",
    "audit",
    "barrier",
    "ledger",
    "lot",
    "permits",
    "reports",
    "retention",
    "rules",
    "stripe",
    "tariff",
)


def load() -> None:
    """What the programs load in any case. No vision library: that some never load one is theirs to show."""
    for name in (*SERVER, *(f"parkhub.cli.{command}" for command in COMMANDS)):
        importlib.import_module(name)
    importlib.import_module("tasks.schedule").work_lines()
    assert len(os.listdir("/proc/self/task")) == 1, "a library has begun a thread, which no copy would have"
    gc.collect()
    gc.freeze()


def next_program(line: socket.socket) -> dict[str, Any] | None:
    """In each copy what it is to become; in the first process None, when nobody asks any more."""
    while True:
        told, files, _, _ = socket.recv_fds(line, ASK_BYTES_MAX, 3)
        if not told:
            return None
        ask: dict[str, Any] = json.loads(told)
        if "end" in ask:
            _, status = os.waitpid(ask["end"], 0)
            line.send(str(os.waitstatus_to_exitcode(status)).encode())
            continue
        pid = os.fork()
        if pid == 0:
            line.close()
            for number, file in enumerate(files):
                os.dup2(file, number)
        for file in files:
            os.close(file)
        if pid == 0:
            return ask
        line.send(str(pid).encode())


def become(program: dict[str, Any]) -> None:
    """Run it, and end as Python ends, but without taking apart one by one what was loaded."""
    os.chdir(program["cwd"])
    os.environ.clear()
    os.environ.update(program["env"])
    sys.argv[:] = [program["module"], *program["words"]]
    sys.path[0] = program["cwd"]
    status = 0
    try:
        runpy.run_module(program["module"], run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        status = end.code if isinstance(end.code, int) else bool(end.code)
    except Exception:  # noqa: BLE001 - as Python ends with it
        traceback.print_exc()
        status = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    load()
    program = next_program(socket.socket(fileno=int(sys.argv[1])))
    if program is not None:
        become(program)
