"""The data files of one archive: their columns, and how a row of the data becomes rows of theirs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from packager.errors import FormatError
from packager.streaming.formats.dwca.definitions import Definition, Term
from packager.streaming.formats.dwca.items import ItemTable
from packager.streaming.formats.dwca.mapping import Place, dynamic_keys, place_fields
from packager.streaming.formats.dwca.settings import DwcSettings
from packager.streaming.formats.dwca.values import json_object
from packager.streaming.formats.text import Printer, printers, readable_json
from packager.streaming.notes import Note
from packager.streaming.types import Field, Value

Row = Sequence[Value]
Cell = Callable[[Row], str]


class RowSource(Protocol):
    """Something in a row of the data that fills rows of an extension."""

    @property
    def field_name(self) -> str:
        """The field it reads; empty if there are several."""

    @property
    def terms(self) -> Sequence[Term]:
        """The terms it fills."""

    def rows(self, row: Row) -> tuple[list[list[str]], int]:
        """Cells in the order of ``terms``, and the number of items that could not be read."""


@dataclass(slots=True)
class FieldsSource:
    """Fields that are terms of the extension: one row, unless all of them are empty."""

    field_name: str = ""
    terms: list[Term] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)

    def rows(self, row: Row) -> tuple[list[list[str]], int]:
        cells = [cell(row) for cell in self.cells]
        return ([cells] if any(cells) else []), 0


@dataclass(slots=True)
class ItemsSource:
    """A field with items: one row each."""

    field_name: str
    index: int
    table: ItemTable

    @property
    def terms(self) -> Sequence[Term]:
        return self.table.terms

    def rows(self, row: Row) -> tuple[list[list[str]], int]:
        return self.table.rows(row[self.index])


@dataclass(slots=True)
class DynamicProperties:
    """The dynamic term: one JSON object of all fields that have no other term. Null is left out.

    ``own`` is the position of the field that bears the name of the term itself: an object there gives its members to
    ours; what is no object, or would hide a field, stands under the name of the term.
    """

    term: Term
    keys: Sequence[tuple[int, str]]
    own: int | None

    def text(self, row: Row) -> str:
        """The cell, which is always valid JSON."""
        members: dict[str, object] = {key: row[index] for index, key in self.keys if row[index] is not None}
        if self.own is not None and row[self.own] not in (None, ""):
            own = json_object(row[self.own])
            if own is None or not own.keys().isdisjoint(members):
                own = {self.term.name: row[self.own]}
            members |= own
        return readable_json(members)


@dataclass(slots=True)
class ExtensionLayout:
    """A file of an extension. Sources with the same row type share it."""

    definition: Definition
    terms: list[Term] = field(default_factory=list)
    sources: list[tuple[RowSource, list[int]]] = field(default_factory=list)

    def add(self, source: RowSource) -> None:
        """Let a source write here, each of its terms to the column of that term."""
        for term in source.terms:
            if term not in self.terms:
                self.terms.append(term)
        self.sources.append((source, [self.terms.index(term) + 1 for term in source.terms]))


@dataclass(slots=True)
class Layout:
    """All of it. The id comes before the terms of the core, the dynamic term after them."""

    id_field: str
    id_cell: Cell
    id_index: int
    terms: list[Term] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    dynamic: DynamicProperties | None = None
    extensions: dict[str, ExtensionLayout] = field(default_factory=dict)

    @property
    def core_terms(self) -> list[Term]:
        """The terms of the core's columns after the id."""
        return [*self.terms, self.dynamic.term] if self.dynamic else self.terms

    def core_row(self, row: Row) -> list[str]:
        """The cells of a row of the core, without the id."""
        cells = [cell(row) for cell in self.cells]
        if self.dynamic is not None:
            cells.append(self.dynamic.text(row))
        return cells

    def extension(self, definition: Definition) -> ExtensionLayout:
        """The file of an extension, made when it is asked for first."""
        return self.extensions.setdefault(definition.row_type, ExtensionLayout(definition))


def make_layout(fields: Sequence[Field], settings: DwcSettings) -> Layout:
    """Lay out the files for the fields of the data.

    The id field is the first column of every file; if it is a term of the core as well, it stands there too.

    Args:
        fields: the fields of the data, in order.
        settings: the operator's decisions.

    Raises:
        FormatError: the id field is not among the fields.
    """
    names = [field.name for field in fields]
    if settings.id_field not in names:
        raise FormatError(reason=Note("id_field_missing", {"field": settings.id_field}))
    id_index = names.index(settings.id_field)
    cells = [_cell(index, printer) for index, printer in enumerate(printers(fields))]
    layout = Layout(settings.id_field, cells[id_index], id_index)
    placed = place_fields(names, settings)
    for index, place in sorted(placed.items()):
        if isinstance(place.target, Term) and place.definition == settings.core and place.target != settings.dynamic:
            layout.terms.append(place.target)
            layout.cells.append(cells[index])
    _lay_extensions(layout, placed, cells, names, settings)
    # the dynamic term is there if something goes into it, or if the core would have no term at all
    rest = {i: name for i, name in enumerate(names) if i not in placed and i != id_index}
    own = next((i for i, place in placed.items() if place.target == settings.dynamic and i != id_index), None)
    if rest or own is not None or not layout.terms:
        keys = tuple(dynamic_keys(rest, settings.dynamic.name).items())
        layout.dynamic = DynamicProperties(settings.dynamic, keys, own)
    return layout


def _cell(index: int, printer: Printer) -> Cell:
    """The text of a column as in CKAN's CSV; null is empty, also where CKAN writes the word."""
    return lambda row: "" if row[index] is None else printer(row[index]) or ""


def _lay_extensions(
    layout: Layout, placed: dict[int, Place], cells: Sequence[Cell], names: Sequence[str], settings: DwcSettings
) -> None:
    """First the fields that are terms, in the order of the operator's extensions, then those that hold items."""
    beside = [(i, p) for i, p in sorted(placed.items()) if p.definition != settings.core and i != layout.id_index]
    scalars: dict[str, FieldsSource] = {}
    for index, place in beside:
        if isinstance(place.target, Term) and place.target != settings.dynamic:
            source = scalars.setdefault(place.definition.row_type, FieldsSource())
            source.terms.append(place.target)
            source.cells.append(cells[index])
    for definition in settings.additional:
        if definition.row_type in scalars:
            layout.extension(definition).add(scalars.pop(definition.row_type))
    for index, place in beside:
        if isinstance(place.target, ItemTable):
            layout.extension(place.definition).add(ItemsSource(names[index], index, place.target))
