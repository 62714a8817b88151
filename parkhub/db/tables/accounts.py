"""Accounts of people and programs, what is theirs, and who is signed in."""

from piccolo.columns import BigInt, Boolean, ForeignKey, OnDelete, Serial, Text, Timestamptz
from piccolo.table import Table

from parkhub.db.tables.lots import Lot


class Account(Table, tablename="account"):
    """One person, or a program with a key. Unique by lower-case e-mail.

    ``every_lot``: without it only the lots named in rows of their own, so that no lot's end widens what is theirs.
    """

    id = Serial(primary_key=True)
    email = Text()
    name = Text()
    role = Text()
    password_hash = Text()
    disabled = Boolean(default=False)
    sees_plates = Boolean(default=True)
    every_lot = Boolean(default=True)


class AccountLot(Table, tablename="account_lot"):
    """A lot that is somebody's. Unique by account and lot."""

    id = Serial(primary_key=True)
    account = ForeignKey(Account, on_delete=OnDelete.cascade, null=False)
    lot = ForeignKey(Lot, on_delete=OnDelete.cascade, null=False, index=True)


class AccountLink(Table, tablename="account_link"):
    """A link by which somebody chooses a password, once."""

    id = Serial(primary_key=True)
    token_hash = Text(unique=True)
    account = ForeignKey(Account, on_delete=OnDelete.cascade, null=False, index=True)
    created_at = Timestamptz(default=None, null=False)
    expires_at = Timestamptz(default=None, null=False, index=True)


class SecondFactor(Table, tablename="second_factor"):
    """A person's authenticator. ``salt``: what its secret is made from with the installation's key, which is not here.

    ``confirmed_at`` null: asked for, no code seen yet. ``last_step``: the last half minute whose code was taken.
    """

    id = Serial(primary_key=True)
    account = ForeignKey(Account, on_delete=OnDelete.cascade, null=False, unique=True)
    salt = Text()
    created_at = Timestamptz(default=None, null=False)
    confirmed_at = Timestamptz(default=None, null=True)
    last_step = BigInt(default=0)


class FactorRole(Table, tablename="factor_role"):
    """A role that nobody has without a second factor. ``role`` once."""

    id = Serial(primary_key=True)
    role = Text(unique=True)
    since = Timestamptz(default=None, null=False)


class RecoveryCode(Table, tablename="recovery_code"):
    """A way in without the authenticator; its row goes when it is used."""

    id = Serial(primary_key=True)
    account = ForeignKey(Account, on_delete=OnDelete.cascade, null=False, index=True)
    code_hash = Text(unique=True)


class ApiKey(Table, tablename="api_key"):
    """A program's key: an account without a password. ``rights``: with spaces between."""

    id = Serial(primary_key=True)
    account = ForeignKey(Account, on_delete=OnDelete.cascade, null=False, unique=True)
    token_hash = Text(unique=True)
    rights = Text()
    created_by = ForeignKey(Account, on_delete=OnDelete.set_null, null=True)
    created_at = Timestamptz(default=None, null=False)
    expires_at = Timestamptz(default=None, null=True)
    used_at = Timestamptz(default=None, null=True)


class SignIn(Table, tablename="sign_in"):
    """One person on one browser. ``needs_code``: the password was right, and the second factor is still asked for."""

    id = Serial(primary_key=True)
    token_hash = Text(unique=True)
    account = ForeignKey(Account, on_delete=OnDelete.cascade, null=False, index=True)
    created_at = Timestamptz(default=None, null=False)
    expires_at = Timestamptz(default=None, null=False, index=True)
    agent = Text(default="")
    needs_code = Boolean(default=False)
