"""Who may call the actions. Reading a resource is asked of CKAN's own rules, so that those of other plugins count."""

from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk

from ckanext.packaging_portal import identity, portal_requests, settings, submission


@tk.auth_allow_anonymous_access
def packaging_portal_capabilities(context: Any, data_dict: Any) -> dict[str, Any]:
    """Everybody."""
    return {"success": True}


@tk.auth_allow_anonymous_access
def packaging_portal_request_create(context: Any, data_dict: Any) -> dict[str, Any]:
    """Who may read the resource, and its table if it has one; anonymous visitors if ``anonymous`` says so."""
    if not context.get("user") and not settings.get("anonymous"):
        return {"success": False, "msg": tk._("Log in to request packages")}
    submission.check_reading(context, context.get("packaging_portal_resource") or _resource(context, data_dict))
    return {"success": True}


@tk.auth_allow_anonymous_access
def packaging_portal_estimate(context: Any, data_dict: Any) -> dict[str, Any]:
    """The same."""
    return packaging_portal_request_create(context, data_dict)


@tk.auth_allow_anonymous_access
def packaging_portal_request_show(context: Any, data_dict: Any) -> dict[str, Any]:
    """Its owner, sysadmins, and who has the signed link. Raises ObjectNotFound: others are not told that it exists."""
    found = context.get("packaging_portal_request") or portal_requests.show(data_dict["id"]).data
    return {"success": identity.may_see(context, found, data_dict.get("signature"))}


@tk.auth_allow_anonymous_access
def packaging_portal_request_cancel(context: Any, data_dict: Any) -> dict[str, Any]:
    """Who may see it."""
    return packaging_portal_request_show(context, data_dict)


@tk.auth_allow_anonymous_access
def packaging_portal_request_retry(context: Any, data_dict: Any) -> dict[str, Any]:
    """Who may see it. Whether the resource may still be read is asked when a token is made for it."""
    return packaging_portal_request_show(context, data_dict)


def packaging_portal_request_list(context: Any, data_dict: Any) -> dict[str, Any]:
    """Everybody who is logged in their own; ``all`` is for sysadmins."""
    return {"success": bool(context.get("user")) and not data_dict.get("all")}


@tk.auth_allow_anonymous_access
def packaging_portal_statistics(context: Any, data_dict: Any) -> dict[str, Any]:
    """Who may see the resource; of the whole site: everybody, since they are sums."""
    if data_dict.get("resource_id"):
        tk.check_access("resource_show", _who(context), {"id": data_dict["resource_id"]})
    return {"success": True}


def packaging_portal_changed(context: Any, data_dict: Any) -> dict[str, Any]:
    """Who may update the resource."""
    tk.check_access("resource_update", _who(context), {"id": data_dict["resource_id"]})
    return {"success": True}


def _who(context: Any) -> dict[str, Any]:
    return {"user": context.get("user"), "auth_user_obj": context.get("auth_user_obj")}


def _resource(context: Any, data_dict: Any) -> dict[str, Any]:
    return tk.get_action("resource_show")(_who(context), {"id": tk.get_or_bust(data_dict, "resource_id")})
