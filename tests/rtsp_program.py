"""An RTSP camera by GStreamer's server; run by the system's Python, which has its bindings.

`python3 rtsp_program.py PORT LAUNCH [USER PASSWORD]` serves LAUNCH (GStreamer's words for a pipeline that ends in an
element called pay0) as rtsp://127.0.0.1:PORT/lot and says READY once it listens.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402


def main() -> None:
    port, launch, *login = sys.argv[1:]
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(f"( {launch} )")
    if login:
        auth = GstRtspServer.RTSPAuth()
        token = GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", "viewer")
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(*login), token)
        auth.set_supported_methods(GstRtsp_BASIC)
        server.set_auth(auth)
        factory.add_role_from_structure(
            Gst.Structure.from_string(
                "viewer, media.factory.access=(boolean)true, media.factory.construct=(boolean)true"
            )[0]
        )
    server.get_mount_points().add_factory("/lot", factory)
    if not server.attach(None):
        raise SystemExit("cannot listen")
    print("READY", flush=True)
    GLib.MainLoop().run()


GstRtsp_BASIC = 1

main()
