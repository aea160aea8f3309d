"""What the actions take."""

from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk


def _optional(*names: str) -> list[Any]:
    return [tk.get_validator(name) for name in ("packaging_portal_given", *names)]


def _required(*names: str) -> list[Any]:
    return [tk.get_validator(name) for name in ("not_empty", *names)]


def resource() -> dict[str, Any]:
    """A resource."""
    return {"resource_id": _required("unicode_safe")}


def query() -> dict[str, Any]:
    """A resource, and which of its rows in which format. What the values may be is for the portal to say."""
    return {
        **resource(),
        "format": _optional("unicode_safe"),
        "filters": _optional("packaging_portal_json_object"),
        "q": _optional("packaging_portal_text_or_object"),
        "plain": _optional("boolean_validator"),
        "language": _optional("unicode_safe"),
        "fields": _optional("packaging_portal_list"),
        "sort": _optional("unicode_safe"),
        "limit": _optional("natural_number_validator"),
        "offset": _optional("natural_number_validator"),
        "options": _optional("packaging_portal_json_object"),
    }


def request_create() -> dict[str, Any]:
    """What is wanted, and who is told when it is there."""
    return {**query(), "email": _optional("unicode_safe"), "mail_language": _optional("unicode_safe")}


def request() -> dict[str, Any]:
    """A request; ``signature`` comes from a signed link."""
    return {"id": _required("unicode_safe", "uuid_validator"), "signature": _optional("unicode_safe")}


def request_list() -> dict[str, Any]:
    """Which requests."""
    return {
        "resource_id": _optional("unicode_safe"),
        "status": _optional("unicode_safe"),
        "all": _optional("boolean_validator"),
        "limit": [tk.get_validator("default")(20), tk.get_validator("natural_number_validator")],
        "offset": [tk.get_validator("default")(0), tk.get_validator("natural_number_validator")],
    }


def validated(schema: dict[str, Any], data_dict: dict[str, Any], context: Any) -> dict[str, Any]:
    """What an action was given, read. Raises ValidationError; unknown fields are one."""
    known = {name: value for name, value in data_dict.items() if not name.startswith("__")}
    data, errors = tk.navl_validate(known, {**schema, "__extras": [_nothing_else]}, context)
    if errors:
        raise tk.ValidationError(errors)
    return {name: value for name, value in data.items() if value is not None}


def _nothing_else(key: Any, data: Any, errors: Any, context: Any) -> None:
    for name in data.get(key) or {}:
        errors.setdefault((name,), []).append(tk._("There is no such field"))
    data.pop(key, None)
