"""What the operator decides about reading, and how reading tells what it notices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

#: Told what the publisher should know: level (INFO or WARNING) and a sentence.
Tell = Callable[[str, str], None]

NULL_MARKERS = ("NA", "N/A", "#N/A", "NaN", "nan", "null", "NULL", "None", "-")
#: What CKAN's table may have: PostgreSQL's 1,600, less ``_id`` and ``_full_text``.
MOST_COLUMNS = 1598
#: Rows at a time.
BATCH = 2000


@dataclass(frozen=True)
class ReadingOptions:
    """``date_order`` is ``dmy``, ``mdy`` or empty; ``excerpt_rows`` 0 for none; ``prefer_tab`` for the format TSV."""

    null_markers: frozenset[str] = frozenset(NULL_MARKERS)
    date_order: str = ""
    fallback_encoding: str = "cp1252"
    max_bytes: int = 1_000_000_000
    excerpt_rows: int = 0
    prefer_tab: bool = False

    @property
    def nulls(self) -> frozenset[str]:
        """What stands for no value in a numeric or timestamp column, surrounding white space aside."""
        return self.null_markers | {""}


def silent(level: str, message: str) -> None:
    """Tells nobody."""
