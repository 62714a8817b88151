"""Which waiting picture goes next, and which one goes to make room. Knows no disk."""

from collections import OrderedDict
from collections.abc import Callable, Iterator

from camera_node.picture import Kind
from camera_node.spool_files import Entry

LIVE_S = 30.0
"""A car may still stand at the gate."""

GATES_IN_A_ROW = 4
"""So many of a long row of gate pictures go before the lot is looked at once."""


class SpoolQueue:
    """The order: gate pictures of this moment, best first; those of before, oldest first, because an entry comes before
    its exit; overview pictures, newest first, because only they change what is shown. While gate pictures of before
    are sent, a new overview gets every fifth turn. Not for sharing between threads.
    """

    def __init__(self) -> None:
        self._kinds: dict[Kind, OrderedDict[int, Entry]] = {kind: OrderedDict() for kind in Kind}
        self._fresh: dict[Kind, OrderedDict[int, tuple[float, float]]] = {kind: OrderedDict() for kind in Kind}
        self._later: dict[int, float] = {}
        self._gates_in_a_row = 0
        self.bytes = 0

    def __len__(self) -> int:
        return sum(len(entries) for entries in self._kinds.values())

    def has(self, entry: Entry) -> bool:
        """Say whether an entry waits."""
        return entry.sequence in self._kinds[entry.kind]

    def count(self, kind: Kind) -> int:
        """Return how many of ``kind`` wait."""
        return len(self._kinds[kind])

    def add(self, entry: Entry, rank: float = 0.0, at_s: float | None = None) -> None:
        """Take ``entry`` in as the newest; ``at_s`` is now if it was taken just now."""
        self._kinds[entry.kind][entry.sequence] = entry
        self.bytes += entry.bytes
        if at_s is not None:
            self._fresh[entry.kind][entry.sequence] = (at_s, rank)

    def take_out(self, sequence: int) -> Entry | None:
        """Forget an entry; None when it was forgotten before."""
        for kind, entries in self._kinds.items():
            entry = entries.pop(sequence, None)
            if entry is not None:
                self._fresh[kind].pop(sequence, None)
                self._later.pop(sequence, None)
                self.bytes -= entry.bytes
                self._gates_in_a_row = self._gates_in_a_row + 1 if kind is Kind.GATE else 0
                return entry
        return None

    def put_off(self, sequence: int, until_s: float) -> None:
        """Let others go before it until then."""
        self._later[sequence] = until_s

    def live_gate(self, now_s: float) -> Entry | None:
        """Return the best gate picture of this moment."""
        fresh = self._alive(Kind.GATE, now_s)
        ready = [sequence for sequence in fresh if not self._waits(sequence, now_s)]
        best = max(ready, key=lambda sequence: fresh[sequence][1], default=None)
        return None if best is None else self._kinds[Kind.GATE][best]

    def next(self, now_s: float) -> Entry | None:
        """Return what is to be sent next; it stays in the queue."""
        gate = self.live_gate(now_s)
        if gate is None:
            gate = self._first(iter(self._kinds[Kind.GATE].values()), now_s)
            in_turn = self._gates_in_a_row >= GATES_IN_A_ROW and bool(self._alive(Kind.OVERVIEW, now_s))
            if gate is not None and not in_turn:
                return gate
            newest = self._first(reversed(self._kinds[Kind.OVERVIEW].values()), now_s)
            return newest or gate
        return gate

    def oldest(self) -> Entry | None:
        """Return the one that has waited longest."""
        firsts = [next(iter(entries.values())) for entries in self._kinds.values() if entries]
        return min(firsts, key=lambda entry: entry.turn, default=None)

    def to_drop(self, for_kind: Kind, sending: int | None, among: Callable[[Entry], bool]) -> Entry | None:
        """Return what goes first to make room."""
        return next(self.droppable(for_kind, sending, among), None)

    def droppable(self, for_kind: Kind, sending: int | None, among: Callable[[Entry], bool]) -> Iterator[Entry]:
        """Yield what may go to make room: the oldest overviews; for a gate picture, then, the oldest gate pictures.

        ``sending`` is under way and stays; ``among`` says which may go at all.
        """
        for kind in (Kind.OVERVIEW, Kind.GATE) if for_kind is Kind.GATE else (Kind.OVERVIEW,):
            for entry in self._kinds[kind].values():
                if entry.sequence != sending and among(entry):
                    yield entry

    def _waits(self, sequence: int, now_s: float) -> bool:
        until_s = self._later.get(sequence)
        if until_s is None:
            return False
        if until_s <= now_s:
            del self._later[sequence]
            return False
        return True

    def _first(self, entries: Iterator[Entry], now_s: float) -> Entry | None:
        return next((entry for entry in entries if not self._waits(entry.sequence, now_s)), None)

    def _alive(self, kind: Kind, now_s: float) -> OrderedDict[int, tuple[float, float]]:
        fresh = self._fresh[kind]
        while fresh and next(iter(fresh.values()))[0] < now_s - LIVE_S:
            fresh.popitem(last=False)
        return fresh
