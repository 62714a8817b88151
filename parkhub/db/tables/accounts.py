"""Accounts and who is signed in."""

from piccolo.columns import Boolean, ForeignKey, OnDelete, Serial, Text, Timestamptz
from piccolo.table import Table


class Account(Table, tablename="account"):
    """One person. Unique by lower-case e-mail."""

    id = Serial(primary_key=True)
    email = Text()
    name = Text()
    role = Text()
    password_hash = Text()
    disabled = Boolean(default=False)


class SignIn(Table, tablename="sign_in"):
    """One person on one browser."""

    id = Serial(primary_key=True)
    token_hash = Text(unique=True)
    account = ForeignKey(Account, on_delete=OnDelete.cascade, null=False, index=True)
    created_at = Timestamptz(default=None, null=False)
    expires_at = Timestamptz(default=None, null=False, index=True)
