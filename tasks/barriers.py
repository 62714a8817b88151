"""Commands to barriers are sent here, and here their answers by MQTT are heard."""

from datetime import UTC, datetime
from typing import Any

import structlog

from parkhub.clients import Clients
from parkhub.clients.mqtt import MqttLink
from parkhub.clients.webhooks import HttpWebhooks
from parkhub.errors import ParkHubError
from parkhub.secret_key import secret_key
from parkhub.services import barrier_calls, barrier_commands, barrier_openings
from parkhub.services.barrier_commands import Senders
from parkhub.settings import Settings

log = structlog.get_logger(__name__)


def make_senders(settings: Settings, clients: Clients) -> Senders:
    """How this process tells barriers. Nothing connects before its first use."""
    key = secret_key(settings)

    async def heard(topic: str, payload: bytes) -> None:
        try:
            await barrier_commands.heard(clients, key, topic, payload, datetime.now(UTC))
        except ParkHubError as error:
            log.warning("barrier.answer_refused", reason=str(error))

    mqtt = MqttLink(settings, heard) if settings.mqtt_url else None
    return Senders(HttpWebhooks(settings.barrier_private), mqtt, key)


async def open_barrier(ctx: dict[str, Any], opening_id: int) -> None:
    """Send a command, if nobody has."""
    await barrier_commands.carry_out(ctx["clients"], ctx["senders"], opening_id, lambda: datetime.now(UTC))


async def end_opening(ctx: dict[str, Any], opening_id: int) -> None:
    """End a command that nobody answered."""
    await barrier_commands.end(ctx["clients"], opening_id, datetime.now(UTC))


async def watch_barriers(ctx: dict[str, Any]) -> None:
    """By the clock: hear answers, open for who waits and may go, end what nobody answered, call for who stands."""
    clients, senders = ctx["clients"], ctx["senders"]
    if senders.mqtt is not None:
        await senders.mqtt.hear(await barrier_commands.topics())
    now = datetime.now(UTC)
    await barrier_openings.open_waiting(clients, now)
    await barrier_commands.end_all(clients, now)
    await barrier_calls.call_for_waiting(clients, now)
