"""What a node does when told to, at a camera that says yes."""

import threading
from collections.abc import Callable

import httpx
from processes import wait_for

from camera_node.capture_state import Order, OrderBook, Sharpness
from camera_node.commands import Command, CommandLine
from camera_node.hands import Hands
from camera_node.server_line import MachineClock, OneKey, ServerLine


class Camera:
    """Helps with the focus as the real one does: an order ends when another one begins."""

    def __init__(self) -> None:
        self.orders: list[Order] = []
        self._book = OrderBook()
        self._lock = threading.Lock()

    def order(self, action: str) -> Order:
        with self._lock:
            for order in self.orders:
                self._book.end(order.number, "Another one has begun.")
            order = self._book.begin(action)
            self._book.mark(order.number, Sharpness(0.1, 100.0))
            self.orders.append(order)
        return order

    def alive(self) -> bool:
        return True


def a_line(reported: list[str]) -> CommandLine:
    def answer(request: httpx.Request) -> httpx.Response:
        reported.append(request.url.path.rpartition("/")[2])
        return httpx.Response(200, json={})

    client = httpx.Client(transport=httpx.MockTransport(answer))
    line = CommandLine(ServerLine(client, "http://server", "gate", OneKey("secret"), MachineClock()))
    line.clock.told(0.0, line.clock.asked())
    return line


def beside(work: Callable[[Command], None], command: Command) -> threading.Thread:
    thread = threading.Thread(target=work, args=(command,), daemon=True)
    thread.start()
    return thread


def test_help_with_the_focus_gives_way_to_one_that_is_asked_for_later() -> None:
    camera, reported, said = Camera(), list[str](), list[str]()
    line = a_line(reported)
    hands = Hands(line, camera, "none here", bundle=bytes, restart=lambda: None, say=said.append)
    focus = hands.all()["focus"].afterwards
    assert focus is not None
    first = beside(focus, Command("first", 0, 600.0, "focus"))
    wait_for(lambda: reported, "the first report")
    second = beside(focus, Command("second", 0, 600.0, "focus"))
    wait_for(lambda: "second" in reported, "the second one's report")
    first.join(60)
    assert second.is_alive()
    line.clock.told(601.0, line.clock.asked())
    second.join(60)
    assert not first.is_alive()
    assert (set(reported), len(camera.orders), said) == ({"first", "second"}, 2, [])
