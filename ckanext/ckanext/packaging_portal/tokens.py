"""An API token for one resource, made for one request.

It is a token of the requester, so that what it may read follows from the requester's rights at the time of reading; its
JWT names the one resource and the end of its life. ``PackagingPortalPlugin`` brings it to CKAN by ``IApiToken``. CKAN
asks ``admit`` whenever the token is used: anything but reading that resource is answered as if there were no token. The
resource itself is compared in ``CHAINED``, with what the actions get: a body or an address can name two.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import ckan.plugins as p
import ckan.plugins.toolkit as tk
from ckan import model
from flask import g, has_request_context, request

from ckanext.packaging_portal import settings

#: The optional field of ``api_token_create`` that makes a token one for a single resource, and the claim in its JWT.
FIELD = CLAIM = "packaging_portal_resource"
NAME = "packaging-portal "
#: Which parameters of an action name what it reads.
DATASTORE_ACTIONS = {"datastore_search": ("resource_id", "id"), "datastore_info": ("resource_id", "id")}
CORE_ACTIONS = {"resource_show": ("id",), "package_show": ("id", "name_or_id")}
READING = (*DATASTORE_ACTIONS, *CORE_ACTIONS)


def create(user: model.User, resource_id: str, idempotency_key: str) -> str:
    """A token with which the portal reads ``resource_id`` on behalf of ``user``, for the request of that name."""
    wanted = {
        "user": user.name,
        "name": NAME + idempotency_key,
        FIELD: resource_id,
        # the plugin expire_api_token wants them of every token
        "expires_in": settings.get("token_lifetime"),
        "unit": 1,
    }
    context: Any = {"ignore_auth": True, "user": user.name}
    return str(tk.get_action("api_token_create")(context, wanted)["token"])


def revoke(idempotency_key: str) -> int:
    """Revoke the token of a request. Returns how many there were."""
    return revoke_all(model.Session.query(model.ApiToken).filter_by(name=NAME + idempotency_key))


def revoke_all(found: Iterable[Any]) -> int:
    """Revoke these tokens. Returns how many there were."""
    ids = [token.id for token in found]
    for jti in ids:
        tk.get_action("api_token_revoke")({"ignore_auth": True}, {"jti": jti})
    return len(ids)


def leftovers() -> list[Any]:
    """All tokens that were made for requests and are still there, oldest first."""
    ours = model.Session.query(model.ApiToken).filter(model.ApiToken.name.startswith(NAME, autoescape=True))
    return list(ours.order_by(model.ApiToken.created_at))


def stamp(claims: dict[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What the JWT of a new token says, see ``IApiToken.postprocess_api_token``."""
    if resource_id := wanted.get(FIELD):
        end = int(time.time()) + int(settings.get("token_lifetime"))
        claims |= {CLAIM: resource_id, "exp": min(end, claims.get("exp", end))}
    return claims


def admit(claims: dict[str, Any]) -> dict[str, Any]:
    """The claims, if what is called just now may be called with them; else none, and the caller is anonymous."""
    resource_id = claims.get(CLAIM)
    if resource_id is None:
        return claims
    if not has_request_context() or not _reads(resource_id):
        return {}
    g.packaging_portal_resource = resource_id
    return claims


def _reads(resource_id: str) -> bool:
    """Whether the view that was called is one of those that read, or the download of that resource's file."""
    endpoint, given = request.endpoint or "", request.view_args or {}
    if endpoint == "api.action":
        return given.get("logic_function") in READING and str(given.get("ver", 3)) == "3"
    blueprint, _, view = endpoint.rpartition(".")
    of_a_resource = blueprint == "resource" or blueprint.endswith("_resource")
    return of_a_resource and view == "download" and given.get("resource_id") == resource_id


def _permitted(action: str, resource_id: str) -> tuple[str, ...]:
    """What the parameters of an action may name."""
    if action != "package_show":
        return (resource_id,)
    resource = model.Resource.get(resource_id)
    return (resource.package.id, resource.package.name) if resource else ()


def _compared(action: str, parameters: tuple[str, ...]) -> Callable[..., Any]:
    @tk.chained_action
    @tk.side_effect_free
    def compared(original: Callable[..., Any], context: Any, data_dict: Any) -> Any:
        only = g.get("packaging_portal_resource") if has_request_context() else None
        if only is not None:
            permitted = _permitted(action, only)
            if any(data_dict[name] not in permitted for name in parameters if name in data_dict):
                raise tk.NotAuthorized(tk._("This token is for another resource"))
        return original(context, data_dict)

    compared.__name__ = action
    return compared


def chained_actions() -> dict[str, Callable[..., Any]]:
    """The reading actions, which compare the resource; those of the datastore where there is one."""
    names = {**CORE_ACTIONS, **(DATASTORE_ACTIONS if p.plugin_loaded("datastore") else {})}
    return {action: _compared(action, parameters) for action, parameters in names.items()}
