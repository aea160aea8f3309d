"""The way from a resource's statistics back to its page in CKAN."""

from __future__ import annotations

from urllib.parse import quote

from packager import assembly
from packager.models import Kind, PackageRequest
from packager.streaming.sources.base import Describes
from packager.submission import Submission


def page_of(resource_id: str) -> str:
    """Where CKAN shows this resource, or the site that was asked for it last; empty if it was never asked for.

    Asks CKAN, without anybody's key, for the dataset of the resource.
    """
    rows = PackageRequest.objects.filter(resource_id=resource_id, kind=Kind.DATASTORE).order_by("-created_at")
    api_url = rows.values_list("api_url", flat=True).first()
    if not api_url:
        return ""
    site = api_url.partition("/api/")[0]
    source = assembly.table_source(Submission(Kind.DATASTORE, resource_id, "", api_url=api_url), assembly.HURRIED)
    dataset = source.describe(resource_id).get("dataset") if isinstance(source, Describes) else None
    name = dataset.get("name") if isinstance(dataset, dict) else None
    return f"{site}/dataset/{quote(str(name), safe='')}/resource/{quote(resource_id, safe='')}" if name else site
