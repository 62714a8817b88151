"""Addresses of cameras often hold a password, written as it is; messages and logs never do."""

import re
from urllib.parse import quote, unquote

_SECRETS = re.compile(r"(?i)\b(pass(?:word|wd)?|pwd|token|key|auth|secret|user(?:name)?|usr|login)=[^&\s;]*")
_LOGIN = re.compile(r"(?i)([a-z][a-z0-9+.-]*://)(?:[^\s@/?#]*@|[^\s@/?#]*:[^\s@]*@)(?:\S*@)?")
"""Up to the last @: a password may hold / and @."""

_PARTS = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*://)(([^/?#]*).*)", re.DOTALL)
_HOST = re.compile(r"(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)(?::[0-9]+)?(?=[/?#]|$)")
HIDDEN = "…"


def masked(text: str) -> str:
    """Return ``text`` with the log-ins of all addresses in it, and secrets among their parameters, made unreadable."""
    return _SECRETS.sub(rf"\1={HIDDEN}", _LOGIN.sub(rf"\1{HIDDEN}@", text))


def split_login(address: str) -> tuple[str, str, str]:
    """Return the address without its log-in, and the user and password that it held (both "" without one)."""
    parts = _PARTS.fullmatch(address)
    if parts is None:
        return address, "", ""
    scheme, rest, authority = parts.groups()
    end = _login_end(rest, authority)
    user, _, password = rest[: max(end, 0)].partition(":")
    return scheme + rest[end + 1 :], unquote(user), unquote(password)


def with_quoted_login(address: str) -> str:
    """Return the address with what its log-in holds as other programs read it: a / in a password as %2F."""
    bare, user, password = split_login(address)
    if not user and not password:
        return address
    scheme, _, rest = bare.partition("://")
    return f"{scheme}://{quote(user, safe='')}:{quote(password, safe='')}@{rest}"


def _login_end(rest: str, authority: str) -> int:
    """Where the log-in's @ is; -1 without one. It is the first that a host with a dot follows, if there is one."""
    if "@" not in authority and (":" not in authority or _HOST.fullmatch(authority)):
        return -1
    hosts = (at.start() for at in re.finditer("@", rest) if _HOST.match(rest, at.end()))
    return next(hosts, authority.rfind("@"))
