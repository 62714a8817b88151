"""What a car that wants to leave still owes, and what is forgone (`parkhub.domain.dues`)."""

from dataclasses import dataclass
from datetime import datetime

from parkhub.db import ledger as ledger_rows
from parkhub.db import lot_rules as rule_rows
from parkhub.db import payments as payment_rows
from parkhub.domain import dues
from parkhub.domain.dues import Due
from parkhub.domain.lot_rules import LotRules
from parkhub.domain.payments import PaymentState
from parkhub.domain.sessions import ParkingSession
from parkhub.services import billing, payments
from parkhub.services.billing import Bill


@dataclass(frozen=True, slots=True)
class Standing:
    """A stay's bill at an instant, what it means, and the rules that say so."""

    bill: Bill
    due: Due
    rules: LotRules

    @property
    def may_leave(self) -> bool:
        """Whether the car may leave with that."""
        return dues.may_leave(self.due, self.rules)


async def look(session_id: int, now: datetime) -> Standing:
    """How a stay stands. Raises NotFoundError."""
    bill = await billing.get_bill(session_id, now)
    known = await payment_rows.list_of_session(session_id)
    on_its_way = any(payment.state is PaymentState.PROCESSING for payment in known)
    rules = await rule_rows.get_rules(bill.session.lot_id)
    return Standing(bill, dues.judge(bill.due_cents, bill.currency, processing=on_its_way), rules)


async def let_go(session: ParkingSession, uid: str, now: datetime) -> None:
    """Forgo what a car that has left still owes, if that is too little and the lot lets it go. Inside a transaction."""
    books = await ledger_rows.get_books(session.id)
    if not books.open_cents:
        return
    currency = await billing.get_currency(session.lot_id)
    if dues.is_let_go(books.open_cents, currency, await rule_rows.get_rules(session.lot_id)):
        reason = "Less than a card payment takes."
        await payments.waive(session.id, None, reason, f"{uid}:let_go", None, now)
