"""Cameras on loopback, most of them programs by others, that tests can stop, freeze and bring back."""

import base64
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import servers
from processes import free_port, wait_for

from camera_node.sources.frame import Frame
from camera_node.sources.source import Source, SourceEndedError, SourceError, Wanted

HERE = Path(__file__).parent
BALL = (
    "videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=15/1"
    " ! openh264enc gop-size={gop} ! rtph264pay name=pay0 pt=96"
)


class Camera:
    """A program that serves pictures; `freeze` makes it silent, `unplug` ends it, `plug` starts it again."""

    def __init__(self, command: list[str], address: str) -> None:
        self._command = command
        self._process: subprocess.Popen[str] | None = None
        self.address = address

    def plug(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline().strip() == "READY"

    def freeze(self) -> None:
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGCONT)

    def unplug(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            if self._process.stdout is not None:
                self._process.stdout.close()
            self._process = None


def opened(source: Source, wanted: Wanted | None = None) -> Source:
    """Open a source whose camera is still getting up."""

    def opens() -> bool:
        try:
            source.open()
        except SourceError:
            source.close()
            return False
        return True

    source.configure(wanted or Wanted())
    wait_for(opens, f"{source.name} to open")
    return source


def next_frame(source: Source) -> Frame:
    """The next frame that the source gives, however long it takes."""
    return wait_for(source.read, f"a frame of {source.name}")


def read_to_the_end(source: Source) -> tuple[list[Frame], Exception]:
    """Every frame that is still to come, and the error in which the source ends."""
    found: list[Frame] = []
    while True:
        try:
            frame = source.read()
        except (SourceError, SourceEndedError) as error:
            return found, error
        found += [] if frame is None else [frame]


def _python_with_gstreamer() -> str:
    """The system's Python, which has the bindings to GStreamer's RTSP server."""
    asked = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
    for name in ("/usr/bin/python3", shutil.which("python3") or ""):
        if name and subprocess.run([name, "-c", asked], capture_output=True, check=False).returncode == 0:
            return name
    servers.missing("gir1.2-gst-rtsp-server-1.0")
    raise AssertionError


@contextmanager
def rtsp_camera(
    *login: str, gop: int = 15, launch: str = BALL, within: Callable[..., list[str]] | None = None
) -> Iterator[Camera]:
    """An H.264 camera by GStreamer: 320 x 240, 15 frames a second, a key frame every ``gop`` frames.

    ``within`` makes a command one that runs elsewhere, such as in a network namespace.
    """
    port = free_port()
    command = [_python_with_gstreamer(), str(HERE / "rtsp_program.py"), str(port), launch.format(gop=gop), *login]
    command = within(*command) if within else command
    camera = Camera(command, f"rtsp://127.0.0.1:{port}/lot")
    camera.plug()
    try:
        yield camera
    finally:
        camera.unplug()


@contextmanager
def mjpeg_camera(width: int = 320, height: int = 240) -> Iterator[Camera]:
    """A camera that sends JPEG after JPEG over HTTP, as FFmpeg writes them."""
    port = free_port()
    command = [sys.executable, str(HERE / "mjpeg_program.py"), str(port), str(width), str(height)]
    camera = Camera(command, f"http://127.0.0.1:{port}/")
    camera.plug()
    try:
        yield camera
    finally:
        camera.unplug()


@dataclass
class SnapshotCamera:
    """What the camera answers: ``data`` with ``status``, to who signs in by ``scheme`` as kai with open sesame."""

    data: bytes
    status: int = 200
    scheme: str = ""
    silent: bool = False
    address: str = ""
    asked: list[str] = field(default_factory=list)

    @property
    def address_with_login(self) -> str:
        return self.address.replace("http://", "http://kai:open%20sesame@")

    def lets_in(self, method: str, sent: str) -> bool:
        if self.scheme == "basic":
            return sent == "Basic " + base64.b64encode(b"kai:open sesame").decode()
        if self.scheme == "digest":
            said = dict(part.strip().split("=", 1) for part in sent.removeprefix("Digest ").split(",") if "=" in part)
            said = {name: value.strip('"') for name, value in said.items()}
            if not {"uri", "nonce", "nc", "cnonce", "response"} <= said.keys():
                return False
            who = hashlib.md5(b"kai:lot:open sesame").hexdigest()
            what = hashlib.md5(f"{method}:{said['uri']}".encode()).hexdigest()
            parts = (who, said["nonce"], said["nc"], said["cnonce"], "auth", what)
            return said["response"] == hashlib.md5(":".join(parts).encode()).hexdigest()
        return True


@contextmanager
def snapshot_camera(data: bytes) -> Iterator[SnapshotCamera]:
    """A camera that answers each request with one picture."""
    camera = SnapshotCamera(data)
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            camera.asked.append(self.path)
            if camera.silent:
                ended.wait(30)
                self.close_connection = True
                return
            status, data, extra = camera.status, camera.data, {}
            if not camera.lets_in("GET", self.headers.get("Authorization", "")):
                offer = {"basic": 'Basic realm="lot"', "digest": 'Digest realm="lot", nonce="abc", qop="auth"'}
                status, data, extra = 401, b"", {"WWW-Authenticate": offer[camera.scheme]}
            self.send_response(status)
            for name, value in extra.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    camera.address = f"http://127.0.0.1:{server.server_address[1]}/picture.jpg"
    try:
        yield camera
    finally:
        ended.set()
        server.shutdown()
        server.server_close()
        thread.join()
