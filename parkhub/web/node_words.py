"""Parts of how a node is, in plain words and as a line."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from parkhub.domain.node_commands import Action, Command, Outcome
from parkhub.domain.node_keys import KeyChange, Way
from parkhub.web.templating import ago, span

SPARK_HOURS: Final = 48
SPARK_HEIGHT: Final = 24
SIGNS: Final = {
    "under-voltage": "too little power",
    "frequency-capped": "slowed down",
    "throttled": "slowed down by heat",
    "hot": "hot",
}
MODES: Final = {"interval": "by the clock", "change": "when something changes", "gate": "bursts at a gate"}
DONE: Final = {
    Action.SNAPSHOT: "It has taken a picture.",
    Action.RESTART: "It restarts.",
    Action.LOGS: "Its log has come.",
    Action.FOCUS: "It measures.",
}


def points(known: Sequence[tuple[datetime, float]], now: datetime) -> str:
    """Values as an SVG's points, an hour a unit wide, the newest at the right."""
    most, least = max(value for _, value in known), min(value for _, value in known)
    high = (most - least) or 1.0
    drawn = []
    for hour, value in known:
        x = SPARK_HOURS - (now - hour).total_seconds() / 3600
        drawn.append(f"{max(0.0, x):.1f},{SPARK_HEIGHT - 2 - (SPARK_HEIGHT - 4) * (value - least) / high:.1f}")
    return " ".join(drawn)


def signs(said: Sequence[str] | None) -> str:
    """What a machine says of its power and heat; "" when it does not know."""
    if said is None:
        return ""
    now = [SIGNS[sign] for sign in said if sign in SIGNS]
    before = [f"{SIGNS[sign[4:]]} before" for sign in said if sign.startswith("was-") and sign[4:] in SIGNS]
    return ", ".join(dict.fromkeys(now + before)) or "all well"


def clock(offset_s: float | None) -> str:
    """How far a clock is off."""
    if offset_s is None:
        return "not compared yet"
    if abs(offset_s) < 1:
        return "right"
    return f"{span(abs(offset_s))} {'behind' if offset_s > 0 else 'ahead'}"


def told(command: Command, now: datetime) -> str:
    """What became of a command, so far."""
    if command.outcome is Outcome.ACKNOWLEDGED and command.action is Action.FOCUS and not command.lasts(now):
        return "It has measured."
    if command.outcome is Outcome.ACKNOWLEDGED:
        return DONE[command.action]
    if command.outcome is Outcome.REFUSED:
        return f"It refused: {(command.told or 'it does not say why').rstrip('.')}."
    return "No answer yet." if command.waits(now) else "No answer."


def key_words(change: KeyChange, now: datetime) -> str:
    """How far the change of a node's key is."""
    if change.used_at is not None and change.way is Way.ENROLLED:
        return f"It was set up with a code {ago(change.used_at, now)}; the key before that is refused."
    if change.used_at is not None and change.way is Way.BY_HAND:
        return f"Its key was made anew by hand {ago(change.used_at, now)}; the one before is refused."
    if change.used_at is not None:
        return f"It has a new key, used first {ago(change.used_at, now)}."
    if change.offers(now):
        return f"A new key is offered since {ago(change.asked_at, now)}; it was not used yet."
    return "A new key was offered for a week and not taken. The old one stays."
