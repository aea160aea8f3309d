"""The addresses of ckanext-ckanpackager."""

from __future__ import annotations

import ckan.plugins.toolkit as tk
from flask import Blueprint, Response, jsonify, request

from ckanext.packaging_portal.errors import PortalUnavailable
from ckanext.packaging_portal.pages import guard, package
from ckanext.packaging_portal.views import PACKAGE

ckanpackager = Blueprint("ckanpackager", __name__)
ckanpackager.before_request(guard.check_csrf)
ckanpackager.register_error_handler(PortalUnavailable, guard.portal_away)
# the same address as that of the form: the name is for url_for, whichever of the two answers
ckanpackager.add_url_rule(PACKAGE, "package_resource", package.show)


@ckanpackager.route("/stats/ckanpackager")
def get_stats() -> Response:
    """The requests that were served, newest first, as JSON."""
    try:
        return jsonify(tk.get_action("packager_stats")({}, request.args.to_dict()))
    except tk.ValidationError as problem:
        return _refused(400, "; ".join(problem.error_summary.values()))
    except (tk.NotAuthorized, tk.ObjectNotFound):
        return _refused(404, tk._("Resource not found"))


def _refused(status: int, message: str) -> Response:
    response = jsonify({"success": False, "status": "failed", "message": message})
    response.status_code = status
    return response
