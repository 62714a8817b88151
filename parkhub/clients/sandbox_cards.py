"""The sandbox's cards: kept on a page that stands where Stripe's stands otherwise, and charged with nobody there."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from parkhub.clients import sandbox_card_objects as card_objects
from parkhub.clients import sandbox_objects as objects
from parkhub.clients.payments import Raw
from parkhub.clients.sandbox_room import SandboxRoom, derived
from parkhub.clients.saved_cards import Charged, ChargeOrder, ChargeOutcome, SetupOrder
from parkhub.clients.shelf import Document
from parkhub.domain.provider_money import to_provider
from parkhub.domain.saved_cards import KeptCard
from parkhub.errors import ConflictError, InvalidInputError, NotFoundError

SETUP_PATH: Final = "/sandbox/setups"


class SandboxCard(StrEnum):
    """Test cards that can be kept, by how they behave when they are charged; ``REFUSED`` cannot be kept at all."""

    PAYS = "pays"
    CONFIRMS = "confirms"
    DECLINES = "declines"
    EXPIRED = "expired"
    PAYS_LATE = "pays_late"
    REFUSED = "refused"


_CARDS: Final[dict[SandboxCard, tuple[str, str, int, int]]] = {
    SandboxCard.PAYS: ("visa", "4242", 12, 2034),
    SandboxCard.CONFIRMS: ("visa", "3184", 12, 2034),
    SandboxCard.DECLINES: ("visa", "0341", 12, 2034),
    SandboxCard.EXPIRED: ("visa", "0069", 1, 2026),
    SandboxCard.PAYS_LATE: ("mastercard", "4444", 12, 2034),
}
_ENDS: Final[dict[SandboxCard, tuple[str, ChargeOutcome, str]]] = {
    SandboxCard.PAYS: ("succeeded", ChargeOutcome.SUCCEEDED, ""),
    SandboxCard.CONFIRMS: (
        "requires_payment_method", ChargeOutcome.NEEDS_CONFIRMATION, "authentication_required"
    ),
    SandboxCard.DECLINES: ("requires_payment_method", ChargeOutcome.DECLINED, "insufficient_funds"),
    SandboxCard.EXPIRED: ("requires_payment_method", ChargeOutcome.DECLINED, "expired_card"),
    SandboxCard.PAYS_LATE: ("processing", ChargeOutcome.PROCESSING, ""),
}  # fmt: skip


class SandboxCards(SandboxRoom):
    """The part of the stand-in that keeps cards."""

    async def create_customer(self, key: str, email: str, now: datetime) -> str:
        """See `CardVault`."""
        customer_id = f"cus_{derived(key)[:14]}"
        made = card_objects.customer(customer_id, email, key, now)
        await self._shelf.change(f"customer:{customer_id}", lambda known: known or made)
        return customer_id

    async def create_setup(self, order: SetupOrder) -> str:
        """See `CardVault`."""
        customer = await self._shelf.get(f"customer:{order.customer}")
        if customer is None:
            raise InvalidInputError("The payment provider refused this (resource_missing).")
        setup_id = f"cs_test_{derived(f'setup {order.key}')}"
        made = card_objects.setup_checkout(order, setup_id, f"{SETUP_PATH}/{setup_id}")
        await self._shelf.change(f"setup:{setup_id}", lambda known: known or made)
        return f"{SETUP_PATH}/{setup_id}"

    async def get_setup(self, setup_id: str) -> Document:
        """A page in setup mode. Raises NotFoundError."""
        found = await self._shelf.get(f"setup:{setup_id}")
        if found is None:
            raise NotFoundError("There is no such test card page.")
        return found

    async def keep_card(self, setup_id: str, card: SandboxCard, now: datetime) -> tuple[Raw, ...]:
        """Keep a card and tell; none is told of one that is refused. Raises ConflictError when the page has ended."""
        if card is SandboxCard.REFUSED:
            return ()
        intent_id = f"seti_{derived(setup_id)[:24]}"
        moved = False

        def complete(setup: Document | None) -> Document | None:
            nonlocal moved
            if setup is None:
                raise NotFoundError("There is no such test card page.")
            moved = setup["status"] == "open" and now.timestamp() < setup["expires_at"]
            return {**setup, "status": "complete", "url": None, "setup_intent": intent_id} if moved else None

        setup = await self._shelf.change(f"setup:{setup_id}", complete)
        if not moved or setup is None:
            raise ConflictError("This page has ended. Begin again.")
        method = await self._keep(f"setup {setup_id}", setup["customer"], card, now)
        intent = card_objects.setup_intent(setup, intent_id, method, now)
        return (
            await self._event("checkout.session.completed", setup, now),
            await self._event("setup_intent.succeeded", intent, now),
        )

    async def get_card(self, method: str) -> KeptCard | None:
        """See `CardVault`."""
        found = await self._shelf.get(f"method:{method}")
        if found is None:
            return None
        card = found["card"]
        return KeptCard(
            method, found["customer"] or "", card["brand"], card["last4"], card["exp_month"], card["exp_year"]
        )

    async def detach_card(self, method: str) -> None:
        """See `CardVault`. As at Stripe it is told by an event, which `card_detached` makes."""
        await self._shelf.change(f"method:{method}", lambda known: known and {**known, "customer": None})

    async def card_detached(self, method: str, now: datetime) -> tuple[Raw, ...]:
        """Take a card from its owner at the provider's own page, and tell."""
        await self.detach_card(method)
        return (await self._event("payment_method.detached", await self._get_method(method), now),)

    async def card_renewed(self, method: str, last4: str, exp_year: int, now: datetime) -> tuple[Raw, ...]:
        """A bank gives out a new card for the same account, and tells."""
        found = await self._get_method(method)
        renewed = {**found, "card": {**found["card"], "last4": last4, "exp_year": exp_year}}
        await self._put(f"method:{method}", renewed)
        return (await self._event("payment_method.automatically_updated", renewed, now),)

    async def delete_customer(self, customer: str) -> None:
        """See `CardVault`."""
        for each in await self._shelf.list("method:"):
            if each["customer"] == customer:
                await self.detach_card(each["id"])
        gone = {"id": customer, "object": "customer", "deleted": True}
        await self._shelf.change(f"customer:{customer}", lambda known: known and gone)

    async def charge(self, order: ChargeOrder) -> Charged:
        """See `CardVault`. What a webhook is to tell of it, `events_of_charge` answers."""
        amount = to_provider(order.amount_cents, order.currency)
        method = await self._shelf.get(f"method:{order.method}")
        intent_id = f"pi_{derived(f'charge {order.key}')}"
        intent = await self._shelf.get(f"intent:{intent_id}")
        if intent is None:
            if method is None or method["customer"] != order.customer:
                return Charged("", ChargeOutcome.DECLINED, "resource_missing")
            status, _, code = _ENDS[SandboxCard(method["metadata"]["sandbox_card"])]
            made = card_objects.payment_intent(order, intent_id, amount, status, code)
            intent = await self._shelf.change(f"intent:{intent_id}", lambda known: known or made) or made
        if intent["status"] in ("succeeded", "processing"):
            await self._take(intent, order.now)
        if intent["status"] == "succeeded":
            await self._event("payment_intent.succeeded", intent, order.now, intent_id)
        elif intent["status"] == "processing":
            paid = {**intent, "status": "succeeded", "amount_received": intent["amount"]}
            await self._event("payment_intent.processing", intent, order.now, intent_id)
            await self._event("payment_intent.succeeded", paid, order.now, intent_id)
        else:
            await self._event("payment_intent.payment_failed", intent, order.now, intent_id)
        return _answer(intent)

    async def events_of_charge(self, intent_id: str) -> list[Raw]:
        """What a webhook is to tell of a charge, the first first."""
        found = [each for each in await self._shelf.list("event:") if each["data"]["object"].get("id") == intent_id]
        return sorted(found, key=lambda each: str(each["type"]))

    async def _kept_by(self, checkout: Document, now: datetime) -> tuple[Raw, ...]:
        """What is told when a checkout was paid with a card that is kept from then on."""
        if not checkout["customer"]:
            return ()
        method = await self._keep(checkout["id"], checkout["customer"], SandboxCard.PAYS, now)
        intent = card_objects.intent_of_checkout(checkout, method, now)
        return (await self._event("payment_intent.succeeded", intent, now),)

    async def _keep(self, key: str, customer: str, card: SandboxCard, now: datetime) -> str:
        method = f"pm_{derived(f'card {key}')[:24]}"
        brand, last4, exp_month, exp_year = _CARDS[card]
        shown: dict[str, Any] = {"brand": brand, "last4": last4, "exp_month": exp_month, "exp_year": exp_year}
        made = card_objects.payment_method(method, customer, shown, card.value, now)
        await self._shelf.change(f"method:{method}", lambda known: known or made)
        return method

    async def _get_method(self, method: str) -> Document:
        found = await self._shelf.get(f"method:{method}")
        if found is None:
            raise NotFoundError("There is no such test card.")
        return found

    async def _take(self, intent: Document, now: datetime) -> None:
        """The money of a charge, as far as there is any in a sandbox."""
        paid = {**intent, "amount_total": intent["amount"], "payment_intent": intent["id"]}
        charge = objects.charge(paid, f"ch_{derived(intent['id'])}", now)
        await self._shelf.change(f"charge:{intent['id']}", lambda known: known or charge)
        await self._moved("charge", charge["amount"], charge, now)


def _answer(intent: Document) -> Charged:
    code = (intent["last_payment_error"] or {}).get("code", "")
    outcome = next(outcome for status, outcome, why in _ENDS.values() if (status, why) == (intent["status"], code))
    return Charged(intent["id"], outcome, code)
