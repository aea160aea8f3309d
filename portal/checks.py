"""System checks: what must be right before the portal starts."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning

from packager.errors import DwcConfigurationError, SourceError, StoreError
from packager.storage import stores


def check_environment(**_: Any) -> list[CheckMessage]:
    """Variables that could not be read."""
    return [Error(p.sentence, hint=p.hint, id="portal.E001") for p in settings.SETTING_PROBLEMS]


def check_cluster_name(**_: Any) -> list[CheckMessage]:
    """A mistyped cluster name would work on a queue that nobody fills."""
    if settings.Q_CLUSTER_NAME in settings.CLUSTERS:
        return []
    sentence = f"Q_CLUSTER_NAME is {settings.Q_CLUSTER_NAME!r}, which is no cluster of the portal."
    return [Error(sentence, hint="Use " + " or ".join(settings.CLUSTERS) + ".", id="portal.E002")]


def check_store_address(**_: Any) -> list[CheckMessage]:
    """There is a store for PACKAGER_STORE_URL. Whether it can be used is tried by ``manage.py check`` alone."""
    try:
        stores.default()
    except StoreError as error:
        hint = (
            "Give an address such as s3://bucket/prefix, after pip install -r requirements-s3.txt; or leave it empty."
        )
        return [Error(f"{error.detail}.", hint=hint, id="portal.E005")]
    return []


def check_store(**_: Any) -> list[CheckMessage]:
    """A package could be saved now."""
    if check_store_address() or not (problem := stores.problem()):
        return []
    if settings.PACKAGER_STORE_URL:
        sentence = f"PACKAGER_STORE_URL is {settings.PACKAGER_STORE_URL}, which cannot be used ({problem})."
        hint = "Make the bucket, and look at AWS_ENDPOINT_URL_S3, keys, region and permissions: docs/operators.md."
    else:
        directory = settings.PACKAGER_STORE_DIRECTORY
        sentence = f"PACKAGER_STORE_DIRECTORY is {directory}, which cannot be used ({problem})."
        hint = "Create or mount it, let the portal's user write, and see to it that there is room."
    return [Error(sentence, hint=hint, id="portal.E003")]


def check_temporary_directory(**_: Any) -> list[CheckMessage]:
    """It can be written."""
    directory = Path(settings.PACKAGER_TEMP_DIRECTORY)
    with suppress(OSError):
        directory.mkdir(parents=True, exist_ok=True)
        if os.access(directory, os.W_OK | os.X_OK):
            return []
    sentence = f"PACKAGER_TEMP_DIRECTORY is {directory}, which cannot be written."
    return [Error(sentence, hint="Create it, and let the portal's user write.", id="portal.E003")]


def check_datastore_roles(**_: Any) -> list[CheckMessage]:
    """The databases of datastores can be read, by roles that can do nothing else. Their addresses are never shown."""
    if check_datastores():
        return []
    from packager.streaming.sources.datastore_role import excess

    found: list[CheckMessage] = []
    hint = "Give the portal a role of its own that may only read: docs/operators.md, Next to CKAN's database."
    for host, url in settings.PACKAGER_DATASTORE_URLS.items():
        try:
            problem = " and ".join(excess(url))
        except SourceError as error:
            sentence = f"The database that PACKAGER_DATASTORE_URLS names for {host} cannot be used ({error.detail})."
            hint_now = "Until it can, rows are read through CKAN's API."
            found.append(Warning(sentence, hint=hint_now, id="portal.W003"))
            continue
        if problem:
            sentence = f"The role that PACKAGER_DATASTORE_URLS names for {host} {problem}."
            found.append(Warning(sentence, hint=hint, id="portal.W004"))
    return found


#: What builds need and nothing else does: tried by ``manage.py check``. Everything else starts without, for old
#: packages may still be downloaded, people told, and expired packages deleted.
OF_BUILDS = (check_store, check_temporary_directory, check_datastore_roles)


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


def check_datastores(**_: Any) -> list[CheckMessage]:
    """PACKAGER_DATASTORE_URLS names databases; what it says of them is not repeated, since it holds passwords."""
    from packager.streaming.sources.datastore_role import is_address

    return [
        Error(
            f"PACKAGER_DATASTORE_URLS has something other than the address of a PostgreSQL database for {host}.",
            hint='Write {"data.example.org": "postgresql://role:password@host/database"}.',
            id="portal.E006",
        )
        for host, url in settings.PACKAGER_DATASTORE_URLS.items()
        if not is_address(url)
    ]


def check_pusher(**_: Any) -> list[CheckMessage]:
    """Jobs are taken from named CKAN sites only, since anybody may post them."""
    if not settings.PUSHER_ENABLED or settings.PUSHER_CKAN_HOSTS or settings.PACKAGER_CKAN_HOSTS:
        return []
    sentence = "PUSHER_ENABLED is set, and neither PUSHER_CKAN_HOSTS nor PACKAGER_CKAN_HOSTS names a CKAN site."
    hint = "Name the hosts, unless active CKAN sites in the admin do: jobs of other sites are refused."
    return [Warning(sentence, hint=hint, id="portal.W002")]


#: What every start tries.
ALWAYS = (
    *(check_environment, check_cluster_name, check_store_address, check_datastores, check_secret),
    *(check_darwin_core, check_pusher),
)
