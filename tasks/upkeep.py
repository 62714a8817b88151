"""Jobs by the clock. Each may run late, twice or beside itself."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from parkhub.secret_key import secret_key
from parkhub.services import (
    barrier_calls,
    booking_checkouts,
    booking_refunds,
    booking_stays,
    card_charges,
    drivers,
    folders,
    labelled_sets,
    labels,
    looks,
    mail,
    nodes,
    passages,
    pay_ahead,
    permits,
    picture_uploads,
    recordings,
    retention,
    session_overlong,
    session_paid_ahead,
    silences,
    spot_asks,
    stands,
    upkeep,
)


async def expire_spots(ctx: dict[str, Any]) -> None:
    """Turn spots unknown that nobody has seen for too long."""
    await looks.expire_stale(ctx["clients"], datetime.now(UTC))


async def tell_silent_nodes(ctx: dict[str, Any]) -> None:
    """Tell of nodes and cameras of which nothing comes any more."""
    now = datetime.now(UTC)
    await nodes.tell_silent(ctx["clients"], now)
    await silences.write_letters(ctx["clients"], ctx["settings"], now)


async def take_samples(ctx: dict[str, Any]) -> None:  # noqa: ARG001  what arq gives every job
    """Keep how full every lot is."""
    await upkeep.take_samples(datetime.now(UTC))


async def requeue_lost(ctx: dict[str, Any]) -> None:
    """Ask again for work whose job got lost."""
    now = datetime.now(UTC)
    await upkeep.requeue_stuck(ctx["clients"], now)
    await upkeep.requeue_stuck_imports(ctx["clients"], now)
    await labels.requeue_uncut(ctx["clients"], now)
    await recordings.requeue_stalled(ctx["clients"], now)
    await picture_uploads.requeue_stalled(ctx["clients"], now)


async def delete_old(ctx: dict[str, Any]) -> None:
    """Delete what is past its time."""
    now = datetime.now(UTC)
    await upkeep.delete_old_pictures(ctx["clients"], ctx["settings"], now)
    await upkeep.delete_old_counts(ctx["settings"], now)
    await upkeep.delete_old_sign_ins(now)
    await labels.delete_old(ctx["clients"], ctx["settings"], now)
    await permits.delete_old_listed(now)
    await mail.delete_old(now)
    await drivers.delete_over(now)
    await barrier_calls.delete_old(now)
    await spot_asks.forget_old(now)
    await stands.forget_old(now)
    await nodes.forget_old(now)
    await picture_uploads.delete_old(ctx["clients"], now)


async def release_no_shows(ctx: dict[str, Any]) -> None:
    """Give up bookings whose car has not come or that were not paid in time, and give back what they cost no more."""
    clients, settings, now = ctx["clients"], ctx["settings"], datetime.now(UTC)
    await booking_stays.release_no_shows(clients, settings, now)
    await booking_checkouts.expire_unpaid(clients, now)
    await booking_refunds.give_back_overpaid(clients, settings, now)


async def keep_pay_ahead(ctx: dict[str, Any]) -> None:
    """Remind drivers whose paid time ends soon, close what is over, and forget what was never paid."""
    now = datetime.now(UTC)
    await pay_ahead.remind(ctx["clients"], ctx["settings"], now)
    await session_paid_ahead.close_over(ctx["clients"], now)
    await pay_ahead.forget_unpaid(now)


async def close_overlong(ctx: dict[str, Any]) -> None:
    """Close sessions that are open for longer than their lot allows."""
    await session_overlong.close_overlong(ctx["clients"], datetime.now(UTC))


async def close_passages(ctx: dict[str, Any]) -> None:
    """Decide cars at gates that are gone, and give them to the sessions, with those whose giver was killed."""
    now = datetime.now(UTC)
    accepted = await passages.close_passages(ctx["clients"], now)
    await passages.give(ctx["clients"], [*accepted, *await passages.list_untaken(now)], now)


async def keep_retention(ctx: dict[str, Any]) -> None:
    """Delete what has passed its time by the rules of its lot."""
    await retention.run_all(ctx["clients"], secret_key(ctx["settings"]), datetime.now(UTC))
    await card_charges.delete_old(datetime.now(UTC))
    await folders.forget_old(ctx["settings"], datetime.now(UTC))
    await asyncio.to_thread(labelled_sets.delete_left, ctx["settings"], datetime.now(UTC))


async def delete_unclaimed(ctx: dict[str, Any]) -> None:
    """Delete files that belong to nothing."""
    await upkeep.delete_orphans(ctx["clients"])
    await upkeep.delete_import_orphans(ctx["clients"])
    await upkeep.delete_memory_orphans(ctx["clients"])
    await labels.delete_orphans(ctx["clients"])
    await passages.delete_orphans(ctx["clients"])
    await recordings.delete_abandoned(ctx["clients"], datetime.now(UTC))
    await picture_uploads.delete_abandoned(ctx["clients"])
    await mail.delete_unattached(ctx["clients"])
