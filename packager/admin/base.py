"""What our admin pages have in common: they look and do not touch, count cheaply, and write down what staff do."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import AbstractUser
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.cache import add_never_cache_headers

from packager.lifecycle.bulk import chunks

SEE_ADDRESSES = "packager.see_personal_data"
SEE_TRACEBACKS = "packager.see_traceback"
OPERATE = "packager.operate_packagerequest"
ERASE = "packager.erase_packagerequest"


class CappedPaginator(Paginator):
    """Stops to count at ``CAP``: nobody leafs further, and a count of millions costs seconds."""

    CAP = 200_000

    @cached_property
    def count(self) -> int:
        """How many there are, or ``CAP``."""
        rows: Any = self.object_list
        return rows.order_by()[: self.CAP].count()


class ReadOnly:
    """Nothing is added, changed or deleted by hand: that is what the actions are for."""

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Never."""
        return False

    has_change_permission = has_delete_permission = has_add_permission


class PlainTitle:
    """A list is called after what is in it, rather than "Select package to view"."""

    opts: Any

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list."""
        name = str(self.opts.verbose_name_plural)
        parent: Any = super()
        page: HttpResponse = parent.changelist_view(
            request, {"title": name[:1].upper() + name[1:], **(extra_context or {})}
        )
        return page


class StaffAdmin(ReadOnly, PlainTitle, admin.ModelAdmin):
    """A table to look at, fast however long it is."""

    paginator = CappedPaginator
    show_full_result_count = False
    # a count for every value of every filter takes longer than anybody waits
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    list_max_show_all = 200


def staff(request: HttpRequest) -> AbstractUser:
    """Who is logged in; the admin lets nobody else in."""
    assert isinstance(request.user, AbstractUser)
    return request.user


def log(request: HttpRequest, rows: QuerySet[Any], ids: Iterable[Any], message: str) -> None:
    """Write into the admin's log what was done with the ``rows`` that have these ids."""
    for chunk in chunks(list(ids)):
        chosen = rows.model._default_manager.filter(pk__in=chunk)
        LogEntry.objects.log_actions(staff(request).pk, chosen, CHANGE, message)


#: What a page of secrets shows: headings, and names with the secrets that belong to them.
Secrets = list[tuple[str, str]]


def show_once(request: HttpRequest, model: type[Model], title: str, secrets: Secrets) -> HttpResponse:
    """A page with secrets that nobody sees again, and a link back to the list of ``model``."""
    back = reverse(f"admin:packager_{model._meta.model_name}_changelist")
    names = {"title": title, "name_of_all": model._meta.verbose_name_plural}
    context = {**admin.site.each_context(request), **names, "secrets": secrets, "back": back}
    response = TemplateResponse(request, "admin/packager/secrets.html", context)
    add_never_cache_headers(response)
    return response
