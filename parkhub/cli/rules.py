"""`parkhub rules`: what an operator may set of a lot's sessions, and how long what tells of them is kept."""

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from parkhub.cli.database import DataDir, Jsonl, SettingsFile, lot_of, opened, settings_of
from parkhub.cli.output import Output, wrong_usage
from parkhub.settings import Settings

if TYPE_CHECKING:
    from parkhub.domain.lot_rules import LotRules

app = typer.Typer(help="The rules of lots: sessions, and what is kept for how long.", no_args_is_help=True)

LotSlug = Annotated[str, typer.Option("--lot", metavar="LOT", help="A lot by slug.")]


@app.command()
def show(lot: LotSlug, data_dir: DataDir = None, settings_file: SettingsFile = None, *, jsonl: Jsonl = False) -> None:
    """Print a lot's rules."""

    async def found(settings: Settings) -> "LotRules":
        from parkhub.db.lot_rules import get_rules

        async with opened(settings):
            return await get_rules((await lot_of(lot)).id)

    _print(lot, asyncio.run(found(settings_of(data_dir, settings_file, "rules"))), jsonl=jsonl)


@app.command("set")
def set_given(
    given: Annotated[list[str], typer.Argument(metavar="RULE=VALUE…", help="Such as paid_keep_days=30.")],
    lot: LotSlug,
    data_dir: DataDir = None,
    settings_file: SettingsFile = None,
    *,
    jsonl: Jsonl = False,
) -> None:
    """Change rules of a lot, all that are given or none, and print all; the audit log keeps what they were."""
    wrong = [each for each in given if "=" not in each]
    if wrong:
        raise wrong_usage(f"{wrong[0]!r} is no RULE=VALUE.")
    changes = {name.strip(): value for name, _, value in (each.partition("=") for each in given)}

    async def done(settings: Settings) -> "LotRules":
        from parkhub.services.lot_rules import set_rules

        async with opened(settings):
            return await set_rules((await lot_of(lot)).id, changes, None, datetime.now(UTC))

    _print(lot, asyncio.run(done(settings_of(data_dir, settings_file, "rules"))), jsonl=jsonl)


def _print(lot: str, rules: "LotRules", *, jsonl: bool) -> None:
    output = Output(
        ("rule", "value"), lambda line: [(name, str(value)) for name, value in line.items() if name != "lot"], jsonl
    )
    output.add({"lot": lot, **asdict(rules)})
    raise SystemExit(output.end())
