"""A receipt in words, for its page and its PDF."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from parkhub.domain.receipts import credit_note_number
from parkhub.languages import Language
from parkhub.services.receipts import Receipt
from parkhub.web.quote_words import LineView, lines_of


@dataclass(frozen=True)
class ReceiptView:
    """One receipt in one language, its times by the lot's clock."""

    receipt: Receipt
    language: Language

    @cached_property
    def zone(self) -> ZoneInfo:
        """The lot's."""
        return ZoneInfo(self.receipt.lot.time_zone)

    @property
    def operator(self) -> list[str]:
        """Who takes the money: name, address, tax number, as far as they were told."""
        told = self.receipt.paid.operator
        tax = self.language.gettext("Tax number %(number)s", number=told.tax_number) if told.tax_number else ""
        return [line for line in (told.name, told.address, tax) if line]

    @property
    def facts(self) -> list[tuple[str, str]]:
        """What, and how it was: pairs of words. No ticket, with whose code anybody would find the stay."""
        gettext, paid = self.language.gettext, self.receipt.paid
        if paid.is_booking:
            return [
                (gettext("Booked from"), self._moment(paid.span.start)),
                (gettext("Booked until"), self._moment(paid.span.end)),
                (gettext("Paid at"), self._moment(paid.paid_at)),
            ]
        minutes = paid.span.length // timedelta(minutes=1)
        return [
            (gettext("Came in"), self._moment(paid.span.start)),
            (gettext("Paid for until"), self._moment(paid.span.end)),
            (gettext("Parked for"), self.language.duration(minutes)),
            (gettext("Paid at"), self._moment(paid.paid_at)),
        ]

    @property
    def lines(self) -> list[LineView]:
        """How the price was made."""
        return lines_of(self.receipt.paid.lines, self.language)

    @property
    def sums(self) -> list[tuple[str, str]]:
        """What stands between the lines and what was paid: tax on top, what was paid before."""
        gettext, paid, found = self.language.gettext, self.receipt.paid, list[tuple[str, str]]()
        if paid.tax and sum(line.amount_cents for line in paid.lines) != paid.gross:
            found.append((gettext("%(percent)s%% tax", percent=self.percent), self.money(paid.tax)))
        if self.receipt.before_cents:
            found.append((gettext("The stay in all"), self.money(paid.gross)))
            found.append((gettext("Paid before"), self.money(-self.receipt.before_cents)))
        return found

    @property
    def total(self) -> str:
        """What was paid this time."""
        return self.money(self.receipt.paid.paid_cents)

    @property
    def tax(self) -> tuple[str, str] | None:
        """The tax in it, in words and as an amount; None for none."""
        if not self.receipt.tax_cents:
            return None
        words = self.language.gettext(
            "Net %(net)s, tax %(percent)s%%", net=self.money(self.receipt.net_cents), percent=self.percent
        )
        return words, self.money(self.receipt.tax_cents)

    @property
    def refunded(self) -> list[tuple[str, str, str]]:
        """What was given back: in words, how much, and the address of the credit note that says so, if there is one."""
        gettext, given = self.language.gettext, self.receipt.paid.refunded_cents
        if not self.receipt.notes:
            return [(gettext("Given back"), self.money(-given), "")] if given else []
        return [
            (
                gettext("Credit note %(number)s", number=credit_note_number(note.lot_id, note.number)),
                self.money(-note.amount_cents),
                f"/credit-notes/{note.public_id}",
            )
            for note in self.receipt.notes
        ]

    @property
    def percent(self) -> str:
        """The rate of the tax."""
        return self.language.number(round(float(self.receipt.paid.tax_percent), 3))

    def money(self, cents: int) -> str:
        """An amount in the receipt's currency."""
        return self.language.money(cents, self.receipt.paid.currency)

    def _moment(self, moment: datetime) -> str:
        day, clock = self.language.full_day(moment, self.zone), self.language.clock(moment, self.zone)
        return self.language.gettext("%(day)s, %(clock)s", day=day, clock=clock)
