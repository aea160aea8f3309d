"""Whether every row came that should have."""

from __future__ import annotations

from dataclasses import dataclass

from packager.errors import IncompleteData

UNKNOWN = "The data portal does not say how many rows there are; whether all of them came could not be checked."
CHANGED = "The data changed while it was read: there were {before} rows when reading began and {after} when it ended."
SHIFTED = "This data portal counts pages off by position, so that a row may be missing or come twice."
CLAIMED = "The data portal wrongly says that there are {limit} rows in all; that limit was taken to mean all rows."
ESTIMATED = "The data portal only estimates its number of rows; whether all of them came could not be checked."


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


def reconcile(before: Count, after: Count, window: Window, got: int, *, shifting: bool = False) -> list[str]:
    """What is to be said about the wholeness of ``got`` rows.

    ``shifting``: they came in pages by offset, whose rows move on when others are added or deleted before them.

    Raises:
        IncompleteData: fewer rows than there were at either time, or more.
    """
    if before.known is None or after.known is None:
        return [ESTIMATED if before.estimated or after.estimated else UNKNOWN]
    least, most = sorted((window.of(before.known), window.of(after.known)))
    if not least <= got <= most:
        expected = least if least == most else f"{least} to {most}"
        raise IncompleteData(expected=expected, got=got)
    if before.known != after.known:
        return [CHANGED.format(before=before.known, after=after.known), *([SHIFTED] if shifting else [])]
    return []
