"""The job behind the page "Analyse a recording"."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import structlog

from parkhub.clients import Clients
from parkhub.domain.cameras import Engine
from parkhub.domain.recordings import Recording
from parkhub.errors import EngineError, NotFoundError, ParkHubError
from parkhub.services import recordings as service
from parkhub.services.recording_uploads import SPOTS, VIDEO
from parkhub.settings import Settings
from tasks.engines import Engines
from tasks.vision.analysis import Order, analyse, kept_summary, read_spots, remove_leftovers, video_size

BEAT_S: Final = 1.0
TIME_MAX_S: Final = 3500.0  # the queue gives a job an hour
ATTEMPTS_MAX: Final = 5
GONE: Final = "The uploaded files are no longer there. Upload the recording again."
BROKE: Final = "The analysis broke off by a fault in ParkHub; the log has the details. Try again."
TOO_LONG: Final = (
    "The analysis took longer than 58 minutes and was stopped. Cut the video into shorter ones, or look less often."
)
KEEPS_BREAKING: Final = (
    f"The analysis was begun {ATTEMPTS_MAX} times and never came to its end, so it is given up. "
    "Save the video as H.264 in an MP4 file and upload that."
)

log = structlog.get_logger()


class _Watch:
    """What the analysing thread and the event loop tell each other; each field has one writer."""

    def __init__(self) -> None:
        self.progress = 0.0
        self.stop = False
        self.too_long = False

    def report(self, progress: float) -> bool:
        """Called by the thread after every frame."""
        self.progress = progress
        return not self.stop


async def analyse_recording(ctx: dict[str, Any], recording_id: int) -> None:
    """Analyse one uploaded video. Safe to run again: it starts over, and what has ended or is in hand is left alone.

    ``ctx`` holds ``clients``, ``settings`` and ``engines``. A failure is kept with the recording as a sentence; raises
    only what another try may mend.
    """
    clients: Clients = ctx["clients"]
    recording = await service.start(recording_id, datetime.now(UTC))
    if recording is None:
        return
    bound = log.bind(recording=recording_id, engine=str(recording.engine))
    bound.info("recording.started")
    watch = _Watch()
    beat = asyncio.create_task(_beat(recording, watch))
    try:
        summary = await _in_thread(ctx, recording, watch)
        if summary is None:
            bound.info("recording.stopped")
            await service.stopped(clients, recording)
        elif await service.finish(clients, recording, summary, datetime.now(UTC)):
            bound.info("recording.done", duration_s=summary["duration_s"], samples=summary["sample_count"])
    except asyncio.CancelledError:
        watch.stop = True  # the thread ends at its next frame
        if watch.too_long:  # but hangs in one: it would do so the next time
            await service.fail(clients, recording, EngineError(TOO_LONG), datetime.now(UTC))
        else:  # the worker stops and gives the job back to the queue
            await service.hand_back(recording)
        raise
    except ParkHubError as error:
        if error.retryable:  # not the recording's fault: the queue tries again, and upkeep after it
            await service.hand_back(recording)
            raise
        bound.warning("recording.failed", error=str(error))
        await service.fail(clients, recording, error, datetime.now(UTC))
    except Exception:  # the edge of a job: whatever it was, the person waiting must hear of it
        log.exception("recording.broke", recording=recording_id)
        await service.fail(clients, recording, EngineError(BROKE), datetime.now(UTC))
    finally:
        beat.cancel()
        with suppress(asyncio.CancelledError):
            await beat


async def _beat(recording: Recording, watch: _Watch) -> None:
    """Tell the database how far the thread is, and the thread when to stop. Survives a database that is away."""
    end_s = asyncio.get_running_loop().time() + TIME_MAX_S
    while not watch.stop:
        await asyncio.sleep(BEAT_S)
        if asyncio.get_running_loop().time() > end_s:
            watch.too_long = watch.stop = True
            return
        try:
            go_on = await service.progress(recording, watch.progress, datetime.now(UTC))
        except Exception:  # an edge too: one lost beat is no reason to lose the work
            log.warning("recording.beat_lost", recording=recording.id, exc_info=True)
            continue
        watch.stop = watch.stop or not go_on


async def _in_thread(ctx: dict[str, Any], recording: Recording, watch: _Watch) -> dict[str, Any] | None:
    clients: Clients = ctx["clients"]
    settings: Settings = ctx["settings"]
    engines: Engines = ctx["engines"]
    if recording.attempt - recording.attempts_before > ATTEMPTS_MAX:
        raise EngineError(KEEPS_BREAKING)
    try:
        wish = await service.read_order(clients, recording)
        spots_file = await clients.pictures.get(f"{recording.folder}/{SPOTS}")
    except NotFoundError:
        raise EngineError(GONE) from None
    engine = await engines.get(recording.engine)
    model = Path(settings.detector_model).name if recording.engine is Engine.DETECTOR else ""
    folder = clients.pictures.path(recording.folder)

    def work() -> dict[str, Any] | None:
        remove_leftovers(folder)
        if (kept := kept_summary(folder)) is not None:  # an earlier attempt broke off between its files and its row
            return kept
        video = folder / VIDEO
        if not video.is_file():
            raise EngineError(GONE)
        spots = read_spots(wish.spots_kind, spots_file, video_size(video), wish.box)
        order = Order(video, spots, folder, wish.every_s, settings.vision_threads, title=recording.title, model=model)
        return analyse(order, engine, watch.report)

    summary = await asyncio.to_thread(work)
    if watch.too_long:
        raise EngineError(TOO_LONG)
    return summary
