"""What the tests of the requester's side share: those of the packager, and a reader of pages."""

from __future__ import annotations

import html
import re
from typing import Any

from tests.packager.conftest import _ckan, built, ckan, portal, post, submission  # noqa: F401


def words(answer: Any) -> str:
    """The text of a page, without tags, white space run together."""
    text = re.sub(r"<(script|style)\b.*?</\1>|<[^>]+>", " ", answer.content.decode(), flags=re.DOTALL)
    return " ".join(html.unescape(text).split())


def page(request: Any) -> str:
    """The path of the status page of ``request``."""
    return f"/requests/{request.token}/"
