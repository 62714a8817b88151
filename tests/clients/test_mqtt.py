"""MQTT through a real broker: commands arrive, answers are heard, and what is away is said."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from brokers import device, mosquitto
from processes import free_port
from pydantic import SecretStr

from parkhub.clients.mqtt import MqttLink
from parkhub.errors import BusyError, UnansweredError
from parkhub.settings import Settings

TOPIC = "parkhub/north/exit"


class Ear:
    """Keeps what was heard."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()

    async def __call__(self, topic: str, payload: bytes) -> None:
        if payload == b"break":
            raise RuntimeError("a fault of whoever hears")
        await self.heard.put((topic, payload))

    async def next(self) -> tuple[str, bytes]:
        async with asyncio.timeout(60):
            return await self.heard.get()


@asynccontextmanager
async def a_link(settings: Settings, port: int, **given: object) -> AsyncIterator[tuple[MqttLink, Ear]]:
    ear = Ear()
    link = MqttLink(settings.model_copy(update={"mqtt_url": f"mqtt://127.0.0.1:{port}", **given}), ear)
    try:
        yield link, ear
    finally:
        await link.close()


async def test_a_message_arrives_and_its_answer_is_heard_also_after_a_fault_and_another_broker(
    settings: Settings,
) -> None:
    port = free_port()
    with mosquitto(port):
        async with a_link(settings, port) as (link, ear):
            await link.hear([f"{TOPIC}/acknowledged"])
            async with device(port, TOPIC) as barrier:
                await link.publish(TOPIC, b'{"id": "one"}', 8, 10)
                assert await barrier.command() == {"id": "one"}
                await barrier.answer(b"break")
                await barrier.answer(b"done")
                assert await ear.next() == (f"{TOPIC}/acknowledged", b"done")
            ear.heard = asyncio.Queue()
            await _again(link, ear, port)


async def _again(link: MqttLink, ear: Ear, port: int) -> None:
    """Topics that are asked for while there is a connection are heard at once."""
    await link.hear(["parkhub/south/acknowledged"])
    async with device(port, "parkhub/south") as barrier:
        await barrier.answer(b"done")
        assert await ear.next() == ("parkhub/south/acknowledged", b"done")


async def test_topics_that_are_asked_for_while_it_connects_are_heard_too(settings: Settings) -> None:
    many, late = [f"parkhub/{number}/acknowledged" for number in range(100)], []
    with mosquitto() as port:
        async with a_link(settings, port) as (link, ear), device(port, "parkhub/late") as barrier:
            await link.hear(many)
            for number in range(20):
                late.append(f"parkhub/late/{number}/acknowledged")
                await link.hear([late[-1]])
                await asyncio.sleep(0.005)
            await _publish(link, b"{}")
            for number in range(20):
                await barrier.answer(b"done", f"/{number}")
            assert sorted([(await ear.next())[0] for _ in late]) == sorted(late)


async def test_it_connects_again_when_the_broker_is_back_and_says_while_it_is_away(settings: Settings) -> None:
    port = free_port()
    async with a_link(settings, port) as (link, ear):
        with pytest.raises(BusyError, match="broker is away"):
            await link.publish(TOPIC, b"{}", 8, 0.1)
        for _ in range(2):
            with mosquitto(port):
                await link.hear([f"{TOPIC}/acknowledged"])
                async with device(port, TOPIC) as barrier:
                    await _publish(link, b'{"id": "two"}')
                    assert await barrier.command() == {"id": "two"}
                    await barrier.answer(b"done")
                    assert await ear.next() == (f"{TOPIC}/acknowledged", b"done")


async def _publish(link: MqttLink, payload: bytes) -> None:
    """Publish as soon as there is a connection to the broker that is there now."""
    deadline = time.monotonic() + 30
    while True:
        try:
            await link.publish(TOPIC, payload, 8, 5)
        except (BusyError, UnansweredError) as error:
            if time.monotonic() > deadline:
                raise AssertionError("no connection came") from error
        else:
            return


async def test_a_broker_that_asks_for_a_password_gets_it(settings: Settings) -> None:
    with mosquitto(password="let-me-in") as port:
        known = {"username": "parkhub", "password": "let-me-in"}
        given = {"mqtt_user": "parkhub", "mqtt_password": SecretStr("let-me-in")}
        async with a_link(settings, port, **given) as (link, _), device(port, TOPIC, **known) as barrier:
            await link.publish(TOPIC, b'{"id": "three"}', 8, 10)
            assert await barrier.command() == {"id": "three"}
        async with a_link(settings, port) as (stranger, _):
            with pytest.raises(BusyError):
                await stranger.publish(TOPIC, b"{}", 8, 1)
