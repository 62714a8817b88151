"""Which picture goes next, and which one goes to make room."""

from camera_node.picture import Kind
from camera_node.spool_files import Entry
from camera_node.spool_queue import LIVE_S, SpoolQueue

NOW_S = 1000.0
GATE, OVERVIEW = Kind.GATE, Kind.OVERVIEW


def entry(number: int, kind: Kind = OVERVIEW) -> Entry:
    return Entry(number, kind, 0, 100, number)


def order(queue: SpoolQueue, now_s: float = NOW_S) -> list[int]:
    taken = []
    while (found := queue.next(now_s)) is not None:
        taken.append(found.sequence)
        queue.take_out(found.sequence)
    return taken


def any_one(_: Entry) -> bool:
    return True


def test_gates_go_first_then_the_newest_overview() -> None:
    queue = SpoolQueue()
    for number, kind in enumerate([OVERVIEW, GATE, OVERVIEW, GATE]):
        queue.add(entry(number, kind))
    assert order(queue) == [1, 3, 2, 0]


def test_a_gate_picture_of_this_moment_goes_before_those_that_waited_the_best_first() -> None:
    queue = SpoolQueue()
    queue.add(entry(0, GATE))
    for number, rank in ((1, 0.2), (2, 0.9), (3, 0.5)):
        queue.add(entry(number, GATE), rank, NOW_S)
    assert order(queue) == [2, 3, 1, 0]


def test_a_gate_picture_is_of_this_moment_for_half_a_minute() -> None:
    queue = SpoolQueue()
    queue.add(entry(0, GATE))
    queue.add(entry(1, GATE), 0.0, NOW_S)
    assert queue.live_gate(NOW_S + LIVE_S) == entry(1, GATE)
    assert queue.live_gate(NOW_S + LIVE_S + 1) is None
    assert order(queue, NOW_S + LIVE_S + 1) == [0, 1]


def test_a_new_overview_gets_every_fifth_turn_among_many_gate_pictures() -> None:
    queue = SpoolQueue()
    for number in range(12):
        queue.add(entry(number, GATE))
    queue.add(entry(100), 0.0, NOW_S)
    queue.add(entry(101), 0.0, NOW_S)
    assert order(queue) == [0, 1, 2, 3, 101, 4, 5, 6, 7, 100, 8, 9, 10, 11]


def test_what_was_put_off_lets_others_go_until_its_time() -> None:
    queue = SpoolQueue()
    queue.add(entry(0, GATE))
    queue.add(entry(1))
    queue.put_off(0, NOW_S + 60)
    assert queue.next(NOW_S) == entry(1)
    assert queue.next(NOW_S + 61) == entry(0, GATE)


def test_the_oldest_overview_makes_room_for_anything() -> None:
    queue = SpoolQueue()
    for number, kind in enumerate([GATE, OVERVIEW, OVERVIEW]):
        queue.add(entry(number, kind))
    assert queue.to_drop(OVERVIEW, None, any_one) == entry(1)
    assert queue.to_drop(GATE, None, any_one) == entry(1)
    assert queue.to_drop(GATE, 1, any_one) == entry(2)


def test_the_oldest_gate_picture_makes_room_for_a_gate_picture_only() -> None:
    queue = SpoolQueue()
    queue.add(entry(0, GATE))
    queue.add(entry(1, GATE))
    assert queue.to_drop(OVERVIEW, None, any_one) is None
    assert queue.to_drop(GATE, None, any_one) == entry(0, GATE)


def test_bytes_and_pictures_are_counted() -> None:
    queue = SpoolQueue()
    queue.add(entry(0, GATE))
    queue.add(entry(1))
    queue.take_out(0)
    assert queue.take_out(0) is None
    assert (len(queue), queue.bytes, queue.count(GATE), queue.oldest()) == (1, 100, 0, entry(1))
