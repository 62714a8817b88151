"""A camera's node as the server meets it: signs requests as the wire says, written down here once more."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
from builders import KEY
from litestar import Litestar

from parkhub.domain.cameras import Camera


class Machine:
    """A node that has a key and asks the application."""

    def __init__(self, app: Litestar, camera: Camera | str, key: str = KEY) -> None:
        self.camera = camera if isinstance(camera, str) else camera.public_id
        self.key = key
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)  # type: ignore[arg-type]
        self._client = httpx.AsyncClient(transport=transport, base_url="http://parkhub.test")

    def headers(self, method: str, path: str, body: bytes, *, now: datetime | None = None) -> dict[str, str]:
        """What a request is signed with; ``path`` is the whole one."""
        at = now or datetime.now(UTC)
        captured = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        digest = hashlib.sha256(body).hexdigest()
        message = f"v1\n{method}\n{path}\n{int(at.timestamp())}\n0\n{captured}\n{digest}"
        signature = hmac.new(self.key.encode(), message.encode(), hashlib.sha256).hexdigest()
        return {
            "Content-Type": "application/json",
            "Parkhub-Key": self.key,
            "Parkhub-Time": str(int(at.timestamp())),
            "Parkhub-Sequence": "0",
            "Parkhub-Captured-At": captured,
            "Parkhub-Signature": f"v1={signature}",
        }

    async def ask(
        self, method: str, below: str, said: Mapping[str, Any] | bytes | None = None, *, now: datetime | None = None
    ) -> httpx.Response:
        """Ask for a path below the camera's own; ``said`` is JSON unless it is bytes."""
        body = said if isinstance(said, bytes) else json.dumps(said).encode() if said is not None else b""
        path = f"/api/v1/cameras/{self.camera}/{below}"
        return await self._client.request(method, path, content=body, headers=self.headers(method, path, body, now=now))

    async def beat(self, *, now: datetime | None = None, **said: Any) -> dict[str, Any]:
        """A heartbeat that is taken; what it is answered."""
        answer = await self.ask("POST", "heartbeat", said, now=now)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def enrol(self, code: Any, address: str = "127.0.0.1") -> httpx.Response:
        """Ask with a code, from an address."""
        transport = httpx.ASGITransport(self._client._transport.app, client=(address, 1))  # type: ignore[attr-defined]
        async with httpx.AsyncClient(transport=transport, base_url="http://parkhub.test") as client:
            return await client.post("/api/v1/enrol", content=json.dumps({"code": code}).encode())
