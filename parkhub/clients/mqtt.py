"""MQTT: one connection of a process to the installation's broker, which connects again by itself."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Final, Protocol
from urllib.parse import urlsplit

import aiomqtt
import structlog
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from parkhub.errors import BusyError, UnansweredError
from parkhub.settings import Settings

PORT: Final = 1883
PORT_TLS: Final = 8883
BACKOFF_FIRST_S: Final = 0.2
BACKOFF_MAX_S: Final = 10.0
PAYLOAD_BYTES_MAX: Final = 4096
KEEPALIVE_S: Final = 15

Heard = Callable[[str, bytes], Awaitable[None]]
"""Told of a message: its topic and its payload."""

log = structlog.get_logger(__name__)


class Mqtt(Protocol):
    """Publishes and hears messages."""

    async def publish(self, topic: str, payload: bytes, expires_in_s: float, wait_s: float) -> None:
        """Publish with QoS 1, not retained; the broker drops it for who has not come to fetch it in time.

        Raises BusyError when there is no connection for ``wait_s``, UnansweredError when the broker did not confirm.
        """

    async def hear(self, topics: Iterable[str]) -> None:
        """Hear these topics from now on, whenever there is a connection."""

    async def close(self) -> None:
        """End the connection."""


class MqttLink:
    """The real one: MQTT 5. The connection begins with the first use."""

    def __init__(self, settings: Settings, heard: Heard) -> None:
        parts = urlsplit(settings.mqtt_url)
        self._tls = parts.scheme == "mqtts"
        self._host = parts.hostname or ""
        self._port = parts.port or (PORT_TLS if self._tls else PORT)
        self._user = settings.mqtt_user or None
        self._password = settings.mqtt_password.get_secret_value() or None
        self._heard = heard
        self._topics: set[str] = set()
        self._client: aiomqtt.Client | None = None
        self._connected = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def publish(self, topic: str, payload: bytes, expires_in_s: float, wait_s: float) -> None:
        """See `Mqtt`."""
        self._begin()
        try:
            async with asyncio.timeout(wait_s):
                await self._connected.wait()
        except TimeoutError:
            raise BusyError("The MQTT broker is away.") from None
        client = self._client
        assert client is not None
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.MessageExpiryInterval = max(1, int(expires_in_s))
        try:
            await client.publish(topic, payload, qos=1, properties=properties, timeout=expires_in_s)
        except aiomqtt.MqttError as error:
            raise UnansweredError("The MQTT broker did not confirm.") from error

    async def hear(self, topics: Iterable[str]) -> None:
        """See `Mqtt`."""
        new = set(topics) - self._topics
        if not new:
            return
        self._topics |= new
        self._begin()
        client = self._client
        if client is not None:
            with suppress(aiomqtt.MqttError):  # then the connection is going, and the next one hears them all
                await self._subscribe(client, new)

    async def close(self) -> None:
        """See `Mqtt`."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _begin(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="mqtt")

    async def _run(self) -> None:
        delay_s = BACKOFF_FIRST_S
        while True:
            try:
                async with self._make() as client:
                    self._client = client  # from here on `hear` subscribes by itself to what it is told meanwhile
                    await self._subscribe(client, self._topics)
                    self._connected.set()
                    log.info("mqtt.connected", host=self._host)
                    delay_s = BACKOFF_FIRST_S
                    async for message in client.messages:
                        await self._hear(message)
            except (aiomqtt.MqttError, OSError, ssl.SSLError) as error:
                log.warning("mqtt.away", host=self._host, reason=str(error))
            finally:
                self._client = None
                self._connected.clear()
            await asyncio.sleep(delay_s)
            delay_s = min(delay_s * 2, BACKOFF_MAX_S)

    def _make(self) -> aiomqtt.Client:
        return aiomqtt.Client(
            self._host,
            self._port,
            username=self._user,
            password=self._password,
            protocol=aiomqtt.ProtocolVersion.V5,
            tls_context=ssl.create_default_context() if self._tls else None,
            keepalive=KEEPALIVE_S,
            timeout=5,
        )

    async def _subscribe(self, client: aiomqtt.Client, topics: Iterable[str]) -> None:
        for topic in sorted(topics):
            await client.subscribe(topic, qos=1)

    async def _hear(self, message: aiomqtt.Message) -> None:
        payload = message.payload
        if not isinstance(payload, bytes) or len(payload) > PAYLOAD_BYTES_MAX:
            return
        try:
            await self._heard(str(message.topic), payload)
        except Exception:  # an edge: one message must not end the connection
            log.exception("mqtt.not_heard", topic=str(message.topic))


class MemoryMqtt:
    """A stand-in: ``sent`` keeps what was published; ``fault``, if any, is raised instead."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.fault = fault
        self.sent: list[tuple[str, bytes]] = []
        self.topics: set[str] = set()

    async def publish(self, topic: str, payload: bytes, expires_in_s: float, wait_s: float) -> None:  # noqa: ARG002
        """See `Mqtt`."""
        if self.fault is not None:
            raise self.fault
        self.sent.append((topic, payload))

    async def hear(self, topics: Iterable[str]) -> None:
        """See `Mqtt`."""
        self.topics |= set(topics)

    async def close(self) -> None:
        """See `Mqtt`."""
