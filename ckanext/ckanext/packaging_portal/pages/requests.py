"""``/packaging-portal/requests``: one's own requests, and the page of each."""

from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk
from flask import Response, redirect, request
from markupsafe import escape
from werkzeug.wrappers import Response as AnyResponse

from ckanext.packaging_portal import identity
from ckanext.packaging_portal.pages import guard

PER_PAGE = 20
UNDER_WAY = ("queued", "running")
#: Seconds until a page looks again, if the portal does not say.
LOOK_AGAIN = 5


def mine() -> AnyResponse:
    """My packages, newest first."""
    if not tk.current_user.is_authenticated:
        tk.abort(403, tk._("Log in to see your packages."))
    page = max(1, request.args.get("page", 1, int))
    found = tk.get_action("packaging_portal_request_list")({}, {"limit": PER_PAGE, "offset": (page - 1) * PER_PAGE})
    return guard.page("packaging_portal/requests.html", requests=found["results"], page=page, more=found["more"])


def show(request_id: str) -> Response:
    """The page of a request; with ``part=state`` what changes of it."""
    told = _request(request_id)
    pause = (told.get("retry_after") or LOOK_AGAIN) if told["status"] in UNDER_WAY else None
    part = "snippets/state" if request.args.get("part") == "state" else "request"
    back = guard.within_site(request.args.get("destination", ""))
    shown = {"told": told, "signature": _signature(), "pause": pause, "back": back}
    response = guard.page(f"packaging_portal/{part}.html", **shown)
    if pause:
        response.headers["Retry-After"] = str(pause)
    return response


def cancel(request_id: str) -> AnyResponse:
    """Cancel the request."""
    return _do("packaging_portal_request_cancel", request_id)


def retry(request_id: str) -> AnyResponse:
    """Ask for the same again."""
    return _do("packaging_portal_request_retry", request_id)


def _do(action: str, request_id: str) -> AnyResponse:
    _request(request_id)
    try:
        request_id = tk.get_action(action)({}, _named(request_id))["id"]  # retrying may make a new one
    except tk.ValidationError as problem:
        tk.h.flash_error(escape(" ".join(problem.error_summary.values())))
    return redirect(address(request_id), 303)


def address(request_id: str, destination: str = "") -> str:
    """The page of a request. Who is not logged in gets a link that opens it."""
    more = {"destination": destination} if destination else {}
    if not tk.current_user.is_authenticated:
        more["signature"] = identity.signature(request_id)
    return tk.url_for("packaging_portal.request", request_id=request_id, **more)


def _request(request_id: str) -> dict[str, Any]:
    """The request, for its owner, a sysadmin, or who has the signed link. Nobody else learns that it is there."""
    try:
        return tk.get_action("packaging_portal_request_show")({}, _named(request_id))
    except (tk.ObjectNotFound, tk.NotAuthorized, tk.ValidationError):
        tk.abort(404, tk._("Request not found"))


def _named(request_id: str) -> dict[str, str]:
    return {"id": request_id, "signature": _signature()}


def _signature() -> str:
    return request.values.get("signature", "")
