"""What the tariff's editor shows: the document as form and as text, what is wrong with it, and what stays cost."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from parkhub.db import tariffs as tariff_rows
from parkhub.db.tariffs import TariffVersion
from parkhub.domain.local_time import Span, instant, local_day
from parkhub.domain.lots import Lot
from parkhub.domain.pricing import price
from parkhub.domain.tariff_curve import curve
from parkhub.domain.tariff_places import field_of, line_of
from parkhub.domain.tariff_reader import parse_tariff
from parkhub.domain.tariffs import Tariff
from parkhub.domain.vehicles import VehicleKind
from parkhub.errors import TariffError, sentence
from parkhub.languages import ENGLISH
from parkhub.web import tariff_document
from parkhub.web.tariff_chart import TICKS, Chart
from parkhub.web.tariff_words import KINDS, Prices, prices

LENGTHS: Final = ((30, "30 min"), (60, "1 h"), (120, "2 h"), (240, "4 h"), (480, "8 h"), (1440, "24 h"), (4320, "3 d"))
HORIZONS: Final = [
    ("360", "6 hours"),
    ("720", "12 hours"),
    ("1440", "24 hours"),
    ("4320", "3 days"),
    ("10080", "7 days"),
]
USUAL: Final = (("Monday", 0, 9), ("Friday", 4, 19), ("Saturday", 5, 11), ("Sunday", 6, 14))
VEHICLES: Final = [("", "any vehicle"), *((kind.value, words.lower()) for kind, words in KINDS.items())]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, where in the text (a line from 1) and at which of the form's fields ("" for none)."""

    reason: str
    path: str
    line: int | None
    field: str


@dataclass(frozen=True)
class Draft:
    """A text that is edited for a lot, for a kind of vehicle, and the arrival its prices are looked at for."""

    lot: Lot
    text: str
    kind: VehicleKind | None
    arrival: str
    longest: int

    @property
    def zone(self) -> ZoneInfo:
        """The lot's."""
        return ZoneInfo(self.lot.time_zone)

    @property
    def mark(self) -> str:
        """By which it is known whether somebody changed the text since the form was made of it."""
        return mark_of(self.text)

    @property
    def line_count(self) -> int:
        """How many lines the text has."""
        return self.text.count("\n") + 1

    @property
    def fields(self) -> dict[str, Any] | None:
        """What stands in the form; None while the text cannot be read."""
        document = tariff_document.read_document(self.text)
        return None if document is None else tariff_document.fields_of(document)


@dataclass(frozen=True)
class Checked:
    """A draft that was read: its fault, or what it costs."""

    draft: Draft
    fault: Fault | None
    tariff: Tariff | None = None
    running: TariffVersion | None = None
    words: Prices | None = None
    chart: Chart | None = None
    table: Sequence[tuple[str, Sequence[str]]] = field(default_factory=tuple)

    @property
    def same(self) -> bool:
        """Whether it is what runs already."""
        return self.running is not None and self.running.tariff == self.tariff


def mark_of(text: str) -> str:
    """See `Draft.mark`."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def draft_of(lot: Lot, form: Mapping[str, str], days: Mapping[str, Sequence[str]], now: datetime) -> Draft:
    """What a form sends. Which of its two sides counts is told by its button, else by what was changed."""
    text = form.get("text", "").replace("\r\n", "\n")
    do = form.get("do", "")
    by_form = tariff_document.written(form, days, text) if "bands" in form else text
    if do == "form" or (do != "text" and mark_of(text) == form.get("mark", "") and not _says_the_same(by_form, text)):
        text = by_form
    text = tariff_document.reordered(text, do)
    kinds = {kind.value: kind for kind in VehicleKind}
    draft = new_draft(lot, text, kinds.get(form.get("kind", "")), now)
    longest = form.get("longest", "")
    if longest in dict(HORIZONS):
        draft = replace(draft, longest=int(longest))
    arrival = form.get("arrival", "")
    return replace(draft, arrival=arrival) if _arrival(arrival, draft.zone) else draft


def new_draft(lot: Lot, text: str, kind: VehicleKind | None, now: datetime) -> Draft:
    """A draft to begin with, looked at for the next full hour."""
    at = (now + timedelta(hours=1)).astimezone(ZoneInfo(lot.time_zone))
    return Draft(lot, text, kind, f"{at:%Y-%m-%dT%H:00}", 1440)


def _says_the_same(one: str, other: str) -> bool:
    documents = [tariff_document.read_document(each) for each in (one, other)]
    if None in documents:
        return False
    return tariff_document.fields_of(documents[0] or {}) == tariff_document.fields_of(documents[1] or {})


async def check(draft: Draft, names: set[str], now: datetime) -> Checked:
    """Read it, and say what stays cost by it beside what they cost now. ``names`` are the form's fields."""
    running = await tariff_rows.find_in_force(draft.lot.id, draft.kind, now)
    try:
        tariff = parse_tariff(draft.text)
    except TariffError as error:
        line = line_of(draft.text, error.path, error.reason)
        fault = Fault(sentence(error.reason), error.path, line, field_of(error.path, names))
        return Checked(draft, fault, running=running)
    version = TariffVersion(0, draft.lot.id, None, draft.text, now, now, None)
    words = prices([version], now, draft.zone, ENGLISH)[0]
    comparable = running is not None and running.tariff.currency == tariff.currency
    before = running.tariff if running is not None and comparable else None
    chart, table = await asyncio.to_thread(_priced, draft, tariff, before, now)
    return Checked(draft, None, tariff, running, words, chart, table)


def _priced(
    draft: Draft, tariff: Tariff, before: Tariff | None, now: datetime
) -> tuple[Chart, list[tuple[str, list[str]]]]:
    zone, longest = draft.zone, timedelta(minutes=draft.longest)
    at = _arrival(draft.arrival, zone) or now
    curves = [curve(each, at, longest, zone) if each else [] for each in (tariff, before)]
    chart = Chart(curves[0], curves[1], draft.longest, tariff.currency)
    arrivals = [(f"{ENGLISH.day(at, zone)}, {ENGLISH.clock(at, zone)}", at)]
    today = local_day(now, zone)
    for name, weekday, hour in USUAL:
        day = today + timedelta(days=(weekday - today.weekday()) % 7 or 7)
        arrivals.append((f"{name}, {hour:02}:00", instant(day, hour * 60, zone)))
    return chart, [(name, [_cost(tariff, begun, minutes, zone) for minutes, _ in LENGTHS]) for name, begun in arrivals]


def _cost(tariff: Tariff, begun: datetime, minutes: int, zone: ZoneInfo) -> str:
    quote = price(tariff, Span(begun, begun + timedelta(minutes=minutes)), zone)
    return ENGLISH.money(quote.gross_cents, quote.currency)


def _arrival(text: str, zone: ZoneInfo) -> datetime | None:
    try:
        found = datetime.strptime(text, "%Y-%m-%dT%H:%M").replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if 2000 <= found.year < 2200 else None


assert set(TICKS) == {int(minutes) for minutes, _ in HORIZONS}
