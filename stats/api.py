"""``/statistics``, ``/statistics/requests`` and ``/statistics/errors`` of the ckanpackager contract."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from packager.api.legacy import LegacyView
from packager.errors import RequestError
from packager.intake import validation
from stats import queries

#: More than any table holds, and still a number that every database takes.
MOST = 2**53
Fields = Mapping[str, Any]


class TotalsView(LegacyView):
    """``/statistics``: totals by resource."""

    def handle(self, form: Fields) -> dict[str, Any]:
        """Of all resources; ``resource_id`` in the form asks for that entry alone."""
        return {"status": True, "success": True, "totals": queries.totals(_text(form, "resource_id"))}


class RecordsView(LegacyView):
    """``/statistics/requests`` and ``/statistics/errors``: the records, newest first."""

    def post(self, request: Request, kind: str) -> Response:  # type: ignore[override]  # the address says the kind
        """See ``LegacyView.post``."""
        self.kind = kind
        return super().post(request)

    def handle(self, form: Fields) -> dict[str, Any]:
        """A page of records. Raises RequestError where the kind is unknown or a field is not what it should be."""
        find = {"requests": queries.requests, "errors": queries.errors}.get(self.kind)
        if find is None:
            raise RequestError(f"Unknown statistics request {self.kind}")
        page = (_number(form, "offset", 0), _number(form, "limit", 100))
        found = find(*page, _text(form, "resource_id"), _text(form, "email"))
        return {"success": True, "status": True, self.kind: found}


def _text(fields: Fields, name: str) -> str | None:
    return validation.optional(name, fields.get(name)) or None


def _number(fields: Fields, name: str, default: int) -> int:
    found = validation.number(name, fields.get(name), cap=MOST)
    return default if found is None else found
