"""Ready tariffs to start from, one YAML file each; the comment at its top says whose it is."""

from importlib.resources import files

from parkhub.errors import NotFoundError


def example_names() -> list[str]:
    """Names of the examples, in alphabetical order."""
    return sorted(file.name.removesuffix(".yaml") for file in files(__name__).iterdir() if file.name.endswith(".yaml"))


def example_text(name: str) -> str:
    """The YAML of one example. Raises NotFoundError for a name that is none."""
    if name not in example_names():
        raise NotFoundError(f"There is no example {name!r}; there are {', '.join(example_names())}.")
    return (files(__name__) / f"{name}.yaml").read_text("utf-8")
