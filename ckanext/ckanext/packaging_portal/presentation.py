"""What people read of queries and requests, in the language of the page."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import ckan.plugins.toolkit as tk

from ckanext.packaging_portal.current_view import Query, parts

#: Longer values are cut on a chip; the whole one is in its title.
LONGEST = 60


def chip(name: str, column: str, value: Any) -> str:
    """A part of the query, in words."""
    if name.startswith(("filters.", "q.")):
        return f"{column}: {_values(value)}"
    return {
        "q": lambda: tk._("Search: {words}").format(words=_word(str(value))),
        "sort": lambda: tk._("Sorted by {columns}").format(columns=_order(str(value))),
        "fields": lambda: tk.ungettext("{count} column: {names}", "{count} columns: {names}", len(value)).format(
            count=len(value), names=", ".join(value)
        ),
        "limit": lambda: tk.ungettext("At most {count} row", "At most {count} rows", value).format(count=number(value)),
        "offset": lambda: tk.ungettext("Without the first row", "Without the first {count} rows", value).format(
            count=number(value)
        ),
    }[name]()


def summary(query: Query) -> str:
    """The query on one line; nothing for a whole table."""
    return " · ".join(chip(*part) for part in parts(query))


def number(value: int) -> str:
    """With the separators of the language."""
    return tk.h.localised_number(value)


def duration(seconds: float) -> str:
    """About how long: seconds below a minute are not worth counting."""
    if seconds < 60:
        return tk._("less than a minute")
    if seconds < 5400:
        minutes = round(seconds / 60)
        return tk.ungettext("about {count} minute", "about {count} minutes", minutes).format(count=minutes)
    hours = round(seconds / 3600)
    return tk.ungettext("about {count} hour", "about {count} hours", hours).format(count=hours)


def ahead(count: int) -> str:
    """The place in the queue."""
    if not count:
        return tk._("no requests ahead of yours")
    words = tk.ungettext("{count} request ahead of yours", "{count} requests ahead of yours", count)
    return words.format(count=number(count))


def format_label(label: str) -> str:
    """What a format is called: the portal tells it in English, and most are names anyway."""
    known = {
        "CSV (comma separated)": tk._("CSV (comma separated)"),
        "TSV (tab separated)": tk._("TSV (tab separated)"),
    }
    return known.get(label, label)


def status(name: str) -> str:
    """The state of a request, on one line."""
    return {
        "queued": tk._("Waiting in the queue"),
        "running": tk._("Creating the package"),
        "succeeded": tk._("Ready"),
        "failed": tk._("Failed"),
        "cancelled": tk._("Cancelled"),
        "expired": tk._("Expired"),
    }.get(name, name)


def progress(told: dict[str, Any]) -> dict[str, Any]:
    """How far a build is: ``share`` in hundredths, and in words; ``left`` says how long. None where nobody knows."""
    found = told.get("progress") or {}
    unit = "rows" if told.get("kind") != "url" else "bytes"
    done, total = found.get(f"{unit}_done") or 0, found.get(f"{unit}_total")
    say = number if unit == "rows" else tk.h.localised_filesize
    words = tk._("{done} of {total} rows") if unit == "rows" else tk._("{done} of {total}")
    if not total:
        words = tk._("{done} rows so far") if unit == "rows" else tk._("{done} so far")
    share = min(100, done * 100 // total) if total else None
    text = words.format(done=say(done), total=say(total or 0))
    return {"share": share, "words": text, "left": _left(told.get("started_at"), share)}


def _left(started_at: str | None, share: int | None) -> str | None:
    # the first answers of a data portal are slow, and tell nothing about the rest
    if not started_at or share is None or share < 10:
        return None
    passed = datetime.now(timezone.utc) - datetime.fromisoformat(started_at.replace("Z", "+00:00"))
    return tk._("{time} left").format(time=duration(passed.total_seconds() * (100 - share) / share))


def _values(value: Any) -> str:
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return ", ".join(_word(str(each)) for each in (value if isinstance(value, list) else [value]))


def _word(text: str) -> str:
    """What was typed, as far as the search that was made of it still tells."""
    return text.removesuffix(":*").replace("_", " ") if text.endswith(":*") else text


def _order(text: str) -> str:
    keys = [key.strip() for key in text.split(",")]
    down = tk._("descending")
    named = [(key.removesuffix(" asc").removesuffix(" desc"), key.endswith(" desc")) for key in keys]
    return ", ".join(f"{name} ({down})" if falling else name for name, falling in named)
