"""Values as Arrow columns, none of them changed to fit. Imports pyarrow: only for who is about to write Parquet."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import NoneType
from typing import Any

import pyarrow as pa

from packager.errors import FormatError
from packager.streaming.formats.text import base_type, printer, says_null
from packager.streaming.notes import Note
from packager.streaming.types import Field, Value

_TYPES: Mapping[str, pa.DataType] = {
    **dict.fromkeys(("int2", "smallint"), pa.int16()),
    **dict.fromkeys(("int", "int4", "integer", "serial"), pa.int32()),
    **dict.fromkeys(("int8", "bigint", "bigserial"), pa.int64()),
    **dict.fromkeys(("float", "float4", "float8", "real", "double"), pa.float64()),
    **dict.fromkeys(("bool", "boolean"), pa.bool_()),
    "date": pa.date32(),
}
# CKAN cuts to milliseconds, other sources may not. One with a zone stays text: its zone would be lost.
_TIMESTAMPS = frozenset({"timestamp", "timestamp without time zone"})
#: What pyarrow raises for values that do not fit.
_MISFITS = (pa.ArrowException, OverflowError, TypeError, ValueError)
_NOT_FINITE = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


class Column:
    """Makes the arrays of one field.

    ``schema`` bears what the data dictionary says, with ``ckan_type``; what is no text there is JSON. ``null_word``:
    in CKAN's CSV nulls of this column are the word.
    """

    def __init__(self, field: Field) -> None:
        self._name = field.name
        self._type = arrow_type(field.type)
        self._printer = printer(field.type)
        self.null_word = says_null(field.type)
        said = {key: value for key, value in field.info.items() if value not in (None, "")}
        texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in said.items()}
        self.schema = pa.field(field.name, self._type, metadata={"ckan_type": field.type, **texts})

    def array(self, values: Sequence[Value], first_row: int) -> pa.Array:
        """An array of these values.

        Args:
            values: the column's cells in the rows from ``first_row`` (the first row of all is 1) on.

        Raises:
            FormatError: one of them does not fit; names its row and field.
        """
        try:
            return self._convert(values)
        except _MISFITS as error:
            if len(values) > 1:
                for row, value in enumerate(values, start=first_row):
                    self.array([value], row)
            raise self.misfit(first_row) from error

    def misfit(self, row: int) -> FormatError:
        """What is to be raised for a value of this row that does not fit."""
        return FormatError(
            reason=Note("value_misfit", {"row": row, "field": repr(self._name), "type": str(self._type)})
        )

    def _convert(self, values: Sequence[Value]) -> pa.Array:
        if pa.types.is_integer(self._type):
            return self._strict(values, {int})
        if pa.types.is_boolean(self._type):
            return self._strict(values, {bool})
        if pa.types.is_floating(self._type):
            return self._strict(values, {int, float})
        if pa.types.is_temporal(self._type):
            return pa.array(values, pa.string()).cast(self._type)
        return pa.array([value if value is None else self._printer(value) for value in values], self._type)

    def _strict(self, values: Sequence[Any], kinds: set[type]) -> pa.Array:
        """pyarrow alone would make 1 of 1.5, and 1.0 of true."""
        if float in kinds and str in set(map(type, values)):
            values = [_NOT_FINITE.get(value, value) if isinstance(value, str) else value for value in values]
        if not set(map(type, values)) <= {*kinds, NoneType}:
            raise TypeError
        return pa.array(values, self._type)


def arrow_type(type: str) -> pa.DataType:
    """The Arrow type for a type of CKAN; text for all that could not be held exactly."""
    if type.lower().partition("(")[0] in _TIMESTAMPS:
        return pa.timestamp("us")
    return _TYPES.get(base_type(type), pa.string())
