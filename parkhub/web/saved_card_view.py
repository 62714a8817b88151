"""A saved card in words."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from parkhub.domain.money import format_amount
from parkhub.domain.saved_cards import SavedCard
from parkhub.languages import Language

_BRANDS: Final = {
    "visa": "Visa",
    "mastercard": "Mastercard",
    "amex": "American Express",
    "diners": "Diners Club",
    "discover": "Discover",
    "jcb": "JCB",
    "unionpay": "UnionPay",
    "cartes_bancaires": "Cartes Bancaires",
}


@dataclass(frozen=True)
class SavedCardView:
    """A card in one language."""

    card: SavedCard
    language: Language
    now: datetime

    @property
    def name(self) -> str:
        """Brand and last digits."""
        brand = _BRANDS.get(self.card.brand, self.card.brand.replace("_", " ").capitalize())
        return self.language.gettext("%(brand)s ending in %(last4)s", brand=brand, last4=self.card.last4)

    @property
    def good_until(self) -> str:
        """Its last month, as cards print it."""
        return f"{self.card.exp_month:02}/{self.card.exp_year % 100:02}"

    @property
    def is_over(self) -> bool:
        """Whether that has gone by."""
        return self.card.is_over(self.now)

    @property
    def automatic(self) -> bool:
        """Whether it pays by itself."""
        return self.card.automatic

    @property
    def at_most(self) -> str:
        """How much at once."""
        return self.language.money(self.card.cap_cents, self.card.currency)

    @property
    def cap(self) -> str:
        """The same for a form."""
        return format_amount(self.card.cap_cents, self.card.currency) if self.card.automatic else "50.00"

    @property
    def currency(self) -> str:
        """Its currency."""
        return self.card.currency
