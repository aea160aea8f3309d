"""What the lists of the admin can be filtered by: what they declare, and nothing else.

Django lets an address filter a list by any column of its table, shown or not, and by any comparison. Whoever may see
the list could so find out, letter by letter, what they may not see: ``?email__startswith=a``.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import new_class
from typing import Any

from django.contrib.admin import EmptyFieldListFilter, ModelAdmin
from django.contrib.admin.utils import get_fields_from_path
from django.db.models import DateField
from django.http import HttpRequest

#: What Django puts behind the name of the field by whose dates a list is leafed through.
DATE_PARTS = ("year", "month", "day", "gte", "lt")


class DeclaredLookups:
    """Before a ModelAdmin: only the lookups of its ``list_filter`` and ``date_hierarchy`` pass."""

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Whether an address may filter by ``lookup``; the answer to any other is 400."""
        return lookup in set(declared(self, request))


def guarded(admin_class: type[ModelAdmin[Any]]) -> type[ModelAdmin[Any]]:
    """``admin_class`` with ``DeclaredLookups``, under its own name."""
    names = {"__module__": admin_class.__module__, "__doc__": admin_class.__doc__}
    bases = (DeclaredLookups, admin_class)
    guarded_class: type[ModelAdmin[Any]] = new_class(admin_class.__name__, bases, exec_body=lambda ns: ns.update(names))
    return guarded_class


def declared(model_admin: Any, request: HttpRequest) -> Iterator[str]:
    """The lookups that the filters of a list use."""
    for item in model_admin.get_list_filter(request):
        if isinstance(item, type):
            yield item.parameter_name  # type: ignore[attr-defined]
        else:
            path, kind = (item, None) if isinstance(item, str) else item
            yield from (f"{path}{ending}" for ending in _endings(model_admin.model, path, kind))
    if model_admin.date_hierarchy:
        yield from (f"{model_admin.date_hierarchy}__{part}" for part in DATE_PARTS)


def _endings(model: Any, path: str, kind: type | None) -> tuple[str, ...]:
    if kind is not None and issubclass(kind, EmptyFieldListFilter):
        return ("__isempty",)
    field: Any = get_fields_from_path(model, path)[-1]
    if field.is_relation:
        return (f"__{field.target_field.name}__exact", "__isnull")
    if isinstance(field, DateField):
        return ("__gte", "__lt", "__isnull")
    return ("", "__exact", "__isnull")
