"""What the portal can do, remembered for some minutes."""

from __future__ import annotations

import time
from typing import Any

import ckan.plugins.toolkit as tk
from flask import has_request_context

from ckanext.packaging_portal import client, settings
from ckanext.packaging_portal.errors import PortalRefused, PortalUnavailable

#: Seconds for which an answer is remembered; a failure for a shorter time, so that pages do not wait for it in turn.
FRESH, FAILED = 300.0, 15.0
_known: dict[str, tuple[float, dict[str, Any]]] = {}


def current() -> dict[str, Any]:
    """``ok``, ``version``, ``formats``, ``mail_languages``, ``kept_days``, ``addresses_kept_days``."""
    url = settings.portal_url()
    until, found = _known.get(url, (0.0, {}))
    if time.monotonic() > until:
        found = _ask()
        _known[url] = (time.monotonic() + (FRESH if found["ok"] else FAILED), found)
    wanted = settings.get("formats") or [one["name"] for one in found["formats"]]
    return {**found, "formats": [one for one in found["formats"] if one["name"] in wanted]}


def mail_language() -> str:
    """The language of the page, if there is one and the portal writes e-mails in it; else empty."""
    language = str(tk.h.lang() or "").replace("_", "-") if has_request_context() else ""
    offered = current()["mail_languages"]
    return next((one for one in (language, language.partition("-")[0]) if one in offered), "")


def _ask() -> dict[str, Any]:
    try:
        about = client.call("GET", "/api/v1/").data
    except (PortalUnavailable, PortalRefused):
        return {"ok": False, "version": None, "formats": [], "mail_languages": []}
    can = about["capabilities"]
    return {
        "ok": True,
        "version": about["version"],
        "formats": can["formats"],
        "mail_languages": can["mail_languages"],
        "kept_days": can["limits"]["kept_days"],
        "addresses_kept_days": can["limits"].get("addresses_kept_days"),
    }
