"""Makes the source that a node's settings name; what it needs is imported only then."""

from pathlib import Path

from camera_node.settings import SourceKind, SourceSettings
from camera_node.sources.source import Source


def make_source(settings: SourceSettings, state_folder: Path | None, *, patience_s: float = 10.0) -> Source:
    """Return a source that is not open yet.

    ``patience_s`` is how long a stream may be silent. ``state_folder``: where a watched folder is remembered.
    """
    match settings.kind:
        case SourceKind.RTSP:
            from camera_node.sources.stream import rtsp_source

            return rtsp_source(settings.address, transport=settings.transport, patience_s=patience_s)
        case SourceKind.MJPEG:
            from camera_node.sources.stream import http_source

            return http_source(settings.address, patience_s=patience_s)
        case SourceKind.V4L2:
            from camera_node.sources.v4l2 import v4l2_source

            return v4l2_source(settings.device, (settings.width, settings.height), patience_s=patience_s)
        case SourceKind.SNAPSHOT:
            from camera_node.sources.snapshot import SnapshotSource

            return SnapshotSource(settings.address, timeout_s=patience_s)
        case SourceKind.VIDEO:
            from camera_node.sources.film import FilmSource

            if settings.file is None:
                raise ValueError('file is needed for kind = "video"')
            return FilmSource(settings.file, real_time=settings.real_time, loop=settings.loop)
        case SourceKind.FOLDER:
            from camera_node.sources.folder import FolderSource

            if settings.folder is None:
                raise ValueError('folder is needed for kind = "folder"')
            return FolderSource(settings.folder, state_folder, existing=settings.existing)
        case SourceKind.SIMULATOR:
            from camera_node.sources.simulated import SimulatedSource

            return SimulatedSource(settings.seed)
        case SourceKind.PICAMERA2:
            from camera_node.sources.picamera import PicameraSource

            return PicameraSource((settings.width, settings.height), camera=settings.device)
