import asyncio

import pytest
from redis.asyncio import Redis

from parkhub.clients.queue import ArqQueue, MemoryQueue, Queue, QueueName, deserialize, serialize
from parkhub.clients.redis import open_redis, redis_address
from parkhub.errors import BusyError
from parkhub.settings import Settings, load_settings


@pytest.fixture(params=["arq", "memory"])
def queue(request: pytest.FixtureRequest) -> Queue:
    return ArqQueue(request.getfixturevalue("redis")) if request.param == "arq" else MemoryQueue()


async def test_jobs_wait_in_the_queue_they_were_put_in(queue: Queue) -> None:
    assert await queue.enqueue("read_frame", 1, queue=QueueName.FRAMES)
    assert await queue.enqueue("read_frame", 2, queue=QueueName.FRAMES)
    assert await queue.enqueue("delete_old")
    assert [await queue.waiting(name) for name in (QueueName.FRAMES, QueueName.WORK, QueueName.RECORDINGS)] == [2, 1, 0]


async def test_a_job_of_one_id_waits_once(queue: Queue) -> None:
    assert await queue.enqueue("read_frame", 1, job_id="frame:1", queue=QueueName.FRAMES)
    assert not await queue.enqueue("read_frame", 1, job_id="frame:1", queue=QueueName.FRAMES)
    assert await queue.waiting(QueueName.FRAMES) == 1
    assert await queue.holds("frame:1")
    assert not await queue.holds("frame:2")


async def test_a_job_of_one_id_waits_once_however_many_put_it(queue: Queue) -> None:
    put = await asyncio.gather(*(queue.enqueue("read_frame", 1, job_id="frame:1") for _ in range(30)))
    assert sum(put) == 1


async def test_what_lies_in_redis_is_json_and_nothing_that_runs(redis: Redis) -> None:
    await ArqQueue(redis).enqueue("read_frame", 17, job_id="frame:17", queue=QueueName.FRAMES)
    stored = await redis.get("arq:job:frame:17")
    assert deserialize(stored)["f"] == "read_frame"
    assert stored.startswith(b"{")


def test_a_job_comes_out_as_it_went_in() -> None:
    job = {"f": "read_frame", "a": [1, "two"], "k": {}, "et": 1700000000000, "t": None}
    assert deserialize(serialize(job)) == job


async def test_a_redis_that_is_away_is_said_to_be(settings: Settings) -> None:
    client = open_redis(settings)  # nobody listens in the data folder
    queue = ArqQueue(client)
    for attempt in (queue.enqueue("x"), queue.waiting(QueueName.WORK), queue.holds("x")):
        with pytest.raises(BusyError) as caught:
            await attempt
        assert caught.value.retry_after_s
    await client.aclose(close_connection_pool=True)


def test_without_an_address_redis_is_in_the_data_folder() -> None:
    assert redis_address(load_settings(data_dir="/var/lib/park hub")) == "unix:///var/lib/park%20hub/redis.sock"
    assert redis_address(load_settings(redis_url="redis://elsewhere/1")) == "redis://elsewhere/1"
