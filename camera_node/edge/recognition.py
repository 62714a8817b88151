"""States and reads in the place of pictures: fetches what is needed, looks, and lets nothing else leave.

While recognition is switched on and cannot be done, pictures leave only if the console allows it.
"""

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from camera_node.configuration import Edge
from camera_node.connection import explain
from camera_node.edge.engines import MODEL, Engines, read_engines
from camera_node.edge.error import EdgeError
from camera_node.edge.shelf import Shelf, check
from camera_node.picture import RESULTS, Picture
from camera_node.server_line import ServerLine, refusal
from camera_node.sources.frame import FrameError

if TYPE_CHECKING:
    from camera_node.edge.eyes import Eyes

TICK_S = 1.0
RETRY_TICKS = 30
NOTHING_YET = "Nothing to recognise with has come from the server yet."
WITHHELD = "No picture leaves this node meanwhile."


class Recognition:
    """Of one camera: `in_place_of` is for the thread that takes pictures, `in_place_of_waiting` for the one that sends
    them, `keep_fetching` for one of its own.
    """

    def __init__(
        self,
        line: ServerLine,
        folder: Path,
        wanted: Callable[[], tuple[Edge, str | None]],
        say: Callable[[str], None],
        *,
        server: str = "the server",
    ) -> None:
        """``wanted`` says what the console wants, and which version the last heartbeat's answer named."""
        self._line, self._shelf, self._wanted, self._say, self._server = line, Shelf(folder), wanted, say, server
        self._lock, self._looking = threading.Lock(), threading.Lock()
        self._held: tuple[Engines, Eyes] | None = None
        self._looked_on_disk = False
        self._why_not = ""
        self._why_no_look = ""

    @property
    def trouble(self) -> str:
        """What is wrong now in a sentence; empty while all is well, or nothing is to be recognised."""
        edge, _ = self._wanted()
        if not edge.enabled:
            return ""
        why = self._why_not or self._why_no_look or ("" if self._held else NOTHING_YET)
        silent = not edge.pictures_if_broken and (self._held is None or self._why_no_look)
        return f"{why} {WITHHELD}" if why and silent else why

    def in_place_of(self, picture: Picture) -> Picture | None:
        """Return what leaves in a picture's place: what was seen in it, itself, or nothing."""
        edge, _ = self._wanted()
        if not edge.enabled:
            return picture
        try:
            self._load()
            if (held := self._held) is not None:
                results = self._look(held, picture)
                self._why_no_look = ""
                return results
        except (EdgeError, FrameError) as error:
            self._why_no_look = str(error)
        except Exception as error:  # noqa: BLE001 - an edge: one picture must not end the taking of all others
            self._why_no_look = f"Recognition stumbled over {picture.name}: {type(error).__name__}: {str(error)[:150]}."
        return picture if edge.pictures_if_broken else None

    def in_place_of_waiting(self, picture: Picture) -> Picture | None:
        """The same for one that has waited since before this was switched on; None while nothing can be recognised.

        Raises FrameError: nothing ever can in this one.
        """
        edge, _ = self._wanted()
        if not edge.enabled or picture.media_type == RESULTS:
            return picture
        try:
            self._load()
            if (held := self._held) is not None:
                return self._look(held, picture)
        except FrameError:
            if not edge.pictures_if_broken:
                raise
        except Exception as error:  # noqa: BLE001 - an edge, as above: it would hold up every other picture
            self._why_no_look = f"{picture.name} waits here, because recognition stumbles over it: {str(error)[:150]}."
        return picture if edge.pictures_if_broken else None

    def _look(self, held: tuple[Engines, "Eyes"], picture: Picture) -> Picture:
        with self._looking:  # eyes are for one at a time
            return _results(held, picture)

    def keep_fetching(self, stopping: threading.Event) -> None:
        """Fetch whatever is new, until ``stopping``."""
        wait = 0
        while not stopping.wait(TICK_S):
            wait = max(0, wait - 1)
            if not wait and self.step():
                wait = RETRY_TICKS

    def step(self) -> bool:
        """Fetch if the server has named another version than is held; True when that went wrong."""
        edge, version = self._wanted()
        if not edge.enabled:
            return False
        self._load()
        held = self._held
        if version is None or (held is not None and held[0].version == version):
            if held is not None:
                self._why_not = ""
            return False
        try:
            self._fetch()
        except EdgeError as error:
            self._fail(str(error))
        except httpx.HTTPStatusError as error:
            self._fail(f"What this node is to recognise with cannot be fetched: {refusal(error.response)}.")
        except httpx.HTTPError as error:
            self._fail(explain(error, self._server))
        except OSError as error:
            self._fail(f"What this node recognises with cannot be kept on disk ({error}).")
        else:
            self._why_not = ""
        return bool(self._why_not)

    def _fetch(self) -> None:
        document = self._line.get("engines").content
        engines = read_engines(document)
        files = {}
        for file in engines.files:
            files[file.name] = self._shelf.find(file) or check(file, self._line.get(f"engines/{file.name}").content)
        self._hold(engines, files)
        self._shelf.keep(document, engines, files)
        seen = f"{len(engines.places)} places are recognised here now (version {engines.version})."
        self._say(seen if engines.gate is None else f"Plates are read and {seen}")

    def _load(self) -> None:
        """Hold what was kept on disk, once."""
        with self._lock:
            if self._looked_on_disk:
                return
            self._looked_on_disk = True
            try:
                kept = self._shelf.read()
                if kept is not None and self._held is None:
                    self._hold(*kept)
            except EdgeError as error:
                self._fail(str(error))

    def _hold(self, engines: Engines, files: dict[str, bytes]) -> None:
        from camera_node.edge.eyes import Eyes

        self._held = engines, Eyes(engines, files)

    def _fail(self, why: str) -> None:
        if why != self._why_not:
            self._say(why)
        self._why_not = why


def _results(held: tuple[Engines, "Eyes"], picture: Picture) -> Picture:
    engines, eyes = held
    said = {
        "engine_sha256": next(file.sha256 for file in engines.files if file.name == MODEL),
        "version": engines.version,
        **eyes.look(picture.data),
    }
    data = json.dumps(said, separators=(",", ":")).encode()
    return replace(picture, data=data, media_type=RESULTS)
