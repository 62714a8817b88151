"""YAML, and so JSON, as plain values without YAML's surprises."""

import re
from typing import Any

import yaml

from parkhub.errors import TariffError


def load_yaml(text: str) -> object:
    """The values that a tariff's text holds. Raises TariffError."""
    try:
        for event in yaml.parse(text, _Loader):
            if isinstance(event, yaml.AliasEvent):
                raise TariffError("", "write everything out: references with * are not taken")
            if getattr(event, "tag", None) is not None:
                raise TariffError("", f"write plain values: no tag with ! is taken{_line(event.start_mark)}")
        return yaml.load(text, _Loader)  # noqa: S506  (a loader of plain values, safer than the safe one)
    except (yaml.YAMLError, RecursionError) as error:
        raise TariffError("", f"this is neither YAML nor JSON{_line(getattr(error, 'problem_mark', None))}") from None


def _line(mark: Any) -> str:
    return "" if mark is None else f" in line {mark.line + 1}"


class _Loader(yaml.SafeLoader):
    """YAML without its surprises: ``20:00`` is no number, ``NO`` is Norway, a name is text and given once."""

    yaml_implicit_resolvers = {}  # noqa: RUF012  (as the library declares it)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """As the library does, but refuses a name that is no text or given twice."""
        names = set[str]()
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if key.tag != "tag:yaml.org,2002:str":
                raise TariffError("", f"a name is expected in line {line}")
            if key.value in names:
                raise TariffError("", f"the name {key.value} is given twice, again in line {line}")
            names.add(key.value)
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|false)$"), list("tf"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(null|~|)$"), ["n", "~", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^-?(0|[1-9][0-9]{0,17})$"), list("-0123456789"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"^-?[0-9]+\.[0-9]+$"), list("-0123456789"))
