"""Static files: read and compressed once at the start; their addresses change with what is in them."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from parkhub.web.csrf import NO_CSRF

FRONTEND: Final = Path(__file__).resolve().parents[2] / "frontend"
FOLDER: Final = FRONTEND / "static"
FOR_EVER: Final = "public, max-age=31536000, immutable"
ASK_EACH_TIME: Final = "public, no-cache"
COMPRESSED: Final = frozenset({"text/css", "text/javascript", "image/svg+xml", "text/plain"})


@dataclass(frozen=True, slots=True)
class Asset:
    """One file. ``version`` is the beginning of its SHA-256, ``packed`` its gzip form when that is smaller."""

    media_type: str
    version: str
    body: bytes
    packed: bytes | None


def _load(path: Path) -> Asset:
    body = path.read_bytes()
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    packed = gzip.compress(body, mtime=0) if media_type in COMPRESSED else None
    if packed is not None and len(packed) >= len(body):
        packed = None
    return Asset(media_type, hashlib.sha256(body).hexdigest()[:16], body, packed)


ASSETS: Final[dict[str, Asset]] = {
    str(path.relative_to(FOLDER)): _load(path) for path in sorted(FOLDER.rglob("*")) if path.is_file()
}


def asset(name: str) -> str:
    """Address of a static file. KeyError when there is none of that name: a template with a slip fails its test."""
    return f"/static/{name}?v={ASSETS[name].version}"


@get("/static/{name:path}", opt=NO_CSRF, include_in_schema=False)
async def show_asset(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
    """Answer a static file; unchangeable when its version was asked for, else to be asked about each time."""
    found = ASSETS.get(name.lstrip("/"))
    if found is None:
        raise NotFoundException
    fixed = request.query_params.get("v") == found.version
    headers = {
        "cache-control": FOR_EVER if fixed else ASK_EACH_TIME,
        "etag": f'"{found.version}"',
        "vary": "accept-encoding",
    }
    if found.version in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers, media_type=found.media_type)
    if found.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(
            found.packed, headers={**headers, "content-encoding": "gzip"}, media_type=_typed(found.media_type)
        )
    return Response(found.body, headers=headers, media_type=_typed(found.media_type))


def _typed(media_type: str) -> str:
    return f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type


routes = [show_asset]
