"""The tab of ``/ckan-admin``: does it work, what waits, what came, what failed."""

from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk
from flask import Response

from ckanext.packaging_portal import checks
from ckanext.packaging_portal.errors import PortalUnavailable
from ckanext.packaging_portal.pages import guard

LATEST = 10
#: So many requests are counted that wait, or are under way.
MOST = 100


def overview() -> Response:
    """For sysadmins only. Where the portal is away the page says so, and shows the rest."""
    try:
        tk.check_access("sysadmin", {})
    except tk.NotAuthorized:
        tk.abort(403, tk._("Need to be system administrator to administer"))
    shown: dict[str, Any] = {"requests": [], "failures": [], "away": "", "queues": {}}
    try:
        shown |= {"requests": _latest(), "failures": _latest(status="failed")}
        shown["queues"] = {name: len(_latest(status=name, limit=MOST)) for name in ("queued", "running")}
    except PortalUnavailable as error:
        shown["away"] = str(error)
    return guard.page("packaging_portal/administration.html", checks=checks.run_all(checks.QUICK), **shown)


def _latest(**which: Any) -> list[dict[str, Any]]:
    asked = {"all": True, "limit": LATEST, **which}
    return tk.get_action("packaging_portal_request_list")({}, asked)["results"]
