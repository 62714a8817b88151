"""A lot's tariffs as the editor's page lists them, and what one would have earned, in words."""

from collections.abc import Iterable
from datetime import datetime
from difflib import ndiff
from typing import Any

from parkhub.db import tariffs as tariff_rows
from parkhub.db.tariffs import TariffVersion
from parkhub.domain.quotes import duration
from parkhub.domain.tariff_writer import write_tariff
from parkhub.errors import InvalidInputError
from parkhub.languages import ENGLISH
from parkhub.services import tariff_trials
from parkhub.services.tariff_trials import TriedTariff
from parkhub.web.tariff_view import VEHICLES, Draft, check


async def trial_of(draft: Draft, now: datetime) -> dict[str, Any]:
    """The trial, or why there is none."""
    checked = await check(draft, set(), now)
    if checked.tariff is None:
        return {"tried": None, "untried": "Put the text right first."}
    try:
        tried = await tariff_trials.try_tariff(draft.lot.id, draft.kind, checked.tariff, now)
    except InvalidInputError as error:
        return {"tried": None, "untried": str(error)}
    return {"tried": tried, "untried": "", "groups": _groups(tried), "total": _total(tried)}


def _groups(tried: TriedTariff) -> list[tuple[str, int, str, str, str]]:
    found, before = [], 0
    for group in tried.trial.groups:
        end = group.up_to_minutes
        name = f"longer than {duration(before)}" if end is None else f"up to {duration(end)}"
        before = end or before
        money = _money(tried, group.before_cents, group.after_cents)
        found.append((name, group.count, *money))
    return found


def _total(tried: TriedTariff) -> tuple[str, str, str]:
    return _money(tried, tried.trial.before_cents, tried.trial.after_cents)


def _money(tried: TriedTariff, before: int, after: int) -> tuple[str, str, str]:
    sign = "+" if after > before else ""
    written = [ENGLISH.money(cents, tried.currency) for cents in (before, after, after - before)]
    return written[0], written[1], sign + written[2]


async def list_views(known: list[TariffVersion], now: datetime) -> list[dict[str, Any]]:
    """The versions as the page lists them, each with how it differs from the one before it for the same vehicles."""
    authors = await tariff_rows.list_authors(known[0].lot_id) if known else {}
    running = {each.kind: each.id for each in sorted(known, key=lambda each: each.valid_from) if each.valid_from <= now}
    found = []
    for at, each in enumerate(known):
        before = next((other for other in known[at + 1 :] if other.kind is each.kind), None)
        runs = running.get(each.kind) == each.id
        state = ("waits", "warn") if each.valid_from > now else ("runs", "good") if runs else ("over", "")
        found.append(
            {
                "version": each,
                "state": state,
                "who": authors.get(each.created_by or 0, "the command line"),
                "vehicles": dict(VEHICLES)[each.kind.value if each.kind else ""],
                "differences": _differences(before, each),
                "first": before is None,
            }
        )
    return found


def _differences(before: TariffVersion | None, after: TariffVersion) -> list[tuple[str, str]]:
    """Lines that went and came, as (sign, line): of both tariffs as they are written out in one way."""
    if before is None:
        return []
    lines: Iterable[str] = ndiff(write_tariff(before.tariff).splitlines(), write_tariff(after.tariff).splitlines())
    return [(line[0], line[2:]) for line in lines if line[0] in "+-"]
