"""A camera's node as staff see it: how it is in plain words, what it runs, what it was asked."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from parkhub.db import node_commands as command_rows
from parkhub.db import node_configurations as version_rows
from parkhub.db import node_keys as key_rows
from parkhub.db import nodes as rows
from parkhub.db.nodes import Hour
from parkhub.domain.cameras import Camera
from parkhub.domain.lots import Lot
from parkhub.domain.node_commands import Action, Command, FocusReport, known_ends, read_focus
from parkhub.domain.node_configurations import Outcome as Taken
from parkhub.domain.node_configurations import Version
from parkhub.domain.node_keys import KeyChange
from parkhub.domain.nodes import Ail, Node, find_ails
from parkhub.web.node_words import MODES, SPARK_HOURS, clock, key_words, points, signs, told
from parkhub.web.system import in_bytes
from parkhub.web.templating import ago, span

VERSIONS_READ: Final = 50
STALE_ANSWER: Final = timedelta(minutes=5)
ALOUD_FOR: Final = timedelta(seconds=3)


@dataclass(frozen=True)
class NodeView:
    """Everything about one node at an instant. ``versions``: the newest first; ``commands``: the last of each kind."""

    camera: Camera
    lot: Lot
    node: Node | None
    versions: Sequence[Version]
    commands: Mapping[Action, Command]
    focus: FocusReport | None
    change: KeyChange | None
    hours: Sequence[Hour]
    now: datetime

    @property
    def ails(self) -> list[Ail]:
        """What somebody should see to, the worst first."""
        if self.node is None:
            return []
        found = list(find_ails(self.node, self.now, enabled=self.camera.enabled))
        newest = self.versions[0] if self.versions else None
        if newest is not None and newest.outcome is Taken.REFUSED:
            found.append(Ail(False, self.refused, "Change its settings."))
        elif newest is not None and self._lags(newest):
            found.append(Ail(False, f"It has not taken version {newest.number} of its settings yet.", ""))
        return sorted(found, key=lambda ail: not ail.bad)

    def _lags(self, newest: Version) -> bool:
        runs = self.node.heartbeat.configuration_version if self.node else None
        return runs != newest.number and self.now - newest.written_at > STALE_ANSWER

    @property
    def badge(self) -> tuple[str, str, str]:
        """How it is: words, tone and mark."""
        if self.node is None:
            return "not heard of yet", "note", ""
        if self.node.offline_since is not None:
            return "offline", "bad", "×"
        ails = self.ails
        if not ails:
            return "good", "good", "✓"
        return ("needs a look", "bad", "×") if ails[0].bad else ("look when you can", "warn", "!")

    @property
    def urgency(self) -> int:
        """Lower comes first in a list."""
        return {"bad": 0, "warn": 1, "note": 2}.get(self.badge[1], 3)

    @property
    def heard(self) -> str:
        """When it was last heard."""
        return "never" if self.node is None else ago(self.node.heard_at, self.now)

    @property
    def temperature(self) -> str:
        """Of its processor."""
        degrees = self.node.heartbeat.temperature_c if self.node else None
        return "" if degrees is None else f"{degrees:.0f} °C"

    @property
    def queue(self) -> str:
        """What waits there."""
        spool = self.node.heartbeat.spool if self.node else None
        if spool is None or spool.pictures is None:
            return ""
        gate = f", {spool.gate_pictures:,} of a gate" if spool.gate_pictures else ""
        size = f" ({in_bytes(spool.bytes)})" if spool.bytes else ""
        return f"{spool.pictures:,}{gate}{size}"

    @property
    def facts(self) -> list[tuple[str, str]]:
        """How it is, name by name; what it does not know is left out."""
        if self.node is None:
            return []
        said = self.node.heartbeat
        capture = said.capture
        found = [
            ("Last heard", self.heard),
            ("Takes pictures", MODES.get(capture.mode, capture.mode) if capture and capture.mode else ""),
            (
                "Last picture taken",
                ago(capture.last_picture_at, self.now) if capture and capture.last_picture_at else "",
            ),
            ("Sent", f"{said.rate_per_s * 60:.1f} pictures a minute" if said.rate_per_s is not None else ""),
            ("Waiting there", self.queue),
            ("Temperature", self.temperature),
            ("Power and heat", signs(said.throttled)),
            ("Room on its disk", in_bytes(said.disk_free_bytes) if said.disk_free_bytes is not None else ""),
            ("Running for", span(said.running_s) if said.running_s is not None else ""),
            ("Machine on for", span(said.uptime_s) if said.uptime_s is not None else ""),
            ("Capture restarted", f"{capture.restarts:,} times" if capture and capture.restarts else ""),
            ("Clock", clock(said.clock_offset_s)),
            ("Version", said.version or ""),
        ]
        return [(name, value) for name, value in found if value]

    @property
    def runs(self) -> str:
        """Which settings it runs, and since when."""
        taken = [each for each in self.versions if each.outcome is Taken.TAKEN and each.answered_at is not None]
        if not taken:
            return "It has not taken any settings from here yet."
        last = max(taken, key=lambda each: each.answered_at or self.now)
        return f"It runs version {last.number}, taken {ago(last.answered_at or self.now, self.now)}."

    @property
    def refused(self) -> str:
        """That it refuses the newest settings, and why; "" when it does not."""
        newest = self.versions[0] if self.versions else None
        if newest is None or newest.outcome is not Taken.REFUSED:
            return ""
        return (
            f"It refuses version {newest.number} of its settings: {(newest.why or 'it does not say why').rstrip('.')}."
        )

    def told(self, command: Command) -> str:
        """What became of a command, so far."""
        return told(command, self.now)

    @property
    def outcomes(self) -> list[tuple[Action, str]]:
        """What became of the commands of the last minutes, the last one first."""
        last = sorted(
            (each for each in self.commands.values() if each.matters(self.now)),
            key=lambda each: each.asked_at,
            reverse=True,
        )
        return [(each.action, f"{self.told(each)} Asked {ago(each.asked_at, self.now)}.") for each in last]

    @property
    def aloud(self) -> str:
        """What has just become of a request, to be read out; "" when nothing has."""
        last = max(self.commands.values(), key=lambda each: each.answered_at or each.asked_at, default=None)
        if last is None or self.now - (last.answered_at or last.asked_at) > ALOUD_FOR:
            return ""
        return self.told(last)

    @property
    def log(self) -> Command | None:
        """The command whose log has come."""
        command = self.commands.get(Action.LOGS)
        return command if command is not None and command.reported_at is not None else None

    @property
    def aiming(self) -> bool:
        """Whether the help with the focus goes on."""
        command = self.commands.get(Action.FOCUS)
        return command is not None and command.lasts(self.now)

    @property
    def key_words(self) -> str:
        """How far the change of its key is; "" when there is none to tell of."""
        return key_words(self.change, self.now) if self.change is not None else ""

    @property
    def sparks(self) -> list[tuple[str, str, str]]:
        """Lines of the last hours: a name, the points, and what the line says in words."""
        found = []
        for name, unit, values in (
            ("Temperature", " °C", [(each.hour, each.temperature_c) for each in self.hours]),
            ("Waiting there", " pictures", [(each.hour, each.pictures_waiting) for each in self.hours]),
        ):
            known = [(hour, float(value)) for hour, value in values if value is not None]
            if len(known) > 1:
                most, least = max(value for _, value in known), min(value for _, value in known)
                words = f"{least:,.0f} to {most:,.0f}{unit} over {SPARK_HOURS} hours"
                found.append((name, points(known, self.now), words))
        return found

    @property
    def version(self) -> str:
        """Changes with whatever an open page must be told."""
        shown = (
            self.node and (self.node.heard_at, self.node.offline_since, self.node.has_twin(self.now)),
            [(each.number, each.outcome, each.why) for each in self.versions[:2]],
            [
                (each.uid, each.outcome, each.reported_at, each.lasts(self.now), each.matters(self.now))
                for each in self.commands.values()
            ],
            self.change,
        )
        return hashlib.sha256(repr(shown).encode()).hexdigest()[:12]


async def load_nodes(cameras: Sequence[Camera], lots: Mapping[int, Lot], now: datetime) -> list[NodeView]:
    """How the nodes of many cameras are now; ``lots`` by id."""
    nodes, newest = await rows.list_nodes(), await version_rows.list_newest()
    return [_slim(camera, lots[camera.lot_id], nodes.get(camera.id), newest.get(camera.id), now) for camera in cameras]


def _slim(camera: Camera, lot: Lot, node: Node | None, newest: Version | None, now: datetime) -> NodeView:
    return NodeView(camera, lot, node, [newest] if newest else [], {}, None, None, (), now)


async def load_node(camera: Camera, lot: Lot, now: datetime, *, slim: bool = False) -> NodeView:
    """A camera's node with all that is known of it; ``slim``: only how it is now."""
    if slim:
        return _slim(camera, lot, await rows.find_node(camera.id), await version_rows.find_newest(camera.id), now)
    commands = known_ends(await command_rows.list_last(camera.id))
    focus = commands.get(Action.FOCUS)
    measured = focus is not None and focus.reported_at is not None and focus.matters(now)
    report = await command_rows.find_report(focus.id) if focus is not None and measured else None
    return NodeView(
        camera=camera,
        lot=lot,
        node=await rows.find_node(camera.id),
        versions=await version_rows.list_versions(camera.id, VERSIONS_READ),
        commands=commands,
        focus=read_focus(report) if report else None,
        change=await key_rows.find_change(camera.id),
        hours=await rows.list_hours(camera.id, now - timedelta(hours=SPARK_HOURS)),
        now=now,
    )
