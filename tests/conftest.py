"""What every test starts from: nothing is sent anywhere, and chance repeats itself."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from misuse.settings import QUIET_ENVIRONMENT
from tests.unreported import unreported as without_reports

os.environ.update(QUIET_ENVIRONMENT)

# The same examples every time; `HYPOTHESIS_PROFILE=deep` looks further, with new ones.
settings.register_profile("fixed", derandomize=True, database=None, deadline=None, max_examples=50)
settings.register_profile("deep", database=None, deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))


@pytest.fixture
def unreported() -> Iterator[None]:
    """The test's runs write no reports: they are asked of elsewhere."""
    with without_reports():
        yield


@pytest.fixture(scope="module")
def unreported_file() -> Iterator[None]:
    """Nor do those of the file's fixtures."""
    with without_reports():
        yield
