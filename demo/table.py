"""A table that knows its rows by their number: to filter, to sort, and to write out."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress, cycle, islice
from threading import RLock
from typing import Any

from demo.data import Column
from demo.render import Style, template

KEPT = 24  # prepared rows and sorted orders that a table remembers, a few MB each

Test = Callable[[Sequence[object]], bool]
#: Columns that come with a query, by name: a value for each of a table's ``tails``.
Extra = Mapping[str, Sequence[object]]


@dataclass(frozen=True, slots=True)
class Where:
    """Which rows: ``_id`` from ``first`` to ``last`` (None: no end), and those that pass ``test``.

    ``numbered`` says that the test looks at columns that do not repeat; ``key`` is equal for equal conditions.
    """

    first: int = 1
    last: int | None = None
    test: Test | None = None
    numbered: bool = False
    key: Hashable = None


class Table:
    """``rows`` rows with ``_id`` 1, 2, 3 ...: those of ``tails``, repeated as often as it takes.

    ``rows`` may be changed and row numbers put into ``deleted`` at any time, as if somebody wrote to the table.
    """

    def __init__(self, columns: Sequence[Column], tails: Sequence[Sequence[object]], rows: int | None = None) -> None:
        self.columns = tuple(columns)
        self.tails = list(tails) or [(None,) * len(self.columns)]
        self.rows = len(tails) if rows is None else rows
        self.deleted: set[int] = set()
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = RLock()

    @property
    def names(self) -> list[str]:
        """The names of all columns, ``_id`` first."""
        return [column.name for column in self.columns]

    def row(self, number: int) -> tuple[object, ...]:
        """The values of the row with that ``_id``."""
        tail = self.tails[(number - 1) % len(self.tails)]
        return tuple(
            (number if c.type == "int" else c.numbered % number) if c.numbered else value
            for c, value in zip(self.columns, tail, strict=True)
        )

    def matching(self, where: Where, *, descending: bool = False) -> Iterator[int]:
        """The row numbers that fit, in the order of ``_id``."""
        first = max(1, where.first)
        last = self.rows if where.last is None else min(where.last, self.rows)
        numbers = range(last, first - 1, -1) if descending else range(first, last + 1)
        found = self._passing(numbers, where)
        return (n for n in found if n not in self.deleted) if self.deleted else found

    def _passing(self, numbers: range, where: Where) -> Iterator[int]:
        if where.test is None:
            return iter(numbers)
        if where.numbered:
            test = where.test
            return (n for n in numbers if test(self.row(n)))
        flags = self._flags(where)
        turn = numbers.start % len(flags)
        turned = flags[turn:] + flags[:turn] if numbers.step > 0 else flags[turn::-1] + flags[:turn:-1]
        return compress(numbers, cycle(turned))

    def _flags(self, where: Where) -> list[bool]:
        """Whether row n passes stands at ``n % period``."""
        test = where.test or (lambda _: True)
        return self.remember(("flags", where.key), lambda: _rotated([test(tail) for tail in self.tails]))

    def count(self, where: Where) -> int:
        """How many rows fit."""
        if where.test is None and not self.deleted:
            last = self.rows if where.last is None else min(where.last, self.rows)
            return max(0, last - max(1, where.first) + 1)
        return sum(1 for _ in self.matching(where))

    def page(
        self, where: Where, keys: Sequence[tuple[str, bool]], offset: int, limit: int, extra: Extra | None = None
    ) -> list[int]:
        """The row numbers of one page, sorted by ``keys`` (name, descending), which may be columns of ``extra``.

        Among equals the order is not the same on the first page and on later ones: the database promises none, and a
        reader that relies on one must lose rows here as it would there.
        """
        if not keys or keys[0][0] == "_id":
            order: Iterable[int] = self.matching(where, descending=bool(keys) and keys[0][1])
        else:
            key = ("sorted", where.key, where.first, where.last, tuple(keys), offset > 0, self.rows, len(self.deleted))
            order = self.remember(key, lambda: array("q", self._sorted(where, keys, offset > 0, extra or {})))
        return list(islice(order, offset, offset + limit))

    def _sorted(self, where: Where, keys: Sequence[tuple[str, bool]], later: bool, extra: Extra) -> list[int]:
        numbers = list(self.matching(where, descending=later))
        for name, descending in reversed(keys):
            numbers.sort(key=self._sort_key(name, extra), reverse=descending)
        return numbers

    def _sort_key(self, name: str, extra: Extra) -> Callable[[int], Any]:
        """Nulls come last, and first when descending, as in PostgreSQL."""
        column = next((column for column in self.columns if column.name == name), None)
        if column and column.numbered:
            return lambda number: number
        period = len(self.tails)
        plain = [tail[self.columns.index(column)] for tail in self.tails] if column else extra[name]
        values = [(value is None, "" if value is None else value) for value in plain]
        return lambda number: values[(number - 1) % period]

    def write(
        self,
        numbers: Iterable[int],
        names: Sequence[str],
        style: Style,
        extra: Extra | None = None,
        key: Hashable = None,
    ) -> list[bytes]:
        """The rows as text, one piece each.

        Args:
            extra: further columns that ``names`` may name; ``key`` stands for their content.
        """
        extra = extra or {}
        found = self.remember(("rows", tuple(names), style, key), lambda: self._templates(names, style, extra))
        by_name = {column.name: column for column in self.columns}
        count = sum(1 for name in names if name in by_name and by_name[name].numbered)
        period = len(found)
        return [found[n % period] % ((n,) * count) for n in numbers]

    def _templates(self, names: Sequence[str], style: Style, extra: Extra) -> list[bytes]:
        at = {name: index for index, name in enumerate(self.names)}
        columns = [self.columns[at[name]] if name in at else Column(name, "float") for name in names]
        return _rotated(
            [
                template(columns, [tail[at[name]] if name in at else extra[name][index] for name in names], style)
                for index, tail in enumerate(self.tails)
            ]
        )

    def remember(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """What ``make()`` gave when it was last called for that key, if that is not too long ago."""
        with self._lock:
            if key not in self._kept:
                made = make()
                if len(self._kept) >= KEPT:
                    self._kept.popitem(last=False)
                self._kept[key] = made
            return self._kept[key]


def _rotated(items: list[Any]) -> list[Any]:
    """Row 1 is the first of the tails; found at ``number % period`` after the turn."""
    return items[-1:] + items[:-1]
