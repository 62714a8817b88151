"""A worker that is killed while a server has its letter in hand: another sends it, and nothing else is lost."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from mail_servers import posting
from processes import wait_for
from workers import worker

from parkhub.clients import close_clients, open_clients
from parkhub.db import mail as rows
from parkhub.domain.mail import LetterState
from parkhub.services import mail
from parkhub.settings import Settings

pytestmark = pytest.mark.slow


async def test_a_letter_in_the_hands_of_a_killed_worker_is_sent_by_the_next(
    sqlite_open: Settings, redis_url: str, tmp_path: Path
) -> None:
    with posting() as post:
        settings = post.settings(sqlite_open).model_copy(update={"redis_url": redis_url})
        post.hangs.set()
        facts = {"link": "https://park.example.org/x", "minutes": 20}
        await mail.write("one", "kim@example.org", "en", "sign_in", facts, datetime.now(UTC))
        with worker("work", settings, tmp_path) as program:
            wait_for(post.reached.is_set, "the letter to reach the server")
            program.process.kill()
            program.process.wait()
        assert "kim@example.org" not in program.stderr
        post.hangs.clear()
        assert await rows.find_state("one") is LetterState.WAITING
        clients = await open_clients(settings)
        try:
            assert await mail.send_due(clients, lambda: datetime.now(UTC)) == 0
            later = datetime.now(UTC) + mail.TAKEN_FOR + timedelta(seconds=1)
            assert await mail.send_due(clients, lambda: later) == 1
        finally:
            await close_clients(clients)
        assert {letter["message-id"] for letter in post.letters} == {post.letters[0]["message-id"]}
