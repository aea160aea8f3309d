"""Reads the JSON body of a call: never more than so many bytes, and nothing nested deeper than anybody needs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import IO, Any

from django.http import HttpRequest
from rest_framework import exceptions
from rest_framework.parsers import JSONParser
from rest_framework.utils import json

from packager.errors import BodyTooLarge
from packager.intake.validation import MOST_NESTED, nested_too_deeply, no_repeats

#: More than any request needs, in bytes.
LARGEST_BODY = 1024 * 1024
#: The same for forms, where each letter may take three bytes, and for lists of changes: as much as Django lets in.
LARGEST_FORM = 5 * 512 * 1024
#: What serializers say of a body, or an item of it, that is none.
NO_OBJECT: dict[str, Any] = {"invalid": "This must be a JSON object."}
#: A string, ended or not, or a bracket. Each letter of a text is looked at once.
_MARK = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\Z)|[\[\]{}]', re.DOTALL)


def announced(request: HttpRequest) -> int:
    """How many bytes the body has, as its header says. Without one (a body in chunks) none of it is read."""
    length = request.headers.get("Content-Length", "")
    return int(length) if length.isdecimal() else 0


def body_too_large(most: int) -> BodyTooLarge:
    """What is said of a body of more than ``most`` bytes."""
    return BodyTooLarge(f"The body has more than {most} bytes")


class JsonBody(JSONParser):
    """JSON of at most the view's ``largest_body`` bytes. What is nested too deeply is refused before it is parsed."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The value. Raises BodyTooLarge, ParseError, and RequestError naming a field: too deep, or there twice."""
        most = getattr((parser_context or {}).get("view"), "largest_body", LARGEST_BODY)
        content = stream.read(most + 1)
        if len(content) > most:
            raise body_too_large(most)
        try:
            text = content.decode("utf-8-sig")
            if field := field_too_deep(text):
                raise nested_too_deeply(field)
            return json.loads(text, object_pairs_hook=no_repeats)
        except ValueError as error:
            raise exceptions.ParseError("The body is not valid JSON") from error


def field_too_deep(text: str) -> str:
    """The field of a JSON object whose value goes deeper than ``MOST_NESTED``; ``body`` if it is in none; or empty."""
    if text.count("[") + text.count("{") <= MOST_NESTED:
        return ""
    depth, field = 0, ""
    for found in _MARK.finditer(text):
        mark = found[0]
        if mark[0] == '"':
            field = mark if depth == 1 else field
        else:
            depth += 1 if mark in "[{" else -1
        # a field's own value is one level deeper than the object that holds it
        if depth > MOST_NESTED + 1:
            return field.strip('"')[:100] or "body"
    return ""
