"""Text that people type."""


def one_line(text: str) -> bool:
    """Whether ``text`` has no control character, such as a line end, a tab or NUL, which PostgreSQL cannot store."""
    return not any(ord(letter) < 0x20 or 0x7F <= ord(letter) < 0xA0 for letter in text)
