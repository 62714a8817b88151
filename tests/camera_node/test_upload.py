"""One picture on its way: when it is sent again, for how long, and when not."""

from datetime import UTC, datetime

import pytest
from processes import free_port
from receivers import Receiver

from camera_node.picture import Picture
from camera_node.upload import RefusedError, UnreachableError, Uploader, retry_after_s

PICTURE = Picture("a.jpg", b"\xff\xd8 picture \xff\xd9", "image/jpeg", datetime(2026, 11, 21, 10, tzinfo=UTC))


class Pauses:
    """Stands in for the clock's sleep: remembers how long was asked for."""

    def __init__(self) -> None:
        self.taken: list[float] = []
        self.heard: list[str] = []

    def uploader(self, url: str, retry_for_s: float = 300.0) -> Uploader:
        return Uploader(
            url, "gate", "secret", retry_for_s=retry_for_s, tell=self.heard.append, sleep=self.taken.append, timeout_s=5
        )


def test_a_picture_goes_in_one_request_with_its_signature(receiver: Receiver) -> None:
    with Pauses().uploader(receiver.url) as uploader:
        sent = uploader.send(PICTURE, 17)
    assert (sent.frame, sent.repeat, sent.tries) == ("1", False, 1)
    [(path, headers, body)] = receiver.requests
    assert path == "/api/v1/cameras/gate/frames"
    assert body == PICTURE.data
    assert headers["content-type"] == "image/jpeg"
    assert headers["parkhub-captured-at"] == "2026-11-21T10:00:00.000Z"
    assert headers["parkhub-signature"].startswith("v1=")


def test_a_server_below_a_prefix_is_reached_but_the_plain_path_is_signed(receiver: Receiver) -> None:
    with Pauses().uploader(receiver.url + "/park/") as uploader:
        uploader.send(PICTURE, 17)
    assert receiver.requests[0][0] == "/park/api/v1/cameras/gate/frames"


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_what_may_pass_is_tried_again_under_the_same_number(receiver: Receiver, status: int) -> None:
    receiver.answers = [(status, {}), (status, {})]
    pauses = Pauses()
    with pauses.uploader(receiver.url) as uploader:
        sent = uploader.send(PICTURE, 17)
    assert sent.tries == 3
    assert receiver.sequences() == ["17", "17", "17"]
    assert all(0.25 <= pause <= 1.0 for pause in pauses.taken)
    assert str(status) in pauses.heard[0]


def test_pauses_grow_up_to_half_a_minute(receiver: Receiver) -> None:
    receiver.answers = [(503, {})] * 10
    pauses = Pauses()
    with pauses.uploader(receiver.url) as uploader:
        uploader.send(PICTURE, 17)
    limits = [min(30.0, 0.5 * 2**n) for n in range(10)]
    assert all(limit / 2 <= pause <= limit for pause, limit in zip(pauses.taken, limits, strict=True))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 415, 422])
def test_a_refusal_is_final_and_says_why(receiver: Receiver, status: int) -> None:
    receiver.answers = [(status, {})]
    with (
        Pauses().uploader(receiver.url) as uploader,
        pytest.raises(RefusedError, match=rf"{status}: No, {status}") as caught,
    ):
        uploader.send(PICTURE, 17)
    assert caught.value.status == status
    assert len(receiver.requests) == 1


def test_what_the_server_asks_for_is_waited(receiver: Receiver) -> None:
    receiver.answers = [(429, {"Retry-After": "7"}), (503, {"Retry-After": "0"})]
    pauses = Pauses()
    with pauses.uploader(receiver.url) as uploader:
        uploader.send(PICTURE, 17)
    assert pauses.taken == [7.0, 0.0]


def test_a_wait_longer_than_the_uploader_tries_is_not_begun(receiver: Receiver) -> None:
    receiver.answers = [(503, {"Retry-After": "3600"})]
    pauses = Pauses()
    with pauses.uploader(receiver.url) as uploader, pytest.raises(UnreachableError, match="gave up after 1 tries"):
        uploader.send(PICTURE, 17)
    assert pauses.taken == []


def test_a_repeat_counts_as_sent(receiver: Receiver) -> None:
    receiver.answers = [(200, {})]
    with Pauses().uploader(receiver.url) as uploader:
        assert uploader.send(PICTURE, 17).repeat


def test_a_lost_answer_is_asked_for_again(receiver: Receiver) -> None:
    receiver.answers = [(0, {}), (200, {})]
    with Pauses().uploader(receiver.url) as uploader:
        sent = uploader.send(PICTURE, 17)
    assert (sent.repeat, sent.tries) == (True, 2)
    assert receiver.sequences() == ["17", "17"]


def test_a_server_that_is_not_there_is_named_in_the_end() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with Pauses().uploader(url, retry_for_s=0.1) as uploader, pytest.raises(UnreachableError, match=url):
        uploader.send(PICTURE, 17)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(None, None, id="missing"),
        pytest.param("12", 12.0, id="seconds"),
        pytest.param("Sat, 21 Nov 2026 10:00:30 GMT", 30.0, id="a date"),
        pytest.param("Sat, 21 Nov 2026 09:00:00 GMT", 0.0, id="a date gone by"),
        pytest.param("soon", None, id="nonsense"),
        pytest.param("-5", None, id="negative"),
        pytest.param("²", None, id="a digit that is no number"),
    ],
)
def test_retry_after_is_read(value: str | None, expected: float | None) -> None:
    now = datetime(2026, 11, 21, 10, tzinfo=UTC)
    assert retry_after_s(value, now) == expected
