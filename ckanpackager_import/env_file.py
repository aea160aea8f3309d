"""Adding settings to an ``.env`` file without touching what is there."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

HEADING = "# Taken over from ckanpackager"
NAME = re.compile(r"\A(?:export )?([A-Za-z_0-9]+)=")


def names_in(path: Path) -> dict[str, str]:
    """The lines of the file that set something, by name; nothing if there is no file."""
    if not path.is_file():
        return {}
    lines = path.read_text(encoding="utf-8").splitlines()
    return {match.group(1): line for line in lines if (match := NAME.match(line))}


def add(path: Path, values: Mapping[str, str]) -> None:
    """Append the values, in one step; the file is readable by its owner only (it holds secrets).

    Raises:
        OSError: the file cannot be written; it is then as it was.
    """
    path = path.resolve()
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    start = before if not before or before.endswith("\n") else before + "\n"
    lines = [HEADING, *(line_of(name, value) for name, value in values.items())]
    _replace(path, start + "\n".join(lines) + "\n")


def line_of(name: str, value: str) -> str:
    """``NAME="value"`` as django-environ reads it: backslash and quote escaped, a line end as ``\\n``."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{name}="{escaped}"'


def _replace(path: Path, content: str) -> None:
    # mkstemp makes files that only their owner can read.
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".env-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
