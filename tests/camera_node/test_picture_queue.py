"""Finished pictures on their way from one process to the other."""

import threading
from datetime import UTC, datetime

from camera_node.picture import Kind, Picture
from camera_node.picture_queue import PictureQueue


def _picture(name: str, kind: Kind = Kind.OVERVIEW, size: int = 10) -> Picture:
    return Picture(name, b"x" * size, "image/jpeg", datetime.now(UTC), kind)


def _left(queue: PictureQueue) -> list[str]:
    found = []
    while (picture := queue.get(0.0)) is not None:
        found.append(picture.name)
    return found


def test_full_the_oldest_overviews_go_first_then_the_oldest() -> None:
    queue = PictureQueue(pictures_max=3)
    for name, kind in [("a", Kind.GATE), ("b", Kind.OVERVIEW), ("c", Kind.GATE), ("d", Kind.GATE), ("e", Kind.GATE)]:
        queue.put(_picture(name, kind))
    assert _left(queue) == ["c", "d", "e"]
    assert queue.dropped == 2


def test_bytes_are_bounded_but_one_picture_always_fits() -> None:
    queue = PictureQueue(bytes_max=100)
    for name in "abc":
        queue.put(_picture(name, size=60))
    assert _left(queue) == ["c"]
    queue.put(_picture("large", size=1000))
    assert not queue.room
    assert _left(queue) == ["large"]
    assert queue.room


def test_who_waits_gets_the_next_and_nobody_waits_for_a_closed_queue() -> None:
    queue = PictureQueue()
    threading.Timer(0.05, lambda: queue.put(_picture("a"))).start()
    found = queue.get(60.0)
    assert found is not None
    assert found.name == "a"
    threading.Timer(0.05, queue.close).start()
    assert queue.get(60.0) is None
