"""Look once for what is installed: the suite makes some three hundred applications, and looking takes 10 ms."""

import importlib.metadata
from functools import cache

import pytest
from brubeck.core import discovery, plugins

ENTRIES = plugins.scan()
INSTALLED_VERSION = cache(discovery.installed_version)
PACKAGES = cache(importlib.metadata.packages_distributions)


@pytest.fixture(autouse=True)
def _looked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins, "scan", lambda: ENTRIES)
    monkeypatch.setattr(discovery, "installed_version", INSTALLED_VERSION)
    monkeypatch.setattr(importlib.metadata, "packages_distributions", PACKAGES)
