"""A queue that fails."""

from typing import Any

from parkhub.clients.queue import QueueName
from parkhub.errors import BusyError


class QueueAway:
    """A queue whose Redis is down."""

    async def enqueue(self, *args: Any, **given: Any) -> bool:
        raise BusyError("The job queue is away.")

    async def holds(self, job_id: str) -> bool:
        raise BusyError("The job queue is away.")

    async def waiting(self, queue: QueueName) -> int:
        raise BusyError("The job queue is away.")

    async def close(self) -> None:
        pass
