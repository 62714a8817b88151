"""`parkhub-node simulate`: a simulated camera that uploads as a real one does."""

import argparse
import time
from datetime import UTC, datetime

from camera_node.key_file import KeyFileError, read_key
from camera_node.picture import Picture
from camera_node.report import print_failed, print_sent, tell
from camera_node.sequence import Sequence
from camera_node.upload import RefusedError, UnreachableError, Uploader

RETRY_FOR_S = 8.0
"""A live picture is worth little once the next is due."""


def run_simulate(options: argparse.Namespace) -> int:
    """Send pictures until told to end (or ``--frames``); return the exit status."""
    try:
        key = read_key(options.key_file, tell)
    except KeyFileError as error:
        tell(str(error))
        return 2
    import cv2

    from camera_node.simulator.scene import Scene

    cv2.setNumThreads(1)  # a camera is a guest on its machine

    scene = Scene(seed=options.seed, day_s=options.day * 60, start_hour=options.start_hour)
    gap_s = 1.0 / options.rate
    step_s = options.step or gap_s
    sequence = Sequence()
    sent = failed = 0
    due_s = time.monotonic()
    with Uploader(options.server, options.camera, key, retry_for_s=RETRY_FOR_S, tell=tell) as uploader:
        try:
            while not options.frames or sent + failed < options.frames:
                scene.step(step_s)
                picture = Picture(f"simulated-{sent + failed}", scene.jpeg(), "image/jpeg", datetime.now(UTC))
                try:
                    answer = uploader.send(picture, sequence.take())
                except UnreachableError as error:
                    failed += 1
                    print_failed(picture.name, error)
                except RefusedError as error:
                    failed += 1
                    print_failed(picture.name, error)
                    if error.status in (401, 404):
                        tell("Stopped, because every picture would get the same answer.")
                        break
                else:
                    sent += 1
                    print_sent(picture, answer)
                due_s = max(due_s + gap_s, time.monotonic())  # what was missed is missed
                time.sleep(max(0.0, due_s - time.monotonic()))
        except KeyboardInterrupt:
            tell(f"Ended after {sent} pictures.")
            return 0
    return 1 if failed else 0
