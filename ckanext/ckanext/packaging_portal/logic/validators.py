"""Validators of what actions are given."""

from __future__ import annotations

import json
from typing import Any

import ckan.plugins.toolkit as tk

__all__ = [
    "packaging_portal_given",
    "packaging_portal_json_object",
    "packaging_portal_list",
    "packaging_portal_text_or_object",
]


def packaging_portal_given(key: Any, data: dict[Any, Any], errors: Any, context: Any) -> None:
    """Leaves out what was not given. Unlike ``ignore_empty`` it takes 0 and false for values."""
    if data.get(key) in (tk.missing, None) or data[key] == "":
        data.pop(key, None)
        raise tk.StopOnError()


def packaging_portal_json_object(value: Any) -> dict[str, Any]:
    """An object, or its JSON."""
    with_json = _loaded(value) if isinstance(value, str) else value
    if not isinstance(with_json, dict):
        raise tk.Invalid(tk._("Enter a JSON object"))
    return with_json


def packaging_portal_list(value: Any) -> list[str]:
    """A list of names, as a list, as JSON, or with commas between them."""
    found = _loaded(value) if isinstance(value, str) and value.lstrip().startswith("[") else value
    if isinstance(found, str):
        return [name.strip() for name in found.split(",") if name.strip()]
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise tk.Invalid(tk._("Enter a list of names"))
    return found


def packaging_portal_text_or_object(value: Any) -> str | dict[str, Any]:
    """The words that are searched, or an object of them by column; its JSON counts as the object (as in CKAN)."""
    if isinstance(value, dict):
        return value
    text = str(value)
    found = _loaded(text) if text.lstrip().startswith("{") else None
    return found if isinstance(found, dict) else text


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
