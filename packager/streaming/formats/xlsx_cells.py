"""Values as the cells of a sheet (SpreadsheetML, ECMA-376 part 1, 18.3.1.4).

Text stands in the cell itself (``inlineStr``), so nothing has to be remembered for a table of shared strings, and no
reader takes it for a formula, a number or an error. Whole columns of a batch are handled at once: that is what makes
it fast.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from types import NoneType
from typing import Any

from packager.streaming.formats.values import is_only_text, texter
from packager.streaming.formats.xlsx_text import CELL_LIMIT, all_fit, escaped, shortened
from packager.streaming.types import Field, Value

#: Up to here a double holds every whole number.
EXACT_INTEGERS = 2**53

_Frame = tuple[str, str]
#: What stands around a value, from the end of its reference to the end of the cell.
_TEXT: _Frame = ('" t="inlineStr"><is><t xml:space="preserve">', "</t></is></c>")
_BOLD_TEXT: _Frame = ('" s="1" t="inlineStr"><is><t xml:space="preserve">', "</t></is></c>")
_NUMBER: _Frame = ('"><v>', "</v></c>")
_BOOLEAN: _Frame = ('" t="b"><v>', "</v></c>")

_NOT_TEXT = {bool, int, float, Decimal}


class RowWriter:
    """Makes the rows of a sheet."""

    def __init__(self, fields: Sequence[Field]) -> None:
        self._columns = [_Column(index, field) for index, field in enumerate(fields)]
        self._end = f'<c r="{column_letters(len(fields) - 1)}'

    @property
    def cut(self) -> int:
        """How many texts did not fit into a cell so far."""
        return sum(column.cut for column in self._columns)

    def header(self) -> str:
        """Row 1: the names of the fields, in bold."""
        return f'<row r="1">{"".join(column.header() for column in self._columns)}</row>'

    def rows(self, rows: Sequence[Sequence[Value]], first: int) -> str:
        """``<row>`` elements for a batch of rows, the first of them being row ``first`` of the sheet (from 1).

        A null is no cell, but at the end of a row, which so has the width of its header, a cell without content; an
        empty string is a cell with empty text. Each row has a value for each field.
        """
        numbers = [str(number) for number in range(first, first + len(rows))]
        by_column = zip(self._columns, zip(*rows, strict=True), strict=True)
        cells = [column.cells(values, numbers) for column, values in by_column]
        if cells:
            cells[-1] = [cell or f'{self._end}{n}"/>' for cell, n in zip(cells[-1], numbers, strict=True)]
        lines = map("".join, zip(*cells, strict=True))
        return "".join([f'<row r="{n}">{line}</row>' for n, line in zip(numbers, lines, strict=True)])


class _Column:
    def __init__(self, index: int, field: Field) -> None:
        self._start = f'<c r="{column_letters(index)}'
        self._name = field.name
        self._only_text = is_only_text(field.type)
        self._texter = texter(field.type)
        self.cut = 0

    def header(self) -> str:
        head, tail = _BOLD_TEXT
        return f"{self._start}1{head}{self._escaped(self._name)}{tail}"

    def cells(self, values: Sequence[Value], numbers: Sequence[str]) -> list[str]:
        """A cell for each value, by the fastest way that suits them all; nothing for a null."""
        kinds = set(map(type, values)) - {NoneType}
        if self._only_text or kinds.isdisjoint(_NOT_TEXT):
            texts = self._texter(values)
            if not all_fit(list(filter(None, texts))):
                texts = [self._escaped(text) if text else text for text in texts]
            return self._framed(_TEXT, texts, numbers)
        if kinds == {bool}:
            digits = [value if value is None else int(value is True) for value in values]
            return self._framed(_BOOLEAN, digits, numbers)
        present: list[Any] = [value for value in values if value is not None]
        small = kinds == {int} and min(present) >= -EXACT_INTEGERS and max(present) <= EXACT_INTEGERS
        if small or (kinds == {float} and all(map(math.isfinite, present))):
            return self._framed(_NUMBER, values, numbers)
        pairs = zip(values, numbers, strict=True)
        return ["" if value is None else f"{self._start}{number}{self._any(value)}" for value, number in pairs]

    def _framed(self, frame: _Frame, values: Sequence[object], numbers: Sequence[str]) -> list[str]:
        start, (head, tail) = self._start, frame
        pairs = zip(values, numbers, strict=True)
        return ["" if value is None else f"{start}{number}{head}{value}{tail}" for value, number in pairs]

    def _any(self, value: Value) -> str:
        """A cell of a column of several kinds, or of numbers of which some are not exact, from its reference on.

        A number is one only if a reader that knows nothing but doubles shows it with the digits that CKAN shows.
        """
        if isinstance(value, bool):
            (head, tail), content = _BOOLEAN, f"{value:d}"
        elif isinstance(value, Decimal) and value.is_finite() and Decimal(repr(float(value))) == value:
            (head, tail), content = _NUMBER, str(float(value))
        elif (isinstance(value, int) and -EXACT_INTEGERS <= value <= EXACT_INTEGERS) or (
            isinstance(value, float) and math.isfinite(value)
        ):
            (head, tail), content = _NUMBER, str(value)
        else:
            (head, tail), content = _TEXT, self._escaped(self._texter([value])[0] or "")
        return f"{head}{content}{tail}"

    def _escaped(self, text: str) -> str:
        if len(text) > CELL_LIMIT // 2:
            whole, text = text, shortened(text)
            self.cut += text is not whole
        return escaped(text)


def column_letters(index: int) -> str:
    """``A`` for 0, ``AA`` for 26."""
    letters = ""
    index += 1
    while index:
        index, digit = divmod(index - 1, 26)
        letters = chr(65 + digit) + letters
    return letters
