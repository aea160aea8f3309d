"""Who asks, in words that mean something to this site only; and links that show a request to whoever has them."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import ckan.plugins.toolkit as tk
from ckan import authz, model


def keyed_hash(purpose: str, text: str) -> str:
    """A hash of ``text`` that nobody can make who does not know CKAN's ``SECRET_KEY``."""
    secret = str(tk.config.get("SECRET_KEY") or tk.config.get("beaker.session.secret") or "")
    if not secret:
        raise RuntimeError("CKAN has no SECRET_KEY")
    return hmac.new(secret.encode(), f"packaging-portal {purpose} {text}".encode(), hashlib.sha256).hexdigest()


def user_of(context: Any) -> model.User | None:
    """The user on whose behalf an action runs; None for anonymous ones."""
    name = context.get("user")
    return model.User.get(name) if name else None


def requester(user: model.User | None) -> str:
    """What the portal calls a user; empty for anonymous ones."""
    return keyed_hash("requester", user.id) if user else ""


def signature(request_id: str) -> str:
    """What shows a request to whoever has its link."""
    return keyed_hash("request", str(request_id))[:43]


def may_see(context: Any, found: dict[str, Any], given: Any) -> bool:
    """Whether a request, as the portal tells it, may be shown: to its owner, a sysadmin, or who has the signed link."""
    user = user_of(context)
    if user and (authz.is_sysadmin(user.name) or hmac.compare_digest(requester(user), str(found.get("requester")))):
        return True
    return hmac.compare_digest(signature(found["id"]).encode(), str(given or "").encode())
