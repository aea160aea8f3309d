"""The caretaker: packages older than seven days go, by the clock of the clusters, and nothing else ever does."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.utils import timezone

from packager.lifecycle import maintenance
from packager.models import Status
from packager.storage import stores


def _file(request) -> Path:
    return stores.default().path(request.package.stored_as)


def _status(portal, request, settings) -> int:
    return portal.get(request.download_url.removeprefix(settings.PUBLIC_URL)).status_code


def test_a_package_is_kept_for_seven_days_and_deleted_then(built, portal, settings, by_the_clock):
    request = built()
    with time_machine.travel(timezone.now() + timedelta(days=6, hours=23), tick=False):
        assert by_the_clock() >= 3
        assert (_file(request).exists(), _status(portal, request, settings)) == (True, 200)
    with time_machine.travel(timezone.now() + timedelta(days=7, minutes=1), tick=False):
        by_the_clock()
    assert not _file(request).exists()
    request.refresh_from_db()
    assert (request.status, _status(portal, request, settings)) == (Status.EXPIRED, 410)


def test_the_number_of_days_is_a_setting(built, settings):
    settings.PACKAGER_EXPIRY_DAYS = 1
    request = built()
    assert request.package.expires_at - request.package.created_at == timedelta(days=1)


@pytest.mark.parametrize("care", [maintenance.clear_packages, maintenance.expire_packages])
def test_only_packages_of_ours_are_deleted(built, settings, tmp_path, care):
    request = built()
    store = Path(settings.PACKAGER_STORE_DIRECTORY)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    # names in the store are random: ours may lie in the first of these folders
    folder = next(name for name in ("ac", "ad") if not (store / name).exists())
    foreign = [
        store / "old.zip",
        store / "aa" / "notes.txt",
        store / "ab" / "theirs.zip",
        elsewhere / f"{folder * 16}.zip",
    ]
    for path in foreign:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"not ours")
        os.utime(path, (1, 1))
    links = [store / "link", store / folder]
    for link in links:
        link.symlink_to(elsewhere)
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        assert care() == 1
    assert not _file(request).exists()
    assert all(path.exists() for path in foreign)
    assert all(link.is_symlink() for link in links)


def test_a_package_that_became_a_symbolic_link_is_left_with_what_it_points_to(built, tmp_path):
    request = built()
    precious = tmp_path / "precious.zip"
    _file(request).rename(precious)
    _file(request).symlink_to(precious)
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        maintenance.expire_packages()
    assert _file(request).is_symlink()
    assert precious.exists()
