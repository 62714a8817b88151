"""Text that people type."""


def one_line(text: str) -> bool:
    """Whether ``text`` has no control character, such as a line end, a tab or NUL, which PostgreSQL cannot store."""
    return not any(ord(letter) < 0x20 or 0x7F <= ord(letter) < 0xA0 for letter in text)


def printable(text: str) -> bool:
    """Whether ``text`` can be shown and stored: no control character, and no half of a surrogate pair."""
    return one_line(text) and not any("\ud800" <= letter <= "\udfff" for letter in text)


def whole_number(text: str) -> int | None:
    """A number of one to five plain digits, None for anything else: Python's own reading takes more than that."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None


def row_number(text: str) -> int | None:
    """The number of a row, as a form or an address names it; None for anything that cannot be one."""
    text = text.strip()
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 11 else 0
    return number if 0 < number < 2**31 else None


def clean(text: str, length_max: int) -> str:
    """What a machine said, on one line and no longer than that; what cannot be shown becomes a space."""
    return "".join(letter if letter.isprintable() else " " for letter in text[:length_max]).strip()
