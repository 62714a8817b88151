"""Passwords in addresses."""

import pytest

from camera_node.sources.address import masked, split_login


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://kai:geheim@10.0.0.7/stream", "rtsp://…@10.0.0.7/stream"),
        ("rtsp://kai:ge@heim@10.0.0.7/stream", "rtsp://…@10.0.0.7/stream"),
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
