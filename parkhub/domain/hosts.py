"""Names and addresses of machines."""

import ipaddress
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Whether a name or an IP address, without port and brackets, is this very machine for whoever uses it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def leads_here(url: str) -> bool:
    """Whether a URL leads to the very machine on which it is opened."""
    try:
        return is_loopback(urlsplit(url).hostname or "")
    except ValueError:  # no URL
        return False
