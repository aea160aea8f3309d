"""Sends faults to Sentry, if ``SENTRY_DSN`` is set, without personal data."""

from __future__ import annotations

import json
from typing import Any

import sentry_sdk
from django.conf import settings

from packager.security.redaction import redact


def _scrub(event: Any, _hint: dict[str, Any]) -> Any:
    event.pop("request", None)
    event.pop("user", None)
    return json.loads(redact(json.dumps(event, default=str)))


def connect() -> None:
    """Switch the tracker on. Local variables are not sent: they hold keys and addresses."""
    if settings.SENTRY_DSN:
        sentry_sdk.init(settings.SENTRY_DSN, before_send=_scrub, send_default_pii=False, include_local_variables=False)
