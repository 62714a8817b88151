"""`parkhub account`: what the console cannot do for somebody who is locked out."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from parkhub.errors import NotFoundError
from parkhub.settings import Settings, load_settings

app = typer.Typer(help="Accounts of people.", no_args_is_help=True)


@app.callback()
def account() -> None:
    """Accounts of people."""


@app.command()
def password(
    email: Annotated[str, typer.Argument(help="The account's e-mail.")],
    data_dir: Annotated[Path | None, typer.Option(help="The installation's data folder.")] = None,
    settings_file: Annotated[Path | None, typer.Option("--settings", metavar="FILE", help="TOML file.")] = None,
) -> None:
    """Give an account a new password, print it once and sign the account out everywhere."""
    from parkhub.logs import set_up_logs

    settings = load_settings(settings_file, **({} if data_dir is None else {"data_dir": data_dir}))
    set_up_logs(settings, process="account")
    print(asyncio.run(_reset(settings, email)))


@app.command(name="second-factor-off")
def second_factor_off(
    email: Annotated[str, typer.Argument(help="The account's e-mail.")],
    data_dir: Annotated[Path | None, typer.Option(help="The installation's data folder.")] = None,
    settings_file: Annotated[Path | None, typer.Option("--settings", metavar="FILE", help="TOML file.")] = None,
) -> None:
    """Ask an account for no code any more: its authenticator and its recovery codes are lost."""
    from parkhub.logs import set_up_logs

    settings = load_settings(settings_file, **({} if data_dir is None else {"data_dir": data_dir}))
    set_up_logs(settings, process="account")
    was_on = asyncio.run(_switch_off(settings, email))
    print("It is off." if was_on else "It was not on.")


async def _switch_off(settings: Settings, email: str) -> bool:
    from parkhub.db.engine import close_database, open_database
    from parkhub.services.accounts import forget_second_factor

    _there(settings)
    await open_database(settings)
    try:
        return await forget_second_factor(email, datetime.now(UTC))
    finally:
        await close_database()


def _there(settings: Settings) -> None:
    if not settings.database_url and not (settings.data_dir / "parkhub.sqlite").exists():
        raise NotFoundError(f"There is no database in {settings.data_dir}; name the right folder with --data-dir.")


async def _reset(settings: Settings, email: str) -> str:
    from parkhub.clients.limiter import RedisLimiter
    from parkhub.clients.redis import open_redis
    from parkhub.db.engine import close_database, open_database
    from parkhub.services.accounts import reset_password

    _there(settings)
    await open_database(settings)
    redis = open_redis(settings)
    try:
        return await reset_password(RedisLimiter(redis), email)
    finally:
        await redis.aclose(close_connection_pool=True)
        await close_database()
