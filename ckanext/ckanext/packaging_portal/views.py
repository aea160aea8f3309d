"""The addresses of our pages."""

from __future__ import annotations

from flask import Blueprint

from ckanext.packaging_portal.errors import PortalUnavailable
from ckanext.packaging_portal.pages import administration, guard, package, requests

pages = Blueprint("packaging_portal", __name__)
pages.before_request(guard.check_csrf)
pages.after_request(guard.keep_private)
pages.register_error_handler(PortalUnavailable, guard.portal_away)

PACKAGE = "/dataset/<package_id>/resource/<resource_id>/package"
REQUESTS = "/packaging-portal/requests"

pages.add_url_rule(PACKAGE, "package", package.show)
pages.add_url_rule(PACKAGE, "ask", package.ask, methods=["POST"])
pages.add_url_rule(REQUESTS, "requests", requests.mine)
pages.add_url_rule(f"{REQUESTS}/<request_id>", "request", requests.show)
pages.add_url_rule(f"{REQUESTS}/<request_id>/cancel", "cancel", requests.cancel, methods=["POST"])
pages.add_url_rule(f"{REQUESTS}/<request_id>/retry", "retry", requests.retry, methods=["POST"])
pages.add_url_rule("/ckan-admin/packaging-portal", "administration", administration.overview)
