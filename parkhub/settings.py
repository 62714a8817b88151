"""Settings from the environment (`PARKHUB_…`) or a TOML file; read once at the start of a process."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from parkhub import setting_checks as checks
from parkhub.errors import SettingsError
from parkhub.setting_checks import MODELS, REAL_MONEY

PREFIX = "PARKHUB_"


class Settings(BaseSettings):
    """What an operator may set. Each field is `PARKHUB_<NAME>` in the environment or `<name>` in the file."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="forbid", frozen=True, env_ignore_empty=True, hide_input_in_errors=True
    )

    data_dir: Annotated[
        Path,
        AfterValidator(checks.expand),
        Field(description="Folder for the database, pictures, queue and keys"),
    ] = Path("~/.local/share/parkhub")
    host: Annotated[str, Field(description="Address the web server listens on")] = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535, description="Port the web server listens on")] = 8000
    public_url: Annotated[
        str,
        AfterValidator(checks.is_http),
        Field(description="Address people use, such as https://park.example.org; https turns on secure cookies"),
    ] = ""
    trusted_proxies: Annotated[
        str,
        AfterValidator(checks.are_addresses),
        Field(description="Addresses or networks, by comma, of proxies whose X-Forwarded headers are believed"),
    ] = ""
    database_url: Annotated[
        str,
        AfterValidator(checks.is_postgresql),
        Field(description="PostgreSQL address (postgresql://…); empty means SQLite in the data folder"),
    ] = ""
    redis_url: Annotated[
        str,
        AfterValidator(checks.is_redis),
        Field(description="Redis address (redis://…, rediss://…, unix://…); empty starts an embedded server"),
    ] = ""
    secret_key: Annotated[
        str,
        AfterValidator(checks.is_long),
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
        AfterValidator(checks.are_providers),
        Field(description="ONNX Runtime's execution providers, by comma, the first wanted most"),
    ] = "CPUExecutionProvider"
    detector_model: Annotated[
        str,
        AfterValidator(checks.is_model),
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
    silence_letter_min: Annotated[
        float,
        Field(
            ge=0, le=10_080, description="Minutes without a sign of a camera before a letter tells; 0 writes no letters"
        ),
    ] = 15
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
        AfterValidator(checks.are_folders),
        Field(description="Folders, by comma, below which the console may have folders watched for pictures"),
    ] = ""
    operator_name: Annotated[
        str,
        Field(max_length=120, description="Who takes the money, as receipts name it; a lot's rules may name another"),
    ] = ""
    operator_address: Annotated[str, Field(max_length=120, description="Its address, on receipts")] = ""
    operator_tax_number: Annotated[str, Field(max_length=120, description="Its tax number, on receipts")] = ""
    stripe_live_allowed: Annotated[
        str,
        AfterValidator(checks.is_in_so_many_words),
        Field(description=f"Must be `{REAL_MONEY}`, in so many words, for a live key to be taken"),
    ] = ""
    stripe_api_base: Annotated[
        str,
        AfterValidator(checks.is_http),
        Field(description="Address of another server that speaks as Stripe does; empty means Stripe itself"),
    ] = ""
    stripe_secret_key: Annotated[
        SecretStr,
        AfterValidator(checks.is_allowed_key),
        Field(description="Stripe's secret or restricted key; empty means test payments of ParkHub's own"),
    ] = SecretStr("")
    stripe_webhook_secret: Annotated[
        SecretStr,
        AfterValidator(checks.are_secrets),
        Field(description="Signing secrets of Stripe's webhooks to this installation, by comma"),
    ] = SecretStr("")

    mqtt_url: Annotated[
        str,
        AfterValidator(checks.is_broker),
        Field(description="MQTT broker that barriers listen to, such as mqtts://broker.example.org"),
    ] = ""
    mqtt_user: Annotated[str, Field(description="Who we are to the broker; empty means nobody")] = ""
    mqtt_password: Annotated[SecretStr, Field(description="The password of that")] = SecretStr("")
    barrier_networks: Annotated[
        str,
        AfterValidator(checks.are_networks),
        Field(description="Private networks, by comma, that webhooks of barriers may reach, such as 192.168.7.0/24"),
    ] = ""
    smtp_host: Annotated[
        str,
        AfterValidator(checks.is_word),
        Field(description="Mail server that takes our letters; empty writes them into `outbox` of the data folder"),
    ] = ""
    smtp_port: Annotated[int, Field(ge=1, le=65535, description="Its port, such as 465 with `tls`")] = 587
    smtp_security: Annotated[
        Literal["starttls", "tls", "none"],
        Field(description="How letters are kept secret on their way; `none` takes no password over a network"),
    ] = "starttls"
    smtp_user: Annotated[
        str,
        AfterValidator(checks.is_word),
        Field(description="Who we are to the mail server; empty means nobody"),
    ] = ""
    smtp_password: Annotated[
        SecretStr,
        AfterValidator(checks.is_safe_there),
        Field(validate_default=True, description="The password of that"),
    ] = SecretStr("")
    mail_from: Annotated[
        str,
        AfterValidator(checks.is_sender),
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

    kind = Settings
    if file is not None:

        class FromFile(Settings):
            model_config = SettingsConfigDict(toml_file=file)

        kind = FromFile
    try:
        found = kind(**given)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "?"
        reason = str(first["msg"]).removeprefix("Value error, ")
        raise SettingsError(f"{PREFIX}{name.upper()} is wrong: {reason[:1].lower()}{reason[1:]}.") from None
    except ValueError as error:  # a TOML file that does not parse
        raise SettingsError(f"The settings file {file} cannot be read: {error}.") from None
    return found
