"""Texts that are no plates: what signs, shops, vehicles, clocks and cameras write, for nets to leave alone."""

import string
from collections.abc import Mapping

from numpy.random import Generator

from tasks.training.plate_fonts import any_text

CAPTIONS = (
    "California", "TEXAS", "Florida", "Ohio", "NEW YORK", "Sunshine State", "dmv.ca.gov", "The Silver State",
    "Garden State", "Empire State", "TAXI", "COMMERCIAL", "GREATER", "Georgia", "SP-SAO PAULO", "PR-CURITIBA", "BRASIL",
    "ARGENTINA", "MERCOSUR", "Virginia is for Lovers", "LAND OF LINCOLN", "Visit us", "AUTOHAUS", "www.dealer.com",
    "Arizona", "IND",
)  # fmt: skip
"""What stands above and below numbers on plates."""
SIGNS = (
    "KITCHEN", "GARAGE", "FLOOR", "LEFT", "SCHOOL", "BAKERY", "CLINIC", "BANK", "CAFE", "MARKET", "RENT", "LANE",
    "ROOM", "WEST", "EAST", "LOBBY", "VIDEO", "LIVE", "SIGNAL LOST", "MOTION", "PORT", "DOOR", "SHOP", "METRO", "DOCK",
    "YARD", "BLOCK", "KEEP CLEAR", "STAFF", "ALARM", "SPEED", "TEL", "FAX", "TRUCK", "LOADING", "TOWER", "PLATFORM",
    "DVR",
)  # fmt: skip


def words(random: Generator, shares: Mapping[str, float]) -> str:
    """One text of the kinds ``clock``, ``caption``, ``sign``, ``telephone``, ``any``, as often as they are wanted."""
    kind = random.choice(list(shares), p=list(shares.values()))
    if kind == "clock":
        d = random.integers(0, 60, 6)
        separator = "-/.:"[random.integers(4)]
        date = f"20{d[0] % 30:02d}{separator}{d[1] % 12 + 1:02d}{separator}{d[2] % 28 + 1:02d}"
        at = f"{d[3] % 24:02d}:{d[4]:02d}"
        return (date, f"{at}:{d[5]:02d}", f"{date} {at}")[random.integers(3)]
    if kind == "caption":
        return CAPTIONS[random.integers(len(CAPTIONS))]
    if kind == "sign":
        return sign(random)
    if kind == "telephone":
        return f"{random.integers(100, 999)}-{random.integers(1000, 9999)} {random.integers(100, 999)}"
    text = " ".join(
        any_text(random, int(random.integers(3, 9)), string.ascii_lowercase) for _ in range(random.integers(1, 3))
    )
    return text.capitalize() if random.random() < 0.5 else text


def sign(random: Generator, word: str = "") -> str:
    """A word in capitals as signs and cameras write it, mostly with a number before or after it."""
    word, number = word or SIGNS[random.integers(len(SIGNS))], str(random.integers(0, int(10 ** random.integers(1, 5))))
    kind = random.random()
    if kind < 0.25:
        return word
    separator = str(random.choice([" ", "", "-", ": "]))
    return f"{word}{separator}{number}" if kind < 0.85 else f"{number}{separator}{word}"


def made_word(random: Generator) -> str:
    """Capitals that can be spoken and mean nothing."""
    pairs = (
        any_text(random, 1, "BCDFGHKLMNPRSTVW") + any_text(random, 1, "AEIOU") for _ in range(random.integers(1, 4))
    )
    return "".join(pairs) + (any_text(random, 1, "KLMNRST") if random.random() < 0.6 else "")


def overlay(random: Generator) -> str:
    """What a camera writes into its pictures."""
    d = random.integers(0, 60, 6)
    date, at = f"20{d[0] % 30:02d}-{d[1] % 12 + 1:02d}-{d[2] % 28 + 1:02d}", f"{d[3] % 24:02d}:{d[4]:02d}:{d[5]:02d}"
    free = any_text(random, int(random.integers(3, 10)), string.ascii_uppercase + string.digits)
    return (date, at, f"{date} {at}", sign(random), sign(random), free)[random.integers(6)]
