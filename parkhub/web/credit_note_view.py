"""A credit note in words, for its page and its PDF."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from parkhub.languages import Language
from parkhub.services.credit_notes import DISPUTE, Correction
from parkhub.web.receipt_view import ReceiptView


@dataclass(frozen=True)
class CreditNoteView:
    """One credit note in one language, its times by the lot's clock."""

    correction: Correction
    language: Language

    @cached_property
    def of(self) -> ReceiptView:
        """The receipt that it corrects."""
        return ReceiptView(self.correction.receipt, self.language)

    @property
    def title(self) -> str:
        """What it is."""
        return self.language.gettext("Credit note %(number)s", number=self.correction.number)

    @property
    def facts(self) -> list[tuple[str, str]]:
        """What it corrects, and when: pairs of words."""
        gettext, receipt = self.language.gettext, self.correction.receipt
        return [
            (gettext("Corrects receipt"), receipt.number),
            (gettext("Paid at"), self._moment(receipt.paid.paid_at)),
            (gettext("Issued at"), self._moment(self.correction.note.issued_at)),
        ]

    @property
    def words(self) -> str:
        """What for."""
        gettext = self.language.gettext
        if self.correction.note.why == DISPUTE:
            return gettext("Taken back by the bank after a dispute")
        return gettext("Given back for parking at %(lot)s", lot=self.correction.receipt.lot.name)

    @property
    def total(self) -> str:
        """What the receipt is corrected by."""
        return self.of.money(-self.correction.note.amount_cents)

    @property
    def tax(self) -> tuple[str, str] | None:
        """The tax in it, in words and as an amount; None for none."""
        note = self.correction.note
        if not note.tax_cents:
            return None
        net = self.of.money(note.tax_cents - note.amount_cents)
        words = self.language.gettext("Net %(net)s, tax %(percent)s%%", net=net, percent=self.of.percent)
        return words, self.of.money(-note.tax_cents)

    def _moment(self, moment: datetime) -> str:
        day = self.language.full_day(moment, self.of.zone)
        return self.language.gettext("%(day)s, %(clock)s", day=day, clock=self.language.clock(moment, self.of.zone))
