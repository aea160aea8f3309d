"""What holds for every page of ours."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import ckan.plugins.toolkit as tk
from flask import Response, make_response, request
from flask_wtf.csrf import validate_csrf
from werkzeug.wrappers import Response as AnyResponse
from wtforms.validators import ValidationError

from ckanext.packaging_portal.errors import PortalUnavailable


def check_csrf() -> None:
    """Refuse a POST without the token of its session.

    CKAN's own check is not enough: 2.11 leaves extensions out by default, and in 2.12.0 a single request with an API
    token or of somebody anonymous turns it off for the view, for everybody.
    """
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return
    field = tk.config.get("WTF_CSRF_FIELD_NAME")
    try:
        validate_csrf(request.headers.get("X-CSRFToken") or request.form.get(field))
    except ValidationError:
        tk.abort(400, tk._("Your session could not be verified. Reload the page and try again."))


def keep_private(response: Response) -> Response:
    """Our pages show what is one person's, and links open them: nobody keeps a copy, no other site learns the link."""
    request.environ["__no_cache__"] = True
    response.headers["Cache-Control"] = "no-store, private"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def page(template: str, status: int = 200, **shown: Any) -> Response:
    """A page, or a part of one."""
    return make_response(tk.render(template, extra_vars=shown), status)


def portal_away(error: PortalUnavailable) -> Response:
    """The page that says so. A part of a page says it where the part would stand."""
    part = request.values.get("part")
    template = "packaging_portal/snippets/portal_away.html" if part else "packaging_portal/portal_away.html"
    response = page(template, 503, message=str(error), again=request.full_path.rstrip("?"))
    response.headers["Retry-After"] = "60"
    return response


def within_site(address: str) -> str:
    """The address if it leads to a page of this site, as a path; else nothing."""
    address = address.strip()
    if any(ord(letter) < 33 for letter in address) or "\\" in address:
        return ""
    target, site = urlsplit(address), urlsplit(tk.config["ckan.site_url"])
    own = (target.scheme, target.netloc) in (("", ""), (site.scheme, site.netloc), (request.scheme, request.host))
    path = target._replace(scheme="", netloc="", fragment="").geturl()
    return path if own and path.startswith("/") and not path.startswith("//") else ""


def to_login() -> AnyResponse:
    """Log in, then come back."""
    return tk.redirect_to("user.login", came_from=request.full_path.rstrip("?"))
