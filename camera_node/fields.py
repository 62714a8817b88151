"""Reads what a file or the server says into dataclasses whose fields know their limits.

A class says beside each field what it may hold (`number`, `choice`, …); `read` walks them, so that a value is refused
by the name it stands under, and the limits stand in one place.
"""

import dataclasses
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

Made = TypeVar("Made")
Choice = TypeVar("Choice", bound=StrEnum)
Check = Callable[[Any], Any]
"""Turns what was said into the value, or raises ValueError with what it must be."""


class FieldError(ValueError):
    """A field holds what it may not; the message begins with the field's name."""


def number(default: float, low: float, high: float) -> float:
    """A field for a number from ``low`` to ``high``."""
    return _field(default, lambda said: _number(said, low, high))


def number_or_none(low: float, high: float) -> float | None:
    """The same, or null, which is the default."""
    return _field(None, lambda said: None if said is None else _number(said, low, high))


def whole(default: int, low: int, high: int) -> int:
    """A field for a whole number."""
    return _field(default, lambda said: _whole(said, low, high))


def whole_or_none(low: int, high: int) -> int | None:
    """The same, or null, which is the default."""
    return _field(None, lambda said: None if said is None else _whole(said, low, high))


def flag(default: bool) -> bool:
    """A field for true or false."""
    return _field(default, _flag)


def choice(default: Choice) -> Choice:
    """A field for one of the words of an enumeration."""
    return _field(default, lambda said: _choice(said, type(default)))


def text(default: str = "", letters_max: int = 500) -> str:
    """A field for one line of text."""
    return _field(default, lambda said: _text(said, letters_max))


def path_or_none() -> Path | None:
    """A field for a file or folder; none when it is not said."""
    return _field(None, lambda said: Path(_text(said, 1000)).expanduser() if said else None)


def checked(default: Any, check: Check) -> Any:
    """A field with a check of its own."""
    return _field(default, check)


def part(kind: type[Made]) -> Made:
    """A field that holds fields again."""
    return dataclasses.field(default_factory=kind, metadata={"part": kind})


def read(kind: type[Made], said: object, where: str = "", *, strict: bool = False) -> Made:
    """Return a ``kind`` with what ``said`` holds, defaults for the rest.

    ``strict`` refuses fields that nobody knows: right for a file that a person types, wrong for a newer server.
    Raises FieldError.
    """
    if not isinstance(said, Mapping):
        raise FieldError(f"{where.rstrip('.') or 'The document'} must hold fields with names.")
    known = {each.metadata.get("name", each.name): each for each in dataclasses.fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(str(name) for name in said if name not in known)
    if strict and unknown:
        raise FieldError(f"{where}{unknown[0]} is not known. Known here: {', '.join(sorted(known))}.")
    values: dict[str, Any] = {}
    for name, each in known.items():
        if name not in said:
            continue
        if "part" in each.metadata:
            values[each.name] = read(each.metadata["part"], said[name], f"{where}{name}.", strict=strict)
            continue
        try:
            values[each.name] = each.metadata["check"](said[name])
        except FieldError:
            raise
        except ValueError as error:
            raise FieldError(f"{where}{name} {error}.") from None
    try:
        return kind(**values)
    except FieldError:
        raise
    except ValueError as error:
        raise FieldError(f"{where}{error}.") from None


def _field(default: Made, check: Check) -> Made:
    return dataclasses.field(default=default, metadata={"check": check})


def _number(said: object, low: float, high: float) -> float:
    if isinstance(said, bool) or not isinstance(said, int | float) or not low <= said <= high:
        raise ValueError(f"must be a number from {low:g} to {high:g}")
    return float(said)


def _whole(said: object, low: int, high: int) -> int:
    if isinstance(said, bool) or not isinstance(said, int) or not low <= said <= high:
        raise ValueError(f"must be a whole number from {low} to {high}")
    return said


def _flag(said: object) -> bool:
    if not isinstance(said, bool):
        raise ValueError("must be true or false")  # noqa: TRY004 - one kind of error for everything that is refused
    return said


def _text(said: object, letters_max: int) -> str:
    if not isinstance(said, str) or len(said) > letters_max or not said.isprintable():
        raise ValueError(f"must be one line of text of at most {letters_max} letters")
    return said


def _choice(said: object, kind: type[Choice]) -> Choice:
    try:
        return kind(said)  # type: ignore[arg-type]
    except ValueError:
        raise ValueError(f"must be one of {', '.join(kind)}") from None
