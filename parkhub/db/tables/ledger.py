"""The ledger: posted rows, which triggers keep from ever being changed, and what is cached of them."""

from piccolo.columns import BigInt, BigSerial, ForeignKey, OnDelete, Serial, Text, Timestamptz
from piccolo.table import Table

from parkhub.db.tables.lots import Lot


class LedgerTransaction(Table, tablename="ledger_transaction"):
    """One posted transaction. Unique by uid, and by lot and sequence. ``refs`` JSON text; ``seal`` as in the domain.

    ``session`` and ``booking`` have no foreign key: ledger rows outlive what they were posted for.
    """

    id = BigSerial(primary_key=True)
    uid = Text(unique=True)
    lot = ForeignKey(Lot, on_delete=OnDelete.restrict, null=False)
    sequence = BigInt()
    session = BigInt(default=None, null=True, index=True)
    booking = BigInt(default=None, null=True, index=True)
    kind = Text()
    currency = Text()
    at = Timestamptz(default=None, null=False)
    reason = Text()
    refs = Text()
    seal = Text()


class LedgerPosting(Table, tablename="ledger_posting"):
    """One ledger line; debits above zero. Unique by transaction and account."""

    id = BigSerial(primary_key=True)
    transaction = ForeignKey(LedgerTransaction, on_delete=OnDelete.restrict, null=False)
    account = Text()
    amount_cents = BigInt()


class LedgerHead(Table, tablename="ledger_head"):
    """Where a lot's chain ends; whoever posts holds this row."""

    id = Serial(primary_key=True)
    lot = ForeignKey(Lot, on_delete=OnDelete.restrict, null=False, unique=True)
    sequence = BigInt()
    seal = Text()


class LedgerBalance(Table, tablename="ledger_balance"):
    """The sum of a lot's postings on one account in one currency, kept beside them. Unique by all three."""

    id = Serial(primary_key=True)
    lot = ForeignKey(Lot, on_delete=OnDelete.restrict, null=False)
    currency = Text()
    account = Text()
    amount_cents = BigInt()
