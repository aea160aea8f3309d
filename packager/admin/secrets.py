"""A page that shows new secrets once, and that no cache keeps."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.cache import add_never_cache_headers

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
