"""Why somebody did something, as it is kept for good."""

import re
from collections.abc import Iterable
from typing import Final

from parkhub.domain.plates import normalise
from parkhub.domain.text import printable
from parkhub.errors import InvalidInputError

LENGTH_MAX: Final = 300
WORDS_OF_A_PLATE: Final = 4
_WORD: Final = re.compile(r"\w+")


def checked_reason(text: str, plates: Iterable[str] = ()) -> str:
    """A reason as it is kept. Raises InvalidInputError: the log and the ledger never forget, but plates expire.

    ``plates``: those that may not stand in it, normalised.
    """
    text = text.strip()
    if not text:
        raise InvalidInputError("Say why; the next shift reads it.")
    if len(text) > LENGTH_MAX or not printable(text):
        raise InvalidInputError(f"Say why on one line of at most {LENGTH_MAX} letters.")
    if not _written(text).isdisjoint(plate for plate in plates if plate):
        raise InvalidInputError("Leave the plate out of the reason, which is kept for longer than plates may be.")
    return text


def _written(text: str) -> set[str]:
    """Everything in a text that may be a plate: one to four words in a row, as a plate is written."""
    words = _WORD.findall(text)
    return {
        normalise("".join(words[start : start + count]))
        for start in range(len(words))
        for count in range(1, WORDS_OF_A_PLATE + 1)
    }
