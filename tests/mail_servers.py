"""A real SMTP server in a thread, which takes, refuses or hangs as a test says."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP
from processes import free_port

from parkhub.settings import Settings


@dataclass
class Post:
    """A mail server. ``refuses``: answers to addresses; ``hangs``: it says nothing to a whole letter."""

    port: int = 0
    letters: list[EmailMessage] = field(default_factory=list)
    refuses: dict[str, str] = field(default_factory=dict)
    hangs: threading.Event = field(default_factory=threading.Event)
    reached: threading.Event = field(default_factory=threading.Event)

    async def handle_RCPT(self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802
        self.reached.set()
        while self.hangs.is_set():
            await asyncio.sleep(0.02)
        self.letters.append(cast(EmailMessage, message_from_bytes(envelope.content, policy=default)))
        return "250 taken"

    def settings(self, given: Settings) -> Settings:
        """Settings that send here."""
        return given.model_copy(
            update={
                "smtp_host": "127.0.0.1",
                "smtp_port": self.port,
                "smtp_security": "none",
                "mail_from": "ParkHub <no-reply@park.example.org>",
            }
        )


@contextmanager
def posting(refuses: dict[str, str] | None = None, **given: Any) -> Iterator[Post]:
    """A server on a free port; `given` goes to aiosmtpd."""
    post = Post(port=free_port(), refuses=refuses or {})
    controller = Controller(post, hostname="127.0.0.1", port=post.port, ready_timeout=60, **given)
    controller.start()
    try:
        yield post
    finally:
        post.hangs.clear()
        controller.stop()
