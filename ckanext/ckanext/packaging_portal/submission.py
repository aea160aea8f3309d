"""What the portal is sent for a request of CKAN's."""

from __future__ import annotations

from typing import Any

import ckan.plugins as p
import ckan.plugins.toolkit as tk

from ckanext.packaging_portal import settings

#: What an action may be given beside the resource, and is passed on.
OF_TABLES = ("filters", "q", "plain", "language", "fields", "sort", "limit", "offset", "format")
OF_ALL = ("options", "email", "mail_language")


def is_table(resource: dict[str, Any]) -> bool:
    """Whether the rows of a table are packed, rather than a file."""
    return bool(resource.get("datastore_active")) and p.plugin_loaded("datastore")


def has_data(resource: dict[str, Any]) -> bool:
    """Whether there is anything to pack: a table, a file, or a link to one."""
    return is_table(resource) or bool(resource.get("url"))


def is_public(resource: dict[str, Any]) -> bool:
    """Whether anonymous visitors may read it, so that the portal needs no token."""
    try:
        check_reading({"user": "", "auth_user_obj": None}, resource)
    except (tk.NotAuthorized, tk.ObjectNotFound):
        return False
    return True


def check_reading(context: Any, resource: dict[str, Any]) -> None:
    """Ask CKAN whether somebody may read it. Raises NotAuthorized."""
    who = {"user": context.get("user"), "auth_user_obj": context.get("auth_user_obj")}
    tk.check_access("resource_show", {**who}, {"id": resource["id"]})
    if is_table(resource):
        tk.check_access("datastore_search", {**who}, {"resource_id": resource["id"]})


def needs_token(resource: dict[str, Any]) -> bool:
    """Whether the portal can read it with a token only. A link leads elsewhere, where no token of ours belongs."""
    return (is_table(resource) or resource.get("url_type") == "upload") and not is_public(resource)


def body(resource: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """The fields that say what is packed; those that were not given are left out.

    Raises:
        ValidationError: there is nothing to pack.
    """
    found = {"resource_id": resource["id"], **source(resource)}
    names = (*OF_TABLES, *OF_ALL) if is_table(resource) else _of_files(data)
    found |= {name: data[name] for name in names if data.get(name) not in (None, "", {}, [])}
    if is_table(resource):
        found.setdefault("format", settings.get("default_format"))
        _check_format(found["format"])
    return found


def source(resource: dict[str, Any]) -> dict[str, str]:
    """Where the portal finds the table or file. Raises ValidationError if there is neither."""
    if not has_data(resource):
        raise tk.ValidationError({"resource_id": [tk._("There is neither a table nor a file to package")]})
    ckan = settings.ckan_url()
    if is_table(resource):
        return {"api_url": f"{ckan}/api/3/action/datastore_search"}
    url = str(resource["url"])
    if resource.get("url_type") != "upload":
        return {"resource_url": url}
    file = url.rsplit("/", 1)[-1]
    return {"resource_url": f"{ckan}/dataset/{resource['package_id']}/resource/{resource['id']}/download/{file}"}


def _check_format(name: str) -> None:
    offered = settings.get("formats")
    if offered and name not in offered:
        raise tk.ValidationError({"format": [tk._("Choose one of: {names}").format(names=", ".join(offered))]})


def _of_files(data: dict[str, Any]) -> tuple[str, ...]:
    """A form has a format for tables only; filters of a file are a mistake, which the portal names."""
    return (*(name for name in OF_TABLES if name != "format"), *OF_ALL)
