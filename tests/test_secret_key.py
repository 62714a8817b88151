"""The key that signs forms."""

import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from parkhub.errors import SettingsError
from parkhub.secret_key import NAME, secret_key
from parkhub.settings import Settings


def test_a_key_that_is_set_is_used_and_not_written(settings: Settings) -> None:
    assert secret_key(settings.model_copy(update={"secret_key": "k" * 32})) == "k" * 32
    assert not (settings.data_dir / NAME).exists()


def test_without_one_the_data_folder_keeps_its_own_for_its_owner_only(settings: Settings) -> None:
    key = secret_key(settings)
    assert len(key) >= 32
    assert secret_key(settings) == key
    assert stat.S_IMODE((settings.data_dir / NAME).stat().st_mode) == 0o600
    assert [path.name for path in settings.data_dir.iterdir()] == [NAME]


def test_processes_that_start_together_agree(settings: Settings) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: secret_key(settings), range(32)))
    assert len(found) == 1


def test_a_damaged_key_stops_the_start(settings: Settings) -> None:
    settings.data_dir.mkdir()
    (settings.data_dir / NAME).write_text("short")
    with pytest.raises(SettingsError, match="too short"):
        secret_key(settings)
