"""One file per outside system: its Protocol, the real one, a local stand-in."""

from dataclasses import dataclass, field

from redis.asyncio import Redis

from parkhub.clients.limiter import Limiter, RedisLimiter
from parkhub.clients.live import Live, RedisLive
from parkhub.clients.mail import Mailer, MemoryMailer, open_mailer
from parkhub.clients.payment_sandbox import PaymentSandbox
from parkhub.clients.payments import PaymentProvider
from parkhub.clients.pictures import FolderStore, PictureStore
from parkhub.clients.queue import ArqQueue, Queue
from parkhub.clients.redis import open_redis
from parkhub.clients.shelf import MemoryShelf, RedisShelf
from parkhub.settings import Settings


@dataclass(frozen=True)
class Clients:
    """The outside systems of one process. ``redis`` is the connection pool they share; None with stand-ins."""

    pictures: PictureStore
    queue: Queue
    live: Live
    limiter: Limiter
    payments: PaymentProvider = field(default_factory=lambda: PaymentSandbox(MemoryShelf()))
    mail: Mailer = field(default_factory=MemoryMailer)
    redis: Redis | None = field(default=None, repr=False)


async def open_clients(settings: Settings) -> Clients:
    """The real ones. Nothing connects before its first use, so a start does not wait for Redis."""
    redis = open_redis(settings)
    return Clients(
        pictures=FolderStore(settings.pictures_dir),
        queue=ArqQueue(redis),
        live=RedisLive(redis),
        limiter=RedisLimiter(redis),
        payments=_payments(settings, redis),
        mail=open_mailer(settings),
        redis=redis,
    )


def _payments(settings: Settings, redis: Redis) -> PaymentProvider:
    """Stripe where a key is set, else the sandbox. Its library is 30 MB: only who needs it loads it."""
    if not settings.stripe_secret_key.get_secret_value():
        return PaymentSandbox(RedisShelf(redis))
    from parkhub.clients.stripe import StripePayments

    return StripePayments(settings)


async def close_clients(clients: Clients) -> None:
    """Give every connection back."""
    await clients.queue.close()
    await clients.payments.close()
    await clients.mail.close()
    if clients.redis is not None:
        await clients.redis.aclose(close_connection_pool=True)
