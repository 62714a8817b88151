"""What an operator sets of a lot's bookings: its rules, and which places can be booked."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from parkhub.db import booking_rules as rule_rows
from parkhub.db import bookings as booking_rows
from parkhub.db import lots as lot_rows
from parkhub.db import spots as spot_rows
from parkhub.db.engine import transaction
from parkhub.domain import bookings as rules_of
from parkhub.domain.bookings import BookingRules, Place
from parkhub.domain.local_time import Span
from parkhub.errors import ConflictError, FieldsError
from parkhub.services import audit


async def set_rules(
    lot_id: int, rules: BookingRules, any_count: int, spots: Sequence[str], account_id: int | None, now: datetime
) -> list[Place]:
    """Set a lot's rules and its places: ``any_count`` that are anybody's, and ``spots`` that can be asked for by name.

    Raises FieldsError, NotFoundError, and ConflictError while a place that would go is booked.
    """
    wrong = rules_of.rule_faults(rules)
    async with transaction():
        await lot_rows.get_lot(lot_id)
        names = {known.spot.name for known in (await spot_rows.load_lot_status(lot_id)).spots}
        if not 0 <= any_count + len(spots) <= rules_of.PLACES_MAX or any_count < 0:
            wrong["any_places"] = f"A lot has at most {rules_of.PLACES_MAX} places that can be booked."
        unknown = next((spot for spot in spots if spot not in names), None)
        if unknown is not None:
            wrong["spots"] = f"There is no place {unknown[:40]!r} on the map."
        if wrong:
            raise FieldsError(wrong)
        before = await rule_rows.list_places(lot_id)
        after = rules_of.renumber(before, any_count, spots)
        going = {place.number for place in before} - {place.number for place in after}
        if going & (await booking_rows.list_taken(lot_id, Span(now, now + 2 * rules_of.AHEAD_MAX))):
            raise ConflictError("Some of the places that would go are booked.")
        was = await rule_rows.get_rules(lot_id)
        await rule_rows.save_rules(lot_id, rules)
        await rule_rows.replace_places(lot_id, before, after)
        await audit.note(
            "booking.rules_set",
            account_id=account_id,
            lot_id=lot_id,
            subject=f"lot:{lot_id}",
            before=_shown_rules(was, before),
            after=_shown_rules(rules, after),
            at=now,
        )
    return after


def _shown_rules(rules: BookingRules, places: Sequence[Place]) -> Mapping[str, Any]:
    return {
        "early_minutes": rules.early_minutes,
        "no_show_minutes": rules.no_show_minutes,
        "cancel_free_hours": rules.cancel_free_hours,
        "cancel_fee_percent": rules.cancel_fee_percent,
        "payment": rules.payment.value,
        "any_places": sum(not place.spot for place in places),
        "spots": [place.spot for place in places if place.spot],
    }
