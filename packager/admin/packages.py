"""What is, or was, in the store."""

from __future__ import annotations

from django.contrib import admin

from packager.admin import display
from packager.admin.base import StaffAdmin
from packager.admin.filters import by_moment
from packager.models import Package
from packager.presentation.translation import READER, notes_of


@admin.register(Package)
class PackageAdmin(StaffAdmin):
    """What is, or was, in the store."""

    list_display = (
        "resource",
        "format",
        display.number("rows", "Rows"),
        display.size("size", "Size"),
        display.number("downloads", "Downloads"),
        display.moment("created_at", "Created"),
        display.moment("expires_at", "Expires"),
        "in_store",
    )
    list_filter = (
        "format",
        "created_at",
        ("deleted_at", by_moment("store", "In store", "Deleted")),
        ("missing_since", by_moment("file", "Not missing", "Missing from the store")),
    )
    search_fields = ("resource_title", "dataset_title", "file_name", "=resource_id", "=sha256")
    search_help_text = "Title or id of a resource, file name, or checksum"
    exclude = ("notes",)
    readonly_fields = ("completeness_notes",)

    in_store = display.column(
        "In store", lambda obj: obj.deleted_at is None and obj.missing_since is None, "deleted_at", boolean=True
    )
    resource = display.column("Resource", lambda obj: display.named(obj, obj.resource_id), "resource_title")
    completeness_notes = display.column("Notes", lambda obj: " ".join(READER.text(note) for note in notes_of(obj)))
