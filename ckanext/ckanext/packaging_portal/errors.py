"""What can go wrong between CKAN and the portal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ckan.plugins.toolkit as tk


class PortalUnavailable(Exception):
    """The portal does not answer in time, or not as it should.

    Its text is a sentence for the person who sees it, ``detail`` is for the log. ``certain`` says that the call was not
    carried out; else nobody knows. ``broken`` says that the connection ended before the answer.
    """

    code = 503

    def __init__(self, detail: str = "", *, certain: bool = False, broken: bool = False) -> None:
        self.detail, self.certain, self.broken = detail, certain, broken
        super().__init__(detail)

    def __str__(self) -> str:
        return str(tk._("The packaging service is not available at the moment. Try again in a few minutes."))


class PortalRefused(Exception):
    """The portal answered with a problem document (RFC 9457)."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status, self.problem = status, problem
        self.detail = str(problem.get("detail") or problem.get("title") or f"HTTP {status}")
        super().__init__(self.detail)

    @property
    def as_ckan_has_it(self) -> Exception:
        """The exception of CKAN that says the same: the field that was wrong, no right, nothing there."""
        if self.status in (401, 403, 429):  # our key, which is nothing that the visitor can mend
            return PortalUnavailable(self.detail, certain=True)
        if self.status == 404:
            return tk.ObjectNotFound(self.detail)
        if self.status == 424:
            return tk.ValidationError({"resource_id": [self.detail]})
        return tk.ValidationError(self._by_field())

    def _by_field(self) -> dict[str, Any]:
        several = self.problem.get("errors")
        if isinstance(several, Mapping) and several:
            return {str(field): told if isinstance(told, list) else [str(told)] for field, told in several.items()}
        return {str(self.problem.get("field") or "message"): [self.detail]}
