"""The parameters of ``datastore_search``, checked as CKAN checks them (``ckanext/datastore/logic/schema.py``)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from demo.errors import internal, invalid, invalid_query
from demo.filters import TRUE

FORMATS = ["objects", "lists", "csv", "tsv"]
KNOWN = {
    *("resource_id", "id", "filters", "q", "plain", "language", "fields", "sort", "limit", "offset", "full_text"),
    *("distinct", "include_total", "records_format", "total_estimation_threshold"),
}


class Profile(StrEnum):
    """Which datastore answers."""

    V212 = "2.12"  #: CKAN 2.12: range filters, ``include_next_page``
    V211 = "2.11"  #: CKAN 2.9 to 2.11: neither, and timestamps without milliseconds
    SOLR = "solr"  #: the Natural History Museum's datasolr: ``cursor``, ``next_cursor``; objects only
    VERSIONED = "versioned-datastore"  #: the Natural History Museum's later one: ``after``; objects only

    @property
    def is_ckan(self) -> bool:
        """Whether this is CKAN's own datastore."""
        return self in (Profile.V212, Profile.V211)


@dataclass(slots=True)
class Search:
    """What was asked for.

    ``sort`` holds clauses such as ``country desc``; ``given`` holds the parameters as the answer repeats them.
    """

    resource_id: str
    limit: int
    offset: int = 0
    filters: Mapping[str, Any] = field(default_factory=dict)
    q: Any = None
    fields: list[str] | None = None
    sort: list[str] = field(default_factory=list)
    records_format: str = "objects"
    include_total: bool = True
    include_next_page: bool = False
    cursor: str | None = None
    after: Any = None
    given: dict[str, Any] = field(default_factory=dict)

    @property
    def keys(self) -> list[tuple[str, bool]]:
        """What to sort by: name, and whether descending."""
        return [sort_key(clause) for clause in self.sort]


def parse(raw: Mapping[str, Any], profile: Profile, rows_max: int) -> Search:
    """The parameters, typed.

    Raises:
        Refused: 409 with the field at fault.
    """
    given = {name: value for name, value in raw.items() if value not in (None, "")}
    resource_id = given.pop("id", None) or given.get("resource_id")
    if not resource_id:
        raise invalid(resource_id=["Missing value"])
    _refuse_unknown(given, profile)
    search = Search(
        resource_id=str(resource_id),
        limit=min(_whole(given, "limit", 100, natural=True), rows_max),
        offset=_whole(given, "offset", 0),
        filters=_filters(given),
        q=_text_or_json(given.get("q")),
        fields=name_list(given.get("fields")),
        sort=name_list(given.get("sort")) or [],
        records_format=given.get("records_format", "objects") if profile.is_ckan else "objects",
        include_total=_flag(given.get("include_total", True)),
        include_next_page=_flag(given.get("include_next_page", False)),
        cursor=given.get("cursor"),
        after=given.get("after"),
    )
    if search.records_format not in FORMATS:
        raise invalid(records_format=[f"Value must be one of {FORMATS}"])
    search.given = _repeated(given, search, profile)
    return search


def _refuse_unknown(given: Mapping[str, Any], profile: Profile) -> None:
    known = KNOWN | ({"include_next_page"} if profile == Profile.V212 else set())
    unknown = [name for name in given if name not in known]
    if unknown and profile.is_ckan:
        raise invalid(__extras=[f'invalid value "{unknown[0]}"'])


def _repeated(given: Mapping[str, Any], search: Search, profile: Profile) -> dict[str, Any]:
    shown = {name: value for name, value in given.items() if name not in ("fields", "total_estimation_threshold")}
    shown |= {"resource_id": search.resource_id, "limit": search.limit, "records_format": search.records_format}
    shown["include_total"] = search.include_total
    shown |= {"offset": search.offset} if search.offset else {}
    shown |= {"filters": search.filters} if search.filters else {}
    if profile == Profile.V212:
        shown["include_next_page"] = search.include_next_page
    if profile == Profile.V211:
        shown["total_estimation_threshold"] = None
    return dict(sorted(shown.items()))


def _whole(given: Mapping[str, Any], name: str, default: int, *, natural: bool = False) -> int:
    try:
        value = int(given.get(name, default))
    except (ValueError, TypeError) as error:
        raise invalid(**{name: ["Invalid integer", "Please enter an integer value"][: 2 if natural else 1]}) from error
    if value < 0:
        raise invalid(**{name: ["Must be a natural number"] if natural else [f'invalid value "{value}"']})
    return value


def _filters(given: Mapping[str, Any]) -> dict[str, Any]:
    value = given.get("filters", {})
    try:
        value = json.loads(value) if isinstance(value, str) else value
    except ValueError as error:
        raise invalid(filters=["Cannot parse JSON"]) from error
    if not isinstance(value, dict):
        raise invalid(filters=["Cannot parse JSON"])
    return value


def _text_or_json(value: Any) -> Any:
    if isinstance(value, str) and value.startswith("{"):
        return json.loads(value)
    return value


def _flag(value: Any) -> bool:
    return value if isinstance(value, bool) else str(value).lower() in TRUE


def name_list(value: Any) -> list[str] | None:
    """Names from a list or a text with commas between them."""
    if value is None:
        return None
    names = value.split(",") if isinstance(value, str) else [str(each) for each in value]
    return [name.strip() for name in names if name.strip()]


def sort_key(clause: str) -> tuple[str, bool]:
    """``name``, ``name asc`` or ``name desc`` as (name, descending); the name may stand in double quotes."""
    name, _, direction = clause.rpartition(" ")
    if direction.lower() not in ("asc", "desc"):
        name, direction = clause, "asc"
    return name.strip().strip('"'), direction.lower() == "desc"


def check_names(search: Search, names: Sequence[str], profile: Profile) -> None:
    """Refuse columns that are not there, and in 2.11 the filters that it does not have.

    Raises:
        Refused: 409, or in 2.11 for a range filter with csv the 500 that it answers.
    """
    for name in search.fields or []:
        if name not in names:
            raise invalid(fields=[f'invalid value "{name}"'])
    for clause in search.sort:
        if sort_key(clause)[0] not in names:
            raise invalid(sort=[f'invalid value "{clause}"'])
    if profile == Profile.V211:
        _check_old_filters(search, names)


def _check_old_filters(search: Search, names: Sequence[str]) -> None:
    for name, value in search.filters.items():
        if name not in names:
            raise invalid(filters=[f'invalid value "{name}"'])
        if isinstance(value, dict):
            raise internal() if search.records_format in ("csv", "tsv") else invalid_query("can't adapt type 'dict'")
