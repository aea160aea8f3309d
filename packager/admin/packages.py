"""What is, or was, in the store."""

from __future__ import annotations

from django.contrib import admin
from django.template.defaultfilters import filesizeformat

from packager.admin.base import StaffAdmin
from packager.models import Package
from packager.presentation.translation import READER, notes_of


@admin.register(Package)
class PackageAdmin(StaffAdmin):
    """What is, or was, in the store."""

    list_display = ("file_name", "format", "rows", "how_big", "downloads", "created_at", "expires_at", "deleted_at")
    list_filter = ("format", "created_at", ("deleted_at", admin.EmptyFieldListFilter))
    search_fields = ("=resource_id", "=sha256")
    search_help_text = "Resource or checksum"
    exclude = ("notes",)
    readonly_fields = ("completeness_notes",)

    @admin.display(description="Size", ordering="size")
    def how_big(self, obj: Package) -> str:
        """In units that people read."""
        return filesizeformat(obj.size)

    @admin.display(description="Notes")
    def completeness_notes(self, obj: Package) -> str:
        """In words."""
        return " ".join(READER.text(note) for note in notes_of(obj))
