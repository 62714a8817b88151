"""Which addresses lead to this very machine."""

import pytest

from parkhub.domain.hosts import is_loopback, leads_here


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.3.2.1", "::1"])
def test_a_name_or_an_address_of_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "gate.localhost", "localhost.example.org", "127.example.org", "10.0.0.1", "::2", "0.0.0.0"]
)
def test_everything_else_is_elsewhere(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:8000", True),
        ("http://[::1]:8000/lots", True),
        ("https://LOCALHOST", True),
        ("http://127.park.example.org:8000", False),
        ("http://[::1", False),
        ("", False),
    ],
)
def test_a_url_leads_where_its_host_is(url: str, here: bool) -> None:
    assert leads_here(url) is here
