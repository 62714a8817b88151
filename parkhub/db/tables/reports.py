"""Reports: what was summed of a lot's days, which days must be summed anew, and what was decided about them."""

from piccolo.columns import (
    BigInt,
    BigSerial,
    Date,
    ForeignKey,
    Integer,
    OnDelete,
    SmallInt,
    Text,
    Timestamptz,
)
from piccolo.table import Table

from parkhub.db.tables.accounts import Account
from parkhub.db.tables.lots import Lot


class ReportHour(Table, tablename="report_hour"):
    """One hour of a lot's local day, which begins at ``at``. Unique by lot and ``at``.

    ``hour`` (0..23) and ``weekday`` (0 is Monday) by the lot's clock: when it goes back an hour comes twice. ``free``,
    ``occupied`` and ``unknown`` are sums over ``samples`` five-minute samples.
    """

    id = BigSerial(primary_key=True)
    lot = ForeignKey(Lot, on_delete=OnDelete.cascade, null=False)
    at = Timestamptz(default=None, null=False)
    day = Date(default=None, null=False)
    weekday = SmallInt()
    hour = SmallInt()
    entries = Integer()
    exits = Integer()
    samples = Integer()
    free = BigInt()
    occupied = BigInt()
    unknown = BigInt()


class ReportFact(Table, tablename="report_fact"):
    """One figure of a lot's local day. Unique by lot, day, measure, label and unit; see `parkhub.domain.reports`."""

    id = BigSerial(primary_key=True)
    lot = ForeignKey(Lot, on_delete=OnDelete.cascade, null=False)
    day = Date(default=None, null=False)
    part = Text()
    measure = Text()
    label = Text()
    unit = Text()
    value = BigInt()


class ReportSpot(Table, tablename="report_spot"):
    """One place of a lot's local day. Unique by lot, day and spot.

    The spot has no foreign key: what was counted stays when the place has gone.
    """

    id = BigSerial(primary_key=True)
    lot = ForeignKey(Lot, on_delete=OnDelete.cascade, null=False)
    day = Date(default=None, null=False)
    spot = Integer(default=None, null=False)
    arrivals = Integer()
    free_s = Integer()
    occupied_s = Integer()
    unknown_s = Integer()


class ReportSpotMonth(Table, tablename="report_spot_month"):
    """The same of a month, whose first day is ``month``: the sum of its days. Unique by lot, month and spot."""

    id = BigSerial(primary_key=True)
    lot = ForeignKey(Lot, on_delete=OnDelete.cascade, null=False)
    month = Date(default=None, null=False)
    spot = Integer(default=None, null=False)
    days = Integer()
    arrivals = Integer()
    free_s = Integer()
    occupied_s = Integer()
    unknown_s = Integer()


class ReportPart(Table, tablename="report_part"):
    """When one part of a day was summed last; held while it is. Unique by lot, day and part."""

    id = BigSerial(primary_key=True)
    lot = ForeignKey(Lot, on_delete=OnDelete.cascade, null=False)
    day = Date(default=None, null=False)
    part = Text()
    made_at = Timestamptz(default=None, null=False)


class ReportStale(Table, tablename="report_stale"):
    """Something changed at ``at`` of a lot: triggers say so, and summing that day's part anew deletes it.

    The lot has no foreign key: nothing shall wait for it.
    """

    id = BigSerial(primary_key=True)
    lot = Integer()
    at = Timestamptz(default=None, null=False)
    part = Text()


class ChargeLine(Table, tablename="charge_line"):
    """What a charge or a correction changed of one line of a session's price; never changed.

    ``kind`` and ``label`` as in `parkhub.domain.quotes.Line`. Session and transaction have no foreign keys.
    """

    id = BigSerial(primary_key=True)
    lot = ForeignKey(Lot, on_delete=OnDelete.restrict, null=False)
    session = BigInt()
    at = Timestamptz(default=None, null=False)
    kind = Text()
    label = Text()
    currency = Text()
    amount_cents = BigInt()


class DayClose(Table, tablename="day_close"):
    """A day's totals as somebody fixed them; never changed. Unique by lot and day.

    ``totals``: JSON as `parkhub.db.day_closes` packs them; ``sequence``: of the ledger's last transaction then.
    """

    id = BigSerial(primary_key=True)
    lot = ForeignKey(Lot, on_delete=OnDelete.restrict, null=False)
    day = Date(default=None, null=False)
    closed_at = Timestamptz(default=None, null=False)
    account = Integer(default=None, null=True)
    who = Text()
    sequence = BigInt()
    totals = Text()


class ReportReader(Table, tablename="report_reader"):
    """Somebody who wants a lot's report every month. Unique by lot and account."""

    id = BigSerial(primary_key=True)
    lot = ForeignKey(Lot, on_delete=OnDelete.cascade, null=False)
    account = ForeignKey(Account, on_delete=OnDelete.cascade, null=False, index=True)


class LotForecast(Table, tablename="lot_forecast"):
    """How many places of a lot are thought to be free in the next hours, as JSON. Unique by lot."""

    id = BigSerial(primary_key=True)
    lot = ForeignKey(Lot, on_delete=OnDelete.cascade, null=False, unique=True)
    made_at = Timestamptz(default=None, null=False)
    forecast = Text()
