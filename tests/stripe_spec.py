"""Stripe's own description of its API and its example objects, where they lie beside the project."""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(os.environ.get("PARKHUB_TEST_STRIPE", Path(__file__).parents[2] / "shared" / "data" / "stripe"))


def _load(name: str) -> Any:
    if not (FOLDER / name).exists():
        pytest.skip(f"Stripe's published {name} is not in {FOLDER}")
    return json.loads((FOLDER / name).read_text())


@cache
def _spec() -> Any:
    return _load("spec3-2022-03.json")


@cache
def _fixtures() -> Any:
    return _load("fixtures3.json")["resources"]


def faults_of_request(method: str, path: str, form: Any) -> list[str]:
    """What Stripe's description says is wrong with a request; ``path`` as in the description, with ``{id}``."""
    operation = _spec()["paths"][path][method.lower()]
    if method == "GET":
        known = {each["name"]: each["schema"] for each in operation["parameters"] if each["in"] == "query"}
        schema = {"type": "object", "properties": known, "additionalProperties": False}
    else:
        schema = operation["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
    return list(_faults(schema, form, path))


def _faults(schema: Any, value: Any, at: str) -> Any:
    if "anyOf" in schema:
        found = [list(_faults(each, value, at)) for each in schema["anyOf"]]
        yield from [] if [] in found else found[0]
        return
    kind = schema.get("type")
    if kind == "object":
        if not isinstance(value, dict):
            yield f"{at}: not an object"
            return
        known, more = schema.get("properties", {}), schema.get("additionalProperties", False)
        yield from (f"{at}: lacks {name}" for name in schema.get("required", []) if name not in value)
        for name, part in value.items():
            if name not in known and not more:
                yield f"{at}: Stripe does not know {name}"
            else:
                yield from _faults(known.get(name, more), part, f"{at}.{name}")
    elif kind == "array":
        if not isinstance(value, dict) or list(value) != [str(number) for number in range(len(value))]:
            yield f"{at}: not a list"
            return
        for number, part in value.items():
            yield from _faults(schema["items"], part, f"{at}[{number}]")
    elif not isinstance(value, str):
        yield f"{at}: not a plain value"
    elif kind == "integer" and not value.lstrip("-").isdecimal():
        yield f"{at}: not a whole number"
    elif kind == "boolean" and value not in ("true", "false"):
        yield f"{at}: neither true nor false"
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{at}: not one of {schema['enum']}"
    elif len(value) > schema.get("maxLength", len(value)):
        yield f"{at}: too long"


def faults_of_object(kind: str, made: dict[str, Any], ours: frozenset[str] = frozenset()) -> list[str]:
    """How an object of ours differs from Stripe's example of that kind; ``ours`` are parts Stripe does not have.

    What is null in the example may be anything: it says nothing of its type.
    """
    example = _fixtures()[kind]
    faults = [f"Stripe's has no {name}" for name in made if name not in example and name not in ours]
    for name, value in made.items():
        wanted = example.get(name)
        if wanted is not None and value is not None and type(value) is not type(wanted):
            faults.append(f"{name} is {type(value).__name__}, Stripe's {type(wanted).__name__}")
    return faults
