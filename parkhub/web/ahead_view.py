"""Ends to choose from when paying ahead, with their prices, in a driver's language."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from parkhub.domain.local_time import MINUTE, day_span, local_day
from parkhub.languages import Language
from parkhub.services.pay_ahead import Choice, Offer
from parkhub.web.quote_words import LineView, lines_of

FIRST: Final = timedelta(hours=1)
_VALUE: Final = re.compile(r"(\d{10}),(\d{1,12})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a form asks for: an end, and the most that its page said it costs, minor units."""

    until: datetime
    shown_cents: int


@dataclass(frozen=True, slots=True)
class ChoiceView:
    """One end. ``value`` is what the form sends; ``pay`` the button's words; ``taken`` what was paid before."""

    value: str
    when: str
    span: str
    price: str
    pay: str
    lines: tuple[LineView, ...]
    total: str
    tax: str
    taken: str
    checked: bool


@dataclass(frozen=True)
class OfferView:
    """What may be chosen. ``closed``: why nothing can be, a sentence; ``most``: until when at the latest."""

    choices: tuple[ChoiceView, ...]
    closed: str
    most: str


def read_wanted(value: str) -> Wanted | None:
    """What a form sent for a choice; None for what no form of ours sends."""
    found = _VALUE.fullmatch(value)
    return Wanted(datetime.fromtimestamp(int(found[1]), UTC), int(found[2])) if found else None


def offer_view(offer: Offer, zone: ZoneInfo, now: datetime, words: Language, wanted: datetime | None) -> OfferView:
    """An offer in words; ``wanted`` is chosen, else what costs as much as an hour or the first there is."""
    ends = [choice.until for choice in offer.choices]
    chosen = wanted if wanted in ends else _usual(offer, ends)
    limits, closed = offer.limits, ""
    if limits.is_closed:
        closed = words.gettext("This car park is closed, or nobody may stay longer.")
        if limits.opens_at is not None:
            closed = words.gettext(
                "This car park is closed. It opens at %(when)s.", when=words.when(limits.opens_at, zone, now)
            )
    most = ""
    if not closed:
        last = words.when(limits.most, zone, now)
        most = (
            words.gettext("The car park closes at %(when)s.", when=last)
            if limits.closes
            else words.gettext("At the latest until %(when)s.", when=last)
        )
    views = tuple(_view(choice, offer, zone, now, words, checked=choice.until == chosen) for choice in offer.choices)
    return OfferView(views, closed, most)


def _usual(offer: Offer, ends: Sequence[datetime]) -> datetime | None:
    later = [end for end in ends if end - offer.limits.start >= FIRST - MINUTE]
    return min(later, default=ends[0] if ends else None)


def _view(choice: Choice, offer: Offer, zone: ZoneInfo, now: datetime, words: Language, *, checked: bool) -> ChoiceView:
    quote, due = choice.bill.quote, max(0, choice.bill.due_cents)
    currency = choice.bill.currency

    def money(cents: int) -> str:
        return words.money(cents, currency) if currency else ""

    gross, tax = (quote.gross_cents, quote.tax_cents) if quote else (0, 0)
    on_top = quote is not None and tax and sum(line.amount_cents for line in quote.lines) != gross
    percent = words.number(round(float(quote.tax_percent), 3)) if quote else ""
    lines = lines_of(quote.lines, words) if quote else []
    if on_top:
        lines.append(LineView(words.gettext("%(percent)s%% tax", percent=percent), money(tax), off=False))
    included = words.gettext("of which %(percent)s%% tax: %(amount)s", percent=percent, amount=money(tax))
    return ChoiceView(
        value=f"{int(choice.until.timestamp())},{due}",
        when=words.when(choice.until, zone, now),
        span=_span(choice, offer, zone, words),
        price=money(due) if due else words.gettext("free"),
        pay=_pay(offer, money(due) if due else "", words),
        lines=tuple(lines),
        total=money(gross),
        tax=included if tax and not on_top else "",
        taken=money(due - gross) if due != gross else "",
        checked=checked,
    )


def _pay(offer: Offer, amount: str, words: Language) -> str:
    if offer.session.paid_until is None:
        return words.gettext("Pay %(amount)s", amount=amount) if amount else words.gettext("Go on, nothing to pay")
    return words.gettext("Extend for %(amount)s", amount=amount) if amount else words.gettext("Extend, nothing to pay")


def _span(choice: Choice, offer: Offer, zone: ZoneInfo, words: Language) -> str:
    start = offer.limits.start
    if choice.until == day_span(local_day(start, zone), zone).end:
        return words.gettext("the whole day")
    minutes = -(-(choice.until - start) // MINUTE)
    if offer.session.paid_until is not None:
        return words.gettext("%(span)s longer", span=words.duration(minutes))
    return words.duration(minutes)
