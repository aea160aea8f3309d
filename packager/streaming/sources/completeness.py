"""Whether every row came that should have."""

from __future__ import annotations

from dataclasses import dataclass

from packager.errors import IncompleteData
from packager.streaming import notes
from packager.streaming.notes import Note


@dataclass(frozen=True)
class Count:
    """How many rows match, as the data portal says. ``rows`` None: it does not say."""

    rows: int | None
    estimated: bool = False

    @property
    def known(self) -> int | None:
        """The number of rows, where it can be relied on."""
        return None if self.estimated else self.rows


@dataclass(frozen=True)
class Window:
    """The part of the matching rows that was asked for. ``limit`` None: all from ``offset`` on."""

    offset: int
    limit: int | None

    def of(self, rows: int) -> int:
        """How many of ``rows`` matching rows lie in the window."""
        left = max(0, rows - self.offset)
        return left if self.limit is None else min(left, self.limit)


def wished_limit(limit: int | None, offset: int, claimed: int | None) -> int | None:
    """The limit that is really meant; None if there is none.

    A limit that equals the total that CKAN claims, or what is left of it after the offset, comes from a client that
    passes that total on (which may be too small) and means all rows.
    """
    if limit is None or claimed is None:
        return limit
    return None if limit in (claimed, max(0, claimed - offset)) else limit


def reconcile(before: Count, after: Count, window: Window, got: int, *, shifting: bool = False) -> list[Note]:
    """What is to be said about the wholeness of ``got`` rows.

    ``shifting``: they came in pages by offset, whose rows move on when others are added or deleted before them.

    Raises:
        IncompleteData: fewer rows than there were at either time, or more.
    """
    if before.known is None or after.known is None:
        return [Note("total_estimated" if before.estimated or after.estimated else "total_unknown")]
    least, most = sorted((window.of(before.known), window.of(after.known)))
    if not least <= got <= most:
        raise IncompleteData(expected=notes.rows(least, most), got=got)
    if before.known != after.known:
        changed = Note("rows_changed", {"before": before.known, "after": after.known})
        return [changed, Note("pages_shifted")] if shifting else [changed]
    return []
