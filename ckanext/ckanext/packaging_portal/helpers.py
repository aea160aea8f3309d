"""What templates call."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import ckan.plugins.toolkit as tk
from flask import request

from ckanext.packaging_portal import presentation, settings

__all__ = [
    "packaging_portal_address",
    "packaging_portal_ahead",
    "packaging_portal_duration",
    "packaging_portal_format_label",
    "packaging_portal_host",
    "packaging_portal_offered",
    "packaging_portal_progress",
    "packaging_portal_resource_address",
    "packaging_portal_status",
    "packaging_portal_summary",
    "packaging_portal_title",
]

#: What the address of a resource's page may say of the rows that are shown.
CARRIED = ("filters", "q", "sort", "fields", "limit", "offset", "format")

packaging_portal_ahead = presentation.ahead
packaging_portal_duration = presentation.duration
packaging_portal_format_label = presentation.format_label
packaging_portal_progress = presentation.progress
packaging_portal_status = presentation.status
packaging_portal_summary = presentation.summary


def packaging_portal_offered(resource: dict[str, Any]) -> bool:
    """Whether the page of a resource has the button: where there is a table or a file, and the visitor may read it."""
    if resource.get("datastore_active"):
        return tk.h.check_access("datastore_search", {"resource_id": resource["id"]})
    is_file = resource.get("url_type") == "upload" or tk.h.is_url(resource.get("url") or "")
    return bool(is_file and tk.h.check_access("resource_show", {"id": resource["id"]}))


def packaging_portal_address(package: Any, resource: dict[str, Any], view_id: str = "") -> str:
    """The form, filled in with what the page shows. ``package``: as a dictionary, or CKAN's object."""
    name = package["name"] if isinstance(package, dict) else package.name
    shown: dict[str, str] = {}
    if resource.get("datastore_active"):
        shown = {key: request.args[key] for key in CARRIED if request.args.get(key)}
        shown |= {"view_id": view_id} if view_id else {}
    return tk.url_for("packaging_portal.package", package_id=name, resource_id=resource["id"], **shown)


def packaging_portal_host() -> str:
    """What people may call the portal: the name of its machine."""
    return urlsplit(settings.portal_url()).hostname or ""


def packaging_portal_title(told: dict[str, Any]) -> str:
    """What a request is for, by name: as the portal knows it, else as CKAN does."""
    return told.get("resource_title") or _own(told).get("name") or tk._("Your package")


def packaging_portal_resource_address(told: dict[str, Any]) -> str:
    """The page of the resource that a request is for, or of the site where it is gone."""
    resource = _own(told)
    if not resource:
        return tk.url_for("home.index")
    return tk.url_for("dataset_resource.read", id=resource["package_id"], resource_id=resource["id"])


def _own(told: dict[str, Any]) -> dict[str, Any]:
    try:
        return tk.get_action("resource_show")({}, {"id": told["resource_id"]})
    except (tk.ObjectNotFound, tk.NotAuthorized):
        return {}
