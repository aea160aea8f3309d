"""The form that asks for a package: what was filled in, what the portal expects of it, what is sent."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

import ckan.plugins.toolkit as tk
from flask import request

from ckanext.packaging_portal import current_view, settings
from ckanext.packaging_portal.current_view import BadQuery, Query
from ckanext.packaging_portal.errors import PortalUnavailable
from ckanext.packaging_portal.pages.guard import within_site

ALL_ROWS, THESE_ROWS = "all", "view"


@dataclass(frozen=True)
class Form:
    """What stands in the form."""

    package: dict[str, Any]
    resource: dict[str, Any]
    query: Query = field(default_factory=dict)
    rows: str = THESE_ROWS
    format: str = ""
    email: str = ""
    destination: str = ""

    @property
    def is_table(self) -> bool:
        """Whether there are rows; a file is packed as it is."""
        return bool(self.resource.get("datastore_active"))

    @property
    def query_json(self) -> str:
        """The query, for the field that carries it."""
        return json.dumps(self.query)

    @property
    def wanted(self) -> dict[str, Any]:
        """What ``packaging_portal_request_create`` is asked for."""
        asked: dict[str, Any] = {"resource_id": self.resource["id"]}
        if self.is_table:
            asked |= {"format": self.format, **(self.query if self.rows == THESE_ROWS else {})}
        return asked | ({"email": self.email} if self.email else {})

    def without(self, part: str) -> Form:
        """The same, but for a part of the query."""
        return replace(self, query=current_view.without(self.query, part))


def readable(package_id: str, resource_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The dataset and the resource. For what is not there, or not for this visitor, the page is not found."""
    try:
        package = tk.get_action("package_show")({}, {"id": package_id})
        resource = next(each for each in package["resources"] if each["id"] == resource_id)
        if resource.get("datastore_active"):
            tk.check_access("datastore_search", {}, {"resource_id": resource_id})
        else:
            tk.check_access("resource_show", {}, {"id": resource_id})
    except (tk.ObjectNotFound, tk.NotAuthorized, StopIteration):
        tk.abort(404, tk._("Resource not found"))
    return package, resource


def from_address(package: dict[str, Any], resource: dict[str, Any], formats: list[dict[str, Any]]) -> Form:
    """The form as a link fills it in. Raises BadQuery."""
    args = request.args
    form = Form(
        package,
        resource,
        email=args.get("email") or (tk.current_user.email if tk.current_user.is_authenticated else "") or "",
        format=args.get("format", "").lower() or first_format(resource, formats),
        rows=ALL_ROWS if args.get("rows") == ALL_ROWS else THESE_ROWS,
        destination=within_site(args.get("destination", "")),
    )
    return replace(form, query=_query_of_address(resource)) if form.is_table else form


def from_post(package: dict[str, Any], resource: dict[str, Any]) -> Form:
    """The form as it was sent. Raises BadQuery."""
    sent = request.form
    try:
        query = json.loads(sent.get("query") or "{}")
    except ValueError as problem:
        raise BadQuery("query", "is not JSON") from problem
    known = (*current_view.IN_ADDRESS, "plain", "language")
    if not isinstance(query, dict) or not set(query) <= set(known):
        raise BadQuery("query", "is not a query")
    return Form(
        package,
        resource,
        query,
        ALL_ROWS if sent.get("rows") == ALL_ROWS else THESE_ROWS,
        sent.get("format", ""),
        sent.get("email", "").strip(),
        within_site(sent.get("destination", "")),
    )


def first_format(resource: dict[str, Any], formats: list[dict[str, Any]]) -> str:
    """The format that is chosen at first: a Darwin Core resource is asked for as an archive, as it always was."""
    names = [each["name"] for each in formats]
    usual = "dwca" if str(resource.get("format")).lower() == "dwc" else settings.get("default_format")
    return usual if usual in names or not names else names[0]


def estimate(form: Form) -> dict[str, Any] | None:
    """What the portal expects of the request; None if it does not say in time. Raises ValidationError."""
    asked = {name: value for name, value in form.wanted.items() if name != "email"}
    try:
        return tk.get_action("packaging_portal_estimate")({}, asked)
    except PortalUnavailable:
        return None


def total_rows(form: Form) -> int | None:
    """How many rows the whole table has, where that is not what the form asks for anyway."""
    if not form.is_table or not form.query:
        return None
    found = tk.get_action("datastore_search")({}, {"resource_id": form.resource["id"], "limit": 0})
    return found.get("total")


def _query_of_address(resource: dict[str, Any]) -> Query:
    view = _view(resource, request.args.get("view_id", ""))
    columns = [each["id"] for each in _columns(resource)]
    if request.args.get("table"):
        filters = current_view.filters_of(request.args.get("filters", ""))
        return current_view.of_table(view, filters, _state(request.args["table"]), columns)
    return current_view.of_view(view, current_view.of_address(request.args), columns)


def _view(resource: dict[str, Any], view_id: str) -> dict[str, Any]:
    if not view_id:
        return {}
    try:
        view = tk.get_action("resource_view_show")({}, {"id": view_id})
    except (tk.ObjectNotFound, tk.NotAuthorized):
        return {}
    return view if view["resource_id"] == resource["id"] else {}


def _columns(resource: dict[str, Any]) -> list[dict[str, Any]]:
    found = tk.get_action("datastore_search")({}, {"resource_id": resource["id"], "limit": 0, "include_total": False})
    return found["fields"]


def _state(text: str) -> dict[str, Any]:
    try:
        state = json.loads(text)
    except ValueError as problem:
        raise BadQuery("table", "is not JSON") from problem
    if not isinstance(state, dict):
        raise BadQuery("table", "is not the state of a table")
    return state
