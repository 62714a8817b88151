"""Letters that wait to be sent, and those that were."""

from piccolo.columns import BigSerial, Integer, Text, Timestamptz
from piccolo.table import Table


class Letter(Table, tablename="letter"):
    """A letter to one person, kept once by ``uid``.

    ``facts``: what its template is filled with, as JSON. It and ``address`` are "" once the letter has ended.
    ``next_at``: when it is tried next; while somebody sends it, when others may believe that they were killed.
    """

    id = BigSerial(primary_key=True)
    uid = Text(unique=True)
    address = Text()
    language = Text()
    name = Text()
    facts = Text()
    state = Text()
    tries = Integer()
    created_at = Timestamptz(default=None, null=False)
    next_at = Timestamptz(default=None, null=True)
    expires_at = Timestamptz(default=None, null=False)
    ended_at = Timestamptz(default=None, null=True)
    error = Text()
