"""Revokes tokens whose requests are over, where the portal's call did not arrive."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from ckanext.packaging_portal import client, hook, settings, tokens
from ckanext.packaging_portal.errors import PortalRefused, PortalUnavailable

#: A call that makes a request is over by then, whatever came of it.
SETTLED = timedelta(minutes=10)


def tidy() -> tuple[int, int]:
    """Returns how many tokens were revoked and how many are still needed, or may be: the portal does not answer."""
    found = tokens.leftovers()
    over = [token for token in found if _is_over(token)]
    return tokens.revoke_all(over), len(found) - len(over)


def _is_over(token: Any) -> bool:
    age = datetime.utcnow() - token.created_at  # CKAN keeps times of UTC without saying so
    if age > timedelta(seconds=settings.get("token_lifetime")):
        return True
    name = token.name.removeprefix(tokens.NAME)
    try:
        requests = client.call("GET", "/api/v1/requests/", params={"idempotency_key": name}).data["results"]
    except (PortalUnavailable, PortalRefused):
        return False
    return all(one["status"] in hook.ENDED for one in requests) if requests else age > SETTLED
