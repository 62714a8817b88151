"""Where the provider tells: signed, small, kept once, answered quickly."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from apps import running
from litestar import Litestar
from visitors import Visitor, visit

from parkhub.clients.payment_sandbox import webhook_secret
from parkhub.db import stripe_events
from parkhub.domain.webhook_signatures import sign
from parkhub.secret_key import secret_key
from parkhub.settings import Settings, load_settings
from parkhub.web.webhooks import BYTES_MAX

EVENT = {"id": "evt_1", "type": "plan.created", "created": 1, "livemode": False, "data": {"object": {"id": "price_1"}}}


def signed(secret: str, event: Any = EVENT) -> tuple[bytes, dict[str, str]]:
    body = json.dumps(event).encode()
    return body, {"stripe-signature": sign(body, secret, datetime.now(UTC)), "content-type": "application/json"}


@pytest.fixture
def secret(web_settings: Settings) -> str:
    return webhook_secret(secret_key(web_settings))


async def test_a_signed_event_is_taken_and_a_repeat_is_answered_alike(app: Litestar, visitor: Visitor, secret: str):
    body, headers = signed(secret)
    for repeated in (False, True):
        answer = await visitor.post("/webhooks/stripe", content=body, headers=headers)
        assert (answer.status_code, answer.json()) == (200, {"received": True, "repeated": repeated})
    assert await stripe_events.find_event("evt_1") is not None


async def test_an_event_that_is_not_signed_is_refused(app: Litestar, visitor: Visitor):
    for headers in ({}, {"stripe-signature": "t=1,v1=00"}, signed("whsec_another")[1]):
        answer = await visitor.post("/webhooks/stripe", content=signed("x")[0], headers=headers)
        assert answer.status_code == 401
        assert answer.json()["title"] == "The signature is wrong"
    assert await stripe_events.find_event("evt_1") is None


async def test_a_large_event_is_refused_however_it_comes(app: Litestar, visitor: Visitor, secret: str):
    async def pieces() -> Any:
        for _ in range(BYTES_MAX // 65536 + 1):
            yield b"x" * 65536

    answer = await visitor.post("/webhooks/stripe", content=pieces(), headers=signed(secret)[1])
    assert answer.status_code == 413


async def test_with_a_key_but_without_a_signing_secret_nothing_is_taken(web_settings: Settings, secret: str):
    given = web_settings.model_dump() | {"stripe_secret_key": "sk_test_1234"}
    async with running(load_settings(**given)) as application, visit(application) as visitor:
        for name in ("", secret):
            body, headers = signed(name)
            answer = await visitor.post("/webhooks/stripe", content=body, headers={**headers, "accept": "text/json"})
            assert answer.status_code == 503
            assert "PARKHUB_STRIPE_WEBHOOK_SECRET" in answer.json()["detail"]


async def test_with_a_key_any_of_its_signing_secrets_is_taken_and_the_sandboxs_is_not(
    web_settings: Settings, secret: str
):
    given = web_settings.model_dump() | {
        "stripe_secret_key": "sk_test_1234",
        "stripe_webhook_secret": "whsec_first_one, whsec_second_one",
    }
    async with running(load_settings(**given)) as application, visit(application) as visitor:
        statuses = []
        for number, name in enumerate(("whsec_first_one", "whsec_second_one", secret, "whsec_third_one")):
            body, headers = signed(name, {**EVENT, "id": f"evt_{number}"})
            statuses.append((await visitor.post("/webhooks/stripe", content=body, headers=headers)).status_code)
        assert statuses == [200, 200, 401, 401]


async def test_pages_may_lead_to_where_one_pays_and_nowhere_else(web_settings: Settings, visitor: Visitor):
    assert "form-action 'self';" in (await visitor.get("/sign-in")).headers["content-security-policy"]


@pytest.mark.parametrize(
    ("base", "origin"), [("", "https://checkout.stripe.com"), ("http://127.0.0.1:8420/x", "http://127.0.0.1:8420")]
)
async def test_with_a_key_forms_may_lead_to_the_providers_pages(web_settings: Settings, base: str, origin: str):
    given = web_settings.model_dump() | {"stripe_secret_key": "sk_test_1234", "stripe_api_base": base}
    async with running(load_settings(**given)) as application, visit(application) as visitor:
        policy = (await visitor.get("/sign-in")).headers["content-security-policy"]
    assert f"form-action 'self' {origin};" in policy
