"""Accounts of drivers, and what is in them. All of it goes with the account."""

from piccolo.columns import BigInt, BigSerial, ForeignKey, Integer, OnDelete, Serial, Text, Timestamptz
from piccolo.table import Table


class Driver(Table, tablename="driver"):
    """One driver. ``email`` in lower case; ``password_hash`` "" for who signs in by letters only."""

    id = Serial(primary_key=True)
    email = Text(unique=True)
    language = Text()
    password_hash = Text()
    created_at = Timestamptz(default=None, null=False)


class DriverSignIn(Table, tablename="driver_sign_in"):
    """One driver on one browser."""

    id = Serial(primary_key=True)
    token_hash = Text(unique=True)
    driver = ForeignKey(Driver, on_delete=OnDelete.cascade, null=False, index=True)
    created_at = Timestamptz(default=None, null=False)
    expires_at = Timestamptz(default=None, null=False, index=True)


class DriverLink(Table, tablename="driver_link"):
    """A link that was sent to ``email`` and works once: to sign in, or to make it the address of ``driver``."""

    id = Serial(primary_key=True)
    token_hash = Text(unique=True)
    email = Text()
    driver = ForeignKey(Driver, on_delete=OnDelete.cascade, null=True, default=None, index=True)
    language = Text()
    goal = Text()
    expires_at = Timestamptz(default=None, null=False, index=True)


class DriverVehicle(Table, tablename="driver_vehicle"):
    """A plate that a driver has proven, until it was given to another. At most one holder by plate.

    ``folded``: with look-alikes made equal, as sessions are indexed by.
    """

    id = Serial(primary_key=True)
    driver = ForeignKey(Driver, on_delete=OnDelete.cascade, null=False)
    plate = Text()
    folded = Text()
    proven_by = Text()
    proven_at = Timestamptz(default=None, null=False)
    released_at = Timestamptz(default=None, null=True)


class DriverClaim(Table, tablename="driver_claim"):
    """A plate that somebody proved while another held it: a question to staff. At most one open by driver and plate."""

    id = Serial(primary_key=True)
    driver = ForeignKey(Driver, on_delete=OnDelete.cascade, null=False)
    plate = Text()
    proven_by = Text()
    session = BigInt()
    created_at = Timestamptz(default=None, null=False)
    decided_at = Timestamptz(default=None, null=True)
    decided_by = Integer(default=None, null=True)
    decision = Text()


class DriverStay(Table, tablename="driver_stay"):
    """A session that a driver has proven by itself, by its ticket or a receipt. Unique by both."""

    id = BigSerial(primary_key=True)
    driver = ForeignKey(Driver, on_delete=OnDelete.cascade, null=False)
    session = BigInt(index=True)
    added_at = Timestamptz(default=None, null=False)
