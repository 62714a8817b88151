"""An MQTT broker of the tests' own, and a webhook receiver that answers as a script says."""

import asyncio
import json
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import aiomqtt
import servers
from processes import free_port


def _program() -> str:
    """Debian's lies where only root looks."""
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        servers.missing("mosquitto")
    return str(found)


@contextmanager
def mosquitto(port: int | None = None, password: str = "") -> Iterator[int]:
    """A broker on loopback that keeps nothing; with a ``password`` only the user `parkhub` gets in. Yields its port."""
    program, port = _program(), port or free_port()
    folder = Path(tempfile.mkdtemp(prefix="parkhub-mqtt-"))
    lines = [f"listener {port} 127.0.0.1", "persistence false", f"allow_anonymous {str(not password).lower()}"]
    try:
        if password:
            file = folder / "passwords"
            subprocess.run(["mosquitto_passwd", "-b", "-c", str(file), "parkhub", password], check=True)
            file.chmod(0o644)
            folder.chmod(0o755)
            lines.append(f"password_file {file}")
        (folder / "conf").write_text("\n".join(lines) + "\n")
        with servers.running([program, "-c", str(folder / "conf")], folder, lambda: servers.listens(port)):
            yield port
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Device:
    """A barrier at a broker: hears commands, and answers when told to."""

    def __init__(self, client: aiomqtt.Client, topic: str) -> None:
        self._client, self._topic = client, topic

    async def command(self) -> dict[str, object]:
        """The next command."""
        async with asyncio.timeout(60):
            async for message in self._client.messages:
                found: dict[str, object] = json.loads(bytes(message.payload))  # type: ignore[arg-type]
                return found
        raise AssertionError("the broker hung up")

    async def answer(self, payload: bytes, of: str = "") -> None:
        """Say what became of one; ``of``: of a barrier whose topic goes on so."""
        await self._client.publish(f"{self._topic}{of}/acknowledged", payload, qos=1)


@asynccontextmanager
async def device(port: int, topic: str, **given: str) -> AsyncIterator[Device]:
    """A barrier that listens to a topic."""
    async with aiomqtt.Client("127.0.0.1", port, protocol=aiomqtt.ProtocolVersion.V5, **given) as client:
        await client.subscribe(topic, qos=1)
        yield Device(client, topic)
