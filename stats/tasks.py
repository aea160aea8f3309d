"""What the clusters run by the clock. Short, for its name stands in schedules, wherever the work moves."""

from __future__ import annotations

from django.conf import settings

from stats.address_stores import RequestAddresses
from stats.anonymise import anonymise


def anonymise_requests() -> int:
    """Under PACKAGER_ANONYMIZE_EMAILS, hash the addresses of requests that are over; returns how many addresses.

    The statistics need none of this: they are hashed before they are stored.
    """
    return anonymise(RequestAddresses())[0] if settings.PACKAGER_ANONYMIZE_EMAILS else 0
