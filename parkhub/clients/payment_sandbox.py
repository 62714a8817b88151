"""A payment provider for trying out: no money moves. Its objects have Stripe's shape and go through Stripe's states.

What happens to a checkout is asked for by the card page (`web/sandbox.py`) and answered with events, which whoever
asked sends to the webhook, signed. Amounts inside are Stripe's, as they are in events.
"""

import hashlib
import hmac
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from parkhub.clients import sandbox_objects as objects
from parkhub.clients.payments import BalanceTransaction, CheckoutOrder, OpenCheckout, Raw, Refunded, RefundOrder
from parkhub.clients.sandbox_cards import SandboxCards
from parkhub.clients.sandbox_room import derived
from parkhub.clients.shelf import Document
from parkhub.domain.provider_money import from_provider, to_provider
from parkhub.errors import ConflictError, InvalidInputError, NotFoundError

PATH: Final = "/sandbox/checkouts"


def webhook_secret(secret_key: str) -> str:
    """What an installation's sandbox signs its events with."""
    return f"whsec_{hmac.new(secret_key.encode(), b'payment sandbox', hashlib.sha256).hexdigest()}"


class Way(StrEnum):
    """How a test payment goes."""

    SUCCEEDS = "succeeds"
    DECLINED = "declined"
    CONFIRMS = "confirms"
    FAILS_LATE = "fails_late"
    SUCCEEDS_LATE = "succeeds_late"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it: events to send now, and those to send when a bank would have answered."""

    now: tuple[Raw, ...]
    late: tuple[Raw, ...] = ()


class PaymentSandbox(SandboxCards):
    """The stand-in."""

    name = "sandbox"
    is_sandbox = True

    async def create_checkout(self, order: CheckoutOrder) -> OpenCheckout:
        """See `PaymentProvider`; the id follows from the key."""
        amount = to_provider(order.amount_cents, order.currency)
        if amount <= 0:
            raise InvalidInputError("The payment provider refused this (amount_too_small).")
        checkout_id = f"cs_test_{derived(order.key)}"
        made = objects.checkout(order, checkout_id, amount)
        await self._shelf.change(f"checkout:{checkout_id}", lambda known: None if known else made)
        return OpenCheckout(checkout_id, f"{PATH}/{checkout_id}")

    async def get_checkout(self, checkout_id: str) -> Document:
        """The checkout. Raises NotFoundError."""
        found = await self._shelf.get(f"checkout:{checkout_id}")
        if found is None:
            raise NotFoundError("There is no such test payment.")
        return found

    async def expire_checkout(self, checkout_id: str, now: datetime) -> bool:  # noqa: ARG002  (as the Protocol has it)
        """See `PaymentProvider`. As at Stripe it is told by an event, which `expired` makes."""
        return await self._move(checkout_id, "open", {"status": "expired", "url": None}) is not None

    async def expired(self, checkout_id: str, now: datetime) -> tuple[Raw, ...]:
        """End a checkout that nobody has paid, and tell."""
        ended = await self._move(checkout_id, "open", {"status": "expired", "url": None})
        return () if ended is None else (await self._event("checkout.session.expired", ended, now),)

    async def pay(self, checkout_id: str, way: Way, now: datetime) -> Outcome:
        """Pay a checkout. A declined card leaves it open. Raises ConflictError when it has ended or is paid."""
        checkout = await self.get_checkout(checkout_id)
        if checkout["status"] == "open" and now.timestamp() >= checkout["expires_at"]:
            await self._move(checkout_id, "open", {"status": "expired", "url": None})
            raise ConflictError("This payment was not made in time and has ended. You have not been charged.")
        if way is Way.DECLINED:
            if checkout["status"] != "open":
                raise _ended(checkout)
            return Outcome(())
        late = way in (Way.FAILS_LATE, Way.SUCCEEDS_LATE)
        intent = f"pi_{derived(checkout_id)}"
        paid = {"payment_status": "unpaid" if late else "paid", "payment_intent": intent}
        done = await self._move(checkout_id, "open", {"status": "complete", "url": None, **paid})
        if done is None:
            raise _ended(await self.get_checkout(checkout_id))
        completed = await self._event("checkout.session.completed", done, now)
        if way is Way.FAILS_LATE:
            return Outcome((completed,), (await self._event("checkout.session.async_payment_failed", done, now),))
        charge = objects.charge(done, f"ch_{derived(intent)}", now)
        await self._shelf.change(f"charge:{intent}", lambda known: known or charge)
        await self._moved("charge", charge["amount"], charge, now)
        kept = await self._kept_by(done, now)
        if way is Way.SUCCEEDS_LATE:
            settled = await self._move(checkout_id, "complete", {"payment_status": "paid"})
            late_event = await self._event("checkout.session.async_payment_succeeded", settled or done, now)
            return Outcome((completed,), (late_event, *kept))
        return Outcome((completed, *kept))

    async def refund(self, order: RefundOrder) -> Refunded:
        """See `PaymentProvider`."""
        refunded, _ = await self.refund_told(order)
        return refunded

    async def refund_told(self, order: RefundOrder) -> tuple[Refunded, tuple[Raw, ...]]:
        """Give back, and the event that tells of it."""
        amount = to_provider(order.amount_cents, order.currency)
        refund_id = f"re_{derived(order.key)}"

        def give_back(charge: Document | None) -> Document | None:
            if charge is None:
                raise InvalidInputError("The payment provider refused this (resource_missing).")
            if refund_id in charge["metadata"].get("sandbox_refunds", ""):
                return None
            if charge["disputed"]:
                raise InvalidInputError("The payment provider refused this (charge_disputed).")
            total = charge["amount_refunded"] + amount
            if amount <= 0 or total > charge["amount"]:
                raise InvalidInputError("The payment provider refused this (charge_already_refunded).")
            done = f"{charge['metadata'].get('sandbox_refunds', '')} {refund_id}".strip()
            metadata = {**charge["metadata"], "sandbox_refunds": done}
            return {
                **charge, "amount_refunded": total, "refunded": total == charge["amount"], "metadata": metadata
            }  # fmt: skip

        known = await self._shelf.get(f"refund:{refund_id}")
        charge = await self._shelf.change(f"charge:{order.intent}", give_back)
        if charge is None:
            raise InvalidInputError("The payment provider refused this (resource_missing).")
        told: tuple[Raw, ...] = ()
        if known is None:
            refund = objects.refund(charge, refund_id, amount, order.metadata, order.now)
            await self._shelf.change(f"refund:{refund_id}", lambda there: there or refund)
            await self._moved("refund", -amount, refund, order.now)
            told = (await self._event("charge.refunded", charge, order.now),)
        return Refunded(refund_id, from_provider(charge["amount_refunded"], order.currency)), told

    async def fail_refund(self, refund_id: str, now: datetime) -> tuple[Raw, ...]:
        """A driver's bank does not take what was given back, which was told as made."""
        known = await self._shelf.get(f"refund:{refund_id}")
        if known is None:
            raise NotFoundError("There is no such refund.")
        refund = {**known, "status": "failed", "failure_reason": "expired_or_canceled_card"}
        if refund == known:
            return ()
        await self._put(f"refund:{refund_id}", refund)

        def come_back(charge: Document | None) -> Document | None:
            left = charge and charge["amount_refunded"] - refund["amount"]
            return charge and {**charge, "amount_refunded": left, "refunded": False}

        await self._shelf.change(f"charge:{refund['payment_intent']}", come_back)
        await self._moved("refund_failure", refund["amount"], refund, now, "failed")
        return tuple([await self._event(kind, refund, now) for kind in ("charge.refund.updated", "refund.failed")])

    async def sum_refunds(self, intent: str, currency: str) -> int:
        """See `PaymentProvider`."""
        made = [each["amount"] for each in await self._shelf.list("refund:") if each["payment_intent"] == intent]
        return from_provider(sum(made), currency)

    async def dispute(self, intent: str, now: datetime, *, whole: bool = False) -> tuple[Raw, ...]:
        """A driver's bank takes back what is left of a payment; ``whole``: all of it, whatever was refunded."""
        charge = await self._shelf.change(f"charge:{intent}", lambda known: known and {**known, "disputed": True})
        if charge is None:
            raise NotFoundError("There is no such test payment.")
        dispute = objects.dispute(charge, f"dp_{derived(intent)}", now, whole=whole)
        await self._shelf.change(f"dispute:{dispute['id']}", lambda known: known or dispute)
        await self._moved("adjustment", -dispute["amount"], dispute, now)
        return (await self._event("charge.dispute.created", dispute, now),)

    async def decide_dispute(self, dispute_id: str, now: datetime, *, won: bool) -> tuple[Raw, ...]:
        """The bank decides."""
        status = "won" if won else "lost"
        decided = await self._shelf.change(f"dispute:{dispute_id}", lambda known: known and {**known, "status": status})
        if decided is None:
            raise NotFoundError("There is no such dispute.")
        if won:
            await self._moved("adjustment", decided["amount"], decided, now, "won")
        return (await self._event("charge.dispute.closed", decided, now),)

    async def pay_out(self, now: datetime) -> tuple[Raw, ...]:
        """Pay out all that came in since the last time, one payout per currency."""
        by_currency: dict[str, list[Document]] = {}
        for each in await self._shelf.list("txn:"):
            if each["type"] != "payout" and not each.get("payout"):
                by_currency.setdefault(each["currency"], []).append(each)
        told: list[Raw] = []
        for currency, moved in by_currency.items():
            net = sum(each["net"] for each in moved)
            if net <= 0:
                continue
            payout = objects.payout(f"po_{secrets.token_hex(12)}", net, currency, now)
            for each in moved:
                await self._put(f"txn:{each['id']}", {**each, "payout": payout["id"]})
            await self._moved("payout", -net, payout, now)
            told.append(await self._event("payout.paid", payout, now))
        return tuple(told)

    async def fetch_event(self, event_id: str) -> Raw | None:
        """See `PaymentProvider`."""
        return await self._shelf.get(f"event:{event_id}")

    async def balance_transactions(
        self, since: datetime | None = None, payout: str | None = None
    ) -> AsyncIterator[BalanceTransaction]:
        """See `PaymentProvider`."""
        for each in await self._shelf.list("txn:"):
            at = datetime.fromtimestamp(each["created"], UTC)
            if (since is None or at >= since) and (payout is None or each.get("payout") == payout):
                currency = each["currency"].upper()
                yield BalanceTransaction(
                    id=each["id"],
                    kind=each["type"],
                    amount_cents=from_provider(each["amount"], currency),
                    fee_cents=from_provider(each["fee"], currency),
                    currency=currency,
                    source=each["source"],
                    intent=each.get("payment_intent", ""),
                    at=at,
                )

    async def close(self) -> None:
        """Nothing to give back."""

    async def _move(self, checkout_id: str, status: str, given: dict[str, Any]) -> Document | None:
        """Change a checkout that is in a state; None when it is in another."""
        moved = False

        def change(checkout: Document | None) -> Document | None:
            nonlocal moved
            if checkout is None:
                raise NotFoundError("There is no such test payment.")
            moved = checkout["status"] == status
            return {**checkout, **given} if moved else None

        found = await self._shelf.change(f"checkout:{checkout_id}", change)
        return found if moved else None


def _ended(checkout: Document) -> ConflictError:
    if checkout["status"] == "complete":
        return ConflictError("This has been paid already. You have not been charged twice.")
    return ConflictError("This payment was not made in time and has ended. You have not been charged.")
