"""What every part of the payment sandbox writes on its shelf: events, and movements of money that is none."""

import hashlib
import secrets
from datetime import datetime

from parkhub.clients import sandbox_objects as objects
from parkhub.clients.payments import Raw
from parkhub.clients.shelf import Document, Shelf


class SandboxRoom:
    """The shelf and what is put on it by all."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    async def _event(self, kind: str, about: Document, now: datetime, key: str = "") -> Raw:
        """An event that is kept; the same ``key`` is the same event, with whatever it told first."""
        name = derived(f"{kind} {key}")[:24] if key else secrets.token_hex(12)
        made = objects.event(f"evt_{name}", kind, about, now)
        kept = await self._shelf.change(f"event:{made['id']}", lambda known: known or made)
        return kept or made

    async def _put(self, key: str, document: Document) -> None:
        await self._shelf.change(key, lambda _: document)

    async def _moved(self, kind: str, amount: int, source: Document, now: datetime, more: str = "") -> None:
        txn_id = f"txn_{derived(source['id'] + more)}"
        moved = objects.balance_transaction(txn_id, kind, amount, source, now)
        await self._shelf.change(f"txn:{txn_id}", lambda known: known or moved)


def derived(key: str) -> str:
    """Letters for an id, the same for the same key."""
    return hashlib.sha256(f"sandbox {key}".encode()).hexdigest()[:32]
