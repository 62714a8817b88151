"""Commands to barriers: signed, once, with an end; what is not answered is not taken for opened."""

import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from builders import stand_ins
from gated import Side, a_side
from paying import later

from parkhub.clients import Clients
from parkhub.clients.mqtt import MemoryMqtt
from parkhub.clients.webhooks import MemoryWebhooks, WebhookAnswer
from parkhub.db import barrier_calls as call_rows
from parkhub.db import barrier_openings as opening_rows
from parkhub.db import barriers as barrier_rows
from parkhub.db.engine import fetch
from parkhub.domain.barriers import BarrierKind, CallCause, Opening, OpeningOutcome, sign_text
from parkhub.domain.webhook_signatures import check_signature
from parkhub.errors import BusyError, ConflictError, InvalidInputError, SignatureError, UnansweredError
from parkhub.services import barrier_calls, barrier_commands, barrier_setup, barriers
from parkhub.services.barrier_commands import Answer, Senders, secret_of

pytestmark = pytest.mark.usefixtures("database")

KEY = "a key of thirty-two letters or more"
NOW = later(0)


@pytest.fixture
def clients() -> Clients:
    return stand_ins()


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


async def asked(clients: Clients, side: Side) -> Opening:
    return await barriers.open_by_hand(clients, side.barrier, "ambulance", None, "", NOW)


async def sent(clients: Clients, opening: Opening, *answers: WebhookAnswer | Exception) -> MemoryWebhooks:
    """What went out when the worker had done its job."""
    webhooks = MemoryWebhooks(*answers)
    await barrier_commands.carry_out(clients, Senders(webhooks, None, KEY), opening.id, lambda: at(0.1))
    return webhooks


async def test_a_webhook_is_signed_names_its_end_and_is_acknowledged(clients: Clients):
    side = await a_side()
    opening = await asked(clients, side)
    webhooks = await sent(clients, opening)
    ((url, body, headers),) = webhooks.sent
    assert (url, headers["parkhub-id"]) == ("https://gate.example.org/open", opening.uid)
    check_signature(body, headers["parkhub-signature"], [secret_of(KEY, side.barrier)], at(1))
    told = json.loads(body)
    assert (told["id"], told["action"], told["barrier"]) == (opening.uid, "open", side.barrier.public_id)
    assert told["expires_at"] == "2026-11-16T09:00:08.000Z"
    found = await opening_rows.get_opening(opening.id)
    assert (found.outcome, found.attempts, found.acknowledged_at) == (OpeningOutcome.ACKNOWLEDGED, 1, at(0.1))
    assert f"barrier:{side.barrier.id}" in clients.live.announced


ENDS = {
    "it refuses": ([WebhookAnswer(200, b'{"outcome": "refused", "why": "ice"}')], OpeningOutcome.REFUSED, "ice", 1),
    "it knows nothing": ([WebhookAnswer(404, b"")], OpeningOutcome.REFUSED, "it answered 404", 1),
    "it says nothing of opening": ([WebhookAnswer(200, b"ok")], OpeningOutcome.FAILED, "not that it opened", 1),
    "it answers for another": (
        [WebhookAnswer(200, b'{"outcome": "acknowledged", "id": "other"}')],
        OpeningOutcome.FAILED,
        "another command",
        1,
    ),
    "nothing is sent there": ([InvalidInputError("It is in a private network.")], OpeningOutcome.FAILED, "private", 1),
    "the answer is lost": ([UnansweredError("It did not answer.")], OpeningOutcome.TIMED_OUT, "did not answer", 1),
}


@pytest.mark.parametrize(("answers", "outcome", "words", "attempts"), ENDS.values(), ids=ENDS)
async def test_what_is_not_surely_open_is_not_open_and_somebody_is_called(
    clients: Clients, answers, outcome, words, attempts
):
    side = await a_side()
    opening = await asked(clients, side)
    webhooks = await sent(clients, opening, *answers)
    found = await opening_rows.get_opening(opening.id)
    assert (found.outcome, found.attempts, len(webhooks.sent)) == (outcome, attempts, attempts)
    assert words in found.told
    (call,) = await call_rows.list_open()
    assert call.cause is CallCause.NOT_OPENED


async def test_what_surely_did_not_arrive_is_sent_again_with_the_same_id(clients: Clients):
    opening = await asked(clients, await a_side())
    acknowledged = WebhookAnswer(200, b'{"outcome": "acknowledged"}')
    webhooks = await sent(clients, opening, BusyError("away"), WebhookAnswer(503, b""), acknowledged)
    assert {headers["parkhub-id"] for _, _, headers in webhooks.sent} == {opening.uid}
    found = await opening_rows.get_opening(opening.id)
    assert (found.outcome, found.attempts) == (OpeningOutcome.ACKNOWLEDGED, 3)


async def test_a_retry_never_comes_after_the_end(clients: Clients):
    opening = await asked(clients, await a_side())
    webhooks, times = MemoryWebhooks(BusyError("away")), iter([0.1, 0.2, 7.7])
    await barrier_commands.carry_out(clients, Senders(webhooks, None, KEY), opening.id, lambda: at(next(times)))
    found = await opening_rows.get_opening(opening.id)
    assert (found.outcome, found.told, len(webhooks.sent)) == (OpeningOutcome.FAILED, "away", 1)
    late = await asked(clients, await a_side())
    await barrier_commands.carry_out(clients, Senders(webhooks, None, KEY), late.id, lambda: at(9))
    assert len(webhooks.sent) == 1


async def test_a_worker_that_is_killed_between_sending_and_the_answer_leads_to_no_second_command(clients: Clients):
    opening = await asked(clients, await a_side())
    assert await opening_rows.claim(opening.id, at(0.1))  # and then it was killed
    webhooks = await sent(clients, opening)
    assert webhooks.sent == []
    await barrier_commands.end(clients, opening.id, at(5))
    assert (await opening_rows.get_opening(opening.id)).outcome is OpeningOutcome.WAITING
    await barrier_commands.end_all(clients, at(11))
    assert (await opening_rows.get_opening(opening.id)).outcome is OpeningOutcome.TIMED_OUT


async def test_a_barrier_that_was_switched_off_meanwhile_gets_no_command(clients: Clients):
    side = await a_side()
    opening = await asked(clients, side)
    await barrier_rows.save_barrier(replace(side.barrier, enabled=False))
    assert (await sent(clients, opening)).sent == []


async def test_a_command_that_nobody_could_send_has_failed(clients: Clients):
    opening = await asked(clients, await a_side())
    await barrier_commands.end_all(clients, at(11))
    assert (await opening_rows.get_opening(opening.id)).outcome is OpeningOutcome.FAILED


async def an_answer(side: Side, opening: Opening, outcome: str = "acknowledged", secret: str = "") -> bytes:
    signature = sign_text(secret or secret_of(KEY, side.barrier), opening.uid, outcome)
    return json.dumps({"id": opening.uid, "outcome": outcome, "signature": signature}).encode()


async def by_mqtt(clients: Clients) -> tuple[Side, Opening, MemoryMqtt]:
    """A barrier that has been told by MQTT."""
    side, mqtt = await a_side(BarrierKind.MQTT), MemoryMqtt()
    opening = await asked(clients, side)
    await barrier_commands.carry_out(clients, Senders(MemoryWebhooks(), mqtt, KEY), opening.id, lambda: at(0.1))
    return side, opening, mqtt


ANSWERS = "parkhub/north/exit/acknowledged"


async def test_an_mqtt_command_is_signed_and_its_answer_counts_once(clients: Clients):
    side, opening, mqtt = await by_mqtt(clients)
    ((topic, payload),) = mqtt.sent
    told = json.loads(payload)
    parts = [told["id"], told["barrier"], "open", "500", told["expires_at"]]
    assert (topic, mqtt.topics) == ("parkhub/north/exit", {ANSWERS})
    assert told["signature"] == sign_text(secret_of(KEY, side.barrier), *parts)
    assert (await opening_rows.get_opening(opening.id)).outcome is OpeningOutcome.WAITING
    for seconds in (1, 2):
        await barrier_commands.heard(clients, KEY, ANSWERS, await an_answer(side, opening), at(seconds))
    found = await opening_rows.get_opening(opening.id)
    assert (found.outcome, found.acknowledged_at, found.was_late) == (OpeningOutcome.ACKNOWLEDGED, at(1), False)


async def test_an_answer_signed_by_somebody_else_or_broken_counts_for_nothing(clients: Clients):
    side, opening, _ = await by_mqtt(clients)
    forged = await an_answer(side, opening, secret="whsec_guessed")
    with pytest.raises(SignatureError):
        await barrier_commands.heard(clients, KEY, ANSWERS, forged, at(1))
    with pytest.raises(InvalidInputError):
        await barrier_commands.heard(clients, KEY, ANSWERS, b"{", at(1))
    with pytest.raises(InvalidInputError):
        await barrier_commands.heard(clients, KEY, ANSWERS, await an_answer(side, opening, "maybe"), at(1))
    renewed = await barrier_setup.renew_secret(side.barrier, None, NOW)
    assert secret_of(KEY, renewed) != secret_of(KEY, side.barrier)
    with pytest.raises(SignatureError):
        await barrier_commands.heard(clients, KEY, ANSWERS, await an_answer(side, opening), at(1))
    assert (await opening_rows.get_opening(opening.id)).outcome is OpeningOutcome.WAITING


async def test_an_answer_that_comes_too_late_is_noted_and_the_opening_has_timed_out(clients: Clients):
    side, opening, _ = await by_mqtt(clients)
    await barrier_commands.heard(clients, KEY, ANSWERS, await an_answer(side, opening), at(11))
    found = await opening_rows.get_opening(opening.id)
    assert (found.outcome, found.acknowledged_at, found.was_late) == (OpeningOutcome.TIMED_OUT, at(11), True)
    assert [call.cause for call in await call_rows.list_open()] == [CallCause.NOT_OPENED]


async def test_without_a_broker_it_is_said_and_while_it_is_away_it_is_tried(clients: Clients):
    side = await a_side(BarrierKind.MQTT)
    opening = await asked(clients, side)
    await sent(clients, opening)
    found = await opening_rows.get_opening(opening.id)
    assert (found.outcome, found.told) == (OpeningOutcome.FAILED, "No MQTT broker is set (PARKHUB_MQTT_URL).")
    opening, times = await asked(clients, side), iter([0.1, 0.2, 7.7])
    away = Senders(MemoryWebhooks(), MemoryMqtt(BusyError("The MQTT broker is away.")), KEY)
    await barrier_commands.carry_out(clients, away, opening.id, lambda: at(next(times)))
    found = await opening_rows.get_opening(opening.id)
    assert (found.outcome, found.told) == (OpeningOutcome.FAILED, "The MQTT broker is away.")


async def test_opening_ends_the_call_from_that_barrier(clients: Clients):
    side = await a_side()
    await barrier_calls.call(clients, side.barrier, CallCause.DRIVER, NOW)
    assert await barrier_calls.call(clients, side.barrier, CallCause.DRIVER, NOW) is None
    await sent(clients, await asked(clients, side))
    assert await call_rows.list_open() == []


async def test_an_answer_for_another_barriers_command_changes_nothing(clients: Clients):
    side = await a_side()
    opening = await asked(clients, side)
    other = await a_side()
    answer = Answer(outcome="acknowledged")
    assert await barrier_commands.answered(clients, opening.uid, answer, at(1), {other.barrier.id}) is None
    assert (await opening_rows.get_opening(opening.id)).outcome is OpeningOutcome.WAITING


@pytest.mark.parametrize("change", ["UPDATE barrier_opening SET outcome = 'refused'", "DELETE FROM barrier_opening"])
async def test_the_database_keeps_what_became_of_an_opening(clients: Clients, change):
    opening = await asked(clients, await a_side())
    await sent(clients, opening)
    with pytest.raises(ConflictError):
        await fetch(change)
    assert (await opening_rows.get_opening(opening.id)).outcome is OpeningOutcome.ACKNOWLEDGED
