"""Figures of a column, for staff: how many cells are empty, and between what the others lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

#: Characters of a text that are kept.
SHOWN = 80


class Figures:
    """Of one column. ``add`` its cells as they are written."""

    def __init__(self, name: str, type: str) -> None:
        self.name = name
        self._key: Any = float if type == "numeric" else str
        self._nulls = 0
        self._least: str | None = None
        self._most: str | None = None

    def add(self, cells: Sequence[str | None]) -> None:
        """Further cells."""
        there = [cell for cell in cells if cell is not None]
        self._nulls += len(cells) - len(there)
        if there:
            least, most = min(there, key=self._key), max(there, key=self._key)
            self._least = least if self._least is None else min(self._least, least, key=self._key)
            self._most = most if self._most is None else max(self._most, most, key=self._key)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"nulls": self._nulls, "minimum": _short(self._least), "maximum": _short(self._most)}


def _short(text: str | None) -> str | None:
    return text if text is None or len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
