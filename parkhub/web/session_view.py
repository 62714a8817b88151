"""A session as staff see it: how it is in a word, what happened when, and who did it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from parkhub.db.ledger import Posted
from parkhub.db.session_search import Found
from parkhub.domain.accounts import Account
from parkhub.domain.audit import AuditEntry
from parkhub.domain.barriers import Opening
from parkhub.domain.entries import TENDERS
from parkhub.domain.ledger import Account as Books
from parkhub.domain.ledger import Kind
from parkhub.domain.lots import Lot
from parkhub.domain.passages import Direction, GatePassage
from parkhub.domain.reviews import Question, Review
from parkhub.domain.sessions import Ending, ParkingSession, SessionState
from parkhub.languages import ENGLISH
from parkhub.services.billing import Bill
from parkhub.services.desk_payments import TERMINAL
from parkhub.services.session_changes import is_correction
from parkhub.web.plates import sees_plates, shown_plate
from parkhub.web.quote_words import LineView, lines_of

STATES: Final = {
    SessionState.BEGUN: ("being paid ahead", "note", ""),
    SessionState.OPEN: ("inside", "good", "✓"),
    SessionState.CLOSED: ("left", "", ""),
    SessionState.CANCELLED: ("cancelled", "", "×"),
}
ENDINGS: Final = {
    Ending.NONE: "",
    Ending.EXIT: "seen at the exit",
    Ending.PAID_AHEAD: "its paid time was over",
    Ending.BY_HAND: "said by staff",
    Ending.LOST_TICKET: "lost ticket",
    Ending.EXIT_MISSED: "nobody saw it leave, so it has no price",
    Ending.TOO_LONG: "open for too long, so it has no price",
}
QUESTIONS: Final = {
    Question.DOUBTFUL_EXIT: "Which car went out?",
    Question.EXIT_WITHOUT_ENTRY: "Whose car went out?",
    Question.EXIT_WITHOUT_PLATE: "Which car without a plate went out?",
    Question.ENTRY_WITHOUT_PLATE: "What does the plate say?",
    Question.SECOND_ENTRY: "Did it leave and come again?",
    Question.EXIT_MISSED: "When did it leave the first time?",
    Question.DIRECTION: "Did it come in or go out?",
    Question.TOO_LONG: "Is it still there?",
    Question.DENIED: "A plate on the deny list came in",
    Question.CLOCK: "A car went by at a time that nobody knows",
}
ACTIONS: Final = {
    "session.plate_changed": "Another plate",
    "session.closed_by_hand": "Time of leaving said",
    "session.closed_overlong": "Ended, open for too long",
    "session.reopened": "Exit taken back",
    "session.merged": "Two sessions made one",
    "session.split": "Made two visits",
    "session.cancelled": "Cancelled",
    "session.opened_by_hand": "Begun by hand",
    "session.exit_assigned": "Exit given to this session",
    "session.undone": "Correction taken back",
    "session.code_given": "Discount code used",
    "session.paid_ahead": "Paid ahead",
    "session.begun_by_driver": "Begun by its driver, to pay ahead",
    "session.taken_over": "Taken over from its driver's",
}
MONEY: Final = frozenset({"payment.taken", "payment.refunded", "payment.refund_failed", "session.waived"})
_KINDS: Final = {
    Kind.CHARGE: "Charged",
    Kind.CORRECTION: "Price corrected by",
    Kind.REVERSAL: "Owed again",
    Kind.PAYMENT: "Paid",
    Kind.REFUND: "Given back",
    Kind.WAIVER: "Waived",
    Kind.TRANSFER: "Moved from its booking",
    Kind.DISPUTE: "Taken back by the driver's bank",
    Kind.DISPUTE_WON: "Bank gave it again",
    Kind.DISPUTE_LOST: "Bank kept it",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A session in a list."""

    found: Found
    lot: Lot
    plate: str
    now: datetime
    currency: str

    @property
    def session(self) -> ParkingSession:
        """The session."""
        return self.found.session

    @property
    def badge(self) -> tuple[str, str, str]:
        """How it is."""
        return STATES[self.session.state]

    @property
    def stayed(self) -> str:
        """How long, to the minute."""
        return ENGLISH.duration(self.session.span(self.now).length // timedelta(minutes=1))

    @property
    def owes(self) -> str:
        """What it owes of what it was charged; "" for nothing."""
        owes = self.found.owed_cents > 0 and self.currency
        return ENGLISH.money(self.found.owed_cents, self.currency) if owes else ""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a session. ``undo``: the audit entry that can be taken back."""

    at: datetime
    what: str
    small: str = ""
    undo: int | None = None
    order: int = 0


@dataclass(frozen=True)
class SessionView:
    """A session with all that is known of it, as ``account`` may see it."""

    account: Account
    bill: Bill
    lot: Lot
    now: datetime
    passages: Sequence[GatePassage] = ()
    posted: Sequence[Posted] = ()
    entries: Sequence[AuditEntry] = ()
    reviews: Sequence[Review] = ()
    openings: Sequence[Opening] = ()
    cameras: dict[int, str] = field(default_factory=dict)

    @property
    def session(self) -> ParkingSession:
        """The session."""
        return self.bill.session

    @property
    def plate(self) -> str:
        """Its plate, for who may see it."""
        return shown_plate(self.account, self.session.plate, self.lot.id)

    @property
    def sees(self) -> bool:
        """Whether plates and pictures of gates may be shown."""
        return sees_plates(self.account, self.lot.id)

    @property
    def badge(self) -> tuple[str, str, str]:
        """How it is."""
        return STATES[self.session.state]

    @property
    def ending(self) -> str:
        """How it ended."""
        return ENDINGS[self.session.ending]

    @property
    def parts(self) -> list[tuple[int, str]]:
        """How long it stayed, as numbers with their units."""
        minutes = self.session.span(self.now).length // timedelta(minutes=1)
        days, rest = divmod(minutes, 24 * 60)
        if days:
            return [(days, "d"), (rest // 60, "h")]
        return [(rest // 60, "h"), (rest % 60, "min")] if rest >= 60 else [(rest, "min")]

    @property
    def lines(self) -> list[LineView]:
        """Its price."""
        return lines_of(self.bill.quote.lines, ENGLISH) if self.bill.quote else []

    def money(self, cents: int) -> str:
        """An amount in the lot's currency."""
        return ENGLISH.money(cents, self.bill.currency)

    @property
    def waits(self) -> list[Review]:
        """Its questions that nobody has answered."""
        return [each for each in self.reviews if each.decided_at is None]

    @cached_property
    def events(self) -> list[Event]:
        """All that happened, the first first."""
        found = [*self._seen(), *self._money(), *self._done(), *self._asked(), *self._opened()]
        if not any(each.id == self.session.entry_passage_id for each in self.passages):
            found.append(Event(self.session.entered_at, "Came in", "no picture is kept", order=-1))
        gone = self.session.exited_at
        if gone is not None and not any(each.id == self.session.exit_passage_id for each in self.passages):
            found.append(Event(gone, "Left", self.ending, order=-1))
        return sorted(found, key=lambda each: (each.at, each.order))

    def _seen(self) -> Iterable[Event]:
        for each in self.passages:
            at = each.at
            yield Event(at, PASSED[each.direction], self._read_as(each), order=-1)

    def _read_as(self, passage: GatePassage) -> str:
        camera = self.cameras.get(passage.camera_id, "a camera that is gone")
        if not passage.plate:
            return f"{camera}, no plate was read"
        plate = shown_plate(self.account, passage.plate, self.lot.id)
        reason = f"; {passage.reason}" if passage.reason else ""
        return f"{camera}, read as {plate} with {passage.confidence:.2f}{reason}"

    def _money(self) -> Iterable[Event]:
        for posted in self.posted:
            found = posted.transaction
            who = next((each.email for each in self.entries if each.action in MONEY and each.at == found.at), None)
            small = ", ".join(part for part in (who or "", found.reason) if part)
            yield Event(found.at, self.posted_words(posted), small, order=posted.sequence)

    def posted_words(self, posted: Posted) -> str:
        """A ledger transaction in words."""
        found = posted.transaction
        amounts = {each.account: each.amount_cents for each in found.postings}
        tender = sum(cents for account, cents in amounts.items() if account in TENDERS)
        worth = -(amounts.get(Books.REVENUE, 0) + amounts.get(Books.TAX_PAYABLE, 0))
        match found.kind:
            case Kind.PAYMENT | Kind.REFUND:
                cents = abs(tender)
            case Kind.CHARGE | Kind.CORRECTION:
                cents = worth
            case Kind.REVERSAL | Kind.WAIVER:
                cents = abs(amounts.get(Books.RECEIVABLE, 0))
            case _:
                cents = max(map(abs, amounts.values()), default=0)
        way = ""
        if found.kind is Kind.PAYMENT:
            desk = "by card terminal" if found.references.get("tender") == TERMINAL else "in cash"
            way = f" {desk}" if Books.CASH in amounts else " through the payment provider"
        kind = _KINDS.get(found.kind, found.kind.value)
        if found.kind is Kind.REFUND and tender > 0:
            kind = "Came back of what was given back:"
        return f"{kind} {ENGLISH.money(cents, found.currency)}{way}"

    def _done(self) -> Iterable[Event]:
        for entry in self.entries:
            if entry.action in MONEY:
                continue
            what = ACTIONS.get(entry.action, entry.action)
            if entry.plates is not None and self.sees:
                what = f"{what}: {entry.plates[0] or 'none'} became {entry.plates[1] or 'none'}"
            if entry.undone_by is not None:
                what = f"{what} (taken back)"
            who = entry.email or "ParkHub"
            undo = entry.id if entry.undone_by is None and is_correction(entry) and entry.before else None
            yield Event(entry.at, what, ", ".join(part for part in (who, entry.reason) if part), undo, entry.id)

    def _asked(self) -> Iterable[Event]:
        for each in self.reviews:
            yield Event(each.created_at, f"Asked: {QUESTIONS[each.question]}", "", order=each.id)

    def _opened(self) -> Iterable[Event]:
        for each in self.openings:
            by = f"{each.email}, {each.reason}" if each.email else each.cause.value
            yield Event(each.asked_at, "Barrier asked to open", by, order=each.id)


PASSED: Final = {
    Direction.ENTRY: "Seen at the entrance",
    Direction.EXIT: "Seen at the exit",
    None: "Seen at a gate",
}
