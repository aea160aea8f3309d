"""CKAN sites: their hosts may be read, and they may come with a secret of their own."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from packager.models import PackageRequest
from packager.security.sites import CkanSite
from tests.packager.conftest import post

__all__ = ["post"]


@pytest.fixture
def site(portal, ckan) -> CkanSite:
    return CkanSite.objects.create(name="Museum", url=ckan.url)


def test_the_host_of_an_active_site_may_be_read_and_no_other(post, site, settings):
    settings.PACKAGER_CKAN_HOSTS = []
    assert post().status_code == 200
    assert post(api_url="https://data.example.org/api/3/action/datastore_search").status_code == 400


def test_hosts_of_the_settings_count_as_well(post, settings):
    CkanSite.objects.create(name="Elsewhere", url="https://data.example.org")
    settings.PACKAGER_CKAN_HOSTS = ["127.0.0.1"]
    assert post().status_code == 200


def test_a_site_that_is_not_active_does_not_count(post, site, settings):
    CkanSite.objects.update(active=False)
    settings.PACKAGER_CKAN_HOSTS = ["data.example.org"]
    assert post().status_code == 400


def test_a_site_may_come_with_its_own_secret(post, site):
    secret = site.renew_secret()
    assert secret not in str(CkanSite.objects.values().get())
    assert post(secret=secret).status_code == 200
    assert post("/status", secret=secret).status_code == 200


def test_with_its_own_secret_a_site_speaks_for_its_own_host_only(post, site, settings):
    settings.PACKAGER_CKAN_HOSTS = ["127.0.0.1", "localhost"]
    secret = site.renew_secret()
    elsewhere = post(secret=secret, api_url="http://localhost:1/api/3/action/datastore_search")
    assert elsewhere.status_code == 400
    assert "api_url" in elsewhere.json()["message"]
    assert post("/package_url", secret=secret, resource_url="http://localhost:1/file").status_code == 400
    assert PackageRequest.objects.count() == 0


def test_what_concerns_all_sites_wants_the_portals_secret(post, site):
    assert post("/clear_caches", secret=site.renew_secret()).status_code == 401
    assert post("/statistics", secret=site.renew_secret()).status_code == 401


def test_the_secret_of_a_site_that_is_not_active_opens_nothing(post, site):
    secret = site.renew_secret()
    CkanSite.objects.update(active=False)
    assert post(secret=secret).status_code == 401


def test_a_new_secret_replaces_the_old_one(post, site):
    old, new = site.renew_secret(), site.renew_secret()
    assert post(secret=old).status_code == 401
    assert post(secret=new).status_code == 200


@pytest.mark.parametrize("url", ["data.example.org", "ftp://data.example.org", "http://me:pw@data.example.org"])
def test_the_address_of_a_site_is_one_of_the_web(portal, url):
    with pytest.raises(ValidationError):
        CkanSite(name="Museum", url=url).full_clean()
