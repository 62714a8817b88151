"""A pixel alphabet of 3 x 5, small enough for a number plate far away."""

import numpy as np
from numpy.typing import NDArray

_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789 "
_ROWS = (
    "757557 656567 744447 655556 746447 746444 745557 557555 111157 556655 444447 577555 577755 757444 756655 747117 "
    "722222 555557 555552 555775 552255 552222 712447 755557 262227 717447 717117 557111 747117 747577 711222 757577 "
    "757117 000000"
)
_GLYPHS = dict(zip(_LETTERS, _ROWS.split(), strict=True))
"""Five octal digits per letter, one per row; a bit is a dot of ink."""


def write(text: str) -> NDArray[np.bool_]:
    """Return ``text`` as a picture of 8 rows, with a border of one; True is ink. Unknown letters are left blank."""
    picture = np.zeros((8, 4 * len(text) + 2), bool)
    for n, letter in enumerate(text):
        for row, digit in enumerate(_GLYPHS.get(letter, "000000")):
            for column in range(3):
                picture[1 + row, 2 + 4 * n + column] = bool(int(digit) >> (2 - column) & 1)
    return picture
