"""Drivers with an account, and the letters that were kept for them."""

import json
from typing import Any

from visitors import Visitor

from parkhub.db.engine import fetch

DRIVER = "kim@example.org"


async def letters(name: str = "") -> list[dict[str, Any]]:
    """What letters that wait say, the first first, with ``to`` and ``name``."""
    found = await fetch("SELECT address, name, facts FROM letter WHERE state = 'waiting' ORDER BY id")
    return [
        {"to": row["address"], "name": row["name"], **json.loads(row["facts"])}
        for row in found
        if row["name"] == name or not name
    ]


async def the_link() -> str:
    """The path of the last link that was sent."""
    link: str = [letter["link"] for letter in await letters() if "link" in letter][-1]
    return "/" + link.split("/", 3)[3]


async def enter(visitor: Visitor, email: str = DRIVER) -> None:
    """Sign in by a link."""
    await visitor.send_form("/account/sign-in", email=email)
    answer = await visitor.send_form(await the_link())
    assert answer.status_code == 303, answer.text
