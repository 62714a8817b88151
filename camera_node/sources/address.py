"""Addresses of cameras often hold a password; messages and logs never do."""

import re
from urllib.parse import unquote, urlsplit, urlunsplit

_SECRETS = re.compile(r"(?i)\b(pass(?:word|wd)?|pwd|token|key|auth|secret|user(?:name)?|usr|login)=[^&\s;]*")
_LOGIN = re.compile(r"(?i)([a-z][a-z0-9+.-]*://)[^/\s@]*(?:@[^/\s@]*)*@")
HIDDEN = "…"


def masked(text: str) -> str:
    """Return ``text`` with the log-ins of all addresses in it, and secrets among their parameters, made unreadable."""
    return _SECRETS.sub(rf"\1={HIDDEN}", _LOGIN.sub(rf"\1{HIDDEN}@", text))


def split_login(address: str) -> tuple[str, str, str]:
    """Return the address without its log-in, and the user and password that it held (both "" without one)."""
    parts = urlsplit(address)
    host = parts.netloc.rpartition("@")[2]
    bare = urlunsplit((parts.scheme, host, parts.path, parts.query, parts.fragment))
    return bare, unquote(parts.username or ""), unquote(parts.password or "")
