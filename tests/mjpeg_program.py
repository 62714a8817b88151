"""A camera that sends MJPEG over HTTP: the stream is FFmpeg's (by PyAV), the server Python's.

`python mjpeg_program.py PORT WIDTH HEIGHT` serves http://127.0.0.1:PORT/ and says READY once it listens.
"""

import contextlib
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import av
import numpy as np

FRAMES_PER_S = 10


def main() -> None:
    port, width, height = map(int, sys.argv[1:])

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace;boundary=ffmpeg")
            self.end_headers()
            with contextlib.suppress(OSError):
                self.stream()

        def stream(self) -> None:
            with av.open(self.wfile, "w", format="mpjpeg") as container:
                stream = container.add_stream("mjpeg", rate=FRAMES_PER_S)
                stream.width, stream.height, stream.pix_fmt = width, height, "yuvj420p"
                for number in range(10_000):
                    picture = np.full((height, width, 3), 60, np.uint8)
                    left = number * 7 % (width - 40)
                    picture[height // 3 : height // 2, left : left + 40] = 230
                    container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
                    self.wfile.flush()
                    time.sleep(1 / FRAMES_PER_S)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    print("READY", flush=True)
    server.serve_forever()


main()
