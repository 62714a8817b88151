"""Each refusal has the advice that ends it."""

import time

import httpx
import pytest

from camera_node.refusals import advise

REFUSALS = {
    "a wrong key": (401, {}, "Unknown camera or wrong key.", "Make a new code"),
    "a clock by what the server says": (401, {}, "Set the camera's clock.", "timedatectl set-ntp true"),
    "a clock by the server's time": (401, {"Parkhub-Time": "1000000000"}, "", "timedatectl set-ntp true"),
    "too many": (429, {"Retry-After": "17"}, "", "again in 17 s"),
    "a trouble of the server": (503, {}, "", "See to the server"),
    "a camera that is off": (403, {}, "", "Switch the camera on"),
    "a proxy": (407, {}, "", "connection.proxy"),
    "another address": (301, {"Location": "https://b"}, "", "new address"),
    "something else": (404, {}, "", "Check server"),
}


@pytest.mark.parametrize(("status", "headers", "detail", "do"), REFUSALS.values(), ids=REFUSALS)
def test_only_a_wrong_key_asks_for_a_new_code(status: int, headers: dict[str, str], detail: str, do: str) -> None:
    what, advice = advise(httpx.Response(status, headers=headers, json={"detail": detail}), time.time())
    assert do in advice
    assert ("new code" in advice) is (do == "Make a new code")
    assert what
