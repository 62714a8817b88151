"""The job queue. One of the two files that know arq (the other is `tasks/queue.py`)."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol

import msgspec
from arq.connections import ArqRedis
from arq.constants import health_check_key_suffix, in_progress_key_prefix, job_key_prefix
from redis.asyncio import ConnectionPool, Redis

from parkhub.clients.redis import AWAY
from parkhub.errors import BusyError

QUEUE_KEY = "parkhub:queue:"


class QueueName(StrEnum):
    """Queues are apart so that slow work never delays quick work."""

    WORK = "work"
    FRAMES = "frames"
    RECORDINGS = "recordings"
    PICTURES = "pictures"
    ADAPTATION = "adaptation"
    BARRIERS = "barriers"
    MAIL = "mail"
    CHARGES = "charges"

    @property
    def key(self) -> str:
        """Its key in Redis: a sorted set of job ids by the millisecond they are due."""
        return f"{QUEUE_KEY}{self.value}"


@dataclass(frozen=True, slots=True)
class QueueState:
    """A queue at an instant. ``worked``: a process takes jobs from it; ``done`` and ``failed`` are of that process,
    since it began.
    """

    name: QueueName
    waiting: int
    worked: bool = False
    done: int = 0
    failed: int = 0
    ongoing: int = 0


@dataclass(frozen=True, slots=True)
class QueuedJob:
    """A job that waits or runs, without its arguments. ``due_at`` may lie ahead: it was put off."""

    queue: QueueName
    name: str
    due_at: datetime
    tries: int = 0
    running: bool = False


class Queue(Protocol):
    """Where jobs wait. A job runs at least once, so everything a job does must bear being done twice."""

    async def enqueue(
        self, job: str, *args: Any, job_id: str | None = None, queue: QueueName = QueueName.WORK, delay_s: float = 0
    ) -> bool:
        """Put a job by name; arguments are JSON values. False: a job with that id waits or runs already.

        Raises BusyError when the queue is away.
        """

    async def holds(self, job_id: str) -> bool:
        """Whether a job with that id waits or runs. Raises BusyError."""

    async def waiting(self, queue: QueueName) -> int:
        """How many jobs wait or run. Raises BusyError."""

    async def look(self) -> list[QueueState]:
        """Every queue as it is. Raises BusyError."""

    async def list_jobs(self, queue: QueueName, limit: int) -> list[QueuedJob]:
        """The jobs that are due first. Raises BusyError."""

    async def close(self) -> None:
        """Give connections back."""


def serialize(job: dict[str, Any]) -> bytes:
    """A job as JSON: arq's default is pickle, which would let whoever writes to Redis run code in a worker."""
    return msgspec.json.encode(job, enc_hook=repr)


def deserialize(data: bytes) -> dict[str, Any]:
    """The job that `serialize` wrote."""
    found: dict[str, Any] = msgspec.json.decode(data)
    return found


def arq_redis(pool: ConnectionPool, queue: QueueName = QueueName.WORK) -> "ArqRedis":
    """arq's own client on our pool, speaking JSON."""
    return ArqRedis(
        pool_or_conn=pool, job_serializer=serialize, job_deserializer=deserialize, default_queue_name=queue.key
    )


class ArqQueue:
    """The real queue, in Redis."""

    def __init__(self, redis: Redis) -> None:
        self._redis = arq_redis(redis.connection_pool)

    async def enqueue(
        self, job: str, *args: Any, job_id: str | None = None, queue: QueueName = QueueName.WORK, delay_s: float = 0
    ) -> bool:
        """See `Queue`."""
        try:
            put = await self._redis.enqueue_job(
                job, *args, _job_id=job_id, _queue_name=queue.key, _defer_by=delay_s or None
            )
        except AWAY as error:
            raise BusyError("The job queue is away. Try again in a moment.", retry_after_s=5) from error
        return put is not None

    async def holds(self, job_id: str) -> bool:
        """See `Queue`."""
        try:
            return bool(await self._redis.exists(job_key_prefix + job_id))
        except AWAY as error:
            raise BusyError("The job queue is away. Try again in a moment.", retry_after_s=5) from error

    async def waiting(self, queue: QueueName) -> int:
        """See `Queue`."""
        try:
            return int(await self._redis.zcard(queue.key))
        except AWAY as error:
            raise BusyError("The job queue is away. Try again in a moment.", retry_after_s=5) from error

    async def look(self) -> list[QueueState]:
        """See `Queue`; what workers say of themselves is arq's health check, which expires when nobody renews it."""
        try:
            return [
                _state(name, await self.waiting(name), await self._redis.get(name.key + health_check_key_suffix))
                for name in QueueName
            ]
        except AWAY as error:
            raise BusyError("The job queue is away. Try again in a moment.", retry_after_s=5) from error

    async def list_jobs(self, queue: QueueName, limit: int) -> list[QueuedJob]:
        """See `Queue`."""
        found = []
        try:
            for job_id, due_ms in await self._redis.zrange(queue.key, 0, limit - 1, withscores=True):
                kept = await self._redis.get(job_key_prefix + job_id.decode())
                running = bool(await self._redis.exists(in_progress_key_prefix + job_id.decode()))
                job = deserialize(kept) if kept else {}  # it may have ended just now
                due_at = datetime.fromtimestamp(due_ms / 1000, UTC)
                found.append(QueuedJob(queue, str(job.get("f", "")), due_at, int(job.get("t") or 0), running))
        except AWAY as error:
            raise BusyError("The job queue is away. Try again in a moment.", retry_after_s=5) from error
        return [job for job in found if job.name]

    async def close(self) -> None:
        """The pool belongs to whoever opened it."""


def _state(name: QueueName, waiting: int, said: bytes | None) -> QueueState:
    if said is None:
        return QueueState(name, waiting)
    told = {key: int(number) for key, number in re.findall(r"j_(\w+)=(\d+)", said.decode())}
    return QueueState(name, waiting, True, told.get("complete", 0), told.get("failed", 0), told.get("ongoing", 0))


class MemoryQueue:
    """A stand-in that keeps jobs in a list: ``jobs`` holds (queue, job, arguments, job id), oldest first."""

    def __init__(self) -> None:
        self.jobs: list[tuple[QueueName, str, tuple[Any, ...], str]] = []

    async def enqueue(
        self,
        job: str,
        *args: Any,
        job_id: str | None = None,
        queue: QueueName = QueueName.WORK,
        delay_s: float = 0,  # noqa: ARG002
    ) -> bool:
        """See `Queue`; the delay is not kept."""
        if job_id is not None and await self.holds(job_id):
            return False
        self.jobs.append((queue, job, args, job_id or f"job-{len(self.jobs)}"))
        return True

    async def holds(self, job_id: str) -> bool:
        """See `Queue`."""
        return any(held == job_id for _, _, _, held in self.jobs)

    async def waiting(self, queue: QueueName) -> int:
        """See `Queue`."""
        return sum(of is queue for of, _, _, _ in self.jobs)

    async def look(self) -> list[QueueState]:
        """See `Queue`; nobody works."""
        return [QueueState(name, await self.waiting(name)) for name in QueueName]

    async def list_jobs(self, queue: QueueName, limit: int) -> list[QueuedJob]:
        """See `Queue`."""
        return [QueuedJob(queue, job, datetime.now(UTC)) for of, job, _, _ in self.jobs if of is queue][:limit]

    async def close(self) -> None:
        """Nothing to give back."""
