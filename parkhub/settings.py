"""Settings from the environment (`PARKHUB_…`) or a TOML file; read once at the start of a process."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from parkhub.errors import SettingsError

PREFIX = "PARKHUB_"
MODELS = "models"
REAL_MONEY = "take real money"


class Settings(BaseSettings):
    """What an operator may set. Each field is `PARKHUB_<NAME>` in the environment or `<name>` in the file."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="forbid", frozen=True, env_ignore_empty=True, hide_input_in_errors=True
    )

    data_dir: Annotated[Path, Field(description="Folder for the database, pictures, queue and keys")] = Path(
        "~/.local/share/parkhub"
    )
    host: Annotated[str, Field(description="Address the web server listens on")] = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535, description="Port the web server listens on")] = 8000
    public_url: Annotated[
        str,
        Field(description="Address people use, such as https://park.example.org; https turns on secure cookies"),
    ] = ""
    trusted_proxies: Annotated[
        str,
        Field(description="Addresses or networks, by comma, of proxies whose X-Forwarded headers are believed"),
    ] = ""
    database_url: Annotated[
        str, Field(description="PostgreSQL address (postgresql://…); empty means SQLite in the data folder")
    ] = ""
    redis_url: Annotated[
        str,
        Field(description="Redis address (redis://…, rediss://…, unix://…); empty starts an embedded server"),
    ] = ""
    secret_key: Annotated[
        str,
        Field(description="At least 32 characters, the same on every machine; empty makes one in the data folder"),
    ] = ""
    log_format: Annotated[
        Literal["auto", "console", "json"],
        Field(description="`auto` is readable on a terminal and JSON elsewhere"),
    ] = "auto"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Field(description="Least level that is logged")
    ] = "info"
    development: Annotated[bool, Field(description="Shows `/styleguide`, all components of the pages")] = False
    web_processes: Annotated[int, Field(ge=1, le=64, description="Web processes `parkhub up` starts")] = 1
    vision_processes: Annotated[int, Field(ge=1, le=64, description="Vision processes `parkhub up` starts")] = 1
    vision_threads: Annotated[int, Field(ge=1, le=64, description="Threads of the ONNX Runtime per vision process")] = 1
    onnx_providers: Annotated[
        str,
        Field(description="ONNX Runtime's execution providers, by comma, the first wanted most"),
    ] = "CPUExecutionProvider"
    detector_model: Annotated[
        str,
        Field(description="ONNX file, or name of an added model, that finds vehicles; empty means the shipped one"),
    ] = ""
    frame_bytes_max: Annotated[int, Field(ge=1024, description="Largest uploaded picture, bytes")] = 12 * 1024 * 1024
    frame_pixels_max: Annotated[int, Field(ge=4096, description="Largest uploaded picture, pixels")] = 25_000_000
    frame_keep_h: Annotated[
        float, Field(gt=0, le=876_000, description="Hours a picture is kept that shows no entrance or exit")
    ] = 24
    frame_keep_bytes: Annotated[
        int, Field(ge=0, description="Bytes of kept pictures above which the oldest go first")
    ] = 4 * 1024**3
    label_keep_days: Annotated[
        int, Field(ge=1, le=36500, description="Days a correction is kept with the picture of its spot")
    ] = 365
    count_keep_days: Annotated[
        float,
        Field(
            gt=0, le=36500, description="Days the numbers of vehicles and full places are kept, one per five minutes"
        ),
    ] = 730
    frames_waiting_max: Annotated[
        int,
        Field(ge=1, description="Pictures waiting for vision above which uploads are asked to come later"),
    ] = 500
    frames_waiting_per_camera_max: Annotated[
        int,
        Field(ge=1, description="The same for the pictures of one camera, so that none takes the others' places"),
    ] = 60
    recording_bytes_max: Annotated[int, Field(ge=1024, description="Largest uploaded recording, bytes")] = 1024**3
    watch_roots: Annotated[
        str,
        Field(description="Folders, by comma, below which the console may have folders watched for pictures"),
    ] = ""
    operator_name: Annotated[
        str,
        Field(max_length=120, description="Who takes the money, as receipts name it; a lot's rules may name another"),
    ] = ""
    operator_address: Annotated[str, Field(max_length=120, description="Its address, on receipts")] = ""
    operator_tax_number: Annotated[str, Field(max_length=120, description="Its tax number, on receipts")] = ""
    stripe_live_allowed: Annotated[
        str, Field(description=f"Must be `{REAL_MONEY}`, in so many words, for a live key to be taken")
    ] = ""
    stripe_api_base: Annotated[
        str, Field(description="Address of another server that speaks as Stripe does; empty means Stripe itself")
    ] = ""
    stripe_secret_key: Annotated[
        SecretStr, Field(description="Stripe's secret or restricted key; empty means test payments of ParkHub's own")
    ] = SecretStr("")
    stripe_webhook_secret: Annotated[
        SecretStr, Field(description="Signing secrets of Stripe's webhooks to this installation, by comma")
    ] = SecretStr("")

    mqtt_url: Annotated[
        str, Field(description="MQTT broker that barriers listen to, such as mqtts://broker.example.org")
    ] = ""
    mqtt_user: Annotated[str, Field(description="Who we are to the broker; empty means nobody")] = ""
    mqtt_password: Annotated[SecretStr, Field(description="The password of that")] = SecretStr("")
    barrier_networks: Annotated[
        str,
        Field(description="Private networks, by comma, that webhooks of barriers may reach, such as 192.168.7.0/24"),
    ] = ""
    smtp_host: Annotated[
        str, Field(description="Mail server that takes our letters; empty writes them into `outbox` of the data folder")
    ] = ""
    smtp_port: Annotated[int, Field(ge=1, le=65535, description="Its port, such as 465 with `tls`")] = 587
    smtp_security: Annotated[
        Literal["starttls", "tls", "none"],
        Field(description="How letters are kept secret on their way; `none` takes no password over a network"),
    ] = "starttls"
    smtp_user: Annotated[str, Field(description="Who we are to the mail server; empty means nobody")] = ""
    smtp_password: Annotated[SecretStr, Field(validate_default=True, description="The password of that")] = SecretStr(
        ""
    )
    mail_from: Annotated[
        str,
        Field(validate_default=True, description="Whom letters are from, such as ParkHub <no-reply@park.example.org>"),
    ] = ""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment over file; no .env, no secrets folder."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @field_validator("data_dir")
    @classmethod
    def _expand(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("database_url")
    @classmethod
    def _is_postgresql(cls, value: str) -> str:
        if value and not value.startswith(("postgresql://", "postgres://")):
            raise ValueError("must begin with postgresql://")
        return value

    @field_validator("redis_url")
    @classmethod
    def _is_redis(cls, value: str) -> str:
        if value and not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must begin with redis://, rediss:// or unix://")
        return value

    @field_validator("public_url", "stripe_api_base")
    @classmethod
    def _is_http(cls, value: str) -> str:
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

    @field_validator("trusted_proxies")
    @classmethod
    def _are_addresses(cls, value: str) -> str:
        for each in filter(None, value.split(",")):
            try:
                ip_network(each.strip())
            except ValueError:
                raise ValueError(f"{each.strip()[:60]!r} is no address or network, such as 127.0.0.1") from None
        return value

    @field_validator("onnx_providers")
    @classmethod
    def _are_names(cls, value: str) -> str:
        names = [name.strip() for name in value.split(",") if name.strip()]
        if not names or not all(name.endswith("ExecutionProvider") for name in names):
            raise ValueError("must be names such as CUDAExecutionProvider,CPUExecutionProvider")
        return ",".join(names)

    @field_validator("watch_roots")
    @classmethod
    def _are_folders(cls, value: str, known: ValidationInfo) -> str:
        for each in filter(None, (part.strip() for part in value.split(","))):
            root = Path(each)
            if not root.is_absolute() or ".." in root.parts:
                raise ValueError(f"{each[:60]!r} is no absolute folder, such as /srv/cameras")
            ours = known.data.get("data_dir")
            if ours is not None and (ours.is_relative_to(root) or root.is_relative_to(ours)):
                raise ValueError(f"{each[:60]!r} holds ParkHub's own data folder, or lies in it")
        return value

    @field_validator("detector_model")
    @classmethod
    def _is_model(cls, value: str, known: ValidationInfo) -> str:
        if not value:
            return value
        file = Path(value).expanduser()
        if not file.is_file() and Path(value).name == value and "data_dir" in known.data:
            file = known.data["data_dir"] / MODELS / f"{value}.onnx"
        if not file.is_file():
            raise ValueError(f"there is no file {value}, and no added model of that name")
        return str(file.absolute())

    @field_validator("secret_key")
    @classmethod
    def _is_long(cls, value: str) -> str:
        if value and len(value) < 32:
            raise ValueError("must have at least 32 characters")
        return value

    @field_validator("mqtt_url")
    @classmethod
    def _is_a_broker(cls, value: str) -> str:
        if not value:
            return value
        parts = urlsplit(value)
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname or parts.username is not None or parts.path:
            raise ValueError("must be mqtt://host or mqtts://host, with a port at most; user and password stand apart")
        return value

    @field_validator("barrier_networks")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        for each in value.split(",") if value else []:
            ip_network(each.strip())
        return value

    @field_validator("stripe_live_allowed")
    @classmethod
    def _is_in_so_many_words(cls, value: str) -> str:
        if value not in ("", REAL_MONEY):
            raise ValueError(f"must be the words {REAL_MONEY!r}, or empty")
        return value

    @field_validator("stripe_secret_key")
    @classmethod
    def _is_allowed_key(cls, value: SecretStr, known: ValidationInfo) -> SecretStr:
        key = value.get_secret_value()
        if not key:
            return value
        if not re.fullmatch(r"[sr]k_(test|live)_[A-Za-z0-9_]+", key):
            raise ValueError("must be a secret or restricted key of Stripe, such as sk_test_…")
        if "_live_" in key[:8]:
            if known.data.get("stripe_live_allowed") != REAL_MONEY:
                raise ValueError(f"a live key moves real money; it is taken only with {PREFIX}STRIPE_LIVE_ALLOWED set")
            if known.data.get("stripe_api_base", ""):
                raise ValueError("a live key is for Stripe itself, not for another server")
        return value

    @field_validator("stripe_webhook_secret")
    @classmethod
    def _are_secrets(cls, value: SecretStr) -> SecretStr:
        for each in filter(None, value.get_secret_value().split(",")):
            if not re.fullmatch(r"\S{8,200}", each.strip()):
                raise ValueError("must be signing secrets of webhooks, such as whsec_…, by comma")
        return value

    @field_validator("smtp_host", "smtp_user")
    @classmethod
    def _is_a_word(cls, value: str) -> str:
        if re.search(r"[\s/]|://", value):
            raise ValueError("must be a name such as smtp.example.org, without port and without smtp://")
        return value

    @field_validator("smtp_password")
    @classmethod
    def _is_safe_there(cls, value: SecretStr, known: ValidationInfo) -> SecretStr:
        given = known.data
        if bool(value.get_secret_value()) != bool(given.get("smtp_user", "")):
            raise ValueError("is set together with smtp_user, or neither is")
        near = given.get("smtp_host") in ("localhost", "127.0.0.1", "::1")
        if value.get_secret_value() and given.get("smtp_security") == "none" and not near:
            raise ValueError("would cross the network for everybody to read; set smtp_security to starttls or tls")
        return value

    @field_validator("mail_from")
    @classmethod
    def _is_a_sender(cls, value: str, known: ValidationInfo) -> str:
        if not value and not known.data.get("smtp_host"):
            return value
        if not re.fullmatch(r"[^<>\x00-\x1f\x7f]*<[^<>@\s]+@[^<>@\s]+>|[^<>@\s]+@[^<>@\s]+", value):
            raise ValueError("must be an address such as ParkHub <no-reply@park.example.org>")
        return value

    @property
    def address(self) -> str:
        """Where people reach ParkHub, without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url or f"http://{host}:{self.port}"

    @property
    def watched_roots(self) -> tuple[Path, ...]:
        """Folders below which folders may be watched. A root that is a link stands for where it leads."""
        return tuple(Path(part.strip()).resolve() for part in self.watch_roots.split(",") if part.strip())

    @property
    def takes_real_money(self) -> bool:
        """Whether the key is a live one."""
        return self.stripe_secret_key.get_secret_value().startswith(("sk_live_", "rk_live_"))

    @property
    def checkout_origins(self) -> tuple[str, ...]:
        """Other sites that a form of ours may lead to: where Stripe's pages are."""
        if not self.stripe_secret_key.get_secret_value():
            return ()
        parts = urlsplit(self.stripe_api_base or "https://checkout.stripe.com")
        return (f"{parts.scheme}://{parts.netloc}",)

    @property
    def webhook_secrets(self) -> tuple[str, ...]:
        """What Stripe's webhooks may be signed with."""
        given = self.stripe_webhook_secret.get_secret_value().split(",")
        return tuple(each.strip() for each in given if each.strip())

    @property
    def secure_cookies(self) -> bool:
        """Whether people reach ParkHub over https."""
        return self.public_url.startswith("https://")

    @property
    def barrier_private(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """Private networks that webhooks of barriers may reach."""
        given = self.barrier_networks.split(",") if self.barrier_networks else []
        return tuple(ip_network(each.strip()) for each in given)

    @property
    def providers(self) -> tuple[str, ...]:
        """ONNX Runtime's execution providers, the first wanted most."""
        return tuple(self.onnx_providers.split(","))

    @property
    def pictures_dir(self) -> Path:
        """Where stored pictures and recordings live."""
        return self.data_dir / "pictures"

    @property
    def models_dir(self) -> Path:
        """Where added models live."""
        return self.data_dir / MODELS


def load_settings(file: Path | None = None, **given: Any) -> Settings:
    """Read the settings; ``given`` (command-line options) win over the environment, which wins over ``file``.

    Raises SettingsError with one sentence that names the first wrong setting.
    """
    if file is not None and not file.is_file():
        raise SettingsError(f"The settings file {file} does not exist.")

    class FromFile(Settings):
        model_config = SettingsConfigDict(toml_file=file)

    try:
        found = FromFile(**given)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "?"
        reason = str(first["msg"]).removeprefix("Value error, ")
        raise SettingsError(f"{PREFIX}{name.upper()} is wrong: {reason[:1].lower()}{reason[1:]}.") from None
    except ValueError as error:  # a TOML file that does not parse
        raise SettingsError(f"The settings file {file} cannot be read: {error}.") from None
    return found
