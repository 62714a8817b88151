"""The command `parkhub-node`: `enrol` makes this machine a camera's node, `run` is that node, `doctor` says what is
wrong with it; `upload` sends pictures, `simulate` is a camera over a car park that does not exist, `relay` opens a
barrier.

`upload` and `simulate` print each picture as one JSON object on standard output; progress and errors go to standard
error. Exit status 0: good, 1: some inputs failed (each named), 2: wrong usage. Anything heavy is imported when it is
needed.
"""

import argparse
import signal
import sys
from collections.abc import Callable
from collections.abc import Sequence as Many
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

from camera_node.vitals import node_version

MINUTES = "minutes"


def main(arguments: Many[str] | None = None) -> None:
    """Run the command and exit with its status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _end)
    try:
        status = _COMMANDS[options.command](parser, options)
    except KeyboardInterrupt:
        status = 1
    except BrokenPipeError:
        # Whoever read our lines has gone: nothing left to say, and nowhere to say it.
        sys.stderr.close()
        status = 1
    sys.exit(status)


def _end(_number: int, _frame: FrameType | None) -> None:
    """SIGTERM ends what Ctrl-C ends: the wait or request at hand is left at once."""
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="parkhub-node", description="The camera side of ParkHub.")
    parser.add_argument("--version", action="version", version=f"parkhub-node {node_version()}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_node(commands)
    upload = commands.add_parser("upload", help="send pictures, folders or videos", description=_UPLOAD)
    upload.add_argument("sources", nargs="+", type=Path, metavar="SOURCE", help="picture, folder or video")
    _add_server(upload, required=True)
    upload.add_argument("--rate", type=_positive, metavar="R", help="pictures a second; of a video: per second of it")
    upload.add_argument("--watch", action="store_true", help="stay, and send each new or changed picture of a folder")
    upload.add_argument("--existing", action="store_true", help="with --watch: first send what is there already")
    pace = upload.add_mutually_exclusive_group()
    pace.add_argument("--real-time", action="store_true", help="send at the pace at which the pictures were taken")
    pace.add_argument("--fast", action="store_true", help="send as fast as the server takes them (default)")
    upload.add_argument(
        "--captured-at",
        choices=("now", "file"),
        help="take the capture time from the clock or from the file's time (default: file with --watch, else now)",
    )
    upload.add_argument("--retry-for", type=_positive, default=300.0, metavar="S", help="seconds to keep trying (300)")
    simulate = commands.add_parser("simulate", help="be a camera over a made-up car park", description=_SIMULATE)
    _add_server(simulate, required=False)
    simulate.add_argument("--describe", action="store_true", help="print the SPOTS.json of the car park and end")
    simulate.add_argument("--rate", type=_positive, default=1.0, metavar="R", help="pictures a second (1)")
    simulate.add_argument("--seed", type=int, default=1, help="another seed is another day's traffic (1)")
    simulate.add_argument(
        "--day", type=_positive, default=20.0, metavar="MIN", help=f"{MINUTES} a whole day takes (20)"
    )
    simulate.add_argument(
        "--start-hour", type=float, default=9.5, metavar="H", help="hour of the day to start at (9.5)"
    )
    simulate.add_argument("--out", type=Path, metavar="FOLDER", help="write pictures and truth here, send nothing")
    simulate.add_argument("--frames", type=int, default=0, metavar="N", help="end after N pictures (0: never)")
    simulate.add_argument("--step", type=_positive, metavar="S", help="simulated seconds between pictures (1/rate)")
    relay = commands.add_parser("relay", help="open a barrier by a relay at this machine", description=_RELAY)
    _add_server(relay, required=True)
    contact = relay.add_mutually_exclusive_group(required=True)
    contact.add_argument(
        "--pin", type=int, metavar="N", help="the relay's pin on a Raspberry Pi, such as 17 for GPIO17"
    )
    contact.add_argument("--pretend", action="store_true", help="say what would be done; nothing opens")
    relay.add_argument("--active-low", action="store_true", help="the relay closes while its pin is low")
    return parser


def _add_node(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    enrol = commands.add_parser("enrol", help="make this machine a camera's node", description=_ENROL)
    enrol.add_argument("code", metavar="CODE", help="the one-time code that the console shows")
    enrol.add_argument("url", type=_server, metavar="URL", help="the server, such as https://parkhub.example")
    enrol.add_argument("--ca-file", type=Path, metavar="FILE", help="trust certificates signed by this one, too")
    enrol.add_argument("--state", type=Path, metavar="FOLDER", help="where key and pictures are kept")
    run = commands.add_parser("run", help="be the node: take pictures, send them, do as told", description=_RUN)
    doctor = commands.add_parser("doctor", help="say in plain words what is wrong", description=_DOCTOR)
    doctor.add_argument("--no-picture", action="store_true", help="leave the camera alone")
    for each in (enrol, run, doctor):
        each.add_argument(
            "--settings", type=Path, metavar="FILE", help="node.toml (/etc/parkhub-node/node.toml or the user's own)"
        )


_ENROL = "Asks the server for this camera's key by a one-time code of the console, and writes key file and node.toml."
_RUN = "Takes pictures, keeps them on disk until the server has them, tells how it is and carries out what it is told."
_DOCTOR = "Looks at settings, key, server, source, disk and service; each line is good or says what to do."
_RELAY = "Waits for the server to say that a barrier may open, closes the relay for a moment, and says that it has."
_UPLOAD = "Sends pictures to a ParkHub server, signed with the camera's key, and tries again while it is away."
_SIMULATE = "A simulated camera: cars arrive, park and leave by day and night; pictures are sent like any camera's."


def _add_server(parser: argparse.ArgumentParser, *, required: bool) -> None:
    parser.add_argument(
        "--server", required=required, type=_server, metavar="URL", help="such as http://127.0.0.1:8000"
    )
    parser.add_argument("--camera", required=required, metavar="ID", help="the camera's id, shown in the console")
    parser.add_argument("--key-file", required=required, type=Path, metavar="FILE", help="file with the camera's key")


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError(f"{text} must be a number above 0")
    return value


def _server(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise argparse.ArgumentTypeError(f"{text!r} must be an address such as http://127.0.0.1:8000")
    return text.rstrip("/")


def _enrol(_: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    from camera_node.enrol import run_enrol

    return run_enrol(options)


def _run(_: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    from camera_node.run_node import run_node

    return run_node(options)


def _doctor(_: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    from camera_node.doctor import run_doctor

    return run_doctor(options)


def _upload(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    if options.watch and not all(source.is_dir() for source in options.sources):
        parser.error("--watch needs folders")
    if options.watch and len(options.sources) > 1:
        parser.error("--watch takes one folder; start one command for each")
    if options.existing and not options.watch:
        parser.error("--existing goes with --watch")
    from camera_node.run_upload import run_upload

    return run_upload(options)


def _relay(_: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    from camera_node.run_relay import run_relay

    return run_relay(options)


def _simulate(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    if options.describe:
        from camera_node.simulator.describe import print_description

        return print_description()
    if options.out is not None:
        if options.frames < 1:
            parser.error("--out needs --frames N")
        from camera_node.simulator.dataset import write_dataset

        return write_dataset(options)
    if not (options.server and options.camera and options.key_file):
        parser.error("--server, --camera and --key-file are needed (or --describe, or --out)")
    from camera_node.run_simulate import run_simulate

    return run_simulate(options)


_COMMANDS: dict[str, Callable[[argparse.ArgumentParser, argparse.Namespace], int]] = {
    "enrol": _enrol,
    "run": _run,
    "doctor": _doctor,
    "upload": _upload,
    "simulate": _simulate,
    "relay": _relay,
}
