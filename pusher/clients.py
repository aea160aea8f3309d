"""How files and CKAN are reached: the portal's guarded client, with the operator's patience."""

from __future__ import annotations

from django.conf import settings

from packager.streaming.addresses import AddressRule
from packager.streaming.http import HttpClient, RetryPolicy
from pusher.submission import ckan_hosts, ckan_rule


def download_rule() -> AddressRule:
    """Files may be anywhere public; named hosts and CKAN itself may be private."""
    return AddressRule(private=(*ckan_hosts(), *settings.PUSHER_DOWNLOAD_HOSTS))


def download_client(key: str | None, key_for: str) -> HttpClient:
    """Fetches one file; ``key`` goes to the host of ``key_for`` only."""
    patience = RetryPolicy(
        connect=settings.PACKAGER_CONNECT_TIMEOUT,
        read=settings.PUSHER_DOWNLOAD_TIMEOUT,
        attempts=settings.PUSHER_DOWNLOAD_TRIES,
    )
    return HttpClient(download_rule(), key=key, key_for=key_for, retry_policy=patience, connections=1)


def ckan_client(rule: AddressRule | None = None) -> HttpClient:
    """Speaks to CKAN's API."""
    patience = RetryPolicy(
        connect=settings.PACKAGER_CONNECT_TIMEOUT,
        read=settings.PACKAGER_READ_TIMEOUT,
        attempts=settings.PACKAGER_PAGE_ATTEMPTS,
    )
    return HttpClient(rule or ckan_rule(), retry_policy=patience, connections=2)
