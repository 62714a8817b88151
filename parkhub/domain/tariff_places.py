"""Where in a tariff's text a place of it stands: ``bands[0].rate.price`` is in line 12."""

import re
from typing import Final

import yaml

_PART: Final = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_LINE: Final = re.compile(r" in line (\d+)")


def line_of(text: str, path: str, reason: str) -> int | None:
    """The line, from 1, of what a `TariffError` names; of what is missing the line of what it is missing in.

    None where the text as a whole is meant. ``reason`` tells it where the text could not be read at all.
    """
    told = _LINE.search(reason)
    if told:
        return int(told[1])
    if not path:
        return None
    try:
        node = yaml.compose(text, yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError):
        return None
    line = None
    for name, place in _PART.findall(path):
        key, node = _step(node, name, int(place or 0))
        if node is None:
            break
        line = (key or node).start_mark.line + 1
    return line


def _step(node: yaml.Node | None, name: str, place: int) -> tuple[yaml.Node | None, yaml.Node | None]:
    """The name's own node, if it has one, and what stands behind it."""
    if name and isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == name), (None, None))
    if not name and isinstance(node, yaml.SequenceNode) and place < len(node.value):
        return None, node.value[place]
    return None, None


def field_of(path: str, names: set[str]) -> str:
    """The form's field that comes nearest to a path: itself, what it lies in, or the first within that; "" for none."""
    while path:
        if path in names:
            return path
        within = sorted(name for name in names if name.startswith((f"{path}.", f"{path}[")))
        if within:
            return within[0]
        path = re.sub(r"(\.[^.\[\]]+|\[\d+\]|^[^.\[\]]+)$", "", path)
    return ""
