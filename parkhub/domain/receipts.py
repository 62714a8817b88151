"""Receipts and credit notes: who takes the money, what they are called, and the tax in a part of one."""

from dataclasses import dataclass
from fractions import Fraction

from parkhub.domain.money import rounded


@dataclass(frozen=True, slots=True)
class Operator:
    """Who runs a lot and takes the money, as receipts name it; what is empty is left out."""

    name: str = ""
    address: str = ""
    tax_number: str = ""


def receipt_number(lot_id: int, number: int) -> str:
    """What a receipt is called: a series of each lot, without gaps, so that no two of an installation are the same."""
    return f"{lot_id}-{number:06d}"


def credit_note_number(lot_id: int, number: int) -> str:
    """What a credit note is called: a series of its own of each lot, without gaps."""
    return f"{lot_id}-C{number:06d}"


def tax_of_part(whole_cents: int, tax_cents: int, before_cents: int, part_cents: int) -> int:
    """The tax in a part of what was paid, after parts of ``before_cents``: all parts together have all of it."""

    def up_to(cents: int) -> int:
        return rounded(Fraction(tax_cents * cents, whole_cents)) if whole_cents else 0

    return up_to(before_cents + part_cents) - up_to(before_cents)
