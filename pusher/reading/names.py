"""Headers become names that CKAN and PostgreSQL take (CKAN 2.11 and 2.12; what each refuses was tried)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

#: PostgreSQL cuts names at this many bytes of UTF-8; CKAN counts characters.
MOST_BYTES = 63
#: CKAN makes a bind parameter of it: 500.
_COLON = re.compile(r"(?<![^\W_]):(?=[^\W_])")


def clean(header: str) -> str:
    """``header`` without what cannot be in a name. May be empty."""
    kept = "".join(" " if char.isspace() else char for char in header if char.isspace() or not _forbidden(char))
    name = " ".join(kept.split())
    while (plainer := _COLON.sub("", name).lstrip("_").strip()) != name:
        name = plainer
    return cut(name, MOST_BYTES)


def _forbidden(char: str) -> bool:
    return char in '"#' or unicodedata.category(char).startswith("C")


def cut(name: str, most: int) -> str:
    """``name`` cut to ``most`` bytes, on a whole character."""
    return name.encode()[:most].decode(errors="ignore").strip()


def column_names(headers: Sequence[str], width: int) -> list[str]:
    """The names of ``width`` columns. Those without a header are ``column_<n>``, counted from 1.

    A header that is fit as it is, and the first of its kind, keeps it; the others, from left to right, take the first
    that is free of ``name``, ``name_2``, ``name_3``.
    """
    wanted = [*headers[:width], *[""] * (width - len(headers))]
    cleaned = [clean(header) for header in wanted]
    names: list[str] = [""] * width
    taken: set[str] = set()
    for place, (header, name) in enumerate(zip(wanted, cleaned, strict=True)):
        if name and name == header and name not in taken:
            names[place] = name
            taken.add(name)
    for place, name in enumerate(cleaned):
        if not names[place]:
            names[place] = _free(name or f"column_{place + 1}", taken)
            taken.add(names[place])
    return names


def _free(name: str, taken: set[str]) -> str:
    candidate, number = name, 1
    while candidate in taken:
        number += 1
        ending = f"_{number}"
        candidate = cut(name, MOST_BYTES - len(ending)) + ending
    return candidate
