"""Which CKAN sites the portal serves, and the secrets of their own.

A site's secret is long and random, so that a plain SHA-256 is enough to keep it by.
"""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import Error, models
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from packager.errors import AddressForbidden
from packager.security.api_keys import digest
from packager.streaming.addresses import AddressRule


def check_site_url(value: str) -> None:
    """Raises ValidationError for anything but an http or https address with a host (no dots needed)."""
    try:
        AddressRule().check_url(value)
    except AddressForbidden:
        raise ValidationError("Enter a full address starting with https:// or http://") from None


class CkanSite(models.Model):
    """A CKAN site that the portal serves: its host may be read from, and it may have a secret of its own."""

    name = models.CharField(max_length=100)
    url = models.CharField(
        "address",
        max_length=500,
        validators=[check_site_url],
        help_text="its front page, for example https://data.example.org",
    )
    active = models.BooleanField(
        default=True,
        help_text="if there are active sites or PACKAGER_CKAN_HOSTS, the portal reads from no other hosts",
    )
    secret_digest = models.CharField(max_length=64, blank=True, editable=False)
    notes = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("name",)
        verbose_name = "CKAN site"

    def __str__(self) -> str:
        return self.name

    @property
    def host(self) -> str:
        """``host`` or ``host:port``."""
        return urlsplit(self.url).netloc.lower()

    def renew_secret(self) -> str:
        """Give the site a new secret, which is returned and cannot be seen again."""
        secret = secrets.token_urlsafe(32)
        self.secret_digest = digest(secret)
        self.save(update_fields=["secret_digest"])
        return secret


def allowed_hosts() -> tuple[str, ...]:
    """Hosts that may be read: those of the settings and those of active sites. Empty means any public one.

    Without a database those of the settings count alone: ``manage.py package`` needs none.

    Raises:
        django.db.Error: the database cannot say whether there are sites, and the settings name no host.
    """
    named = tuple(settings.PACKAGER_CKAN_HOSTS)
    try:
        return (*named, *(site.host for site in CkanSite.objects.filter(active=True)))
    except Error:
        if not named:
            raise
        return named


def address_rule() -> AddressRule:
    """From where data may be read."""
    return AddressRule(allowed_hosts())


def datastore_url(host: str) -> str:
    """The address of the datastore's database of the CKAN at ``host`` or ``host:port``; empty if none is named."""
    named = {name.strip().lower(): url for name, url in settings.PACKAGER_DATASTORE_URLS.items()}
    return str(named.get(host, named.get(host.rpartition(":")[0], "")))


def site_with_secret(secret: str) -> CkanSite | None:
    """The active site whose own secret this is; every site is compared, in constant time."""
    given = digest(secret)
    sites = CkanSite.objects.filter(active=True).exclude(secret_digest="")
    return next((site for site in list(sites) if constant_time_compare(site.secret_digest, given)), None)
