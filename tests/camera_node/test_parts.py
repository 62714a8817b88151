"""A node's threads: started, started again when they stumble, left alone once the node ends."""

import threading

from processes import wait_for

from camera_node.parts import Parts


def test_a_part_that_stumbles_is_told_of_and_started_again() -> None:
    stopping, told, turns = threading.Event(), list[str](), list[int]()

    def work() -> None:
        turns.append(1)
        if len(turns) < 3:
            raise ValueError("no such thing")
        stopping.wait()

    parts = Parts({"taking": work}, stopping, told.append, pause_s=0.01)
    wait_for(lambda: parts.look_after() or len(turns) == 3, "the third turn")
    parts.look_after()
    assert len(turns) == 3
    stumbled, again = "taking: ValueError: no such thing", "The part 'taking' had ended; it is started again."
    assert told == [stumbled, again] * 2
    stopping.set()
    parts.wait_for("taking", 60)
    parts.look_after()
    assert len(turns) == 3
