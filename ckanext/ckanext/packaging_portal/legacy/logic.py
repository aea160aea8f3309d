"""The action of ckanext-ckanpackager."""

from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk
from ckan import authz

from ckanext.packaging_portal import client
from ckanext.packaging_portal.errors import PortalRefused

#: What may be asked, and what is meant where it is not.
ALLOWED = ("offset", "limit", "resource_id", "email")
USUAL = {"limit": 100, "offset": 0}


@tk.side_effect_free
def packager_stats(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """The requests that were served, newest first.

    :param limit, offset: which of them; the first 100 by default
    :param resource_id: of one resource (optional)
    :param email: of one address (optional; for sysadmins)

    :returns: ``requests``: a list of ``email``, ``resource_id``, ``timestamp``, ``count`` and ``domain``. For
        everybody but sysadmins ``email`` is None, and requests for resources that they may not see are left out
    """
    tk.check_access("packager_stats", context, data_dict)
    sees_all = authz.is_sysadmin(context.get("user"))
    params = {**USUAL, **{name: data_dict[name] for name in ALLOWED if data_dict.get(name) not in (None, "")}}
    if "email" in params and not sees_all:
        raise tk.ValidationError({"email": [tk._("Only sysadmins may look for an address")]})
    try:
        found = client.call("GET", "/api/v1/statistics/records/", params=params).data
    except PortalRefused as problem:
        raise problem.as_ckan_has_it from None
    if not sees_all:
        found = [{**record, "email": None} for record in _visible(found, context)]
    return {"success": True, "status": True, "requests": found}


def _visible(records: list[dict[str, Any]], context: Any) -> list[dict[str, Any]]:
    """Those about resources that the user may see."""
    seen: dict[str, bool] = {}
    for resource_id in {record["resource_id"] for record in records}:
        try:
            seen[resource_id] = tk.check_access("resource_show", _who(context), {"id": resource_id})
        except (tk.NotAuthorized, tk.ObjectNotFound):
            seen[resource_id] = False
    return [record for record in records if seen[record["resource_id"]]]


def _who(context: Any) -> dict[str, Any]:
    return {"user": context.get("user"), "auth_user_obj": context.get("auth_user_obj")}


@tk.auth_allow_anonymous_access
def packager_stats_auth(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Everybody; of one resource, who may see it."""
    if data_dict.get("resource_id"):
        tk.check_access("resource_show", _who(context), {"id": data_dict["resource_id"]})
    return {"success": True}
