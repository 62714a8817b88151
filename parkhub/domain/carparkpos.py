"""Reads the pickle that old spot pickers wrote (`CarParkPos`), without running what a pickle can run.

A pickle is a small program. This one may only build lists and tuples of numbers: its operations are checked against
a short list before any is carried out, and the unpickler knows no classes at all.
"""

import io
import pickle
import pickletools
from typing import Any, Final, NoReturn

from parkhub.domain.spots import Point
from parkhub.errors import SpotsFileError

BYTES_MAX: Final = 1024 * 1024
OPERATIONS_MAX: Final = 200_000
_COORDINATE_MAX: Final = 1_000_000
_FRAMING: Final = {"PROTO", "FRAME", "STOP", "MARK", "POP", "POP_MARK"}
_BUILDING: Final = {"EMPTY_LIST", "LIST", "APPEND", "APPENDS", "EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"}
_NUMBERS: Final = {"INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "FLOAT", "BINFLOAT"}
_MEMORY: Final = {"PUT", "BINPUT", "LONG_BINPUT", "GET", "BINGET", "LONG_BINGET", "MEMOIZE"}
_ALLOWED: Final = _FRAMING | _BUILDING | _NUMBERS | _MEMORY


def read_positions(data: bytes) -> list[Point]:
    """The (x, y) positions in the file, in its order; at least one. Raises SpotsFileError."""
    if len(data) > BYTES_MAX:
        raise SpotsFileError(f"The CarParkPos file has {len(data):,} bytes; at most {BYTES_MAX:,} are read.")
    _check_operations(data)
    try:
        found = _NumbersOnly(io.BytesIO(data)).load()
    except SpotsFileError:
        raise
    except Exception:  # noqa: BLE001  the edge to pickle: a damaged file can raise nearly anything
        raise SpotsFileError("The CarParkPos file is damaged.") from None
    if not isinstance(found, list | tuple) or not found:
        raise SpotsFileError("The CarParkPos file holds no list of positions.")
    return [_position(item, index) for index, item in enumerate(found)]


class _NumbersOnly(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str) -> NoReturn:  # noqa: ARG002
        raise SpotsFileError(_refusal("GLOBAL"))

    def persistent_load(self, pid: Any) -> NoReturn:  # noqa: ARG002
        raise SpotsFileError(_refusal("PERSID"))


def _check_operations(data: bytes) -> None:
    """Refuse every operation that is not about lists, tuples or numbers, and those that could eat memory."""
    try:
        steps = enumerate(pickletools.genops(data))
        refusals = (_why_not(code.name, argument, count) for count, (code, argument, _) in steps)
        refusal = next((why for why in refusals if why), "")
    except Exception:  # noqa: BLE001  the edge to pickletools: a damaged file can raise nearly anything
        refusal = "This is not a CarParkPos file (a pickled list of positions), or it is damaged."
    if refusal:
        raise SpotsFileError(refusal)


def _why_not(operation: str, argument: object, count: int) -> str:
    """Why one operation must not be carried out; empty when it may."""
    if operation not in _ALLOWED:
        return _refusal(operation)
    if count >= OPERATIONS_MAX:
        return "The CarParkPos file is far longer than a list of positions can be."
    # the unpickler makes room for every memory cell up to the number asked for
    if operation.endswith("PUT") and not (isinstance(argument, int) and 0 <= argument <= OPERATIONS_MAX):
        return "The CarParkPos file asks for more memory than a list of positions can need."
    if operation.startswith("LONG") and isinstance(argument, int) and abs(argument) > _COORDINATE_MAX:
        return "The CarParkPos file holds a number that is no pixel position."
    return ""


def _refusal(operation: str) -> str:
    return (
        "The CarParkPos file holds more than lists, tuples and numbers "
        f"({operation.lower()}), which may be an attack; it was not opened."
    )


def _position(item: object, index: int) -> Point:
    if not isinstance(item, list | tuple) or len(item) != 2:
        raise SpotsFileError(f"Position {index} of the CarParkPos file is not a pair of numbers.")
    for value in item:
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _COORDINATE_MAX:
            raise SpotsFileError(f"Position {index} of the CarParkPos file is not a pair of pixel numbers.")
    return float(item[0]), float(item[1])
