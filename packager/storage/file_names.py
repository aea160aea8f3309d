"""What a download is called: after its dataset and resource, in characters that every system takes."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from urllib.parse import quote

#: As much of a title as a name holds, in bytes: twice that, a day and the endings fit into the 255 of file systems.
LONGEST = 60
#: Letters that Unicode does not take apart into an ASCII letter and a mark, and those that Germans write as two.
_LETTERS = str.maketrans(
    {
        "ä": "ae",
        "ö": "oe",
        "ü": "ue",
        "ß": "ss",
        "æ": "ae",
        "œ": "oe",
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "þ": "th",
    }
)
#: What the title of a resource often ends with; the name has an ending of its own.
_ENDING = re.compile(r"\.(?:csv|tsv|txt|xlsx?|ods|jsonl?|xml|parquet|zip)$", re.IGNORECASE)
#: What a header cannot hold without quoting of its own.
_AWKWARD = re.compile(r"[^A-Za-z0-9._-]+")


def download_name(dataset: str, resource: str, format: str, day: date) -> str:
    """``bird-specimens-2026-11-21.csv.zip``: lower case, without spaces, points or anything that leads elsewhere.

    Never one that Windows keeps for itself (``con``), since there is always a day in it.

    Args:
        dataset: its title; empty where nobody knows it.
        resource: what it is called.
        format: of the data inside; empty for a file as it is.
        day: on which the package was made.
    """
    whole, part = _words(dataset), _words(_ENDING.sub("", resource))
    stem = max(whole, part, key=len) if whole in part or part in whole else f"{whole}-{part}"
    return ".".join(filter(None, (f"{stem or 'package'}-{day:%Y-%m-%d}", format, "zip")))


def _words(title: str) -> str:
    """Letters and digits with hyphens between: Latin ones in ASCII, others as they are."""
    safe = ""
    for char in unicodedata.normalize("NFC", title).lower().translate(_LETTERS):
        latin = unicodedata.normalize("NFKD", char).encode("ascii", "ignore").decode()
        kept = not latin and unicodedata.category(char)[0] in "LMN"
        safe += latin if latin.isalnum() else char if kept else "-"
    joined = "-".join(filter(None, safe.split("-")))
    return joined.encode()[:LONGEST].decode(errors="ignore").strip("-")


def attachment(file_name: str) -> str:
    """``Content-Disposition`` (RFC 6266): the name in ASCII, and where that differs, as it is, too (RFC 8187)."""
    plain = _AWKWARD.sub("_", file_name)
    exact = "" if plain == file_name else f"; filename*=UTF-8''{quote(file_name, safe='')}"
    return f'attachment; filename="{plain}"{exact}'
