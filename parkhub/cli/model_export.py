"""Ultralytics' exporter, which the extra ``ultralytics`` brings (AGPL-3.0; it never comes with the server)."""

import os
import shutil
import sys
from contextlib import chdir, redirect_stdout
from pathlib import Path

from parkhub.errors import EngineError, SettingsError


def export(source: str, side: int, folder: Path) -> Path:
    """The ONNX file made in ``folder`` from a .pt file, a .yaml of Ultralytics, or a name such as yolo26n.

    ``side``: pixels of the network's picture. A name's weights are downloaded by Ultralytics. Raises SettingsError
    without the extra, EngineError when Ultralytics fails.
    """
    os.environ.setdefault("YOLO_AUTOINSTALL", "false")  # it would install packages by itself
    given = Path(source)
    if given.is_file():
        given = Path(shutil.copy(given, folder))  # it writes beside the source
    elif not given.suffix:
        given = Path(f"{source}.pt")
    with redirect_stdout(sys.stderr):
        try:
            from ultralytics import YOLO
        except ImportError as error:
            raise SettingsError(
                f"Exporting needs Ultralytics: pip install 'parkhub[ultralytics]' ({str(error)[:100]})."
            ) from None
        try:
            with chdir(folder):
                made = YOLO(str(given), task="detect").export(format="onnx", imgsz=side, device="cpu")
                return Path(made).resolve()
        except Exception as error:  # the edge to Ultralytics, whose errors share no base class
            raise EngineError(f"Ultralytics cannot export {source}: {str(error)[:200]}") from error
