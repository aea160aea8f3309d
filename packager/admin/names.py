"""How staff read of resources: by name, with the dataset below, and the id for whoever points at it."""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.safestring import SafeString

from packager.titles import Titled


def named(titled: Titled, resource_id: str) -> SafeString:
    """The resource that ``titled`` belongs to."""
    dataset = format_html('<br><span class="quiet">{}</span>', titled.dataset_label) if titled.dataset_label else ""
    return format_html('<span title="{}">{}</span>{}', resource_id, titled.resource_label, dataset)
