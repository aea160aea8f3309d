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
DELIMITERS = {"csv": ",", "tsv": "\t"}
_INTEGERS = frozenset(name for name in NUMBER_TYPES if "int" in name or "serial" in name)
_OTHERS = {"bool": "boolean", "boolean": "boolean", "date": "date", "text": "string", "varchar": "string"}


def descriptor(facts: Facts, origin: Origin, summary: Summary, options: Options) -> dict[str, object]:
    """The descriptor of the members in ``summary``; properties without a value are left out."""
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
            "licenses": _licences(facts),
            "contributors": _contributors(facts),
            "resources": [_resource(name, size, summary.fields, options) for name, size in summary.members],
        }
    )


def _resource(path: str, size: int, fields: Sequence[Field], options: Options) -> dict[str, object]:
    extension = path.rpartition(".")[2].lower()
    resource = {
        "name": _name(path),
        "path": path,
        "format": extension if "." in path else "",
        "mediatype": MEDIA_TYPES.get(extension, ""),
        "bytes": size,
    }
    if extension in DELIMITERS and fields and path.startswith("resource."):
        delimiter = options.get("delimiter", DELIMITERS[extension])
        resource |= {
            "profile": "tabular-data-resource",
            "encoding": "utf-8",
            "dialect": {"delimiter": delimiter, "lineTerminator": "\n", "doubleQuote": True},
            "schema": {"fields": [_field(field) for field in fields], "missingValues": [""]},
        }
    return _filled(resource)


def _field(field: Field) -> dict[str, object]:
    kind = _type(field.type)
    booleans: dict[str, object] = {"trueValues": ["t"], "falseValues": ["f"]} if kind == "boolean" else {}
    described = {"title": field.info.get("label"), "description": field.info.get("notes")}
    return _filled({"name": field.name, "type": kind, **booleans, **described})


def _type(type: str) -> str:
    """Only what surely reads as such: CKAN's timestamps have no time zone, which Table Schema's have."""
    base = base_type(type)
    if is_array(type):
        return "any"
    if base in NUMBER_TYPES:
        return "integer" if base in _INTEGERS else "number"
    return _OTHERS.get(base, "any")


def _licences(facts: Facts) -> list[dict[str, object]]:
    """A licence needs a name (of opendefinition.org) or a path."""
    licence = _filled({"name": _licence_name(facts.licence_id), "path": facts.licence_url, "title": facts.licence})
    return [licence] if {"name", "path"} & licence.keys() else []


def _licence_name(licence_id: str) -> str:
    return licence_id if re.fullmatch(r"[-a-zA-Z0-9._]+", licence_id) else ""


def _contributors(facts: Facts) -> list[dict[str, object]]:
    authors: list[dict[str, object]] = [{"title": name, "role": "author"} for name in facts.authors.split("; ") if name]
    return authors + ([{"title": facts.publisher, "role": "publisher"}] if facts.publisher else [])


def _name(text: str) -> str:
    """Lower case letters, digits, ``.``, ``_`` and ``-``."""
    return re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("-") or "data"


def _filled(properties: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in properties.items() if value not in (None, "", [])}
