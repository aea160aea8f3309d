"""``datapackage.json``: the package as a Frictionless Data Package.

Specification 1.0: https://specs.frictionlessdata.io/data-package/, .../data-resource/, .../table-schema/,
.../csv-dialect/.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC

from packager.streaming.facts import Facts, Origin
from packager.streaming.formats.base import Options
from packager.streaming.formats.text import NUMBER_TYPES, base_type, is_array
from packager.streaming.pipeline import Summary
from packager.streaming.types import Field

MEDIA_TYPES = {
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "jsonl": "application/jsonl",
    "parquet": "application/vnd.apache.parquet",
    "xml": "application/xml",
    "json": "application/json",
}
_LICENCE_NAME = re.compile(r"[-a-zA-Z0-9._]+")
_UNNAMEABLE = re.compile(r"[^a-z0-9._-]+")
DELIMITERS = {"csv": ",", "tsv": "\t"}
#: Files of rows that other programs read by a schema. Parquet brings its own.
WITH_SCHEMA = (*DELIMITERS, "xlsx", "jsonl")
#: Only what surely reads as such: CKAN's timestamps have no time zone, which Table Schema's have.
_TYPES = {
    **{name: "integer" if "int" in name or "serial" in name else "number" for name in NUMBER_TYPES},
    **{"bool": "boolean", "boolean": "boolean", "date": "date", "text": "string", "varchar": "string"},
}


def descriptor(facts: Facts, origin: Origin, summary: Summary, options: Options) -> dict[str, object]:
    """The descriptor of the members in ``summary``; properties without a value are left out."""
    # a licence needs a name (of opendefinition.org) or a path
    name = facts.licence_id if _LICENCE_NAME.fullmatch(facts.licence_id) else ""
    licence = _filled({"name": name, "path": facts.licence_url, "title": facts.licence})
    people = [*((name, "author") for name in facts.authors), (facts.publisher, "publisher")]
    return _filled(
        {
            "profile": "data-package",
            "name": _name(facts.name or origin.resource_id),
            "id": facts.doi,
            "title": facts.resource or facts.dataset,
            "description": facts.description,
            "homepage": facts.page,
            "version": facts.version,
            "created": f"{origin.made.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "licenses": [licence] if {"name", "path"} & licence.keys() else [],
            "contributors": [{"title": name, "role": role} for name, role in people if name],
            "resources": [_resource(name, size, summary, options) for name, size in summary.members],
        }
    )


def _resource(path: str, size: int, summary: Summary, options: Options) -> dict[str, object]:
    extension = path.rpartition(".")[2].lower()
    digest = summary.sha256.get(path)
    resource: dict[str, object] = {
        "name": _name(path),
        "path": path,
        "format": extension if "." in path else "",
        "mediatype": MEDIA_TYPES.get(extension, ""),
        "bytes": size,
        "hash": f"sha256:{digest}" if digest else "",
    }
    if extension in WITH_SCHEMA and summary.fields and path.startswith("resource."):
        resource |= _table(extension, summary.fields, options)
    return _filled(resource)


def _table(extension: str, fields: Sequence[Field], options: Options) -> dict[str, object]:
    """How to read the rows. Booleans and nulls are letters and gaps in CSV; elsewhere they are what they are."""
    if extension not in DELIMITERS:
        schema = {"fields": [_field(field, {}) for field in fields], "missingValues": []}
        return {"encoding": "utf-8" if extension == "jsonl" else "", "schema": schema}
    letters = {"trueValues": ["t"], "falseValues": ["f"]}
    delimiter = options.get("delimiter", DELIMITERS[extension])
    return {
        "profile": "tabular-data-resource",
        "encoding": "utf-8",
        "dialect": {"delimiter": delimiter, "lineTerminator": "\n", "doubleQuote": True},
        "schema": {"fields": [_field(field, letters) for field in fields], "missingValues": [""]},
    }


def _field(field: Field, booleans: Mapping[str, object]) -> dict[str, object]:
    kind = "any" if is_array(field.type) else _TYPES.get(base_type(field.type), "any")
    described = {"title": field.info.get("label"), "description": field.info.get("notes")}
    return _filled({"name": field.name, "type": kind, **(booleans if kind == "boolean" else {}), **described})


def _name(text: str) -> str:
    """Lower case letters, digits, ``.``, ``_`` and ``-``."""
    return _UNNAMEABLE.sub("-", text.lower()).strip("-") or "data"


def _filled(properties: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in properties.items() if value not in (None, "", [])}
