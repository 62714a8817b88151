"""What a setting must look like; each raises ValueError with the end of a sentence that begins with its name."""

import re
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr, ValidationInfo

MODELS = "models"
REAL_MONEY = "take real money"


def expand(value: Path) -> Path:
    """A folder by its whole name."""
    return value.expanduser().absolute()


def is_postgresql(value: str) -> str:
    """The address of a PostgreSQL database, or empty."""
    if value and not value.startswith(("postgresql://", "postgres://")):
        raise ValueError("must begin with postgresql://")
    return value


def is_redis(value: str) -> str:
    """The address of a Redis, or empty."""
    if value and not value.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("must begin with redis://, rediss:// or unix://")
    return value


def is_http(value: str) -> str:
    """The address of a site without a slash at its end, or empty."""
    if not value:
        return value
    if not value.startswith(("http://", "https://")):
        raise ValueError("must begin with http:// or https://")
    try:
        parts = urlsplit(value)
        named = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        named = False
    if not named or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("must be an address such as https://park.example.org")
    return value.rstrip("/")


def are_addresses(value: str) -> str:
    """Addresses or networks, by comma."""
    for each in filter(None, value.split(",")):
        try:
            ip_network(each.strip())
        except ValueError:
            raise ValueError(f"{each.strip()[:60]!r} is no address or network, such as 127.0.0.1") from None
    return value


def are_networks(value: str) -> str:
    """Networks, by comma."""
    for each in value.split(",") if value else []:
        ip_network(each.strip())
    return value


def are_providers(value: str) -> str:
    """Execution providers of the ONNX Runtime, by comma, without blanks."""
    names = [name.strip() for name in value.split(",") if name.strip()]
    if not names or not all(name.endswith("ExecutionProvider") for name in names):
        raise ValueError("must be names such as CUDAExecutionProvider,CPUExecutionProvider")
    return ",".join(names)


def are_folders(value: str, known: ValidationInfo) -> str:
    """Folders, by comma, outside of our own."""
    for each in filter(None, (part.strip() for part in value.split(","))):
        root = Path(each)
        if not root.is_absolute() or ".." in root.parts:
            raise ValueError(f"{each[:60]!r} is no absolute folder, such as /srv/cameras")
        ours = known.data.get("data_dir")
        if ours is not None and (ours.is_relative_to(root) or root.is_relative_to(ours)):
            raise ValueError(f"{each[:60]!r} holds ParkHub's own data folder, or lies in it")
    return value


def is_model(value: str, known: ValidationInfo) -> str:
    """The whole name of a model's file, or empty."""
    if not value:
        return value
    file = Path(value).expanduser()
    if not file.is_file() and Path(value).name == value and "data_dir" in known.data:
        file = known.data["data_dir"] / MODELS / f"{value}.onnx"
    if not file.is_file():
        raise ValueError(f"there is no file {value}, and no added model of that name")
    return str(file.absolute())


def is_long(value: str) -> str:
    """A key that nobody guesses, or empty."""
    if value and len(value) < 32:
        raise ValueError("must have at least 32 characters")
    return value


def is_broker(value: str) -> str:
    """The address of an MQTT broker, or empty."""
    if not value:
        return value
    parts = urlsplit(value)
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname or parts.username is not None or parts.path:
        raise ValueError("must be mqtt://host or mqtts://host, with a port at most; user and password stand apart")
    return value


def is_in_so_many_words(value: str) -> str:
    """The words that let a live key be taken, or empty."""
    if value not in ("", REAL_MONEY):
        raise ValueError(f"must be the words {REAL_MONEY!r}, or empty")
    return value


def is_allowed_key(value: SecretStr, known: ValidationInfo) -> SecretStr:
    """A key of Stripe's, a live one only where that is allowed, or empty."""
    key = value.get_secret_value()
    if not key:
        return value
    if not re.fullmatch(r"[sr]k_(test|live)_[A-Za-z0-9_]+", key):
        raise ValueError("must be a secret or restricted key of Stripe, such as sk_test_…")
    if "_live_" in key[:8]:
        if known.data.get("stripe_live_allowed") != REAL_MONEY:
            raise ValueError("a live key moves real money; it is taken only with PARKHUB_STRIPE_LIVE_ALLOWED set")
        if known.data.get("stripe_api_base", ""):
            raise ValueError("a live key is for Stripe itself, not for another server")
    return value


def are_secrets(value: SecretStr) -> SecretStr:
    """Signing secrets, by comma."""
    for each in filter(None, value.get_secret_value().split(",")):
        if not re.fullmatch(r"\S{8,200}", each.strip()):
            raise ValueError("must be signing secrets of webhooks, such as whsec_…, by comma")
    return value


def is_word(value: str) -> str:
    """A name without blanks and slashes, or empty."""
    if re.search(r"[\s/]|://", value):
        raise ValueError("must be a name such as smtp.example.org, without port and without smtp://")
    return value


def is_safe_there(value: SecretStr, known: ValidationInfo) -> SecretStr:
    """The mail server's password, where nobody else can read it."""
    given = known.data
    if bool(value.get_secret_value()) != bool(given.get("smtp_user", "")):
        raise ValueError("is set together with smtp_user, or neither is")
    near = given.get("smtp_host") in ("localhost", "127.0.0.1", "::1")
    if value.get_secret_value() and given.get("smtp_security") == "none" and not near:
        raise ValueError("would cross the network for everybody to read; set smtp_security to starttls or tls")
    return value


def is_sender(value: str, known: ValidationInfo) -> str:
    """Whom letters are from, which must be known where there is a mail server."""
    if not value and not known.data.get("smtp_host"):
        return value
    if not re.fullmatch(r"[^<>\x00-\x1f\x7f]*<[^<>@\s]+@[^<>@\s]+>|[^<>@\s]+@[^<>@\s]+", value):
        raise ValueError("must be an address such as ParkHub <no-reply@park.example.org>")
    return value
