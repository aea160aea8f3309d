"""What a caller may ask for. The rules are those of ``packager.intake``, the same as for every other door."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from packager.api.bodies import NO_OBJECT
from packager.errors import RequestError
from packager.intake import validation
from packager.models import Kind
from packager.submission import FIELDS, Submission
from packager.whole_numbers import LARGEST

#: Fields that mean something for tables only, and for files only.
OF_TABLES = ("api_url", "filters", "q", "plain", "language", "fields", "sort", "limit", "offset", "format")
OF_FILES = ("resource_url",)
TEXT = {"type": "string"}
OPTIONS_SCHEMA = {
    "type": ["object", "null"],
    "description": "Options of the format (`/api/v1/` lists them by format), and `metadata`.",
    "properties": {
        "delimiter": {**TEXT, "description": "csv: one character, but not a letter, digit or quote."},
        "bom": {"type": "boolean", "description": "csv, tsv: start the file with a byte order mark."},
        "excel_safe": {
            "type": "boolean",
            "description": "csv, tsv: put an apostrophe before text that looks like a formula.",
        },
        "metadata": {"type": "boolean", "description": "Include README, data dictionary and licence."},
    },
}
Q_SCHEMA = {
    "type": ["string", "object", "null"],
    "description": "Search for this text; an object searches single columns.",
}
OBJECT_SCHEMA = {
    "type": ["object", "null"],
    "description": 'Only rows with these values: `{"country": ["Brasil", "Peru"]}`.',
}


@extend_schema_field(Q_SCHEMA)
class FullText(serializers.JSONField):
    """A text or an object."""


@extend_schema_field(OBJECT_SCHEMA)
class JsonObject(serializers.JSONField):
    """An object."""


@extend_schema_field(OPTIONS_SCHEMA)
class Options(serializers.JSONField):
    """An object."""


def _text(most: int, help_text: str, **more: Any) -> serializers.CharField:
    settings = {"required": False, "allow_blank": True, "allow_null": True, **more}
    return serializers.CharField(max_length=most, help_text=help_text, **settings)


def _count(help_text: str) -> serializers.IntegerField:
    return serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=LARGEST, help_text=help_text
    )


class PackageRequestCreateSerializer(serializers.Serializer[Any]):
    """A request for a package. null and empty text count as not given; unknown fields are rejected."""

    default_error_messages = NO_OBJECT

    kind = serializers.ChoiceField(
        choices=Kind.values, required=False, help_text="By default, it follows from the address you give."
    )
    resource_id = serializers.CharField(max_length=FIELDS["resource_id"].most, help_text="The resource's id in CKAN.")
    api_url = _text(FIELDS["api_url"].most, "For a table: the address of CKAN's `datastore_search`.")
    resource_url = _text(FIELDS["resource_url"].most, "For a file: its address.")
    filters = JsonObject(required=False, allow_null=True)
    q = FullText(required=False, allow_null=True)
    plain = serializers.BooleanField(
        required=False,
        allow_null=True,
        default=None,
        help_text="false: `q` is a full-text query in PostgreSQL's syntax.",
    )
    language = _text(100, "The language of the full-text search, as PostgreSQL calls it.")
    fields = serializers.ListField(  # type: ignore[assignment]
        child=serializers.CharField(), required=False, allow_null=True, help_text="Only these columns, in this order."
    )
    sort = _text(2000, "For example `year desc, name`.")
    limit = _count("The most rows to return.")
    offset = _count("How many rows to skip at the start.")
    format = _text(30, "`csv` by default; `/api/v1/` lists all.")
    options = Options(required=False, allow_null=True)

    def get_fields(self) -> dict[str, Any]:
        """Those above, and those that the list in ``packager.submission`` names."""
        carried = {
            rule.api: _text(rule.most, rule.help, write_only=rule.secret) for rule in FIELDS.values() if rule.api
        }
        return {**super().get_fields(), **carried}

    def to_internal_value(self, data: Any) -> Any:
        """As always, but a field nobody knows is refused: it is a slip of the pen."""
        known = self.get_fields()
        if isinstance(data, dict) and (unknown := [name for name in data if name not in known]):
            raise serializers.ValidationError({name: ["There is no such field."] for name in unknown})
        return super().to_internal_value(data)

    @property
    def submission(self) -> Submission:
        """What is asked for, once it is valid. Raises RequestError."""
        data = {name: value for name, value in self.validated_data.items() if value not in (None, "")}
        kind = data.get("kind", Kind.URL if "resource_url" in data and "api_url" not in data else Kind.DATASTORE)
        about, others, foreign = ("file", "tables", OF_TABLES) if kind == Kind.URL else ("table", "files", OF_FILES)
        for name in foreign:
            if name in data:
                raise RequestError(f"Parameter {name} is for {others}, but this request is for a {about}", field=name)
        return Submission(
            resource_id=validation.required("resource_id", data.get("resource_id")),
            options=validation.json_object("options", data.get("options")),
            **validation.carried_fields("api", data),
            **(validation.file_fields(data) if kind == Kind.URL else validation.table_fields(data)),
        )
