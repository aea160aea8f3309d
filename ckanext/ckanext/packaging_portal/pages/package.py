"""``/dataset/<id>/resource/<id>/package``: the form, and what it asks for."""

from __future__ import annotations

from typing import Any

import ckan.plugins as p
import ckan.plugins.toolkit as tk
from flask import Response, redirect, request
from markupsafe import escape
from werkzeug.wrappers import Response as AnyResponse

from ckanext.packaging_portal import current_view, settings
from ckanext.packaging_portal.current_view import BadQuery
from ckanext.packaging_portal.errors import PortalUnavailable
from ckanext.packaging_portal.interfaces import IPackagingPortal
from ckanext.packaging_portal.pages import form as forms
from ckanext.packaging_portal.pages import guard
from ckanext.packaging_portal.pages.form import Form
from ckanext.packaging_portal.pages.requests import address
from ckanext.packaging_portal.presentation import chip

Errors = dict[str, list[str]]


def show(package_id: str, resource_id: str) -> AnyResponse:
    """The form, filled in with what the address says. It changes nothing, unless ``legacy_get`` is on."""
    package, resource = forms.readable(package_id, resource_id)
    if not _may_ask(resource_id):
        return guard.to_login()
    able = _capabilities()
    try:
        form = forms.from_address(package, resource, able["formats"])
    except BadQuery as problem:
        tk.abort(400, str(problem))
    if settings.get("legacy_get") and request.args.get("email"):
        return _ask_at_once(form)
    return _form(form, able)


def ask(package_id: str, resource_id: str) -> AnyResponse:
    """Ask for the package, and go to its page. Or show the form again: without a part, or with what is wrong."""
    package, resource = forms.readable(package_id, resource_id)
    if not _may_ask(resource_id):
        return guard.to_login()
    try:
        form = forms.from_post(package, resource)
    except BadQuery as problem:
        tk.abort(400, str(problem))
    if "remove" in request.form:
        form = form.without(request.form["remove"])
    if "remove" in request.form or "again" in request.form:
        return _form(form, _capabilities())
    try:
        made = _request(form)
    except tk.ValidationError as problem:
        return _form(form, _capabilities(), problem.error_dict)
    return redirect(address(made["id"], form.destination), 303)


def _capabilities() -> dict[str, Any]:
    able = tk.get_action("packaging_portal_capabilities")({}, {})
    if not able["ok"]:
        raise PortalUnavailable
    return able


def _may_ask(resource_id: str) -> bool:
    try:
        return bool(tk.check_access("packaging_portal_request_create", {}, {"resource_id": resource_id}))
    except tk.NotAuthorized:
        if tk.current_user.is_authenticated:
            tk.abort(404, tk._("Resource not found"))
        return False


def _request(form: Form) -> dict[str, Any]:
    asked = form.wanted
    for plugin in p.PluginImplementations(IPackagingPortal):
        asked = plugin.before_package_request(form.package["id"], asked)
    return tk.get_action("packaging_portal_request_create")({}, asked)


def _ask_at_once(form: Form) -> AnyResponse:
    """As ckanext-ckanpackager did: ask, say so above the page that the link names, or the resource's."""
    try:
        _request(form)
    except tk.ValidationError as problem:
        tk.h.flash_error(escape("; ".join(_sentences(problem.error_dict))))
    else:
        tk.h.flash_success(tk._("Your package has been requested. You will get an email with the link."))
    package, resource = form.package["name"], form.resource["id"]
    return redirect(form.destination or tk.url_for("dataset_resource.read", id=package, resource_id=resource))


def _form(form: Form, able: dict[str, Any], errors: Errors | None = None) -> Response:
    expected = None
    try:
        expected = None if errors else forms.estimate(form)
    except tk.ValidationError as problem:
        errors = problem.error_dict
    shown = {
        "form": form,
        "formats": able["formats"] if form.is_table else [],
        "chips": [(name, chip(name, column, value)) for name, column, value in current_view.parts(form.query)],
        "expected": expected,
        "total": forms.total_rows(form),
        "errors": errors or {},
        "kept_days": able.get("addresses_kept_days"),
        "pkg_dict": form.package,
        "labels": {"email": tk._("Email"), "format": tk._("Format"), "filters": tk._("Filters"), "sort": tk._("Sort")},
    }
    in_dialog = request.values.get("part") == "form"
    template = "packaging_portal/snippets/form.html" if in_dialog else "packaging_portal/package.html"
    return guard.page(template, 400 if errors else 200, **shown, in_dialog=in_dialog)


def _sentences(errors: Errors) -> list[str]:
    return [str(text) for told in errors.values() for text in (told if isinstance(told, list) else [told])]
