"""Nodes of cameras: how they are, what they are to do, commands to them, and how their keys change."""

from piccolo.columns import (
    JSON,
    BigInt,
    BigSerial,
    DoublePrecision,
    ForeignKey,
    Integer,
    OnDelete,
    Serial,
    Text,
    Timestamptz,
)
from piccolo.table import Table

from parkhub.db.tables.cameras import Camera


class Node(Table, tablename="node"):
    """A node's last heartbeat, as `parkhub.domain.nodes.Heartbeat`. ``offline_since``: since when people know.

    ``instances``: which runs of a node sent heartbeats, by space, the last one first; ``twin_at``: when an earlier one
    was heard again, so that two run.
    """

    id = Serial(primary_key=True)
    camera = ForeignKey(Camera, on_delete=OnDelete.cascade, null=False, unique=True)
    heard_at = Timestamptz(default=None, null=False)
    signed_at_s = BigInt()
    heartbeat = JSON()
    offline_since = Timestamptz(default=None, null=True)
    instances = Text(default="")
    twin_at = Timestamptz(default=None, null=True)


class NodeHour(Table, tablename="node_hour"):
    """The most of an hour. Unique by camera and hour."""

    id = Serial(primary_key=True)
    camera = ForeignKey(Camera, on_delete=OnDelete.cascade, null=False)
    hour = Timestamptz(default=None, null=False)
    temperature_c = DoublePrecision(default=None, null=True)
    pictures_waiting = BigInt(default=None, null=True)


class NodeConfiguration(Table, tablename="node_configuration"):
    """One version of what a node is to do, and what the node said to it. Unique by camera and version."""

    id = Serial(primary_key=True)
    camera = ForeignKey(Camera, on_delete=OnDelete.cascade, null=False)
    version = Integer()
    document = JSON()
    written_at = Timestamptz(default=None, null=False)
    account = Integer(default=None, null=True)
    note = Text()
    outcome = Text(default="")
    why = Text(default="")
    answered_at = Timestamptz(default=None, null=True)


class NodeCommand(Table, tablename="node_command"):
    """One command to a node. ``uid`` is what the node knows it by."""

    id = BigSerial(primary_key=True)
    uid = Text(unique=True)
    camera = ForeignKey(Camera, on_delete=OnDelete.cascade, null=False)
    action = Text()
    account = Integer(default=None, null=True)
    asked_at = Timestamptz(default=None, null=False)
    expires_at = Timestamptz(default=None, null=False)
    outcome = Text(default="")
    told = Text(default="")
    answered_at = Timestamptz(default=None, null=True)


class NodeReport(Table, tablename="node_report"):
    """What a node reported to a command, the last time."""

    id = BigSerial(primary_key=True)
    command = ForeignKey(NodeCommand, on_delete=OnDelete.cascade, null=False, unique=True)
    body = Text()
    reported_at = Timestamptz(default=None, null=False)


class NodeCode(Table, tablename="node_code"):
    """The code that enrols a camera's node, once. It is not kept, only its hash."""

    id = Serial(primary_key=True)
    camera = ForeignKey(Camera, on_delete=OnDelete.cascade, null=False, unique=True)
    code_hash = Text(unique=True)
    account = Integer(default=None, null=True)
    made_at = Timestamptz(default=None, null=False)
    ends_at = Timestamptz(default=None, null=False)


class KeyChange(Table, tablename="key_change"):
    """A camera's key on its way out. The new one is made of ``uid``, which is forgotten once it was used.

    ``way``: how it goes, as `parkhub.domain.node_keys.Way`.
    """

    id = Serial(primary_key=True)
    camera = ForeignKey(Camera, on_delete=OnDelete.cascade, null=False, unique=True)
    uid = Text()
    new_hash = Text()
    old_hash = Text()
    account = Integer(default=None, null=True)
    asked_at = Timestamptz(default=None, null=False)
    ends_at = Timestamptz(default=None, null=False)
    used_at = Timestamptz(default=None, null=True)
    way = Text(default="rotated")
