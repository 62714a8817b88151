"""Receipts: who takes the money, and what a receipt is called."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Operator:
    """Who runs a lot and takes the money, as receipts name it; what is empty is left out."""

    name: str = ""
    address: str = ""
    tax_number: str = ""


def receipt_number(lot_id: int, number: int) -> str:
    """What a receipt is called: a series of each lot, without gaps, so that no two of an installation are the same."""
    return f"{lot_id}-{number:06d}"
