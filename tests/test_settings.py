"""Settings: where they come from, what a wrong one is told, and that the README tells all of them."""

import re
import traceback
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from parkhub.cli.up import environment
from parkhub.errors import SettingsError
from parkhub.settings import PREFIX, Settings, load_settings

README = Path(__file__).parents[1] / "README.md"


def settings_table() -> str:
    """The settings as the README shows them."""
    rows = ["| setting | meaning | without it |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        rows.append(f"| `{PREFIX}{name.upper()}` | {field.description} | {_shown(field.default)} |")
    return "\n".join(rows)


def _shown(value: Any) -> str:
    return f"`{value}`" if str(value) else "empty"


def test_the_readme_lists_every_setting() -> None:
    found = re.search(r"^\| setting \|.*?(?=\n\n)", README.read_text(), re.MULTILINE | re.DOTALL)
    assert found is not None
    assert found.group() == settings_table()


def test_options_win_over_the_environment_which_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "parkhub.toml"
    file.write_text('host = "file"\nlog_level = "error"\nport = 3\n')
    monkeypatch.setenv("PARKHUB_HOST", "environment")
    monkeypatch.setenv("PARKHUB_PORT", "2")
    found = load_settings(file, port=1)
    assert (found.port, found.host, found.log_level) == (1, "environment", "error")


def test_an_empty_variable_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARKHUB_PORT", "")
    assert load_settings().port == Settings.model_fields["port"].default


def test_a_childs_environment_carries_every_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = load_settings(
        data_dir=tmp_path, port=1234, frame_keep_h=0.5, log_format="json", public_url="https://x",
        stripe_secret_key="sk_test_1234", stripe_webhook_secret="whsec_12345678",
    )  # fmt: skip
    for name, value in environment(given).items():
        monkeypatch.setenv(name, value)
    assert load_settings().model_dump() == given.model_dump()


WRONG = [
    ({"port": 0}, "PARKHUB_PORT is wrong: "),
    ({"port": 65536}, "PARKHUB_PORT is wrong: "),
    ({"port": "http"}, "PARKHUB_PORT is wrong: "),
    ({"database_url": "sqlite:///x"}, "PARKHUB_DATABASE_URL is wrong: must begin with postgresql://"),
    ({"redis_url": "localhost:6379"}, "PARKHUB_REDIS_URL is wrong: must begin with redis://"),
    ({"public_url": "park.example.org"}, "PARKHUB_PUBLIC_URL is wrong: must begin with http://"),
    ({"public_url": "http://"}, "PARKHUB_PUBLIC_URL is wrong: must be an address"),
    ({"public_url": "https:///console"}, "PARKHUB_PUBLIC_URL is wrong: must be an address"),
    ({"public_url": "https://x:99999"}, "PARKHUB_PUBLIC_URL is wrong: must be an address"),
    ({"public_url": "https://[::1"}, "PARKHUB_PUBLIC_URL is wrong: must be an address"),
    ({"public_url": "https://me@x?y#z"}, "PARKHUB_PUBLIC_URL is wrong: must be an address"),
    ({"onnx_providers": "gpu"}, "PARKHUB_ONNX_PROVIDERS is wrong: must be names such as CUDAExecutionProvider"),
    ({"onnx_providers": ","}, "PARKHUB_ONNX_PROVIDERS is wrong: must be names"),
    ({"detector_model": "/nope.onnx"}, "PARKHUB_DETECTOR_MODEL is wrong: there is no file /nope.onnx, and no added"),
    ({"detector_model": "/"}, "PARKHUB_DETECTOR_MODEL is wrong: there is no file /"),
    ({"secret_key": "short"}, "PARKHUB_SECRET_KEY is wrong: must have at least 32 characters"),
    ({"log_format": "xml"}, "PARKHUB_LOG_FORMAT is wrong: "),
    ({"vision_processes": 0}, "PARKHUB_VISION_PROCESSES is wrong: "),
    ({"frame_keep_h": -1}, "PARKHUB_FRAME_KEEP_H is wrong: "),
    ({"frame_keep_h": 1e9}, "PARKHUB_FRAME_KEEP_H is wrong: "),
    ({"frame_keep_h": "inf"}, "PARKHUB_FRAME_KEEP_H is wrong: "),
    ({"label_keep_days": 40000}, "PARKHUB_LABEL_KEEP_DAYS is wrong: "),
    ({"count_keep_days": 1e9}, "PARKHUB_COUNT_KEEP_DAYS is wrong: "),
    ({"stripe_secret_key": "pk_test_1234"}, "PARKHUB_STRIPE_SECRET_KEY is wrong: must be a secret or restricted key"),
    ({"stripe_secret_key": "sk_live_1234"}, "PARKHUB_STRIPE_SECRET_KEY is wrong: a live key moves real money"),
    ({"stripe_secret_key": "rk_live_1234"}, "PARKHUB_STRIPE_SECRET_KEY is wrong: a live key moves real money"),
    ({"stripe_live_allowed": "yes"}, "PARKHUB_STRIPE_LIVE_ALLOWED is wrong: must be the words 'take real money'"),
    ({"stripe_api_base": "localhost:8420"}, "PARKHUB_STRIPE_API_BASE is wrong: must begin with http://"),
    ({"stripe_webhook_secret": "whsec_12345678,short"}, "PARKHUB_STRIPE_WEBHOOK_SECRET is wrong: must be signing"),
    ({"smtp_host": "smtp://post.example.org"}, "PARKHUB_SMTP_HOST is wrong: must be a name such as smtp.example.org"),
    ({"smtp_user": "me"}, "PARKHUB_SMTP_PASSWORD is wrong: is set together with smtp_user"),
    (
        {"smtp_host": "x.example", "smtp_user": "me", "smtp_password": "secret", "smtp_security": "none"},
        "PARKHUB_SMTP_PASSWORD is wrong: would cross the network",
    ),
    ({"smtp_host": "x.example"}, "PARKHUB_MAIL_FROM is wrong: must be an address such as ParkHub <no-reply@"),
    ({"mail_from": "ParkHub <a@b>\nbcc: x@y.example"}, "PARKHUB_MAIL_FROM is wrong: must be an address"),
    ({"count_keep_days": "nan"}, "PARKHUB_COUNT_KEEP_DAYS is wrong: "),
]


@pytest.mark.parametrize(
    ("given", "beginning"), WRONG, ids=[" ".join(f"{k}={v}" for k, v in g.items()) for g, _ in WRONG]
)
def test_a_wrong_setting_is_named_in_one_sentence(given: dict[str, Any], beginning: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(**given)
    sentence = str(caught.value)
    assert sentence.startswith(beginning)
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_a_live_key_is_taken_when_a_setting_says_so_in_so_many_words_and_for_stripe_alone() -> None:
    allowed = {"stripe_secret_key": "sk_live_51Hxyz", "stripe_live_allowed": "take real money"}
    assert load_settings(**allowed).stripe_secret_key.get_secret_value() == "sk_live_51Hxyz"
    with pytest.raises(SettingsError, match="a live key is for Stripe itself"):
        load_settings(**allowed, stripe_api_base="http://127.0.0.1:8420")


def test_stripes_secrets_are_told_to_nobody(tmp_path: Path) -> None:
    given = load_settings(data_dir=tmp_path, stripe_secret_key="sk_test_51Hxyz", stripe_webhook_secret="whsec_a1b2c3d4")
    for told in (repr(given), str(given), str(given.model_dump()), given.model_dump_json()):
        assert "51Hxyz" not in told
        assert "a1b2c3d4" not in told
    wrong = "5 1 H x y z"
    with pytest.raises(SettingsError) as caught:
        load_settings(stripe_secret_key=wrong.replace(" ", ""))
    assert "51Hxyz" not in "".join(traceback.format_exception(caught.value))


def test_webhook_secrets_are_several_by_comma() -> None:
    assert load_settings().webhook_secrets == ()
    given = load_settings(stripe_webhook_secret="whsec_12345678, whsec_87654321,")
    assert given.webhook_secrets == ("whsec_12345678", "whsec_87654321")


def test_a_hundred_years_can_be_reckoned_with() -> None:
    found = load_settings(frame_keep_h=876_000, label_keep_days=36500, count_keep_days=36500)
    longest = max(
        timedelta(hours=found.frame_keep_h), timedelta(days=max(found.label_keep_days, found.count_keep_days))
    )
    assert (datetime.now(UTC) - longest).year > 0


def test_providers_are_names_by_comma_in_the_order_wanted() -> None:
    assert load_settings().providers == ("CPUExecutionProvider",)
    given = load_settings(onnx_providers=" CUDAExecutionProvider, CPUExecutionProvider,")
    assert given.providers == ("CUDAExecutionProvider", "CPUExecutionProvider")


FILES = [
    ("port = ", "cannot be read"),
    ("prot = 8000\n", "PARKHUB_PROT is wrong"),
    ("port = 'x'\n", "PARKHUB_PORT is wrong"),
]


@pytest.mark.parametrize(("text", "words"), FILES, ids=["no TOML", "unknown name", "wrong value"])
def test_a_wrong_file_is_named_in_one_sentence(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "parkhub.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=words) as caught:
        load_settings(file)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("given", ["cameras", "/srv/../etc", "/srv/a,b", "{data}/pictures", "/"])
def test_folders_to_watch_are_whole_paths_away_from_our_own(tmp_path: Path, given: str) -> None:
    with pytest.raises(SettingsError, match=r"watch_roots|WATCH_ROOTS"):
        load_settings(data_dir=tmp_path, watch_roots=given.replace("{data}", str(tmp_path)))


def test_a_folder_to_watch_that_is_a_link_stands_for_where_it_leads(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    found = load_settings(data_dir=tmp_path / "data", watch_roots=f"/srv/a, {tmp_path}/link")
    assert found.watched_roots == (Path("/srv/a"), tmp_path / "real")
