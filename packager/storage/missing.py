"""Packages whose files are missing from the store, for whatever reason: staff see them, and people are told."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from django.utils import timezone

from packager.models import Package

log = logging.getLogger(__name__)


def note(packages: Iterable[Package]) -> None:
    """Write down that the files of these are missing, unless that is known already."""
    for package in packages:
        found_out = Package.objects.kept().filter(pk=package.pk, missing_since=None)
        if found_out.update(missing_since=timezone.now()):
            log.error("%s, the file of package %s, is missing from the store", package.stored_as, package.pk)


def note_found(packages: Iterable[Package]) -> None:
    """Write down that the files of these are there."""
    Package.objects.filter(pk__in=[package.pk for package in packages]).update(missing_since=None)
