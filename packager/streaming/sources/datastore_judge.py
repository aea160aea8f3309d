"""What CKAN says before its database is read: whether it may be, and what its own answer would look like."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from packager.errors import SourceError
from packager.streaming.http import HttpClient
from packager.streaming.sources.ckan_probe import Search
from packager.streaming.sources.ckan_response import Answer
from packager.streaming.sources.datastore_sql import Unsure
from packager.streaming.sources.row_ids import ID
from packager.streaming.types import Field, Query

#: Plugins that leave the queries of the DataStore alone: those that CKAN 2.11 and 2.12 bring, and two whose source was
#: read (ckanext-xloader, ckanext-ckanpackager). What others do nobody can ask.
HARMLESS = frozenset(
    {"activity", "audio_view", "datapusher", "datastore", "datatables_view", "expire_api_token", "image_view"}
    | {"multilingual_dataset", "multilingual_group", "multilingual_resource", "multilingual_tag", "resource_proxy"}
    | {"stats", "tabledesigner", "text_view", "tracking", "video_view", "webpage_view", "xloader", "ckanpackager"}
)
#: The versions whose source was read.
KNOWN_VERSIONS = frozenset({(2, 11), (2, 12)})
VERSION = re.compile(r"(\d+)\.(\d+)\b")
#: The first with filters such as ``{"gte": 5}``, and with timestamps that may have milliseconds.
OPERATORS = (2, 12)

_TIME = re.compile(r"T\d\d:\d\d:\d\d(\.\d{3})?(?![\d.])")


class Judge:
    """The CKAN whose ``datastore_search`` is at ``url``, asked by ``client`` with the key of who wants the rows.

    Args:
        query: what is wanted.
        harmless: further plugins that leave queries alone.
    """

    def __init__(self, client: HttpClient, url: str, query: Query, harmless: Collection[str]) -> None:
        self._client, self._url, self._query = client, url, query
        self._harmless = HARMLESS.union(harmless)

    def ask(self) -> Answer:
        """The answer to the query, without rows.

        Raises:
            SourceError: CKAN does not allow it, has no such resource, or does not accept the query.
        """
        counted = self._query.limit is not None or self.guesses_language
        return self._search(self._query).ask({"limit": 0, "offset": 0, "include_total": counted})

    @property
    def guesses_language(self) -> bool:
        """Whether the query is searched in the language of the site, which nobody can ask."""
        return bool(self._query.q) and not self._query.language

    def version(self) -> tuple[int, int]:
        """The version of CKAN. Raises Unsure if it is not known what that makes of queries, or plugins of it."""
        try:
            shown: Any = self._client.post(f"{self._url.rpartition('/')[0]}/status_show", {}, msgspec.json.decode)
            told, plugins = str(shown["result"].get("ckan_version")), set(shown["result"]["extensions"])
        except (SourceError, msgspec.MsgspecError, UnicodeDecodeError, KeyError, TypeError, AttributeError):
            raise Unsure("the data portal does not tell its version and plugins") from None
        numbers = VERSION.match(told)
        version = (int(numbers[1]), int(numbers[2])) if numbers else (0, 0)
        if version not in KNOWN_VERSIONS:
            raise Unsure(f"the version of CKAN is {told if numbers else 'not told'}, not 2.11 or 2.12")
        if unknown := sorted(plugins - self._harmless):
            raise Unsure(f"plugins of CKAN may change queries: {', '.join(map(str, unknown))}")
        return version

    def rows(self, names: Sequence[str], most: int) -> bytes:
        """Rows of the query, those with the least ids, as CSV. ``names`` are the columns. Raises SourceError."""
        return self._text(replace(self._query, fields=tuple(names), sort=ID), most)

    def milliseconds(self, row: int, names: Sequence[str]) -> bool | None:
        """Whether CKAN prints the timestamps ``names`` of a row with them; None if there is none to be seen."""
        only = Query(self._query.resource_id, filters={ID: row}, fields=tuple(names))
        found = _TIME.search(self._text(only, 1).decode())
        return None if found is None else found[1] is not None

    def _text(self, query: Query, most: int) -> bytes:
        answer = self._search(query).ask({"limit": most, "include_total": False, "records_format": "csv"})
        return msgspec.json.decode(answer.records, type=str).encode() if answer.is_text else b""

    def _search(self, query: Query) -> Search:
        return Search(self._client, self._url, query)


def columns_of(answer: Answer, query: Query, types: dict[str, str]) -> tuple[Field, ...]:
    """The columns that CKAN tells of. Raises Unsure if they are not those of the table, whose ``types`` are given."""
    # CKAN adds ranks for ``q``; no column of its own has the type ``float``
    ranks = [f for f in answer.columns if query.q and f.type == "float" and f"{f.name} ".startswith("rank ")]
    fields = [field for field in answer.columns if field not in ranks]
    told = {field.name: field.type for field in fields}
    there = {name: _told(name, type) for name, type in types.items()}
    if len(told) != len(fields) or any(there.get(name) != type for name, type in told.items()):
        raise Unsure("the columns that CKAN tells of are not those of the table")
    if not query.fields and list(told) != list(there):
        raise Unsure("the columns that CKAN tells of are not those of the table")
    return tuple(fields)


def _told(name: str, type: str) -> str:
    """What CKAN calls a type of PostgreSQL."""
    return "int" if name == ID else "json" if type == "nested" else type
