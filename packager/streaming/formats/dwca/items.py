"""Fields that hold several things at once, such as the media of a specimen: one row of an extension for each item."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from packager.streaming.formats.dwca.definitions import Definition, Term
from packager.streaming.formats.dwca.values import cell_text, json_value
from packager.streaming.types import Value

Item = Mapping[str, Value]

_IDENTIFIER = "identifier"
_JSON_STARTS = ("{", "[", '"')
_UNREADABLE = object()  # stands for text that begins as JSON and is none


#: What a configuration may do to a value, by name. Never called with an empty text.
FORMATTERS: Mapping[str, Callable[[str], str]] = {
    #: ``jpeg`` becomes ``image/jpeg``; a whole media type stays as it is
    "image": lambda text: text if "/" in text else f"image/{text}",
    "lower": str.lower,
    "upper": str.upper,
    "trim": str.strip,
}


@dataclass(frozen=True, slots=True)
class Column:
    """Where the values of a term come from.

    They are those the item holds under ``source``, formatted; else those under the term's own name (formatted, if
    there is no ``source``); else ``default``. Empty values count as absent.
    """

    term: Term
    default: str = ""
    source: str | None = None
    formatter: str | None = None

    def value(self, item: Item) -> str:
        """The text of the cell for one item."""
        first = cell_text(item.get(self.source or self.term.name))
        if first:
            return FORMATTERS[self.formatter](first) if self.formatter else first
        if self.source is None:
            return self.default
        return cell_text(item.get(self.term.name)) or self.default


@dataclass(frozen=True)
class ItemTable:
    """The extension that the items of a field go to, and its columns."""

    definition: Definition
    columns: tuple[Column, ...]

    @cached_property
    def terms(self) -> tuple[Term, ...]:
        """The terms of the columns."""
        return tuple(column.term for column in self.columns)

    @cached_property
    def takes_addresses(self) -> bool:
        """Whether an item that is a bare text can be written, as ``identifier``."""
        return any(_IDENTIFIER in (column.term.name, column.source) for column in self.columns)

    def rows(self, value: object) -> tuple[list[list[str]], int]:
        """One row for each item of a cell, and the number of items that could not be read.

        Args:
            value: a list, an object, the JSON text of either, null, or text: addresses separated by ``|``, as Darwin
                Core recommends for lists (https://dwc.tdwg.org/terms/#dwc:associatedMedia).
        """
        if value is None:
            return [], 0
        if isinstance(value, str):
            text = value.strip()
            is_json = text == "null" or text.startswith(_JSON_STARTS)
            value = json_value(text, _UNREADABLE) if is_json else [part.strip() for part in text.split("|")]
        items = [item for item in (value if isinstance(value, list) else [value]) if item is not None and item != ""]
        objects = ({_IDENTIFIER: item} if isinstance(item, str) and self.takes_addresses else item for item in items)
        readable = [item for item in objects if isinstance(item, dict)]
        return [[column.value(item) for column in self.columns] for item in readable], len(items) - len(readable)
