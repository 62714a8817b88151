"""A booking as a calendar file (RFC 5545): the same event however often it is fetched, changed or cancelled."""

from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from icalendar import Alarm, Calendar, Event

from parkhub.domain.bookings import BookingState
from parkhub.web.booking_view import BookingView

REMIND: Final = timedelta(hours=1)
_YEAR: Final = timedelta(days=366)
_GONE = (BookingState.CANCELLED, BookingState.NO_SHOW, BookingState.EXPIRED)


def calendar_file(view: BookingView, address: str) -> bytes:
    """The file, times by the lot's clock with its zone's rules in it. ``address``: where ParkHub is reached."""
    booking, words, zone = view.booking, view.language, ZoneInfo(view.lot.time_zone)
    gone = booking.state in _GONE
    event = Event()
    event.add("uid", f"booking-{booking.public_id}@{urlsplit(address).hostname}")
    event.add("sequence", booking.changes + gone)
    event.add("dtstamp", view.now)
    event.add("dtstart", booking.span.start.astimezone(zone))
    event.add("dtend", booking.span.end.astimezone(zone))
    event.add("summary", words.gettext("Parking, %(lot)s", lot=view.lot.name))
    event.add("location", ", ".join(part for part in (view.lot.name, view.lot.address) if part))
    link = f"{address}/bookings/{booking.public_id}"
    event.add("url", link)
    event.add("description", words.gettext("Show, change or cancel it: %(link)s", link=link))
    event.add("status", "CANCELLED" if gone else "CONFIRMED")
    if not gone:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", words.gettext("Parking, %(lot)s", lot=view.lot.name))
        alarm.add("trigger", -REMIND)
        event.add_component(alarm)
    calendar = Calendar()
    calendar.add("prodid", "-//ParkHub//Bookings//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "CANCEL" if gone else "PUBLISH")
    calendar.add_component(event)
    span = booking.span
    calendar.add_missing_timezones(first_date=(span.start - _YEAR).date(), last_date=(span.end + _YEAR).date())
    made: bytes = calendar.to_ical()
    return made
