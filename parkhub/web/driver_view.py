"""A stay in a driver's account, in words."""

from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from parkhub.domain.drivers import OwnStay
from parkhub.domain.sessions import SessionState
from parkhub.languages import Language


@dataclass(frozen=True)
class StayLine:
    """One stay in one language, its times by the lot's clock."""

    stay: OwnStay
    language: Language

    @property
    def when(self) -> str:
        """The day and the times."""
        zone = ZoneInfo(self.stay.time_zone)
        came = self.language.gettext(
            "%(day)s, %(clock)s",
            day=self.language.full_day(self.stay.entered_at, zone),
            clock=self.language.clock(self.stay.entered_at, zone),
        )
        if self.stay.exited_at is None:
            return self.language.gettext("since %(when)s", when=came) if self.goes_on else came
        length = (self.stay.exited_at - self.stay.entered_at) // timedelta(minutes=1)
        return f"{came} · {self.language.duration(length)}"

    @property
    def goes_on(self) -> bool:
        """Whether the car is inside."""
        return self.stay.state is SessionState.OPEN

    @property
    def receipts(self) -> list[tuple[str, str]]:
        """What was paid, with the receipt's address."""
        return [
            (self.language.money(line.paid_cents - line.refunded_cents, line.currency), f"/receipts/{line.receipt_id}")
            for line in self.stay.receipts
        ]
