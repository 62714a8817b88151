"""Sessions, bills and questions as the JSON interface tells them, and what it takes."""

from datetime import datetime
from typing import Annotated

import msgspec

from parkhub.db.ledger import Posted
from parkhub.domain.reviews import Review
from parkhub.domain.sessions import ParkingSession, SessionState
from parkhub.domain.vehicles import VehicleKind
from parkhub.services.billing import Bill
from parkhub.web.guards import ID_MAX


class SessionItem(msgspec.Struct, frozen=True):
    """One visit. ``right``: what it parks free by, "" if nothing; ``ending``: "" while it is open."""

    id: int
    ticket: str
    plate: str
    kind: str | None
    state: str
    ending: str
    entered_at: datetime
    exited_at: datetime | None
    leave_by: datetime | None
    right: str
    permit_id: int | None
    booking_id: int | None
    entry_passage_id: int | None
    exit_passage_id: int | None


class SessionPage(msgspec.Struct, frozen=True):
    """Sessions, the newest first. ``next_before``: ask with it as ``before`` for more; null when there are none."""

    items: list[SessionItem]
    next_before: int | None


class BillLine(msgspec.Struct, frozen=True):
    """One line as a driver reads it; minor units, below zero where something is taken off."""

    text: str
    amount_cents: int


class BillItem(msgspec.Struct, frozen=True):
    """A session's price as if it ended now, beside its books; minor units.

    ``due_cents``: what would have to be paid to leave now; below zero when more was paid. ``changes_at``: until then
    at least the price stays; null once the session is over.
    """

    currency: str
    lines: list[BillLine]
    net_cents: int
    tax_cents: int
    gross_cents: int
    charged_cents: int
    open_cents: int
    credit_cents: int
    refundable_cents: int
    due_cents: int
    changes_at: datetime | None


class PostedItem(msgspec.Struct, frozen=True):
    """One transaction of the ledger; postings by account, debits above zero."""

    uid: str
    sequence: int
    kind: str
    at: datetime
    reason: str
    postings: dict[str, int]


class SuggestionItem(msgspec.Struct, frozen=True):
    """A session that a car may belong to; cost 0 is the very same text."""

    session_id: int
    cost: float


class ReviewItem(msgspec.Struct, frozen=True):
    """One question to staff; suggestions likeliest first."""

    id: int
    question: str
    passage_id: int | None
    session_id: int | None
    suggestions: list[SuggestionItem]
    created_at: datetime
    decided_at: datetime | None
    decision: str


class SessionDetail(msgspec.Struct, frozen=True):
    """A session with its bill, what was posted for it, and what is asked about it."""

    session: SessionItem
    bill: BillItem
    posted: list[PostedItem]
    reviews: list[ReviewItem]


class Changed(msgspec.Struct, frozen=True):
    """A correction was made; its audit entry can be undone."""

    audit_id: int


class OpenForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Begin a session that no camera saw."""

    entered_at: datetime
    reason: str
    plate: str = ""
    kind: VehicleKind | None = None
    lost_ticket: bool = False


class PlateForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another plate; "" for none."""

    plate: str
    reason: str


class CloseForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When the car left."""

    exited_at: datetime
    reason: str


class SplitForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When the car had left, and when it had come again."""

    left_at: datetime
    came_at: datetime
    reason: str


class MergeForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The other session of the same visit, which is cancelled."""

    other_id: Annotated[int, msgspec.Meta(ge=1, le=ID_MAX)]
    reason: str


class ReasonForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why."""

    reason: str


def session_item(session: ParkingSession) -> SessionItem:
    """A session as it is told."""
    return SessionItem(
        session.id,
        session.ticket,
        session.plate,
        session.kind.value if session.kind else None,
        session.state.value,
        session.ending.value,
        session.entered_at,
        session.exited_at,
        session.leave_by,
        session.right,
        session.permit_id,
        session.booking_id,
        session.entry_passage_id,
        session.exit_passage_id,
    )


def bill_item(bill: Bill) -> BillItem:
    """A bill as it is told."""
    quote, books = bill.quote, bill.books
    return BillItem(
        bill.currency,
        [BillLine(line.text, line.amount_cents) for line in quote.lines] if quote else [],
        quote.net_cents if quote else 0,
        quote.tax_cents if quote else 0,
        quote.gross_cents if quote else 0,
        books.charged_cents,
        books.open_cents,
        books.credit_cents,
        books.refundable_cents,
        bill.due_cents,
        quote.changes_at if quote and bill.session.state is SessionState.OPEN else None,
    )


def posted_item(posted: Posted) -> PostedItem:
    """A ledger transaction as it is told."""
    found = posted.transaction
    postings = {posting.account.value: posting.amount_cents for posting in found.postings}
    return PostedItem(found.uid, posted.sequence, found.kind.value, found.at, found.reason, postings)


def review_item(review: Review) -> ReviewItem:
    """A question as it is told."""
    return ReviewItem(
        review.id,
        review.question.value,
        review.passage_id,
        review.session_id,
        [SuggestionItem(each.session_id, each.cost) for each in review.suggestions],
        review.created_at,
        review.decided_at,
        review.decision,
    )
