"""Letters: kept with what they tell of, sent afterwards, once."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import structlog
from jinja2 import TemplateError

from parkhub.clients import Clients
from parkhub.clients.queue import QueueName
from parkhub.db import mail as rows
from parkhub.db.engine import transaction
from parkhub.db.mail import StoredLetter
from parkhub.domain.mail import TRIED_FOR, LetterState, read_address, retry_at
from parkhub.errors import BusyError, InvalidInputError, NotFoundError
from parkhub.letters import Attachment, put_in_words

SEND_LETTERS: Final = "send_letters"
TAKEN_FOR: Final = timedelta(seconds=60)
"""So long nobody else sends a letter that was taken: longer than sending may last."""
RUN: Final = timedelta(seconds=60)
"""So long one run takes letters; what is left then is the next one's."""
ENDED_KEPT: Final = timedelta(days=400)
"""So long a ``uid`` is known to have been used; nothing but it and what became of the letter is kept."""
ATTACHED: Final = "letters"
UNATTACHED_S: Final = 3600.0
_BATCH: Final = 200
_FAILED_MAX: Final = 3
"""Failures in one run after which the server counts as away, and the rest waits for the next."""

log = structlog.get_logger(__name__)


async def write(
    uid: str,
    to: str,
    language: str,
    letter: str,
    values: Mapping[str, object],
    now: datetime,
    until: datetime | None = None,
) -> bool:
    """Keep a letter inside the caller's transaction; the worker sends it within seconds of the commit (`ask`).

    The same ``uid`` is kept once: False the second time. ``letter`` names a template (`parkhub.letters`), ``values``
    are JSON-able, links absolute. After ``until`` (three days) it is sent no more. Whom it goes to and what it says
    are forgotten once it has ended. Raises InvalidInputError for what is no address.
    """
    address = read_address(to)
    if address is None:
        raise InvalidInputError("This is no e-mail address.")
    return await rows.add_letter(uid, address, language, letter, values, now, until or now + TRIED_FOR)


async def attach(clients: Clients, uid: str, name: str, media_type: str, data: bytes) -> dict[str, str]:
    """Keep a file for the letter of that ``uid``, before it is written; the same again takes its place.

    The answer is its value ``attachment``. The file goes when the letter has ended. Raises BusyError.
    """
    await clients.pictures.put(_key_of(uid), data)
    return {"name": name, "media_type": media_type}


async def ask(clients: Clients) -> None:
    """After the commit: have letters sent at once, not within five seconds. Needs no queue: the clock does it too."""
    try:
        await clients.queue.enqueue(SEND_LETTERS, job_id=SEND_LETTERS, queue=QueueName.MAIL)
    except BusyError as error:
        log.warning("mail.not_asked", reason=str(error))


async def send_due(clients: Clients, clock: Callable[[], datetime]) -> int:
    """Send what is due; answers how many letters went. Any number of processes share the work.

    Each letter is taken by the time it then is: a server may need a minute for those before it.
    """
    begun_at = clock()
    sent = failed = 0
    for letter_id in await rows.list_due(begun_at, _BATCH):
        now = clock()
        if now - begun_at >= RUN or (failed >= _FAILED_MAX and not sent):
            break
        letter = await rows.take(letter_id, now, now + TAKEN_FOR)
        if letter is None:
            continue
        went = await _send(clients, letter, now)
        sent += went
        failed += not went
    return sent


async def delete_old(now: datetime) -> int:
    """Delete what is left of letters that ended long ago."""
    return await rows.delete_ended_before(now - ENDED_KEPT)


async def delete_unattached(clients: Clients) -> int:
    """Delete files of letters that are over or were never written, older than an hour; answers how many."""
    old = await clients.pictures.list_older(ATTACHED, UNATTACHED_S)
    waiting = {_key_of(uid) for uid in await rows.list_waiting()}  # read after the files: a letter comes after its own
    lost = [key for key in old if key not in waiting]
    for key in lost:
        await clients.pictures.delete(key)
    return len(lost)


async def _send(clients: Clients, letter: StoredLetter, now: datetime) -> bool:
    bound = log.bind(letter=letter.id, name=letter.name, tries=letter.tries)
    if letter.expires_at <= now:
        await _finish(clients, letter, LetterState.GIVEN_UP, "its time is over", now)
        bound.warning("mail.given_up")
        return False
    try:
        attached = await _attached(clients, letter)
        values = {**letter.values, "attachment": bool(attached)} if _has_attachment(letter) else letter.values
        words = put_in_words(letter.uid, letter.address, letter.language, letter.name, values)
    except (TemplateError, LookupError, TypeError, ValueError):  # one template's slip keeps no other letter back
        bound.exception("mail.not_written")
        await _put_off(letter, "its template cannot be filled", now)
        return False
    try:
        await clients.mail.send(replace(words, attachments=attached))
    except InvalidInputError as error:
        await _finish(clients, letter, LetterState.REFUSED, str(error), now)
        bound.warning("mail.refused", reason=str(error))
        return False
    except BusyError as error:
        await _put_off(letter, str(error), now)
        bound.warning("mail.put_off", reason=str(error))
        return False
    await _finish(clients, letter, LetterState.SENT, "", now)
    bound.info("mail.sent")
    return True


def _has_attachment(letter: StoredLetter) -> bool:
    return isinstance(letter.values.get("attachment"), dict)


async def _attached(clients: Clients, letter: StoredLetter) -> tuple[Attachment, ...]:
    """The letter's file; none when it is gone: the letter goes all the same."""
    told = letter.values.get("attachment")
    if not isinstance(told, dict):
        return ()
    try:
        data = await clients.pictures.get(_key_of(letter.uid))
    except NotFoundError:
        log.warning("mail.attachment_gone", letter=letter.id)
        return ()
    return (Attachment(str(told["name"]), str(told["media_type"]), data),)


def _key_of(uid: str) -> str:
    """Where a letter's file lies; nobody can tell from it whose it is."""
    return f"{ATTACHED}/{hashlib.sha256(uid.encode()).hexdigest()[:32]}"


async def _finish(clients: Clients, letter: StoredLetter, state: LetterState, error: str, now: datetime) -> None:
    async with transaction():
        await rows.finish(letter.id, state, error, now)
    if _has_attachment(letter):
        await clients.pictures.delete(_key_of(letter.uid))


async def _put_off(letter: StoredLetter, error: str, now: datetime) -> None:
    async with transaction():
        await rows.put_off(letter.id, error, min(retry_at(now, letter.tries), max(now, letter.expires_at)))
