"""Requests as the portal has them, and as this site tells of them."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import ckan.plugins.toolkit as tk

from ckanext.packaging_portal import client, identity, settings, submission, tokens
from ckanext.packaging_portal.client import Answer
from ckanext.packaging_portal.errors import PortalRefused, PortalUnavailable

#: What the actions tell of a request as the portal has it. Left out is who asked, and what names the call.
TOLD = (
    "id",
    "status",
    "kind",
    "resource_id",
    "resource_title",
    "dataset_title",
    "organization_title",
    "query",
    "format",
    "options",
    "queue",
    "place",
    "cached",
    "progress",
    "failure",
    "package",
    "status_url",
    "created_at",
    "queued_at",
    "started_at",
    "finished_at",
)
#: The portal's largest page of a list.
LARGEST_PAGE = 200


def show(request_id: str) -> Answer:
    """A request. Raises ObjectNotFound, PortalUnavailable."""
    return _translated("GET", _path(request_id))


def act(request_id: str, what: str) -> Answer:
    """``cancel`` or ``retry`` a request. Raises ObjectNotFound, ValidationError, PortalUnavailable."""
    return _translated("POST", f"{_path(request_id)}{what}/")


def estimate(resource: dict[str, Any], body: dict[str, Any], context: Any) -> dict[str, Any]:
    """What to expect of a request. Private data are counted with a token that lives as long as the call.

    Raises:
        ValidationError: names the field.
        PortalUnavailable
    """
    name = f"estimate {uuid4().hex}"
    body = _on_behalf(resource, body, context, name)
    try:
        return dict(_translated("POST", "/api/v1/estimate/", json=body).data)
    finally:
        if "key" in body:
            tokens.revoke(name)


def create(resource: dict[str, Any], body: dict[str, Any], context: Any) -> Answer:
    """Ask the portal for a package, on behalf of the user of ``context``.

    A private resource is read with a token that is made for this request, and revoked at once if there will be none.

    Raises:
        ValidationError: names the field.
        NotAuthorized: private data, and nobody is logged in.
        PortalUnavailable
    """
    name = uuid4().hex
    body = {**_on_behalf(resource, body, context, name), "webhook_url": f"{settings.ckan_url()}/packaging-portal/hook"}
    try:
        return _post(body, name)
    except PortalUnavailable as error:
        if error.certain:  # otherwise the request may be there: its end, or that of the token's life, revokes it
            tokens.revoke(name)
        raise
    except PortalRefused as problem:
        tokens.revoke(name)
        raise problem.as_ckan_has_it from None


def _on_behalf(resource: dict[str, Any], body: dict[str, Any], context: Any, name: str) -> dict[str, Any]:
    """The body with who asks, and with what the portal needs to read private data."""
    user = identity.user_of(context)
    if user is None:
        if submission.needs_token(resource):
            raise tk.NotAuthorized(tk._("Log in to package private data"))
        return body
    key = {"key": tokens.create(user, resource["id"], name)} if submission.needs_token(resource) else {}
    return {**body, "requester": identity.requester(user), **key}


def _post(body: dict[str, Any], name: str) -> Answer:
    """Make it; once more if the connection broke, which the name of the call makes safe."""
    headers = {"Idempotency-Key": name}
    try:
        return client.call("POST", "/api/v1/requests/", json=body, headers=headers)
    except PortalUnavailable as error:
        if not error.broken:
            raise
    return client.call("POST", "/api/v1/requests/", json=body, headers=headers)


def several(params: dict[str, Any], limit: int, offset: int) -> tuple[list[dict[str, Any]], bool]:
    """Requests, newest first, and whether there are more after these.

    The portal's pages go on from one to the next, so that those before ``offset`` are fetched, too.
    """
    wanted, found = offset + limit + 1, list[dict[str, Any]]()
    params = {**params, "page_size": min(wanted, LARGEST_PAGE)}
    while True:
        page = _translated("GET", "/api/v1/requests/", params=params).data
        found += page["results"]
        cursor = parse_qs(urlsplit(page.get("next") or "").query).get("cursor")
        if not cursor or len(found) >= wanted:
            return found[offset : offset + limit], len(found) > offset + limit
        params["cursor"] = cursor[0]


def told(answer: Answer | dict[str, Any], context: Any) -> dict[str, Any]:
    """What the actions tell of a request."""
    found, headers = (answer.data, answer.headers) if isinstance(answer, Answer) else (answer, {})
    package = found.get("package") or {}
    # who is not logged in comes back by the signed link; nobody else is given one
    signed = {} if context.get("user") else {"signature": identity.signature(found["id"])}
    return {
        **{name: found.get(name) for name in TOLD},
        "url": tk.url_for("packaging_portal.request", request_id=found["id"], qualified=True, **signed),
        "download_url": package.get("url"),
        "retry_after": int(headers.get("retry-after") or 0) or None,
    }


def _path(request_id: str) -> str:
    try:
        return f"/api/v1/requests/{UUID(request_id)}/"
    except ValueError:
        raise tk.ObjectNotFound(tk._("There is no such request")) from None


def _translated(method: str, path: str, **what: Any) -> Answer:
    try:
        return client.call(method, path, **what)
    except PortalRefused as problem:
        raise problem.as_ckan_has_it from None
