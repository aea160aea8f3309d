"""The pages."""

from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk
from flask import Blueprint, request

pages = Blueprint("packaging_portal", __name__)


@pages.route("/packaging-portal/requests/<request_id>", endpoint="request")
def show(request_id: str) -> Any:
    """How a request is doing: its page at the portal."""
    wanted = {"id": request_id, "signature": request.args.get("signature", "")}
    try:
        return tk.redirect_to(tk.get_action("packaging_portal_request_show")({}, wanted)["status_url"])
    except (tk.ObjectNotFound, tk.ValidationError):
        return tk.abort(404, tk._("There is no such request"))
