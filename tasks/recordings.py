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
from parkhub.settings import Settings
from tasks.vision.analysis import Order, analyse, read_spots, remove_leftovers, video_size
from tasks.vision.engine import open_engine

BEAT_S: Final = 0.25
GONE: Final = "The uploaded files are no longer there. Upload the recording again."

log = structlog.get_logger()


class _Watch:
    """What the analysing thread and the event loop tell each other; each field has one writer."""

    def __init__(self) -> None:
        self.progress = 0.0
        self.stop = False

    def report(self, progress: float) -> bool:
        """Called by the thread after every frame."""
        self.progress = progress
        return not self.stop


async def analyse_recording(ctx: dict[str, Any], recording_id: int) -> None:
    """Analyse one uploaded video. Safe to run again: it starts over, and what has ended is left alone.

    ``ctx`` holds ``clients`` and ``settings``. A failure is kept with the recording as a sentence, not raised.
    """
    clients: Clients = ctx["clients"]
    recording = await service.start(clients, recording_id, datetime.now(UTC))
    if recording is None:
        return
    bound = log.bind(recording=recording_id, engine=str(recording.engine))
    bound.info("recording.started")
    watch = _Watch()
    beat = asyncio.create_task(_beat(clients, recording_id, watch))
    try:
        summary = await _in_thread(clients, ctx["settings"], recording, watch)
    except asyncio.CancelledError:
        # The worker stops. The thread ends at its next frame; the recording is sent again once it counts as stalled.
        watch.stop = True
        raise
    except ParkHubError as error:
        bound.warning("recording.failed", error=str(error))
        await service.fail(clients, recording, error, datetime.now(UTC))
        return
    except Exception:  # the edge of a job: whatever it was, the person waiting must hear of it
        log.exception("recording.broke", recording=recording_id)
        broken = EngineError("The analysis broke off by a fault in ParkHub; the log has the details. Try again.")
        await service.fail(clients, recording, broken, datetime.now(UTC))
        return
    finally:
        beat.cancel()
        with suppress(asyncio.CancelledError):
            await beat
    if summary is None:
        bound.info("recording.stopped")
        await service.stopped(clients, recording)
    elif await service.finish(clients, recording, summary, datetime.now(UTC)):
        bound.info("recording.done", duration_s=summary["duration_s"], samples=summary["sample_count"])


async def _beat(clients: Clients, recording_id: int, watch: _Watch) -> None:
    """Tell the database how far the thread is, and the thread when to stop. Survives a database that is away."""
    while not watch.stop:
        await asyncio.sleep(BEAT_S)
        try:
            go_on = await service.progress(clients, recording_id, watch.progress, datetime.now(UTC))
        except Exception:  # an edge too: one lost beat is no reason to lose the work
            log.warning("recording.beat_lost", recording=recording_id, exc_info=True)
            await asyncio.sleep(BEAT_S * 4)
            continue
        watch.stop = watch.stop or not go_on


async def _in_thread(
    clients: Clients, settings: Settings, recording: Recording, watch: _Watch
) -> dict[str, Any] | None:
    try:
        wish = await service.read_order(clients, recording)
        spots_file = await clients.pictures.get(f"{recording.folder}/{service.SPOTS}")
    except NotFoundError:
        raise EngineError(GONE) from None
    folder = clients.pictures.path(recording.folder)

    def work() -> dict[str, Any] | None:
        remove_leftovers(folder)
        video = folder / service.VIDEO
        if not video.is_file():
            raise EngineError(GONE)
        spots = read_spots(wish.spots_kind, spots_file, video_size(video), wish.box)
        detector = Path(settings.detector_model) if settings.detector_model else None
        model = detector if recording.engine is Engine.DETECTOR else None
        engine = open_engine(recording.engine, model=model, threads=settings.vision_threads)
        order = Order(
            video,
            spots,
            folder,
            wish.every_s,
            settings.vision_threads,
            title=recording.title,
            model=model.name if model else "",
        )
        return analyse(order, engine, watch.report)

    return await asyncio.to_thread(work)
