"""The promise that every id of a core is there once."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from hashlib import blake2b

from packager.errors import FormatError
from packager.streaming.notes import Note

_DIGEST = 16
_SMALLEST, _LARGEST = -(2**63), 2**63 - 1


class UniqueIds:
    """Remembers ids in little memory, and notices the second of a kind.

    Whole numbers in ascending order, which is how CKAN numbers and sorts rows, are kept as ranges: a few bytes for a
    million rows. Other ids are kept as digests of 16 bytes, in 256 parts that are compared one by one at the end.
    """

    def __init__(self, field: str) -> None:
        self._field = field
        self._ranges = array("q")  # first, last, first, last, ... both included
        self._digests = [bytearray() for _ in range(256)]

    def add(self, values: Sequence[object], texts: Sequence[str]) -> None:
        """Remember ids.

        Args:
            values: the ids as they came.
            texts: the ids as they are written.

        Raises:
            FormatError: an id is empty, or was there before.
        """
        for value, text in zip(values, texts, strict=True):
            self._add(value, text)

    def _add(self, value: object, text: str) -> None:
        if not text:
            raise FormatError(reason=Note("id_missing", {"field": self._field}))
        ranges = self._ranges
        if not isinstance(value, int) or not _SMALLEST <= value <= _LARGEST:
            self._add_digest(text)
        elif not ranges or value > ranges[-1] + 1:
            ranges.extend((value, value))
        elif value == ranges[-1] + 1:
            ranges[-1] = value
        elif (position := bisect_right(ranges, value)) % 2 or ranges[position - 1] == value:
            raise self._duplicate(str(value))
        else:
            self._add_digest(text)

    def check(self) -> None:
        """Compare what could not be compared on the way.

        Raises:
            FormatError: an id was there twice.
        """
        for part in self._digests:
            count = len(part) // _DIGEST
            if len({bytes(part[start : start + _DIGEST]) for start in range(0, len(part), _DIGEST)}) != count:
                raise self._duplicate()

    def _add_digest(self, text: str) -> None:
        digest = blake2b(text.encode("utf-8", "backslashreplace"), digest_size=_DIGEST).digest()
        self._digests[digest[0]] += digest

    def _duplicate(self, value: str = "") -> FormatError:
        if value:
            return FormatError(reason=Note("id_twice_value", {"field": self._field, "value": value}))
        return FormatError(reason=Note("id_twice", {"field": self._field}))
