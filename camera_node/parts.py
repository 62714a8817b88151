"""The node's threads: each does its work until it ends, and is started again when it should not have ended."""

import threading
from collections.abc import Callable, Mapping

PAUSE_S = 5.0


class Parts:
    """Threads by name. Call `look_after` now and then, from one thread."""

    def __init__(
        self,
        works: Mapping[str, Callable[[], None]],
        stopping: threading.Event,
        problem: Callable[[str], None],
        *,
        pause_s: float = PAUSE_S,
    ) -> None:
        """A work that ends before ``stopping`` is set has stumbled, of which ``problem`` is told; it pauses then."""
        self._works, self._stopping, self._problem, self._pause_s = works, stopping, problem, pause_s
        self._threads: dict[str, threading.Thread] = {}

    def look_after(self) -> None:
        """Start what has not begun, and again what has ended."""
        if self._stopping.is_set():
            return
        for name, work in self._works.items():
            thread = self._threads.get(name)
            if thread is not None and thread.is_alive():
                continue
            if thread is not None:
                self._problem(f"The part {name!r} had ended; it is started again.")
            self._threads[name] = threading.Thread(target=self._guarded, args=(work,), name=name, daemon=True)
            self._threads[name].start()

    def wait_for(self, name: str, seconds: float) -> None:
        """Wait until a part has ended, so long at most."""
        thread = self._threads.get(name)
        if thread is not None:
            thread.join(seconds)

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - an edge: whatever a part stumbles over, it is started again
            if not self._stopping.is_set():
                self._problem(f"{threading.current_thread().name}: {type(error).__name__}: {error}")
                self._stopping.wait(self._pause_s)
