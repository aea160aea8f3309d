"""The stand-in's own pages: what it holds, with a button to have it packaged, and the switchboard of faults."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from demo import uploads
from demo.catalogue import Resource
from demo.received import Received

if TYPE_CHECKING:
    from demo.ckan import DemoCkan

HTML = "text/html; charset=utf-8"
JSON = "application/json"
FORMATS = ("csv", "tsv", "xlsx", "jsonl")
Reply = tuple[int, str, bytes]

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>CKAN stand-in</title>
<style>body{{font:1rem/1.5 system-ui;max-width:50rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}}
li{{margin:1rem 0}}form{{display:flex;gap:.5rem;flex-wrap:wrap}}</style>
<h1>CKAN stand-in</h1>{body}</html>"""

FORM = """<li><strong>{title}</strong> ({rows:,} rows, <code>{id}</code>)
<form method="post" action="/demo/package"><input type="hidden" name="resource_id" value="{id}">
<label>Package this as <select name="format">{options}</select></label>
<label>and write to <input type="email" name="email" required value="someone@example.com"></label>
<button>Send</button></form>{upload}</li>"""

UPLOAD = """<form method="post" action="/demo/push"><input type="hidden" name="resource_id" value="{id}">
<button>Upload to DataStore</button><span>{said}</span></form>"""


def answer(ckan: DemoCkan, request: Received) -> Reply:
    """Status, content type and body for a path that is not CKAN's."""
    if request.path == "/demo/faults":
        return _faults(ckan, request)
    if request.path == "/demo/package" and request.method == "POST":
        return _package(ckan, request)
    if request.path == "/demo/push" and request.method == "POST":
        return _push(ckan, request)
    if request.path == "/":
        forms = "".join(_form(resource) for resource in ckan.resources.values())
        return 200, HTML, PAGE.format(body=f"<p>Made-up specimens to try things with.</p><ul>{forms}</ul>").encode()
    return 404, HTML, b"<h1>404 Not Found</h1>"


def _form(resource: Resource) -> str:
    options = "".join(f"<option>{name}</option>" for name in FORMATS)
    title, rows = escape(resource.title or resource.name), resource.table.rows
    said = f"Last push: {resource.pushed}" if resource.pushed else "Not in the DataStore yet"
    upload = UPLOAD.format(id=resource.id, said=escape(said)) if resource.file else ""
    return FORM.format(title=title, rows=rows, id=resource.id, options=options, upload=upload)


def _faults(ckan: DemoCkan, request: Received) -> Reply:
    """POST orders a fault, DELETE takes all back, GET shows those to come."""
    if request.method == "DELETE":
        ckan.faults.clear()
    if request.method == "POST":
        settings = dict(request.body) if isinstance(request.body, dict) else {}
        try:
            ckan.faults.add(str(settings.pop("kind", "")), **settings)
        except (ValueError, TypeError) as error:
            return 400, JSON, json.dumps({"error": str(error)}).encode()
    return 200, JSON, json.dumps(ckan.faults.waiting()).encode()


def _package(ckan: DemoCkan, request: Received) -> Reply:
    """Ask the portal for a package on somebody's behalf, from server to server, as CKAN's extension does."""
    if not ckan.portal_url or not isinstance(request.body, dict):
        return 503, HTML, PAGE.format(body="<p>No portal was named at the start.</p>").encode()
    resource = ckan.by_id(str(request.body.get("resource_id")))
    fields = dict(request.body) | {"secret": ckan.portal_secret, "api_url": ckan.api_url}
    if resource and resource.private:
        fields["key"] = ckan.token
    status, text = post_form(f"{ckan.portal_url}/package_datastore", fields)
    return status, HTML, PAGE.format(body=f"<p>{escape(text)}</p><p><a href='/'>Back</a></p>").encode()


def _push(ckan: DemoCkan, request: Received) -> Reply:
    """Have the portal load the file of a resource, as CKAN's button of this name does."""
    resource = ckan.by_id(str(request.parameters.get("resource_id")))
    if not ckan.portal_url or resource is None:
        return 503, HTML, PAGE.format(body="<p>No portal was named at the start.</p>").encode()
    status, text = uploads.submit(ckan, resource)
    return status, HTML, PAGE.format(body=f"<p>{escape(text)}</p><p><a href='/'>Back</a></p>").encode()


def post_form(url: str, fields: dict[str, str]) -> tuple[int, str]:
    """Status and text of the answer; 502 if nobody answers."""
    request = Request(url, urlencode(fields).encode())  # noqa: S310  (the address is our own portal's)
    try:
        with urlopen(request, timeout=30) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode(errors="replace")
    except URLError as error:
        return 502, str(error.reason)
