"""Answers of CKAN that are no success, as exceptions. The bodies are those of CKAN 2.12."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """An answer with that HTTP status. ``error`` goes into CKAN's envelope; a plain text is sent as it is."""

    def __init__(self, status: int, error: dict[str, Any] | str) -> None:
        self.status = status
        self.error = error
        super().__init__(status, error)


def invalid(**problems: list[str] | dict[str, Any]) -> Refused:
    """409: parameters that do not pass, each with its sentences."""
    return Refused(409, problems | {"__type": "Validation Error"})


def invalid_query(reason: str) -> Refused:
    """409: a query that the database did not take."""
    return invalid(query=["Invalid query"], info={"orig": [reason]})


def not_found(what: str = "") -> Refused:
    """404."""
    message = f"Not found: {what}" if what else "Not found"
    return Refused(404, {"__type": "Not Found Error", "message": message})


def not_permitted(what: str) -> Refused:
    """403: the user name is empty, as it is for everybody who is not logged in."""
    return Refused(403, {"__type": "Authorization Error", "message": f"Access denied: User  not authorized to {what}"})


def bad_request(why: str) -> Refused:
    """400, with CKAN's bare JSON string for a body."""
    return Refused(400, f"Bad request: {why}")


def internal() -> Refused:
    """500 in the envelope."""
    return Refused(500, {"__type": "Internal Server Error", "message": "Internal Server Error"})
