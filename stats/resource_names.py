"""What the resources of the statistics are called."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Q

from packager import events
from packager.titles import Titles
from stats.models import ResourceName

#: Ids in one query.
CHUNK = 500


def remember(event: events.ResourceNamed) -> None:
    """Keep what the data portal said. Who came first names a resource: another site with the same id cannot."""
    told = {name: getattr(event, name) for name in (*Titles.NAMES, "public", "at")}
    found, new = ResourceName.objects.get_or_create(
        resource_id=event.resource_id, defaults={**told, "ckan_host": event.ckan_host}
    )
    if not new:
        ResourceName.objects.filter(pk=found.pk, ckan_host=event.ckan_host).update(**told)


def names(resource_ids: Collection[str], *, public: bool) -> dict[str, ResourceName]:
    """For each id what is known of it; without titles where that is nothing.

    Args:
        resource_ids: of whom.
        public: only what everybody may know; otherwise what staff may.
    """
    ids, found = list(resource_ids), ResourceName.objects.filter(public=True) if public else ResourceName.objects.all()
    names = {name: ResourceName(resource_id=name) for name in ids}
    for start in range(0, len(ids), CHUNK):
        names |= {name.resource_id: name for name in found.filter(resource_id__in=ids[start : start + CHUNK])}
    return names


def called(term: str) -> list[str]:
    """Ids of resources with ``term`` in their title or in that of their dataset; as many as a query takes."""
    found = ResourceName.objects.filter(Q(resource_title__icontains=term) | Q(dataset_title__icontains=term))
    return list(found.values_list("resource_id", flat=True)[:CHUNK])
