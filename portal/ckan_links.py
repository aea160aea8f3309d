"""The way from a resource's statistics back to its page in CKAN."""

from __future__ import annotations

from functools import partial
from urllib.parse import quote

from packager import assembly
from packager.errors import SourceError
from packager.intake.quick_look import quick_look
from packager.models import Kind, PackageRequest
from packager.streaming.sources.base import Describes
from packager.submission import Submission


def page_of(resource_id: str) -> str:
    """Where CKAN shows this resource, or the site that was asked for it last; empty if it was never asked for.

    Where no worker has learned of its dataset yet, CKAN is asked, without anybody's key; what it does not tell in time
    is left out.
    """
    rows = PackageRequest.objects.filter(resource_id=resource_id, kind=Kind.DATASTORE).order_by("-created_at")
    api_url, name = rows.values_list("api_url", "dataset_name").first() or ("", "")
    if not api_url:
        return ""
    site = api_url.partition("/api/")[0]
    if not name:
        dataset = _dataset_of(resource_id, api_url)
        name = str(dataset.get("name") or "") if isinstance(dataset, dict) else ""
    return f"{site}/dataset/{quote(str(name), safe='')}/resource/{quote(resource_id, safe='')}" if name else site


def _dataset_of(resource_id: str, api_url: str) -> object:
    wanted = Submission(Kind.DATASTORE, resource_id, "", api_url=api_url)
    try:
        source = assembly.table_source(wanted, assembly.HURRIED)
        if isinstance(source, Describes):
            return quick_look(partial(source.describe, resource_id), source.close).get("dataset")
    except SourceError:
        # away, or not allowed any more
        return None
    return None
