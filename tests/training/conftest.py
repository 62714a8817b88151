"""Tests of training need torch, which only `make test-training` installs; elsewhere they are skipped as one."""

from importlib.util import find_spec
from pathlib import Path

import pytest

REASON = "training needs torch: run make test-training"


class WithoutTorch(pytest.Module):
    """A module that is not even imported."""

    def collect(self) -> list[pytest.Item]:
        pytest.skip(REASON, allow_module_level=True)


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    if find_spec("torch") is not None:
        return None
    return WithoutTorch.from_parent(parent, path=module_path)
