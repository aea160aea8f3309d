"""What the portal calls when a request has come to its end."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import time
from typing import Any

import ckan.plugins.toolkit as tk
from ckan.config.middleware.flask_app import csrf
from ckan.lib.redis import connect_to_redis
from flask import Blueprint, Response, g, request

from ckanext.packaging_portal import portal_requests, settings, tokens
from ckanext.packaging_portal.errors import PortalUnavailable

log = logging.getLogger(__name__)
hook = Blueprint("packaging_portal_hook", __name__)
SIGNATURE = "X-Packaging-Signature"
#: Seconds that a call may be old, or ahead of our clock.
TOLERANCE = 300
LARGEST_BODY = 1_000_000
ENDED = ("succeeded", "failed", "cancelled", "expired")


@hook.route("/packaging-portal/hook", methods=["POST"])
@csrf.exempt
def receive() -> tuple[str, int]:
    """A signed call. Nothing in it is believed but that there is something to look at."""
    body = request.get_data() if (request.content_length or 0) <= LARGEST_BODY else b""
    signature = request.headers.get(SIGNATURE, "")
    if not is_genuine(signature, body):
        return "", 403
    redis, mark = connect_to_redis(), _mark(signature)
    if not redis.set(mark, 1, nx=True, ex=2 * TOLERANCE):
        return "", 403
    try:
        return look_again(body)
    except PortalUnavailable:
        redis.delete(mark)  # the portal calls again
        return "", 503


def is_genuine(header: str, body: bytes) -> bool:
    """Whether who signed ``body`` knows our secret, and did so just now."""
    parts = dict(part.partition("=")[::2] for part in header.split(","))
    at, secret = parts.get("t", ""), settings.secret("webhook_secret")
    if not secret or not (at.isascii() and at.isdecimal()) or abs(time.time() - int(at[:15])) > TOLERANCE:
        return False
    expected = hmac.new(secret.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), parts.get("v1", "").encode())


def look_again(body: bytes) -> tuple[str, int]:
    """Ask the portal how the request stands; if it is over, its token is revoked. Raises PortalUnavailable."""
    try:
        found = portal_requests.show(str(json.loads(body)["request"]["id"])).data
    except (ValueError, TypeError, KeyError):
        return "", 400
    except tk.ObjectNotFound:
        return "", 200
    if found["status"] in ENDED and found.get("idempotency_key"):
        tokens.revoke(found["idempotency_key"])
    connect_to_redis().set(_mark(found["id"]), 1, ex=TOLERANCE)
    return "", 200


def has_heard_of(request_id: str) -> bool:
    """Whether the portal called about a request in the last minutes."""
    return bool(connect_to_redis().exists(_mark(request_id)))


def _mark(what: str) -> str:
    digest = hashlib.sha256(what.encode()).hexdigest()
    return f"ckan:{tk.config['ckan.site_id']}:packaging_portal:hook:{digest}"


@hook.after_app_request
def tell_of_the_portal(response: Response) -> Any:
    """CKAN's API answers 500 to any exception it does not know; ours is 503, and says so."""
    error: PortalUnavailable | None = g.get("packaging_portal_unavailable")
    if error is None or response.status_code != 500 or request.endpoint != "api.action":
        return response
    told = {"success": False, "error": {"__type": "Portal Unavailable", "message": str(error)}}
    response.status_code = error.code
    response.set_data(json.dumps(told))
    response.headers["Retry-After"] = "60"
    return response


@hook.app_errorhandler(PortalUnavailable)
def page_of_the_portal(error: PortalUnavailable) -> Any:
    """The same for pages."""
    shown = {"code": error.code, "name": "Service Unavailable", "content": str(error)}
    return tk.render("error_document_template.html", shown), error.code, {"Retry-After": "60"}
