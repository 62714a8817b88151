"""Sessions, bills and questions as the JSON interface tells them, and what it takes."""

import re
from datetime import UTC, datetime
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import msgspec

from parkhub.clients import Clients
from parkhub.db.ledger import Posted
from parkhub.domain.accounts import Account
from parkhub.domain.reviews import Review
from parkhub.domain.sessions import ParkingSession, SessionState
from parkhub.domain.vehicles import VehicleKind
from parkhub.errors import InvalidInputError
from parkhub.services import session_corrections
from parkhub.services.billing import Bill
from parkhub.web.api_answers import aware
from parkhub.web.guards import ID_MAX
from parkhub.web.plates import shown_plate

_UID: Final = re.compile(r"[A-Za-z0-9._-]{8,80}")


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


class ReopenForm(ReasonForm, frozen=True, forbid_unknown_fields=True):
    """Take an exit back."""


class CancelForm(ReasonForm, frozen=True, forbid_unknown_fields=True):
    """Say that a visit never was."""


Correction = PlateForm | CloseForm | SplitForm | MergeForm | ReopenForm | CancelForm
"""What staff put right of a session."""


async def correct(clients: Clients, session_id: int, form: Correction, account_id: int | None, now: datetime) -> int:
    """Have it put right; answers the audit entry's id, by which it is taken back."""
    match form:
        case PlateForm(plate, reason):
            return await session_corrections.edit_plate(clients, session_id, plate, reason, account_id, now)
        case CloseForm(at, reason):
            return await session_corrections.close_by_hand(clients, session_id, aware(at), reason, account_id, now)
        case SplitForm(left, came, reason):
            left, came = aware(left), aware(came)
            return await session_corrections.split(clients, session_id, left, came, reason, account_id, now)
        case MergeForm(other_id, reason):
            return await session_corrections.merge(clients, session_id, other_id, reason, account_id, now)
        case ReopenForm(reason):
            return await session_corrections.reopen(clients, session_id, reason, account_id, now)
        case CancelForm(reason):
            return await session_corrections.cancel(clients, session_id, reason, account_id, now)


def session_item(session: ParkingSession, account: Account) -> SessionItem:
    """A session as it is told to somebody."""
    return SessionItem(
        session.id,
        session.ticket,
        shown_plate(account, session.plate, session.lot_id),
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


def checked_uid(text: str) -> str:
    """What whoever asks for a movement of money made up for it. Raises InvalidInputError."""
    if not _UID.fullmatch(text):
        raise InvalidInputError(
            "Make up a uid of 8 to 80 letters, digits, dots and dashes for every payment, and send it with a repeat."
        )
    return text


def staff_uid(text: str) -> str:
    """The ledger's name for what staff ask for, which no other event of a session can have."""
    return f"staff:{checked_uid(text)}"


def local_instant(text: str, zone: ZoneInfo, since: datetime | None = None) -> datetime:
    """The instant of a time as a browser's field sends it, by the lot's clock. Raises InvalidInputError.

    Of an hour that the clock shows twice it is in the first, unless only the second is not before ``since``.
    """
    try:
        shown = datetime.fromisoformat(text).replace(tzinfo=zone)
        first, second = shown.astimezone(UTC), shown.replace(fold=1).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidInputError("Give the day and the time, such as 21 Nov 2026, 14:35.") from None
    return second if since is not None and first < since <= second else first


def read_id(text: str) -> int | None:
    """The id in a field of a form; None for anything else."""
    found = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(ID_MAX)) else 0
    return found if 0 < found <= ID_MAX else None
