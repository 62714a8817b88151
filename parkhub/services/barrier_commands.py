"""Commands to barriers: sent once each, answered or ended. Only what surely was not carried out is sent again."""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import structlog

from parkhub.clients import Clients
from parkhub.clients.mqtt import Mqtt
from parkhub.clients.webhooks import WebhookSender
from parkhub.db import barrier_openings as opening_rows
from parkhub.db import barriers as barrier_rows
from parkhub.domain.barriers import (
    LATE_FOR,
    Barrier,
    BarrierKind,
    CallCause,
    Cause,
    Opening,
    OpeningOutcome,
    same_signature,
    sign_text,
)
from parkhub.domain.text import one_line
from parkhub.domain.webhook_signatures import sign
from parkhub.errors import BusyError, InvalidInputError, ParkHubError, SignatureError, UnansweredError
from parkhub.services import barrier_calls

HEADER: Final = "parkhub-signature"
ANSWERED: Final = "/acknowledged"
"""Where a barrier that is told by MQTT answers: its topic with this at the end."""

PAUSE_S: Final = 0.5
TOLD_LENGTH_MAX: Final = 200
NOT_DONE: Final = frozenset({429, 502, 503})
"""Answers of who has surely not opened, and may later."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Senders:
    """How barriers are told. ``mqtt`` None: no broker is set. ``key`` is the installation's: secrets come from it."""

    webhooks: WebhookSender
    mqtt: Mqtt | None
    key: str = field(repr=False)


class Answer(msgspec.Struct):
    """What a barrier answers, by webhook, MQTT or its node."""

    outcome: str = ""
    id: str = ""
    why: str = ""
    signature: str = ""


def secret_of(key: str, barrier: Barrier) -> str:
    """What messages to and from a barrier are signed with. It is made, not kept, so nothing that is stolen tells it."""
    text = f"parkhub barrier\0{barrier.public_id}\0{barrier.secret_version}"
    digest = hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()
    return "whsec_" + base64.urlsafe_b64encode(digest).decode().rstrip("=")


def command(barrier: Barrier, opening: Opening) -> dict[str, Any]:
    """A command as every barrier gets it."""
    return {
        "id": opening.uid,
        "barrier": barrier.public_id,
        "action": "open",
        "pulse_ms": barrier.pulse_ms,
        "asked_at": in_words(opening.asked_at),
        "expires_at": in_words(opening.expires_at),
    }


def in_words(moment: datetime) -> str:
    """A time as it goes over the wire."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def signed_command(barrier: Barrier, opening: Opening, secret: str) -> dict[str, Any]:
    """The same with a signature of its own, for ways that have none."""
    told = command(barrier, opening)
    parts = [told["id"], told["barrier"], told["action"], str(told["pulse_ms"]), told["expires_at"]]
    return {**told, "signature": sign_text(secret, *parts)}


async def carry_out(clients: Clients, senders: Senders, opening_id: int, clock: Callable[[], datetime]) -> None:
    """Send a command, by whoever comes first; what is not answered here is answered later, or ends.

    A barrier that was switched off meanwhile gets none.
    """
    opening = await opening_rows.get_opening(opening_id)
    barrier = await barrier_rows.get_barrier(opening.barrier_id)
    if not barrier.enabled or barrier.kind is BarrierKind.RELAY or not await opening_rows.claim(opening.id, clock()):
        return
    while True:
        try:
            await _send(clients, senders, barrier, opening, clock)
        except BusyError as error:
            left_s = (opening.expires_at - clock()).total_seconds() - PAUSE_S
            if left_s > 0:
                await asyncio.sleep(min(PAUSE_S, left_s))
                await opening_rows.note_attempt(opening.id)
                continue
            await _settle(clients, barrier, opening, OpeningOutcome.FAILED, str(error), None)
        except UnansweredError as error:
            if barrier.kind is BarrierKind.WEBHOOK:  # nobody else will answer
                await _settle(clients, barrier, opening, OpeningOutcome.TIMED_OUT, str(error), None)
        except ParkHubError as error:
            await _settle(clients, barrier, opening, OpeningOutcome.FAILED, str(error), None)
        return


async def end(clients: Clients, opening_id: int, now: datetime) -> None:
    """End a command whose time is over without an answer, and call somebody."""
    opening = await opening_rows.get_opening(opening_id)
    if opening.outcome is not OpeningOutcome.WAITING or now < opening.expires_at + LATE_FOR:
        return
    barrier = await barrier_rows.get_barrier(opening.barrier_id)
    sent = opening.sent_at is not None
    outcome = OpeningOutcome.TIMED_OUT if sent else OpeningOutcome.FAILED
    await _settle(clients, barrier, opening, outcome, "no answer" if sent else "it could not be sent in time", None)


async def end_all(clients: Clients, now: datetime) -> None:
    """By the clock: the same for those whose job got lost."""
    for opening in await opening_rows.list_unsettled(now - LATE_FOR, 100):
        await end(clients, opening.id, now)


async def answered(clients: Clients, uid: str, answer: Answer, now: datetime, barrier_ids: set[int]) -> Opening | None:
    """A barrier said what became of a command; once, and for those of these barriers only. None: no such command.

    An answer after the end is noted beside it: it may have opened all the same.
    """
    opening = await opening_rows.find_opening(uid) if one_line(uid) else None
    if opening is None or opening.barrier_id not in barrier_ids:
        log.warning("barrier.answer_unknown")
        return None
    barrier = await barrier_rows.get_barrier(opening.barrier_id)
    outcome = read_outcome(answer)
    if now > opening.expires_at + LATE_FOR and opening.outcome is OpeningOutcome.WAITING:
        await _settle(clients, barrier, opening, OpeningOutcome.TIMED_OUT, "it answered too late", None)
    done_at = now if outcome is OpeningOutcome.ACKNOWLEDGED else None
    await _settle(clients, barrier, opening, outcome, answer.why, done_at)
    if done_at is not None:
        await opening_rows.note_late(opening.id, now)
    return await opening_rows.get_opening(opening.id)


async def heard(clients: Clients, key: str, topic: str, payload: bytes, now: datetime) -> None:
    """An MQTT message came where barriers answer. Raises SignatureError and InvalidInputError."""
    try:
        answer = msgspec.json.decode(payload, type=Answer)
    except msgspec.DecodeError:
        raise InvalidInputError("This is no answer of a barrier.") from None
    listed = await barrier_rows.list_barriers()
    known = [each for each in listed if each.kind is BarrierKind.MQTT and each.address + ANSWERED == topic]
    signed = [
        each for each in known if same_signature(secret_of(key, each), answer.signature, answer.id, answer.outcome)
    ]
    if not signed:
        raise SignatureError("The answer of a barrier is not signed by it.")
    await answered(clients, answer.id, answer, now, {each.id for each in signed})


async def topics() -> list[str]:
    """Where barriers that are told by MQTT answer."""
    listed = await barrier_rows.list_barriers()
    return [each.address + ANSWERED for each in listed if each.kind is BarrierKind.MQTT and each.enabled]


def read_outcome(answer: Answer) -> OpeningOutcome:
    """What an answer says. Raises InvalidInputError unless it is one of the two words there are."""
    if answer.outcome not in (OpeningOutcome.ACKNOWLEDGED, OpeningOutcome.REFUSED):
        raise InvalidInputError('An answer has the outcome "acknowledged" or "refused".')
    return OpeningOutcome(answer.outcome)


async def _send(
    clients: Clients, senders: Senders, barrier: Barrier, opening: Opening, clock: Callable[[], datetime]
) -> None:
    now = clock()
    left_s = (opening.expires_at - now).total_seconds()
    if left_s <= 0:
        raise UnansweredError("Its time was over before it could be sent.")
    secret = secret_of(senders.key, barrier)
    if barrier.kind is BarrierKind.MQTT:
        if senders.mqtt is None:
            raise InvalidInputError("No MQTT broker is set (PARKHUB_MQTT_URL).")
        await senders.mqtt.hear([barrier.address + ANSWERED])
        payload = msgspec.json.encode(signed_command(barrier, opening, secret))
        await senders.mqtt.publish(barrier.address, payload, left_s, min(left_s, PAUSE_S))
        return
    body = msgspec.json.encode(command(barrier, opening))
    headers = {HEADER: sign(body, secret, now), "parkhub-id": opening.uid}
    answer = await senders.webhooks.post(barrier.address, body, headers, left_s)
    if answer.status in NOT_DONE:
        raise BusyError(f"It answered {answer.status}.")
    if not 200 <= answer.status < 300:
        await _settle(clients, barrier, opening, OpeningOutcome.REFUSED, f"it answered {answer.status}", None)
        return
    try:
        said = msgspec.json.decode(answer.body, type=Answer)
        outcome = read_outcome(said)
    except (msgspec.DecodeError, InvalidInputError):
        raise InvalidInputError(f"It answered {answer.status}, but not that it opened.") from None
    if said.id not in ("", opening.uid):
        raise InvalidInputError("It answered for another command.")
    done_at = clock() if outcome is OpeningOutcome.ACKNOWLEDGED else None
    await _settle(clients, barrier, opening, outcome, said.why, done_at)


async def _settle(
    clients: Clients,
    barrier: Barrier,
    opening: Opening,
    outcome: OpeningOutcome,
    told: str,
    acknowledged_at: datetime | None,
) -> None:
    """Note what became of a command, once; then tell, and call somebody if it did not open for who waits."""
    told = "".join(letter if letter.isprintable() else " " for letter in told)[:TOLD_LENGTH_MAX]
    if not await opening_rows.settle(opening.id, outcome, told, acknowledged_at):
        return
    log.info("barrier.settled", barrier=barrier.public_id, opening=opening.id, outcome=outcome.value)
    ended_at = acknowledged_at or opening.expires_at
    if outcome is OpeningOutcome.ACKNOWLEDGED:
        if opening.cause is not Cause.TEST:
            await barrier_calls.end_of(clients, barrier, ended_at)
    elif opening.cause is not Cause.TEST:
        await barrier_calls.call(clients, barrier, CallCause.NOT_OPENED, ended_at, opening.passage_id)
    await clients.live.announce(f"barrier:{barrier.id}")
