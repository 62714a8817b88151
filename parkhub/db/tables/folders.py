"""Folders on the server whose pictures are a camera's."""

from piccolo.columns import BigInt, Boolean, ForeignKey, Integer, OnDelete, Serial, Text, Timestamptz
from piccolo.table import Table

from parkhub.db.tables.cameras import Camera


class WatchedFolder(Table, tablename="watched_folder"):
    """A folder; ``taken`` and ``refused`` count its files, ``last_error`` says what was last wrong with it or one."""

    id = Serial(primary_key=True)
    camera = ForeignKey(Camera, on_delete=OnDelete.cascade, null=False, index=True)
    path = Text(unique=True)
    time_from = Text()
    deletes = Boolean()
    enabled = Boolean()
    created_at = Timestamptz(default=None, null=False)
    looked_at = Timestamptz(default=None, null=True)
    taken = Integer()
    refused = Integer()
    last_taken_at = Timestamptz(default=None, null=True)
    last_error = Text()
    last_error_at = Timestamptz(default=None, null=True)


class WatchedFile(Table, tablename="watched_file"):
    """A file by its bytes; unique by (folder, sha256), an index of its own. Its id gives the frame its sequence."""

    id = Serial(primary_key=True)
    folder = ForeignKey(WatchedFolder, on_delete=OnDelete.cascade, null=False)
    sha256 = Text()
    name = Text()
    size = BigInt()
    mtime_ns = BigInt()
    state = Text()
    error = Text()
    at = Timestamptz(default=None, null=False)
