"""Which jobs there are, in which queue, and which of them the clock begins. Who runs them is `worker`.

Whoever waits before a barrier waits for nothing else: commands have a queue of their own. So have letters and charges
of saved cards, because a mail server or a provider that does not answer may hold up nothing else; and no recording, fit
or pile of pictures by hand holds up a camera's picture.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from parkhub.clients.queue import QueueName

Ctx = dict[str, Any]
Work = Callable[..., Awaitable[None]]

EVERY_5_S: Final = frozenset(range(0, 60, 5))
EVERY_5_MIN: Final = frozenset(range(0, 60, 5))
EVERY_10_MIN: Final = frozenset(range(0, 60, 10))


@dataclass(frozen=True, slots=True)
class Job:
    """A function that runs by name. ``give_up`` is told the same arguments when every try has failed by a fault.

    What is away comes back, and what takes too long may only have waited for it: then nothing is given up, upkeep asks
    for the job again, and a job that never ends by itself must notice (`parkhub.services.upkeep.is_poison`).
    """

    run: Work
    timeout_s: float
    give_up: Work | None = None
    retry_delay_s: float = 2

    @property
    def name(self) -> str:
        """What `Queue.enqueue` calls it."""
        return self.run.__name__


@dataclass(frozen=True, slots=True)
class Timed:
    """A job by the clock, in UTC, at each of the seconds, minutes and hours said, or at any; of several processes one
    runs it. ``at_start``: also when a process starts.
    """

    run: Work
    timeout_s: float
    second: int | frozenset[int]
    minute: int | frozenset[int] | None = None
    hour: int | None = None
    at_start: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One queue of a process: what is taken from it, how much at once, and how often it is looked into."""

    queue: QueueName
    jobs: tuple[Job, ...]
    jobs_max: int
    look_every_s: float
    timed: tuple[Timed, ...] = ()


def vision_lines() -> list[Line]:
    """What vision processes do. Imported here, so that `work` never loads a vision library."""
    from tasks import adaptation, frames, labels, picture_uploads, recordings, spot_asks, spots

    of_frames = (
        Job(frames.read_frame, 14, frames.give_up),
        Job(spots.read_spots_file, 14, spots.give_up),
        Job(labels.cut_label, 14, labels.give_up),
        Job(spot_asks.answer_ask, 14, spot_asks.give_up),
    )
    fits = (Job(adaptation.adapt, 58, adaptation.give_up), Job(labels.cut_picture, 58))
    return [
        Line(QueueName.FRAMES, of_frames, 2, 0.02),
        Line(QueueName.RECORDINGS, (Job(recordings.analyse_recording, 3599),), 1, 0.5),
        Line(QueueName.PICTURES, (Job(picture_uploads.look_at_pictures, 58),), 1, 0.2),
        Line(QueueName.ADAPTATION, fits, 1, 1),
    ]


def work_lines() -> list[Line]:
    """What work processes do."""
    from tasks import barriers, mail, payments, reports, upkeep

    events = (Job(payments.handle_event, 20, payments.give_up), Job(payments.send_sandbox_event, 20))
    upkeeping = (
        Timed(upkeep.expire_spots, 30, EVERY_5_S),
        Timed(upkeep.close_passages, 30, EVERY_5_S, at_start=True),
        Timed(upkeep.requeue_lost, 30, frozenset({0, 20, 40}), at_start=True),
        Timed(payments.keep_payments, 50, frozenset({13, 33, 53}), at_start=True),
        Timed(upkeep.tell_silent_nodes, 30, frozenset({6, 26, 46})),
        Timed(upkeep.take_samples, 300, 1, EVERY_5_MIN, at_start=True),
        Timed(upkeep.delete_old, 300, 7, EVERY_10_MIN),
        Timed(upkeep.delete_unclaimed, 600, 11, 3),
        Timed(upkeep.release_no_shows, 50, 31),
        Timed(upkeep.keep_pay_ahead, 50, frozenset({9, 39})),
        Timed(upkeep.close_overlong, 120, 41, EVERY_5_MIN),
        Timed(reports.keep_reports, 900, 19, EVERY_5_MIN),
        Timed(reports.write_reports, 300, 5, 47),
        Timed(payments.reconcile, 900, 27, 23, 3),
        Timed(upkeep.keep_retention, 3600, 17, 13, 2),
    )
    watch = Timed(barriers.watch_barriers, 30, EVERY_5_S, at_start=True)
    post = Timed(mail.send_letters, 120, EVERY_5_S, at_start=True, name="keep_mail")
    cards = Timed(payments.keep_cards, 300, frozenset({3, 23, 43}), at_start=True)
    commands = (Job(barriers.open_barrier, 70), Job(barriers.end_opening, 20))
    return [
        Line(QueueName.WORK, events, 4, 0.1, upkeeping),
        Line(QueueName.BARRIERS, commands, 50, 0.02, (watch,)),
        Line(QueueName.MAIL, (Job(mail.send_letters, 120),), 4, 0.1, (post,)),
        Line(QueueName.CHARGES, (Job(payments.charge_stay, 50),), 4, 0.1, (cards,)),
    ]
