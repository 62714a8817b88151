"""`parkhub models`: the model files at hand, shipped and added."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parkhub.cli.output import Line, Output, Row, wrong_usage
from parkhub.errors import NotFoundError, ParkHubError, SettingsError
from parkhub.settings import load_settings

if TYPE_CHECKING:
    from parkhub.cli.model_shelf import Item
    from tasks.vision.trial import Trial

app = typer.Typer(help="Shows and checks the models; takes in detectors of your own.", no_args_is_help=True)

Jsonl = Annotated[bool, typer.Option("--jsonl", help="Lines of JSON, also on a terminal.")]
Name = Annotated[str, typer.Option(help="What --model shall call it; the file's name if left out.")]
_COLUMNS = ("name", "from", "task", "family", "finds", "input", "MB", "SHA-256", "licence")


@app.command("list")
def list_all(*, jsonl: Jsonl = False) -> None:
    """Show every model with what its file and its card say."""
    from parkhub.cli.model_shelf import items, try_out

    output = Output(_COLUMNS, _rows, jsonl)
    for item in items(load_settings().models_dir):
        try:
            output.add(_line(item, try_out(item)))
        except ParkHubError as error:
            output.failed(item.name, error)
    raise SystemExit(output.end())


@app.command()
def verify(*, jsonl: Jsonl = False) -> None:
    """Hold every file against its card and let it look at a made picture; names those that fail."""
    from parkhub.cli.model_shelf import items
    from parkhub.cli.model_shelf import verify as verify_one

    output = Output(("name", "good", "reason"), lambda line: [(line["name"], str(line["good"]), line["reason"])], jsonl)
    for item in items(load_settings().models_dir):
        try:
            verify_one(item)
            output.add({"name": item.name, "good": True, "reason": ""})
        except ParkHubError as error:
            output.add({"name": item.name, "good": False, "reason": str(error)})
            output.failed(item.name, error)
    raise SystemExit(output.end())


@app.command()
def add(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An ONNX file: YOLOX, NanoDet or Ultralytics.")],
    name: Name = "",
    *,
    jsonl: Jsonl = False,
) -> None:
    """Take in a vehicle detector, so that `--model NAME` and PARKHUB_DETECTOR_MODEL find it."""
    output = Output(_COLUMNS, _rows, jsonl)
    _add(output, file, name or file.stem)
    raise SystemExit(output.end())


@app.command()
def export(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="A .pt or .yaml of Ultralytics, or a name such as yolo26n.")
    ],
    name: Name = "",
    size: Annotated[int, typer.Option(min=64, max=2048, help="Pixels per side of the network's picture.")] = 640,
    *,
    jsonl: Jsonl = False,
) -> None:
    """Let Ultralytics (an extra, AGPL-3.0) make an ONNX file, and take it in."""
    from parkhub.cli.model_export import export as export_one

    output = Output(_COLUMNS, _rows, jsonl)
    with tempfile.TemporaryDirectory(prefix="parkhub-export-") as folder:
        try:
            made = export_one(source, size, Path(folder))
        except SettingsError as error:
            raise wrong_usage(str(error)) from None
        except ParkHubError as error:
            output.failed(source, error)
        else:
            _add(output, made, name or Path(source).stem)
    raise SystemExit(output.end())


@app.command()
def remove(name: Annotated[str, typer.Argument(help="Of an added model.")], *, jsonl: Jsonl = False) -> None:
    """Take an added model away."""
    from parkhub.cli.model_shelf import remove as remove_one

    output = Output(("name", "removed"), lambda line: [(line["name"], str(line["removed"]))], jsonl)
    try:
        output.add({"name": remove_one(name, load_settings().models_dir).name, "removed": True})
    except NotFoundError as error:
        raise wrong_usage(str(error)) from None
    except ParkHubError as error:
        output.failed(name, error)
    raise SystemExit(output.end())


def _add(output: Output, file: Path, name: str) -> None:
    from parkhub.cli.model_shelf import add as add_one
    from parkhub.cli.model_shelf import try_out

    try:
        item = add_one(file, name, load_settings().models_dir)
        output.add(_line(item, try_out(item)))
    except ParkHubError as error:
        output.failed(str(file), error)


def _line(item: "Item", trial: "Trial") -> Line:
    from parkhub.cli.model_shelf import sha256

    return {
        "name": item.name,
        "from": "shipped" if item.shipped else "added",
        "task": item.task,
        "family": trial.family,
        "kinds": list(trial.kinds),
        "input": trial.input,
        "file_bytes": item.path.stat().st_size,
        "sha256": sha256(item.path),
        "licence": str(item.card.get("licence") or ""),
    }


def _rows(line: Line) -> list[Row]:
    size = f"{line['file_bytes'] / 1e6:.1f}"
    kinds = " ".join(line["kinds"])
    row = (line["name"], line["from"], line["task"], line["family"], kinds, line["input"], size, line["sha256"][:12])
    return [(*row, line["licence"])]
