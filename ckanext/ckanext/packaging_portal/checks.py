"""Whether everything that packages need is there: for ``ckan packaging-portal check`` and the admin's page."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import ckan.plugins.toolkit as tk
from ckan import model
from ckan.lib.jobs import add_queue_name_prefix
from ckan.lib.redis import connect_to_redis
from rq import Worker

from ckanext.packaging_portal import client, hook, portal_requests, settings, submission
from ckanext.packaging_portal.changes import waiting
from ckanext.packaging_portal.errors import PortalRefused, PortalUnavailable

OK, WARNING, FAIL = "ok", "warning", "FAIL"
#: The first version of the portal that has all that is asked of it.
OLDEST = (0, 1)
#: Seconds: how far clocks may differ; how long a call of the portal is awaited; after which a change waits for long.
CLOCKS, AWAITED, LONG = 60, 30.0, 600
#: How many resources are looked at for a public table, the newest first.
LOOKED_AT = 500
LOCAL = ("localhost", "127.0.0.1", "::1")
CALLS = {
    "requests:read": ("GET", "/api/v1/requests/", {"params": {"page_size": 1}}),
    "requests:write": ("POST", "/api/v1/estimate/", {"json": {}}),
    "changes:write": ("POST", "/api/v1/changes/", {"json": []}),
    "statistics:read": ("GET", "/api/v1/statistics/", {}),
}
OLD = {
    "ckanpackager.url": "ckanext.packaging_portal.url",
    "ckanpackager.secret": "ckanext.packaging_portal.api_key and ckanext.packaging_portal.webhook_secret",
}


@dataclass(frozen=True)
class Check:
    """What was looked at, how it is (``ok``, ``warning``, ``FAIL``), and what to do."""

    name: str
    state: str
    message: str


Found = Iterator[tuple[str, str]]


def run_all(trials: Mapping[str, Callable[[], Found]] | None = None) -> list[Check]:
    """All checks, in order. What cannot be tried without the portal is left out while it does not answer.

    ``trials``: those of ``TRIALS`` to make; all of them, if nothing is said.
    """
    results = [Check("settings", *one) for one in _settings()]
    for name, check in LOOKS.items():
        results += [Check(name, *one) for one in _guarded(check)]
    if any(one.state == FAIL for one in results if one.name in ("settings", "portal")):
        return results
    return results + [
        Check(name, *one) for name, check in (TRIALS if trials is None else trials).items() for one in _guarded(check)
    ]


def _guarded(check: Callable[[], Found]) -> Found:
    try:
        yield from check()
    except PortalUnavailable as error:
        yield FAIL, f"The portal at {settings.portal_url()} does not answer ({error.detail})."
    except PortalRefused as problem:
        yield FAIL, f"The portal refuses: {problem.detail}"


def _settings() -> Found:
    missing = settings.missing()
    for name in missing:
        where = "" if name == "url" else f", or {settings.PREFIX}{name}_file to the file that holds it"
        yield FAIL, f"Set {settings.PREFIX}{name}{where}."
    if not missing:
        yield OK, "Everything that is required is set."
    for old, new in OLD.items():
        if tk.config.get(old):
            yield WARNING, f"{old} is not used any more: set {new} instead, and remove it."


def _portal() -> Found:
    if settings.missing():
        return
    before = time.time()
    answer = client.call("GET", "/api/v1/")
    version = str(answer.data.get("version", ""))
    known = tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
    if known < OLDEST or "changes" not in answer.data.get("links", {}):
        yield FAIL, f"Version {version} of the portal is too old. Update it to {'.'.join(map(str, OLDEST))} or later."
    else:
        yield OK, f"{settings.portal_url()} answers, version {version}."
    yield _clocks(answer.headers.get("date", ""), before)


def _clocks(date: str, now: float) -> tuple[str, str]:
    try:
        apart = abs(parsedate_to_datetime(date).timestamp() - now)
    except (TypeError, ValueError):
        return WARNING, "The portal does not say what time it is."
    if apart > CLOCKS:
        return FAIL, f"The clocks of CKAN and the portal differ by {apart:.0f} seconds. Set them by NTP."
    return OK, "The clocks agree."


def _addresses() -> Found:
    plain = [
        url
        for url in dict.fromkeys((settings.portal_url(), settings.ckan_url()))
        if urlsplit(url).scheme == "http" and urlsplit(url).hostname not in LOCAL
    ]
    for url in plain:
        yield WARNING, f"{url} is not encrypted. Use https, unless the network between CKAN and the portal is yours."
    if not plain:
        yield OK, "Addresses are encrypted, or on this machine."


def _csrf() -> Found:
    if tk.check_ckan_version(max_version="2.11.99") and tk.config.get("ckan.csrf_protection.ignore_extensions"):
        yield WARNING, "Set ckan.csrf_protection.ignore_extensions = false, so that forms of other extensions are safe."
    else:
        yield OK, "CKAN protects forms of extensions."


def _worker() -> Found:
    if settings.get("changes") != "job":
        yield OK, f"None is needed: changes = {settings.get('changes')}."
        return
    ours, alive = add_queue_name_prefix("default"), datetime.now(timezone.utc) - timedelta(seconds=LONG)
    beats = [one.last_heartbeat for one in Worker.all(connection=connect_to_redis()) if ours in one.queue_names()]
    if any(beat and beat.replace(tzinfo=timezone.utc) > alive for beat in beats):
        yield OK, "A background worker is running."
    else:
        yield (
            FAIL,
            "No background worker is running: start `ckan jobs worker`, or set ckanext.packaging_portal.changes.",
        )
    if (since := waiting.state()["since"]) and time.time() - since > LONG:
        yield WARNING, f"Changes have been waiting for {(time.time() - since) / 60:.0f} minutes."


def _scopes() -> Found:
    lacking = [scope for scope in CALLS if not _may(scope)]
    for scope in lacking:
        state = WARNING if scope == "statistics:read" else FAIL
        yield state, f"The API key lacks the scope {scope}: the portal's staff can add it."
    if not lacking:
        yield OK, "The API key has all scopes."


def _may(scope: str) -> bool:
    method, path, what = CALLS[scope]
    try:
        client.call(method, path, **what)
    except PortalRefused as problem:
        if problem.status == 401:
            raise PortalRefused(401, {"detail": "The API key is wrong or was revoked."}) from None
        return problem.status != 403
    return True


def _reading() -> Found:
    resource = _public_table()
    if resource is None:
        yield WARNING, "There is no public table to try it with."
        return
    try:
        estimate = client.call("POST", "/api/v1/estimate/", json=_smallest(resource)).data
    except PortalRefused as problem:
        yield FAIL, f"The portal does not read {settings.ckan_url()}: {problem.detail} {_HOSTS['CKAN']}"
        return
    if estimate["rows"] is None:
        yield WARNING, f"The portal did not get an answer from {settings.ckan_url()} within two seconds."
    else:
        yield OK, f"The portal reads {settings.ckan_url()}."


_HOSTS = {
    name: f"Look at PACKAGER_{name}_HOSTS, the sites in the portal's admin, and ckanext.packaging_portal.ckan_url."
    for name in ("CKAN", "WEBHOOK")
}


def _hook() -> Found:
    """One row is packed, and its end awaited."""
    resource = _public_table()
    if resource is None:
        yield WARNING, "There is no public table to try it with."
        return
    try:
        found = portal_requests.create(resource, _smallest(resource), {"user": ""}).data
    except tk.ValidationError as error:
        yield FAIL, f"The portal does not take a request: {error.error_summary} {_HOSTS['WEBHOOK']}"
        return
    end = time.monotonic() + AWAITED
    while time.monotonic() < end:
        if hook.has_heard_of(found["id"]):
            yield OK, "The portal tells when a request has come to its end."
            return
        time.sleep(0.2)
    yield (
        WARNING,
        f"No call came to {settings.ckan_url()}/packaging-portal/hook in {AWAITED:.0f} seconds. {_HOSTS['WEBHOOK']}",
    )


def _change() -> Found:
    told = {"routing_key": "Datastore", "operation": "changed", "payload": {"resource_id": "packaging-portal-check"}}
    if settings.get("changes") == "off":
        yield WARNING, "Changes are not told: packages may be as old as the portal keeps them."
    elif client.call("POST", "/api/v1/changes/", json=[told]).data.get("changed") == 1:
        yield OK, "The portal learns what changed."
    else:
        yield FAIL, "The portal did not count a change that it was told."


def _smallest(resource: dict[str, Any]) -> dict[str, Any]:
    return submission.body(resource, {"limit": 1})


def _public_table() -> dict[str, Any] | None:
    found = model.Session.query(model.Resource).join(model.Package)
    found = found.filter(model.Resource.state == "active", model.Package.state == "active", ~model.Package.private)
    for row in found.order_by(model.Resource.created.desc()).limit(LOOKED_AT):
        if (row.extras or {}).get("datastore_active"):
            shown = tk.get_action("resource_show")({"ignore_auth": True}, {"id": row.id})
            if submission.is_table(shown) and submission.is_public(shown):
                return dict(shown)
    return None


LOOKS = {"portal": _portal, "addresses": _addresses, "forms": _csrf, "worker": _worker}
TRIALS = {"key": _scopes, "reading": _reading, "webhook": _hook, "changes": _change}
#: Those that change nothing and are soon done: for a page.
QUICK = {name: TRIALS[name] for name in ("key", "reading")}
