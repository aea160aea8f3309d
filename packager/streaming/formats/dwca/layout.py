"""The data files of one archive: their columns, and how a row of the data becomes rows of theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from packager.errors import FormatError
from packager.streaming.formats.dwca.definitions import Definition, Term
from packager.streaming.formats.dwca.items import ItemTable
from packager.streaming.formats.dwca.mapping import Place, dynamic_keys, place_fields
from packager.streaming.formats.dwca.settings import DwcSettings
from packager.streaming.formats.dwca.values import json_object
from packager.streaming.formats.text import readable_column, readable_json
from packager.streaming.formats.values import CellTexter, cell_texter
from packager.streaming.notes import Note
from packager.streaming.types import Field, Value

#: The values of some rows, column by column, in the order of the fields.
Columns = Sequence[Sequence[Value]]
#: The texts of one column of those rows.
Cells = Callable[[Columns], Sequence[str]]
#: What one row of the data gives: rows of an extension.
Found = Sequence[Sequence[str]]


class RowSource(Protocol):
    """Something in a row of the data that fills rows of an extension."""

    @property
    def field_name(self) -> str:
        """The field it reads; empty if there are several."""

    @property
    def terms(self) -> Sequence[Term]:
        """The terms it fills."""

    def rows(self, columns: Columns) -> tuple[Iterable[Found], int]:
        """For each row of the data its rows, cells in the order of ``terms``; and how many items were unreadable."""


@dataclass(slots=True)
class FieldsSource:
    """Fields that are terms of the extension: one row, unless all of them are empty."""

    field_name: str = ""
    terms: list[Term] = field(default_factory=list)
    cells: list[Cells] = field(default_factory=list)

    def rows(self, columns: Columns) -> tuple[Iterable[Found], int]:
        return ((row,) if any(row) else () for row in zip(*(cells(columns) for cells in self.cells), strict=True)), 0


@dataclass(slots=True)
class ItemsSource:
    """A field with items: one row each."""

    field_name: str
    index: int
    table: ItemTable

    @property
    def terms(self) -> Sequence[Term]:
        return self.table.terms

    def rows(self, columns: Columns) -> tuple[Iterable[Found], int]:
        read = [self.table.rows(value) for value in columns[self.index]]
        return (rows for rows, _ in read), sum(unreadable for _, unreadable in read)


@dataclass(slots=True)
class DynamicProperties:
    """The dynamic term: one JSON object of all fields that have no other term. Null is left out.

    ``own`` is the position of the field that bears the name of the term itself: an object there gives its members to
    ours; what is no object, or would hide a field, stands under the name of the term.
    """

    term: Term
    keys: Sequence[tuple[int, str]]
    own: int | None

    def texts(self, columns: Columns) -> Sequence[str]:
        """The cells, which are always valid JSON."""
        if self.own is not None:
            return [self._with_own(row, self.own) for row in zip(*columns, strict=True)]
        if not self.keys:
            return ["{}"] * len(columns[0])
        members = [self._members(key, columns[index]) for index, key in self.keys]
        return [f"{{{', '.join(filter(None, row))}}}" for row in zip(*members, strict=True)]

    def _members(self, key: str, values: Sequence[Value]) -> list[str]:
        name = readable_json(key)
        return [text and f"{name}: {text}" for text in readable_column(values)]

    def _with_own(self, row: Sequence[Value], index: int) -> str:
        members: dict[str, object] = {key: row[index] for index, key in self.keys if row[index] is not None}
        if row[index] not in (None, ""):
            own = json_object(row[index])
            if own is None or not own.keys().isdisjoint(members):
                own = {self.term.name: row[index]}
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
    id_cells: Cells
    id_index: int
    terms: list[Term] = field(default_factory=list)
    cells: list[Cells] = field(default_factory=list)
    dynamic: DynamicProperties | None = None
    extensions: dict[str, ExtensionLayout] = field(default_factory=dict)

    @property
    def core_terms(self) -> list[Term]:
        """The terms of the core's columns after the id."""
        return [*self.terms, self.dynamic.term] if self.dynamic else self.terms

    def core(self, columns: Columns) -> list[Sequence[str]]:
        """The texts of the core's columns, without the id."""
        texts = [cells(columns) for cells in self.cells]
        return [*texts, self.dynamic.texts(columns)] if self.dynamic else texts

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
    cells = [_cells(index, cell_texter(field.type)) for index, field in enumerate(fields)]
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


def _cells(index: int, texter: CellTexter) -> Cells:
    return lambda columns: texter(columns[index])


def _lay_extensions(
    layout: Layout, placed: dict[int, Place], cells: Sequence[Cells], names: Sequence[str], settings: DwcSettings
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
