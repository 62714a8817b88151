"""The engine: transactions, readers beside writers, and what happens when things go wrong."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from builders import NOW, a_new_frame, save_camera, save_frame, save_lot

from parkhub.db import frames, lots
from parkhub.db.engine import check, close_database, fetch, open_database, run_many, transaction
from parkhub.domain.frames import FrameStatus
from parkhub.errors import BusyError, ConflictError, ParkHubError, SettingsError
from parkhub.settings import Settings, load_settings


class ChangedMyMindError(Exception):
    """What a test raises inside a transaction."""


async def slugs() -> list[str]:
    return [lot.slug for lot in await lots.list_lots()]


async def test_a_transaction_that_raises_leaves_nothing_behind(database: Settings) -> None:
    async def change_my_mind() -> None:
        async with transaction():
            await save_lot(slug="north")
            raise ChangedMyMindError

    with pytest.raises(ChangedMyMindError):
        await change_my_mind()
    assert await slugs() == []
    await save_lot(slug="south")
    assert await slugs() == ["south"]


async def test_a_transaction_inside_another_joins_it(database: Settings) -> None:
    async def change_my_mind() -> None:
        async with transaction():
            async with transaction():
                await save_lot(slug="north")
            raise ChangedMyMindError

    with pytest.raises(ChangedMyMindError):
        await change_my_mind()
    assert await slugs() == []


async def test_an_inner_error_that_is_caught_leaves_the_outer_transaction_to_decide(database: Settings) -> None:
    async def change_my_mind() -> None:
        async with transaction():
            await save_lot(slug="south")
            raise ChangedMyMindError

    async with transaction():
        await save_lot(slug="north")
        with pytest.raises(ChangedMyMindError):
            await change_my_mind()
    assert sorted(await slugs()) == ["north", "south"]


async def test_others_see_nothing_of_a_transaction_before_it_ends(database: Settings) -> None:
    written, looked = asyncio.Event(), asyncio.Event()

    async def write() -> None:
        async with transaction():
            await save_lot(slug="north")
            assert await slugs() == ["north"]
            written.set()
            await looked.wait()

    task = asyncio.create_task(write())
    await written.wait()
    assert await slugs() == []
    looked.set()
    await task
    assert await slugs() == ["north"]


async def test_writes_outside_of_a_transaction_wait_for_it_on_sqlite(sqlite_database: Settings) -> None:
    entered, leave = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with transaction():
            entered.set()
            await leave.wait()
            await save_lot(slug="first")

    holder = asyncio.create_task(hold())
    await entered.wait()
    writer = asyncio.create_task(save_lot(slug="second"))
    await asyncio.sleep(0.05)
    assert not writer.done()
    leave.set()
    await asyncio.gather(holder, writer)
    assert [row["slug"] for row in await fetch("SELECT slug FROM lot ORDER BY id")] == ["first", "second"]


async def test_a_cancelled_transaction_leaves_nothing_and_lets_the_next_in(database: Settings) -> None:
    entered = asyncio.Event()

    async def hold() -> None:
        async with transaction():
            await save_lot(slug="north")
            entered.set()
            await asyncio.Event().wait()

    holder = asyncio.create_task(hold())
    await entered.wait()
    holder.cancel()
    with pytest.raises(asyncio.CancelledError):
        await holder
    await save_lot(slug="south")
    assert await slugs() == ["south"]


async def test_transactions_cancelled_at_any_moment_never_stay_open(database: Settings) -> None:
    camera = await save_camera()

    async def write(sequence: int) -> None:
        async with transaction():
            await save_frame(camera, sequence)
            await frames.count_waiting()

    for round_number in range(12):
        tasks = [asyncio.create_task(write(round_number * 10 + number)) for number in range(10)]
        for _ in range(round_number * 3):
            await asyncio.sleep(0)
        await asyncio.sleep(round_number / 2000)
        for task in tasks:
            task.cancel()
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        async with transaction():
            before = await frames.count_waiting()
        assert await frames.count_waiting() == before
    await save_frame(camera, 10_000)
    assert await frames.find_frame(camera.id, 10_000) is not None


async def test_a_cancel_during_a_single_write_breaks_nothing(database: Settings) -> None:
    camera = await save_camera()
    for sequence in range(30):
        task = asyncio.create_task(frames.add_frame(a_new_frame(camera.id, sequence)))
        for _ in range(sequence % 5):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert await frames.add_frame(a_new_frame(camera.id, 1000)) is not None


async def test_a_task_that_outlives_the_transaction_it_was_born_in_works_on_its_own(database: Settings) -> None:
    ended = asyncio.Event()

    async def later() -> None:
        await ended.wait()
        await save_lot(slug="single")
        async with transaction():
            await save_lot(slug="together")

    async with transaction():
        task = asyncio.create_task(later())
    ended.set()
    await task
    assert sorted(await slugs()) == ["single", "together"]


async def test_a_refused_change_says_so_and_rolls_the_transaction_back(database: Settings) -> None:
    async def add_a_frame_of_no_camera() -> None:
        async with transaction():
            await save_lot(slug="north")
            await frames.add_frame(a_new_frame(4711))

    with pytest.raises(ConflictError):
        await add_a_frame_of_no_camera()
    assert await slugs() == []


async def test_many_rows_are_all_or_none_in_and_out_of_a_transaction(database: Settings) -> None:
    lot = await save_lot()
    sql = "INSERT INTO occupancy_sample (lot, at, free, occupied, unknown) VALUES ({}, {}, {}, 0, 0)"
    wrong = [(lot.id, NOW, 1), (lot.id, NOW, 2)]
    with pytest.raises(ConflictError):
        await run_many(sql, wrong)
    with pytest.raises(ConflictError):
        async with transaction():
            await run_many(sql, wrong)
    assert await fetch("SELECT count(*) AS n FROM occupancy_sample") == [{"n": 0}]
    await run_many(sql, wrong[:1])
    await run_many(sql, [])
    assert await fetch("SELECT free FROM occupancy_sample") == [{"free": 1}]


async def test_many_tasks_read_and_write_at_once(database: Settings) -> None:
    camera = await save_camera()

    async def work(number: int) -> int:
        async with transaction():
            frame = await save_frame(camera, number)
            await frames.finish_frame(frame.id, FrameStatus.READ, 1.0, [], "")
        return len(await frames.list_frames(camera.id, 100))

    counts = await asyncio.gather(*(work(number) for number in range(40)))
    assert max(counts) == 40


async def test_the_database_answers_while_it_is_open(database: Settings) -> None:
    await check()
    await close_database()
    with pytest.raises(BusyError):
        await check()
    await close_database()


async def test_only_one_database_is_open_at_a_time(database: Settings) -> None:
    with pytest.raises(RuntimeError, match="open already"):
        await open_database(database)


async def test_nothing_is_read_from_a_database_that_is_not_open(database_settings: Settings, tmp_path: Path) -> None:
    await open_database(database_settings)
    await close_database()
    away = load_settings(data_dir=tmp_path, database_url=f"postgresql://parkhub@/parkhub?host={tmp_path}")
    with pytest.raises(BusyError):
        await open_database(away)
    with pytest.raises(RuntimeError, match="not open"):
        await lots.list_lots()
    with pytest.raises(RuntimeError, match="not open"):
        await fetch("SELECT 1")
    with pytest.raises(RuntimeError, match="not open"):
        async with transaction():
            raise AssertionError("not reached")


async def test_postgresql_that_is_away_is_busy_not_broken(tmp_path: Path) -> None:
    away = load_settings(data_dir=tmp_path, database_url=f"postgresql://parkhub@/parkhub?host={tmp_path}")
    with pytest.raises(BusyError):
        await open_database(away)
    with pytest.raises(BusyError):
        await check()


async def test_an_sqlite_file_that_cannot_be_opened_is_busy_not_broken(tmp_path: Path) -> None:
    (tmp_path / "parkhub.sqlite").mkdir()
    with pytest.raises(BusyError):
        await open_database(load_settings(data_dir=tmp_path))
    with pytest.raises(BusyError):
        await check()


async def test_a_damaged_sqlite_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "parkhub.sqlite").write_bytes(b"this was never a database " * 400)
    with pytest.raises(ParkHubError, match="damaged"):
        await open_database(load_settings(data_dir=tmp_path))


@pytest.mark.parametrize(
    ("query", "reason"),
    [("/nowhere?host={folder}", "nowhere"), ("/postgres?host={folder}&port=many", "read as an address")],
    ids=["no such database", "not an address"],
)
async def test_a_wrong_address_of_postgresql_names_the_setting(
    postgresql_server: Path, tmp_path: Path, query: str, reason: str
) -> None:
    url = "postgresql://parkhub@" + query.format(folder=postgresql_server)
    with pytest.raises(SettingsError, match=f"PARKHUB_DATABASE_URL is wrong: .*{reason}"):
        await open_database(load_settings(data_dir=tmp_path, database_url=url))


async def test_a_postgresql_that_refuses_is_busy_and_says_why(postgresql_settings: Settings) -> None:
    await open_database(postgresql_settings)
    name = (await fetch("SELECT current_database() AS name"))[0]["name"]
    await fetch(f"REVOKE CONNECT ON DATABASE {name} FROM PUBLIC")
    await fetch("CREATE ROLE stranger LOGIN")
    await close_database()
    url = postgresql_settings.database_url.replace("//parkhub@", "//stranger@")
    try:
        with pytest.raises(BusyError, match="refuses: permission denied"):
            await open_database(postgresql_settings.model_copy(update={"database_url": url}))
    finally:
        await open_database(postgresql_settings)
        await fetch(f"GRANT CONNECT ON DATABASE {name} TO PUBLIC")
        await fetch("DROP ROLE stranger")
        await close_database()


async def test_a_closed_sqlite_database_leaves_no_thread_and_no_log_file(sqlite_database: Settings) -> None:
    await save_lot()
    await asyncio.gather(*(lots.list_lots() for _ in range(10)))
    await close_database()
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("sqlite-")] == []
    assert [path.name for path in sqlite_database.data_dir.iterdir()] == ["parkhub.sqlite"]


async def test_connections_postgresql_ended_are_replaced(
    postgresql_settings: Settings, database_on_postgresql: None
) -> None:
    await save_lot(slug="north")
    with pytest.raises(BusyError):
        async with transaction():
            await fetch("SELECT pg_terminate_backend(pg_backend_pid())")
    assert await slugs() == ["north"]
    async with transaction():
        await save_lot(slug="south")


@pytest.fixture
async def sqlite_database(sqlite_settings: Settings) -> AsyncIterator[Settings]:
    await open_database(sqlite_settings)
    yield sqlite_settings
    await close_database()


@pytest.fixture
async def database_on_postgresql(postgresql_settings: Settings) -> AsyncIterator[None]:
    await open_database(postgresql_settings)
    yield
    await close_database()
