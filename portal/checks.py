"""System checks: what must be right before the portal starts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from packager.errors import DwcConfigurationError


def connect() -> None:
    """Hand the checks to Django."""
    for check in (check_environment, check_cluster_name, check_directories, check_secret, check_darwin_core):
        register(check)


def check_environment(**_: Any) -> list[CheckMessage]:
    """Variables that could not be read."""
    return [Error(p.sentence, hint=p.hint, id="portal.E001") for p in settings.SETTING_PROBLEMS]


def check_cluster_name(**_: Any) -> list[CheckMessage]:
    """A mistyped cluster name would work on a queue that nobody fills."""
    if settings.Q_CLUSTER_NAME in settings.QUEUES:
        return []
    sentence = f"Q_CLUSTER_NAME is {settings.Q_CLUSTER_NAME!r}, which is no queue of the portal."
    return [Error(sentence, hint="Use " + " or ".join(settings.QUEUES) + ".", id="portal.E002")]


def _usable(directory: Path) -> bool:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(directory, os.W_OK | os.X_OK)


def check_directories(**_: Any) -> list[CheckMessage]:
    """The store and the temporary directory can be written."""
    return [
        Error(f"{name} is {getattr(settings, name)}, which cannot be written.", hint="Create it.", id="portal.E003")
        for name in ("PACKAGER_STORE_DIRECTORY", "PACKAGER_TEMP_DIRECTORY")
        if not _usable(Path(getattr(settings, name)))
    ]


def check_secret(**_: Any) -> list[CheckMessage]:
    """Without a secret the ckanpackager endpoints are closed, which an operator wants to know."""
    if settings.PACKAGER_SECRET:
        return []
    sentence = "PACKAGER_SECRET is not set: the ckanpackager endpoints answer 401."
    return [Warning(sentence, hint="Set it to the secret that the CKAN extension sends.", id="portal.W001")]


def check_darwin_core(**_: Any) -> list[CheckMessage]:
    """The PACKAGER_DWC settings can be used."""
    from packager import plugins

    try:
        plugins.formats()
    except DwcConfigurationError as error:
        return [Error(error.detail, hint=f"Correct {error.setting}; see docs/darwin-core.md.", id="portal.E004")]
    return []
