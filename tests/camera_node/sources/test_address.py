"""Passwords in addresses."""

import pytest

from camera_node.sources.address import masked, split_login, with_quoted_login


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://kai:geheim@10.0.0.7/stream", "rtsp://…@10.0.0.7/stream"),
        ("rtsp://kai:ge@heim@10.0.0.7/stream", "rtsp://…@10.0.0.7/stream"),
        ("rtsp://kai:p@ss/w?o#r@10.0.0.7/stream", "rtsp://…@10.0.0.7/stream"),
        ("rtsp://kai:12/34@10.0.0.7/stream", "rtsp://…@10.0.0.7/stream"),
        ("http://10.0.0.7/cgi?user=kai&pwd=geheim&channel=1", "http://10.0.0.7/cgi?user=…&pwd=…&channel=1"),
        ("http://10.0.0.7/a.jpg?token=geheim", "http://10.0.0.7/a.jpg?token=…"),
        ("Error at rtsp://kai:geheim@cam: gone", "Error at rtsp://…@cam: gone"),
        ("/dev/video0", "/dev/video0"),
        ("rtsp://10.0.0.7/user@lot", "rtsp://10.0.0.7/user@lot"),
    ],
)
def test_secrets_are_made_unreadable_and_the_rest_stays(address: str, shown: str) -> None:
    assert masked(address) == shown


def test_a_login_is_taken_out_of_an_address() -> None:
    assert split_login("http://kai:a%40b@cam:81/x?y=1") == ("http://cam:81/x?y=1", "kai", "a@b")
    assert split_login("http://cam/x") == ("http://cam/x", "", "")


@pytest.mark.parametrize(
    ("address", "bare", "password"),
    [
        ("rtsp://kai:p@ss/w@10.0.0.7:554/lot", "rtsp://10.0.0.7:554/lot", "p@ss/w"),
        ("rtsp://kai:pass#1?@cam.lan/lot", "rtsp://cam.lan/lot", "pass#1?"),
        ("rtsp://kai:12/34@10.0.0.7/lot", "rtsp://10.0.0.7/lot", "12/34"),
        ("rtsp://kai:p[w@[::1]:554/lot", "rtsp://[::1]:554/lot", "p[w"),
        ("rtsp://kai:ge@heim@cam/lot", "rtsp://cam/lot", "ge@heim"),
        ("http://kai:pw@10.0.0.7/snap?to=a@b.example", "http://10.0.0.7/snap?to=a@b.example", "pw"),
        ("http://10.0.0.7:81/snap?to=a@b.example", "http://10.0.0.7:81/snap?to=a@b.example", ""),
    ],
)
def test_a_password_is_taken_as_it_is_written(address: str, bare: str, password: str) -> None:
    assert split_login(address) == (bare, "kai" if password else "", password)


def test_other_programs_get_a_password_in_which_nothing_ends_it() -> None:
    assert with_quoted_login("rtsp://kai:p@ss/w@10.0.0.7/lot") == "rtsp://kai:p%40ss%2Fw@10.0.0.7/lot"
    assert with_quoted_login("rtsp://10.0.0.7/user@lot") == "rtsp://10.0.0.7/user@lot"
