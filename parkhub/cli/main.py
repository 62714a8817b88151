"""The `parkhub` command: one file per subcommand, in one short list.

A file's function has the file's name, with dashes in the command; a file with an ``app`` brings subcommands of its own.
Files here import what is heavy inside their functions, so that `parkhub --help` answers at once.
"""

from importlib import import_module
from typing import Annotated

import typer

from parkhub import __version__
from parkhub.cli.failure import fail
from parkhub.errors import ParkHubError

COMMANDS = (
    "up",
    "spots",
    "analyze",
    "vehicles",
    "plates",
    "adapt",
    "account",
    "lot",
    "barrier",
    "tariff",
    "permits",
    "ledger",
    "reports",
    "stripe",
    "audit",
    "models",
    "rules",
    "retention",
    "simulate_day",
)

app = typer.Typer(
    name="parkhub",
    help="Runs car parks with cameras.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _show_version(*, wanted: bool) -> None:
    if wanted:
        print(f"parkhub {__version__}")
        raise typer.Exit


@app.callback()
def parkhub(
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=lambda wanted: _show_version(wanted=wanted), is_eager=True, help="Print it."
        ),
    ] = False,
) -> None:
    """Runs car parks with cameras."""


for _name in COMMANDS:
    _module = import_module(f"parkhub.cli.{_name}")
    if hasattr(_module, "app"):
        app.add_typer(_module.app, name=_name)
    else:
        app.command(_name.replace("_", "-"))(getattr(_module, _name))


def main() -> None:
    """Run the command; a ParkHubError ends it with one sentence."""
    try:
        app()
    except ParkHubError as error:
        fail(error)


if __name__ == "__main__":
    main()
