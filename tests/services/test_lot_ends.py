"""What ties a lot, in words."""

from parkhub.db.lot_ends import COUNTED_MAX
from parkhub.services.lot_ends import in_words


def test_what_ties_is_told_as_far_as_it_is_counted() -> None:
    ties = {"stay|stays": COUNTED_MAX, "booking|bookings": 1, "closed day|closed days": 12}
    assert in_words(ties) == "1,000 stays or more, 1 booking, 12 closed days"
