"""What the store calls its files: after the build that made them, so that a stray can be told from a stranger's file.

``ab/ab3f…-2-9d41c07e.zip``: the request's id, the attempt, and eight random digits, since a database that is restored
from a backup counts attempts anew. The two digits in front spread the files over folders.
"""

from __future__ import annotations

import re
import secrets
from uuid import UUID

from packager.errors import StoreError

#: Before builds had their names, files were called by 32 random digits; such packages may still be there.
_NAME = re.compile(r"[0-9a-f]{2}/(?:([0-9a-f]{32})-(\d{1,9})-[0-9a-f]{8}|[0-9a-f]{32})\.zip")


def new_name(request_id: UUID, attempt: int) -> str:
    """A name that no other file has, for what this build makes."""
    return f"{request_id.hex[:2]}/{request_id.hex}-{attempt}-{secrets.token_hex(4)}.zip"


def is_name(text: str) -> bool:
    """Whether a file of this name may be one of ours. Nothing else is ever deleted."""
    return _NAME.fullmatch(text) is not None


def check(name: str) -> str:
    """``name``. Raises StoreError if that is no name of ours."""
    if not is_name(name):
        raise StoreError("not a name of the store")
    return name


def build_of(name: str) -> tuple[UUID, int] | None:
    """The request and the attempt that made the file; None if its name does not tell."""
    found = _NAME.fullmatch(name)
    return (UUID(found[1]), int(found[2])) if found and found[1] else None
