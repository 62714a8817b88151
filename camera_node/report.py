"""What the commands say: one JSON object per picture on standard output, sentences on standard error."""

import json
import sys

from camera_node.picture import Picture
from camera_node.signing import format_time
from camera_node.upload import RefusedError, Sent


def tell(sentence: str) -> None:
    """Say something to the person who watches."""
    print(f"parkhub-node: {sentence}", file=sys.stderr, flush=True)


def print_sent(picture: Picture, sent: Sent) -> None:
    """Print the line of a picture the server has."""
    _print(
        {
            "picture": picture.name,
            "status": "repeat" if sent.repeat else "stored",
            "frame": sent.frame,
            "sequence": sent.sequence,
            "captured_at": format_time(picture.captured_at),
            "bytes": len(picture.data),
            "tries": sent.tries,
            "ms": sent.took_ms,
        }
    )


def print_failed(name: str, error: Exception) -> None:
    """Name an input that failed, on both streams."""
    status = error.status if isinstance(error, RefusedError) else None
    _print({"picture": name, "status": "failed", "http": status, "error": str(error)})
    tell(f"{name}: {error}")


def _print(line: dict[str, object]) -> None:
    print(json.dumps(line, ensure_ascii=False), flush=True)
