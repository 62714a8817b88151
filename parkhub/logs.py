"""Structured logs of every process: readable on a terminal, one JSON object per line elsewhere.

Every process calls `set_up_logs` once, before its first line. What libraries write through `logging` (uvicorn, arq,
asyncio, warnings) takes the same way out, to standard error. Never log a plate, a key or a secret; local variables
are never written with a traceback for the same reason.
"""

import logging
import os
import sys
from types import TracebackType
from typing import TextIO

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

from parkhub.settings import Settings

PROCESS_VARIABLE = "PARKHUB_PROCESS"
"""Environment variable by which the supervisor tells a process its name, such as `web.1`."""

_QUIET = ("arq", "httpx", "httpcore", "asyncio", "watchfiles", "piccolo", "uvicorn", "fontTools")
"""Libraries that tell each step at `info`; their warnings are wanted, their steps only at `debug`."""

_NEVER_TOLD = ("stripe", "aiosmtplib")
"""Libraries that tell what they send, drivers' addresses among it."""


def set_up_logs(settings: Settings, process: str = "", stream: TextIO | None = None) -> None:
    """Send all logs of this process to ``stream`` (standard error when None), as ``settings`` ask.

    ``process`` names the process in each line; without it the name that the supervisor gave is used.
    """
    stream = stream or sys.stderr
    plain = is_plain(settings, stream)
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    name = process or os.environ.get(PROCESS_VARIABLE, "")

    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        _NameProcess(name),
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if plain else "iso", utc=not plain),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,  # a module's logger may be used before this call, in tests
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *(_for_people(stream) if plain else _for_machines()),
            ],
        )
    )
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for library in _QUIET:
        logging.getLogger(library).setLevel(level if level <= logging.DEBUG else max(level, logging.WARNING))
    for library in _NEVER_TOLD:
        logging.getLogger(library).setLevel(logging.WARNING)
    logging.captureWarnings(True)
    sys.excepthook = _log_crash


def is_plain(settings: Settings, stream: TextIO) -> bool:
    """Whether logs on ``stream`` are meant for a person."""
    return settings.log_format == "console" or (settings.log_format == "auto" and stream.isatty())


def _for_people(stream: TextIO) -> list[Processor]:
    return [
        structlog.dev.ConsoleRenderer(
            colors=stream.isatty() and "NO_COLOR" not in os.environ,
            exception_formatter=structlog.dev.plain_traceback,
        )
    ]


def _for_machines() -> list[Processor]:
    return [
        structlog.processors.format_exc_info,
        structlog.processors.EventRenamer("message"),
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]


class _NameProcess:
    """Adds the process's name to each line that has none."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        if self._name:
            event.setdefault("process", self._name)
        event.pop("color_message", None)  # uvicorn's second telling of the same
        return event


def _log_crash(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    structlog.get_logger().critical("crashed", exc_info=(kind, error, trace))
