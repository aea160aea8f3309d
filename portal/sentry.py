"""Sends faults to Sentry, if ``SENTRY_DSN`` is set: each once, with its reference, without personal data or keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from multiprocessing import util
from typing import Any

import sentry_sdk
from django.conf import settings

from packager import VERSION
from packager.security.redaction import HIDDEN, redact

#: What is never sent, whatever it is called by.
_SECRET = re.compile(r"(?i)authorization|cookie|secret|passw|token|api[_-]?key|^key$|dsn|e-?mail")
_REFERENCE = re.compile(r"\bPP-[A-Z2-9]{8}\b")
#: Seconds that a process which ends takes to send what it has.
LAST_WORDS = 5.0


def connect() -> None:
    """Switch the tracker on. Local variables are not sent: they hold keys and addresses."""
    if not settings.SENTRY_DSN:
        return
    sentry_sdk.init(
        settings.SENTRY_DSN,
        release=VERSION,
        before_send=_scrub,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        auto_session_tracking=False,
    )
    # a worker is a fork, and ends without the usual ceremonies: what it has to tell would be lost
    words = {"timeout": LAST_WORDS}
    util.register_after_fork(connect, lambda _: util.Finalize(None, sentry_sdk.flush, kwargs=words, exitpriority=10))


def _scrub(event: Any, _hint: dict[str, Any]) -> Any:
    """The event without the request and its user, and every text of it redacted; its reference as a tag."""
    for name in ("request", "user", "breadcrumbs"):
        event.pop(name, None)
    event.get("extra", {}).pop("sys.argv", None)
    clean = _clean(event)
    if reference := _REFERENCE.search(str(clean.get("logentry", ""))):
        clean["tags"] = {**clean.get("tags", {}), "reference": reference[0]}
    return clean


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {name: HIDDEN if _SECRET.search(str(name)) else _clean(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(inner) for inner in value]
    return value
