"""What is, or was, in the store."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString

from packager.admin import display
from packager.admin.base import StaffAdmin
from packager.admin.filters import by_moment
from packager.admin.names import named
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

    @admin.display(description="In store", boolean=True, ordering="deleted_at")
    def in_store(self, obj: Package) -> bool:
        """Whether it can be downloaded."""
        return obj.deleted_at is None and obj.missing_since is None

    @admin.display(description="Resource", ordering="resource_title")
    def resource(self, obj: Package) -> SafeString:
        """By its name."""
        return named(obj, obj.resource_id)

    @admin.display(description="Notes")
    def completeness_notes(self, obj: Package) -> str:
        """In words."""
        return " ".join(READER.text(note) for note in notes_of(obj))
