"""What must be done once before the other processes start: `python -m parkhub.cli.release [--demo]`.

Asks Redis and the database whether they are there, applies the migrations, makes the owner's account and, when asked,
the demo lot. A process of its own, so that the supervisor stays small and a hanging database cannot keep it from
stopping. Exit status 0 good, 1 something is away or refused, 2 a setting is wrong.
"""

import argparse
import asyncio
from datetime import UTC, datetime
from urllib.parse import urlsplit

import structlog
from redis.exceptions import RedisError

from parkhub.cli.failure import fail
from parkhub.clients.redis import open_redis
from parkhub.db.engine import close_database, migrate, open_database
from parkhub.errors import BusyError, ParkHubError, SettingsError
from parkhub.logs import set_up_logs
from parkhub.services.accounts import OWNER_EMAIL, ensure_owner
from parkhub.settings import PREFIX, Settings, load_settings

log = structlog.get_logger()

REDIS_ANSWER_S = 5.0


def main() -> None:
    """Prepare, or say in one sentence why not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--demo", action="store_true", help="add the demo lot when there is no lot")
    demo: bool = parser.parse_args().demo
    try:
        settings = load_settings()
        set_up_logs(settings, process="release")
        asyncio.run(prepare(settings, demo=demo))
    except ParkHubError as error:
        fail(error)


async def prepare(settings: Settings, *, demo: bool) -> None:
    """Bring Redis, database and first rows into the state that the other processes expect. Raises ParkHubError."""
    await _ask_redis(settings)
    await _open(settings)
    try:
        applied = await migrate(settings)
        if applied:
            log.info("database migrated", applied=len(applied))
        password = await ensure_owner(datetime.now(UTC))
        if password is not None:
            _tell_password(password)
        if demo:
            from parkhub.cli.demo import prepare_demo

            await prepare_demo(settings)
    finally:
        await close_database()


def _tell_password(password: str) -> None:
    print(
        f"\n  The owner's account is new. Sign in with\n\n      e-mail    {OWNER_EMAIL}\n      password  {password}\n\n"
        "  The password is shown this once; `parkhub account password` makes another.\n",
        flush=True,
    )


async def _ask_redis(settings: Settings) -> None:
    try:
        redis = open_redis(settings)
    except ValueError:  # its text may hold a part of the password
        raise SettingsError(f"{PREFIX}REDIS_URL is wrong: it cannot be read as an address.") from None
    try:
        await asyncio.wait_for(redis.ping(), REDIS_ANSWER_S)
    except (RedisError, OSError) as error:
        where = _without_password(settings.redis_url) or "the embedded server"
        raise BusyError(f"Redis does not answer at {where}: {_reason(error)}. Check {PREFIX}REDIS_URL.") from None
    finally:
        await redis.aclose(close_connection_pool=True)


async def _open(settings: Settings) -> None:
    where = _without_password(settings.database_url) or f"SQLite in {settings.data_dir}"
    hint = f" Check {PREFIX}DATABASE_URL." if settings.database_url else ""
    try:
        await open_database(settings)
    except BusyError as error:
        reason = _reason(error.__cause__ or error)
        raise BusyError(f"The database does not answer at {where}: {reason}.{hint}") from None
    except OSError as error:  # of SQLite's folder
        raise BusyError(f"The database at {where} refuses: {_reason(error)}.{hint}") from None


def _without_password(url: str) -> str:
    """An address that may be shown."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "the configured address"
    return f"{parts.scheme}://{host}{port}{parts.path}" if parts.scheme else ""


def _reason(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    text = " ".join(str(error).split()).rstrip(".")
    return text or type(error).__name__


if __name__ == "__main__":
    main()
