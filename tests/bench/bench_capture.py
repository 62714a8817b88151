"""What taking a picture costs, beside ffmpeg, and what the change mode saves: `python tests/bench/bench_capture.py`.

A made film of 1920 x 1080 (15 frames a second, a key frame every second) is served as RTSP by GStreamer. The node's
capture process and ffmpeg take the same stream at the same time, each on one thread, and write JPEG at the same rate;
processor time is counted from five seconds after the start. At a gate the node looks ten times a second and sends a
passage's best; ffmpeg writes ten pictures a second, because it cannot choose.

`--videos FOLDER` adds the bytes that change mode saves on the videos there; `--soak N` takes N frames in each mode and
counts memory and handles.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import av
import cv2
import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from cameras import rtsp_camera

from camera_node.capture import CaptureProcess
from camera_node.configuration import Configuration, read_configuration
from camera_node.encode import Encoder
from camera_node.modes import plan_for
from camera_node.settings import SourceKind, SourceSettings
from camera_node.simulator.scene import Scene
from camera_node.sources.film import FilmSource
from camera_node.sources.source import SourceEndedError, Wanted

RATE = 15
FILM_S = 90
LEAD_S = 5.0
PAYLOAD = "filesrc location={file} ! qtdemux ! rtph264pay config-interval=1 name=pay0 pt=96"


def configuration(**said: object) -> Configuration:
    """A node's configuration."""
    return read_configuration(json.dumps({"version": 1, **said}).encode())


MODES: list[tuple[str, Configuration, float]] = [
    ("interval, 1 a second", configuration(interval_s=1.0), 1.0),
    ("interval, one in 10 s", configuration(interval_s=10.0), 0.1),
    ("change, looks every 2 s", configuration(mode="change"), 0.5),
    ("gate, looks 10 times a second", configuration(mode="gate", gate={"idle_interval_s": 10.0}), 10.0),
]
"""Name, what the node is told, and the rate that ffmpeg writes at."""


def make_film(file: Path) -> None:
    """A car park, in which one car after another crosses, with pauses."""
    ground = cv2.resize(Scene(seed=2).render(), (1920, 1080), interpolation=cv2.INTER_CUBIC)
    with av.open(str(file), "w") as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = 1920, 1080, "yuv420p"
        stream.options = {"preset": "veryfast", "tune": "zerolatency", "g": str(RATE), "crf": "23"}
        noise = np.random.default_rng(1).integers(0, 4, (1080 + 64, 1920, 1), np.uint8)
        for number in range(FILM_S * RATE):
            picture = ground + noise[number * 7 % 64 :][:1080]
            left = number * 40 % (RATE * 40 * 10)  # a car every ten seconds
            if left < 1500:
                picture[500:800, left : left + 400] = (40, 40, 160)
                picture[700:740, left + 120 : left + 280 : 6] = 235
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "bgr24")))
        container.mux(stream.encode(None))


def used_s(process: psutil.Process) -> float:
    """Processor seconds of a process until now."""
    times = process.cpu_times()
    return float(times.user + times.system)


def compare(name: str, said: Configuration, rate: float, seconds: float, file: Path, folder: Path) -> None:
    """Let both take the stream for some seconds and print a row."""
    with rtsp_camera(launch=PAYLOAD.replace("{file}", str(file))) as camera:
        source = SourceSettings(kind=SourceKind.RTSP, address=camera.address)
        out = folder / "ffmpeg"
        out.mkdir()
        command = ["ffmpeg", "-v", "error", "-threads", "1", "-rtsp_transport", "tcp", "-i", camera.address]
        command += ["-vf", f"fps={rate}", "-threads", "1", "-q:v", "3", str(out / "%05d.jpg")]
        capture = CaptureProcess(source, said)
        capture.start()
        sizes, first, peer_rss, own_rss = [], None, 0, 0
        with subprocess.Popen(command, stdin=subprocess.DEVNULL) as peer:
            began_s = time.monotonic()
            while time.monotonic() - began_s < seconds + LEAD_S:
                picture = capture.pictures(0.2)
                if picture is not None and time.monotonic() - began_s >= LEAD_S:
                    sizes.append(len(picture.data))
                if first is None and time.monotonic() - began_s >= LEAD_S:
                    own, other = psutil.Process(capture.state().pid), psutil.Process(peer.pid)
                    first = (used_s(own), used_s(other), len(list(out.iterdir())))
                if first is not None:
                    own_rss = max(own_rss, own.memory_info().rss)
                    peer_rss = max(peer_rss, other.memory_info().rss)
            assert first is not None
            node_s, ffmpeg_s = used_s(own) - first[0], used_s(other) - first[1]
            late = capture.state().late
            peer.terminate()
        capture.stop()
        written = sorted(out.iterdir())[first[2] :]
        taken = sum(each.stat().st_size for each in written)
        shutil.rmtree(out)
    print(
        f"| {name} | {len(sizes)} | {len(written)} | {node_s / seconds * 100:.1f} % | {ffmpeg_s / seconds * 100:.1f} % "
        f"| {node_s / ffmpeg_s:.2f} | {node_s / max(1, len(sizes)) * 1000:.0f} ms "
        f"| {own_rss / 1e6:.0f} / {peer_rss / 1e6:.0f} MB | {sum(sizes) / 1e3:.0f} / {taken / 1e3:.0f} kB | {late} |",
        flush=True,
    )


def send(file: Path, said: Configuration, count: Callable[[int], None], frames_max: int | None = None) -> None:
    """Run a video through mode and encoder in this process; ``count`` hears of each picture's size."""
    plan = plan_for(said, datetime.now(UTC), each=False)
    encoder = Encoder(said.picture)
    source = FilmSource(file, real_time=False, loop=frames_max is not None)
    source.configure(Wanted(plan.gap_s))
    source.open()
    looked = 0
    try:
        while frames_max is None or looked < frames_max:
            frame = source.read()
            looked += frame is not None
            for each in plan.look(frame) if frame is not None else []:
                count(len(encoder.encode(each.frame, each.kind).data))
    except SourceEndedError:
        pass
    finally:
        source.close()


def bytes_saved(folder: Path) -> None:
    """Print what change mode sends of each video, beside the same looks all sent."""
    print("\n| video | looks | threshold | pictures sent | bytes | of all looks' bytes |\n|---|---|---|---|---|---|")
    for file in sorted(folder.glob("*.mp4")):
        for gap_s in (0.5, 2.0):
            every: list[int] = []
            send(file, configuration(interval_s=gap_s), every.append)
            for threshold in (0.01, 0.02, 0.05):
                sent: list[int] = []
                change = {"interval_min_s": gap_s, "interval_max_s": 60.0, "threshold": threshold}
                send(file, configuration(mode="change", change=change), sent.append)
                print(
                    f"| {file.stem}, every {gap_s} s | {len(every)} | {threshold} | {len(sent)} "
                    f"| {sum(sent) / 1e3:.0f} kB | {sum(sent) / sum(every) * 100:.0f} % |",
                    flush=True,
                )


def soak(file: Path, frames: int) -> None:
    """Print memory and handles after a tenth and after all of the frames of each mode."""
    print("\n| mode | frames | RSS after a tenth | RSS at the end | handles |\n|---|---|---|---|---|")
    own = psutil.Process()
    for name, said, _ in MODES:
        send(file, said, lambda _: None, frames // 10)
        before, handles = own.memory_info().rss, own.num_fds()
        send(file, said, lambda _: None, frames)
        after = own.memory_info().rss
        print(
            f"| {name} | {frames} | {before / 1e6:.1f} MB | {after / 1e6:.1f} MB | {handles} to {own.num_fds()} |",
            flush=True,
        )


def main() -> None:
    """Make the film, then measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--videos", type=Path)
    parser.add_argument("--soak", type=int, default=0)
    parser.add_argument("--only", choices=("compare", "videos", "soak"))
    options = parser.parse_args()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        film = folder / "film.mp4"
        if options.only != "videos":
            make_film(film)
        if options.only in (None, "compare"):
            if shutil.which("ffmpeg") is None:
                print("ffmpeg is not there (Debian: apt install ffmpeg), so nothing is compared.")
            else:
                print(f"load {os.getloadavg()[0]:.1f}; {options.seconds:.0f} s each")
                print("| mode | pictures | ffmpeg's | node, of a core | ffmpeg | ratio | node, a picture "
                      "| memory | bytes | late |\n" + "|---" * 10 + "|")  # fmt: skip
                for name, said, rate in MODES:
                    compare(name, said, rate, options.seconds, film, folder)
        if options.videos is not None and options.only in (None, "videos"):
            bytes_saved(options.videos)
        if options.soak and options.only in (None, "soak"):
            soak(film, options.soak)


if __name__ == "__main__":
    main()
