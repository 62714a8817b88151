"""`parkhub-node relay`: opens a barrier when the server says so, once and in time."""

import argparse
import json
import threading

from camera_node.commands import OPEN, Command, CommandLine, Done, done_file
from camera_node.connection import open_client
from camera_node.key_file import KeyFileError, read_key
from camera_node.orders import Hand, OrderError, Orders, keep_listening
from camera_node.relay import GpioRelay, PretendRelay, Relay, RelayError
from camera_node.report import tell
from camera_node.server_line import MachineClock, OneKey, ServerLine
from camera_node.settings import ConnectionSettings


def relay_hand(relay: Relay) -> Hand:
    """Return what carries out `open`."""

    def pulse(command: Command) -> None:
        try:
            relay.pulse(command.pulse_ms)
        except RelayError as error:
            raise OrderError(str(error)) from None

    return Hand(act=pulse)


def run_relay(options: argparse.Namespace) -> int:
    """Listen for commands until told to end; return the exit status."""
    try:
        key = read_key(options.key_file, tell)
        relay: Relay = PretendRelay(tell) if options.pretend else GpioRelay(options.pin, active_low=options.active_low)
    except (KeyFileError, RelayError) as error:
        tell(str(error))
        return 2
    try:
        with open_client(ConnectionSettings()) as client:
            line = CommandLine(ServerLine(client, options.server, options.camera, OneKey(key), MachineClock()))
            orders = Orders(line, Done(done_file(options.camera)), {OPEN: relay_hand(relay)}, tell, _print_answer)
            return 0 if keep_listening(orders, threading.Event(), tell, give_up=True) else 1
    except KeyboardInterrupt:
        return 0
    finally:
        relay.close()


def _print_answer(command: Command, outcome: str, why: str) -> None:
    print(json.dumps({"command": command.id, "outcome": outcome, "why": why}), flush=True)
