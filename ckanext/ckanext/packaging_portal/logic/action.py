"""The actions."""

from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk
from ckan import model

from ckanext.packaging_portal import capabilities, client, identity, portal_requests, settings, submission
from ckanext.packaging_portal.changes import waiting
from ckanext.packaging_portal.changes.envelopes import envelope
from ckanext.packaging_portal.changes.notes import Note
from ckanext.packaging_portal.client import Answer
from ckanext.packaging_portal.errors import PortalRefused
from ckanext.packaging_portal.logic import schema

__all__ = [
    "packaging_portal_capabilities",
    "packaging_portal_changed",
    "packaging_portal_estimate",
    "packaging_portal_request_cancel",
    "packaging_portal_request_create",
    "packaging_portal_request_list",
    "packaging_portal_request_retry",
    "packaging_portal_request_show",
    "packaging_portal_statistics",
]


@tk.side_effect_free
def packaging_portal_capabilities(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """What the portal can do.

    :returns: ``ok`` (whether the portal answers), ``version``, ``formats`` (those that people may choose from, with
        ``name``, ``label`` and ``options``), ``mail_languages``, and ``kept_days`` (how long a package is there) and
        ``addresses_kept_days`` (how long the portal keeps a requester's address; 0: until it is deleted)
    """
    tk.check_access("packaging_portal_capabilities", context, data_dict)
    return capabilities.current()


@tk.side_effect_free
def packaging_portal_estimate(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """What to expect of a request: see ``packaging_portal_request_create`` for what it takes, without the e-mail.

    :returns: ``rows``, ``columns``, ``size``, ``seconds``, ``queue``, ``waiting`` and ``cached``; None where it is
        unknown
    """
    data = schema.validated(schema.query(), data_dict, context)
    resource = _readable("packaging_portal_estimate", context, data)
    return portal_requests.estimate(resource, submission.body(resource, data), context)


def packaging_portal_request_create(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Ask for a package of a resource.

    :param resource_id: the resource
    :param format: one of those that ``packaging_portal_capabilities`` tells; by default that of the settings
    :param filters, q, plain, language, fields, sort, limit, offset: as for ``datastore_search``
    :param options: an object of options of the format
    :param email: who gets an e-mail when it is there (optional)
    :param mail_language: its language; by default that of the page

    :returns: the request, see ``packaging_portal_request_show``
    """
    data = schema.validated(schema.request_create(), data_dict, context)
    resource = _readable("packaging_portal_request_create", context, data)
    if "email" in data:
        data.setdefault("mail_language", capabilities.mail_language())
    if settings.get("changes") != "off":
        waiting.send_about(resource)
    return portal_requests.told(portal_requests.create(resource, submission.body(resource, data), context), context)


@tk.side_effect_free
def packaging_portal_request_show(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """How a request is doing.

    :param id: the request
    :param signature: from a signed link, for those who do not own it

    :returns: ``id``, ``status`` (``queued``, ``running``, ``succeeded``, ``failed``, ``cancelled``, ``expired``),
        ``url`` (its page here), ``status_url`` (its page at the portal), ``download_url``, ``progress``, ``failure``,
        ``package``, ``retry_after`` (seconds after which to look again), and what was asked for
    """
    found, _ = _seen("packaging_portal_request_show", context, data_dict)
    return portal_requests.told(found, context)


def packaging_portal_request_cancel(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Stop a request. Takes and returns what ``packaging_portal_request_show`` does."""
    found, _ = _seen("packaging_portal_request_cancel", context, data_dict)
    return portal_requests.told(portal_requests.act(found.data["id"], "cancel"), context)


def packaging_portal_request_retry(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Ask once more for what failed, was cancelled or has expired.

    Private data are read with a token that ended with the request: for them it is a new request, with a new ``id``.
    Takes and returns what ``packaging_portal_request_show`` does.
    """
    found, _ = _seen("packaging_portal_request_retry", context, data_dict)
    resource = _readable("packaging_portal_request_create", context, {"resource_id": found.data["resource_id"]})
    if submission.needs_token(resource):
        again = {name: found.data.get(name) for name in ("format", "options", "email", "mail_language")}
        body = submission.body(resource, {**found.data["query"], **again})
        return portal_requests.told(portal_requests.create(resource, body, context), context)
    return portal_requests.told(portal_requests.act(found.data["id"], "retry"), context)


@tk.side_effect_free
def packaging_portal_request_list(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """One's own requests, newest first.

    :param resource_id: those for one resource (optional)
    :param status: those in one state (optional)
    :param limit, offset: which of them; 20 by default, 100 at most
    :param all: everybody's, for sysadmins

    :returns: ``results``, and ``more``: whether there are more after these
    """
    data = schema.validated(schema.request_list(), data_dict, context)
    tk.check_access("packaging_portal_request_list", context, data)
    params = {name: data[name] for name in ("resource_id", "status") if name in data}
    if not data.get("all"):
        params["requester"] = identity.requester(identity.user_of(context))
    found, more = portal_requests.several(params, min(data["limit"], 100), data["offset"])
    return {"results": [portal_requests.told(one, context) for one in found], "more": more}


@tk.side_effect_free
def packaging_portal_statistics(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """How much was asked for, without anybody's address.

    :param resource_id: of one resource (optional)

    :returns: ``totals`` and ``days``, see the portal's ``/api/v1/statistics/``
    """
    tk.check_access("packaging_portal_statistics", context, data_dict)
    params = {name: data_dict[name] for name in ("resource_id",) if data_dict.get(name)}
    try:
        found = client.call("GET", "/api/v1/statistics/", params=params).data
    except PortalRefused as problem:
        raise problem.as_ckan_has_it from None
    return {name: found[name] for name in ("totals", "days")}


def packaging_portal_changed(context: Any, data_dict: dict[str, Any]) -> dict[str, Any]:
    """Tell the portal now that the data of a resource changed, so that older packages are not handed out again.

    :param resource_id: the resource

    :returns: ``changed``: how many resources the portal counted
    """
    data = schema.validated(schema.resource(), data_dict, context)
    tk.check_access("packaging_portal_changed", context, data)
    if model.Resource.get(data["resource_id"]) is None:
        raise tk.ObjectNotFound(tk._("There is no such resource"))
    kinds = ("Resource", "Datastore")
    told = [envelope(Note(kind, data["resource_id"], "changed", {"action": "changed"})) for kind in kinds]
    try:
        return dict(client.call("POST", "/api/v1/changes/", json=told).data)
    except PortalRefused as problem:
        raise problem.as_ckan_has_it from None


def _readable(action: str, context: Any, data: dict[str, Any]) -> dict[str, Any]:
    """The resource, if it may be read and packed. Raises NotAuthorized, ObjectNotFound."""
    who = {"user": context.get("user"), "auth_user_obj": context.get("auth_user_obj")}
    if context.get("ignore_auth"):
        who["ignore_auth"] = True
    resource = tk.get_action("resource_show")(who, {"id": data["resource_id"]})
    tk.check_access(action, {**context, "packaging_portal_resource": resource}, data)
    return resource


def _seen(action: str, context: Any, data_dict: dict[str, Any]) -> tuple[Answer, dict[str, Any]]:
    """A request that may be seen. Raises ObjectNotFound, also for those of other people."""
    data = schema.validated(schema.request(), data_dict, context)
    found = portal_requests.show(data["id"])
    try:
        tk.check_access(action, {**context, "packaging_portal_request": found.data}, data)
    except tk.NotAuthorized:
        raise tk.ObjectNotFound(tk._("There is no such request")) from None
    return found, data
