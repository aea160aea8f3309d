"""What comes with the portal, registered through the same hooks as a plugin.

Plugins come after it in ``ask``, so that a format or notifier of theirs replaces one of ours. Of sources and stores
the first answer wins, and there ours comes last.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from packager.delivery.base import Notifier
from packager.delivery.email import EmailNotifier
from packager.delivery.webhook import WebhookNotifier
from packager.errors import StoreUnavailable
from packager.hookspecs import hook
from packager.security.sites import address_rule, datastore_url
from packager.storage.base import Store
from packager.storage.filesystem import DirectoryStore
from packager.streaming.formats import registry
from packager.streaming.formats.base import Format
from packager.streaming.formats.dwca import DwcaFormat, settings_from_configuration
from packager.streaming.http import RetryPolicy
from packager.streaming.sources.base import FileSource, TableSource
from packager.streaming.sources.ckan import CkanSource
from packager.streaming.sources.url import UrlSource
from packager.submission import Submission


@hook(trylast=True)
def formats() -> Iterator[Format]:
    """The formats of the portal. Raises DwcConfigurationError."""
    yield from registry.builtin()
    darwin_core = settings_from_configuration(
        id_field=settings.PACKAGER_DWC_ID_FIELD,
        core_extension=settings.PACKAGER_DWC_CORE_EXTENSION,
        additional_extensions=settings.PACKAGER_DWC_ADDITIONAL_EXTENSIONS,
        dynamic_term=settings.PACKAGER_DWC_DYNAMIC_TERM,
        extension_fields=settings.PACKAGER_DWC_EXTENSION_FIELDS,
    )
    yield DwcaFormat(darwin_core, temp_directory=Path(settings.PACKAGER_TEMP_DIRECTORY))


@hook(tryfirst=True)
def table_source(submission: Submission, key: str | None, retry_policy: RetryPolicy) -> TableSource:
    """CKAN's datastore: its database where the settings name one, else its API."""
    api = CkanSource(
        submission.api_url,
        key=key,
        rule=address_rule(),
        page_size=settings.PACKAGER_PAGE_SIZE,
        connections=settings.PACKAGER_CONNECTIONS,
        max_page_bytes=settings.PACKAGER_MAX_PAGE_BYTES,
        retry_policy=retry_policy,
    )
    url = datastore_url(submission.ckan_host)
    if not url:
        return api
    # psycopg2 is slow to import
    from packager.streaming.sources.datastore import DatastoreSource
    from packager.streaming.sources.datastore_connection import Limits

    limits = Limits(retry_policy.connect, retry_policy.read, settings.PACKAGER_BUILD_TIMEOUT)
    plugins = settings.PACKAGER_DATASTORE_PLUGINS
    return DatastoreSource(api, url, limits, cursors=settings.PACKAGER_CONNECTIONS, harmless_plugins=plugins)


@hook(tryfirst=True)
def file_source(key: str | None, retry_policy: RetryPolicy) -> FileSource:
    """Files by their address."""
    return UrlSource(address_rule(), key=key, retry_policy=retry_policy, max_bytes=settings.PACKAGER_MAX_FILE_BYTES)


@hook(tryfirst=True)
def store(url: str) -> Store | None:
    """Object storage at ``s3://…``; the folder of PACKAGER_STORE_DIRECTORY, where no address is given."""
    if not url:
        return DirectoryStore(Path(settings.PACKAGER_STORE_DIRECTORY), Path(settings.PACKAGER_TEMP_DIRECTORY))
    if not url.startswith("s3:"):
        return None
    try:
        # optional, and slow to import
        from packager.storage.object_storage import ObjectStore
    except ImportError as error:
        raise StoreUnavailable("PACKAGER_STORE_URL names object storage, for which boto3 is missing") from error
    return ObjectStore(url)


@hook(trylast=True)
def notifiers() -> list[Notifier]:
    """Mail and webhooks."""
    return [EmailNotifier(), WebhookNotifier()]
