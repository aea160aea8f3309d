"""The page of the admin on which one person is deleted everywhere."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from stats import erasure

#: Whoever may delete the personal data of requests may delete a person.
ERASES = "packager.erase_packagerequest"


class PersonForm(forms.Form):
    """Who. The address comes in the body, never in an address that a log would keep."""

    address = forms.EmailField(label="Email address", max_length=254)


def page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """Ask who, show how much that is, and delete it once confirmed."""
    if not request.user.has_perm(ERASES):
        raise PermissionDenied
    form = PersonForm(request.POST or None)
    found = None
    if request.method == "POST" and form.is_valid():
        address = form.cleaned_data["address"]
        if "confirmed" in request.POST:
            assert isinstance(request.user, AbstractUser)
            erased, records = erasure.erase_person(address, request.user.get_username())
            counts = f"{erased.requests} requests, {erased.deliveries} deliveries, {records} statistics records"
            messages.success(request, f"Deleted: {counts}.")
            return redirect("admin:erase-person")
        found = erasure.count_person(address)
    shown = {**context, "title": "Erase a person", "form": form, "found": found}
    return TemplateResponse(request, "admin/erase_person.html", shown)
