"""The helpers of ckanext-ckanpackager."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ckan.plugins.toolkit as tk
from flask import request

__all__ = ["get_format_options", "url_for_package_resource"]


def url_for_package_resource(
    package_id: str, resource_id: str, use_request: bool = True, extra_filters: Mapping[str, Any] | None = None
) -> str:
    """The address of the form, or nothing if there is neither a table nor a file.

    ``use_request``: with what the page's address says. ``extra_filters``: values by column. Raises ObjectNotFound.
    """
    resource = tk.get_action("resource_show")({}, {"id": resource_id})
    if not resource.get("datastore_active") and not resource.get("url"):
        return ""
    params = {**request.view_args, **request.args.to_dict()} if use_request else {}
    filters = [params["filters"]] if params.get("filters") else []
    filters += [f"{name}:{value}" for name, value in (extra_filters or {}).items()]
    params |= {"filters": "|".join(filters)} if filters else {}
    params |= {"resource_id": resource_id, "package_id": package_id, "destination": request.url}
    known = {name: value for name, value in params.items() if name not in ("id", "package_type", "email")}
    return tk.url_for("ckanpackager.package_resource", **known)


def get_format_options(resource_id: str) -> list[str]:
    """The formats of a table, in capitals; none for a file."""
    resource = tk.get_action("resource_show")({}, {"id": resource_id})
    if not resource.get("datastore_active"):
        return []
    offered = tk.get_action("packaging_portal_capabilities")({}, {})["formats"]
    return [each["name"].upper() for each in offered]
