"""A folder for compiled templates that outlive the process."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

from brubeck.core.errors import ConfigurationError
from brubeck.templating.folders import Folder

__all__ = ["make_cache_folder"]

OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH


def make_cache_folder(
    cache_dir: Folder, engine: type, autoescape: object, options: Mapping[str, Any]
) -> Path:
    """Return a folder of its own for each engine and its settings, under *cache_dir*.

    Compiled templates are code: whoever writes there runs code in this process. And they hold the settings
    they were compiled with: without a folder each, a template compiled with autoescape off would be used with
    autoescape on.

    Raises:
        ConfigurationError: Others may write to *cache_dir*, or it cannot be made.
    """
    kind = engine.__module__.rpartition(".")[2]
    settings = repr(
        (engine.__qualname__, autoescape, sorted((key, repr(value)) for key, value in options.items()))
    )
    digest = blake2b(settings.encode(), digest_size=6).hexdigest()
    folder = Path(cache_dir).absolute()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        refuse_shared(folder)
        own = folder / f"{kind}-{digest}"
        own.mkdir(mode=0o700, exist_ok=True)
    except OSError as exc:
        raise ConfigurationError(f"cache_dir={str(cache_dir)!r} cannot be used: {exc}.") from exc
    return own


def refuse_shared(folder: Path) -> None:
    """Refuse a folder that somebody else could put code into."""
    facts = folder.stat()
    is_ours = not hasattr(os, "getuid") or facts.st_uid in (os.getuid(), 0)
    if not is_ours or (os.name == "posix" and facts.st_mode & OTHERS_MAY_WRITE):
        raise ConfigurationError(
            f"cache_dir={str(folder)!r} holds code that is run, and others may write there. "
            f"Take a folder of your own: chmod 700 {folder}"
        )
