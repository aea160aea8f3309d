"""What the engine says of a package, and the words that stand inside its errors: one catalogue.

A note is saved as a code and parameters. ``str`` puts it into English; ``presentation/translation.py`` puts it into the
reader's language.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from packager.sentences import Plural, Sentence, fill, ngettext
from packager.sentences import gettext_noop as _

#: How a note is put that is not in the catalogue: a plugin's.
AS_WRITTEN = "{text}"


@dataclass(frozen=True, slots=True)
class Note:
    """A remark; ``str`` is its English.

    ``params`` fill the placeholders of its sentence: texts, whole numbers, or notes. A note of a plugin, with a code of
    its own, brings its words along as the parameter ``text``.
    """

    code: str
    params: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return ENGLISH.text(self)


#: What a format appends to while it writes: notes, or sentences where a plugin writes them.
Notes = list[Note | str]


def as_note(written: Note | str) -> Note:
    """A note as it is; a sentence as a note that says just that."""
    return written if isinstance(written, Note) else Note("as_written", {"text": written})


@dataclass(frozen=True, slots=True)
class Language:
    """Puts notes and errors into words; ``gettext`` and ``ngettext`` as in the standard library."""

    gettext: Callable[[str], str]
    ngettext: Callable[[str, str, int], str]
    number: Callable[[int], str]

    def sentence(self, sentence: Sentence, params: Mapping[str, object]) -> str:
        """``sentence`` with its placeholders filled in. Raises KeyError: a parameter is missing."""
        if isinstance(sentence, Plural):
            count = params[sentence.count]
            template = self.ngettext(sentence.one, sentence.other, count if isinstance(count, int) else 0)
        else:
            template = self.gettext(sentence)
        return fill(template, {name: self.text(value) for name, value in params.items()})

    def text(self, value: object) -> str:
        """A note or a parameter in words. A note whose parameters do not fit is shown as its code."""
        if isinstance(value, int):
            return self.number(value)
        if not isinstance(value, Note):
            return str(value)
        try:
            return self.sentence(CATALOGUE.get(value.code, AS_WRITTEN), value.params)
        except KeyError:
            return value.code


ENGLISH = Language(str, lambda one, other, count: one if count == 1 else other, "{:,}".format)


def saved(value: object, clean: Callable[[str], str] = str) -> Any:
    """A note as ``{"code": ..., "params": {...}}``, a number or text as it is; ``clean`` goes over each text."""
    if isinstance(value, Note):
        return {"code": value.code, "params": saved_params(value.params, clean)}
    return value if isinstance(value, int) else clean(str(value))


def saved_params(params: Mapping[str, object], clean: Callable[[str], str] = str) -> dict[str, Any]:
    """The parameters of a note or an error as JSON."""
    return {name: saved(value, clean) for name, value in params.items()}


def read(value: Any) -> Any:
    """What ``saved`` made into JSON."""
    return Note(value["code"], read_params(value["params"])) if isinstance(value, dict) else value


def read_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """What ``saved_params`` made into JSON."""
    return {name: read(value) for name, value in params.items()}


def rows(least: int, most: int) -> Note:
    """So many rows."""
    if least == most:
        return Note("rows", {"rows": least})
    return Note("rows_between", {"least": least, "most": most})


def misshapen(page: object) -> Note:
    """A page came in a shape that was not asked for."""
    return Note("rows_misshapen", {"shape": type(page).__name__})


def row_width(values: int, columns: int) -> Note:
    """A row has more or fewer values than there are columns."""
    return Note("row_width", {"values": values, "columns": Note("columns", {"columns": columns})})


CATALOGUE: Mapping[str, Sentence] = {
    # whether all of it came
    "total_unknown": _(
        "The data portal does not say how many rows there are, so we couldn't check that all of them arrived."
    ),
    "total_estimated": _(
        "The data portal only estimates its number of rows, so we couldn't check that all of them arrived."
    ),
    "rows_changed": ngettext(
        "The data changed while it was being read: {before} row at the start, {after} at the end.",
        "The data changed while it was being read: {before} rows at the start, {after} at the end.",
        "before",
    ),
    "pages_shifted": _("This data portal pages by position, so a row may be missing or appear twice."),
    "limit_means_all": ngettext(
        "The limit of {limit} row was a wrong total of the data portal, so it was taken to mean all rows.",
        "The limit of {limit} rows was a wrong total of the data portal, so it was taken to mean all rows.",
        "limit",
    ),
    "size_unknown": _("The server does not say how large the file is, so we couldn't check that all of it arrived."),
    "no_rows": _("No rows matched the request."),
    # what was changed on the way
    "rows_transformed": ngettext(
        "{read} row was read; rules of this service turned it into {written}.",
        "{read} rows were read; rules of this service turned them into {written}.",
        "read",
    ),
    "formulas_escaped": ngettext(
        "{cells} cell that a spreadsheet might read as a formula was given a leading apostrophe (').",
        "{cells} cells that a spreadsheet might read as formulas were given a leading apostrophe (').",
        "cells",
    ),
    "cells_cut": ngettext(
        "{member}: {cells} cell had more text than a spreadsheet cell can hold ({limit} characters) and was "
        "shortened; it ends in “{mark}”. The CSV format has the full text.",
        "{member}: {cells} cells had more text than a spreadsheet cell can hold ({limit} characters) and were "
        "shortened; they end in “{mark}”. The CSV format has the full text.",
        "cells",
    ),
    "sheets_continued": _(
        "{member}: the rows continue on further sheets ({sheets} in all), because one sheet cannot hold them."
    ),
    "items_unreadable": _("Items in the field {field} that could not be read and are not in {member}: {items}."),
    # amounts that stand in sentences
    "rows": ngettext("{rows} row", "{rows} rows", "rows"),
    "rows_between": _("{least} to {most} rows"),
    "bytes": ngettext("{bytes} byte", "{bytes} bytes", "bytes"),
    "bytes_more": _("more bytes"),
    # why the data portal refused a query
    "no_delimited_text": _("this data portal does not provide delimited text"),
    "no_success": _("it reported a failure"),
    # why data cannot be written in a format
    "row_width": ngettext(
        "a row has {values} value for {columns}", "a row has {values} values for {columns}", "values"
    ),
    "columns": ngettext("{columns} column", "{columns} columns", "columns"),
    "text_malformed": _("the text of the data portal is not well-formed"),
    "surrogate": _("a text contains half of a surrogate pair, which UTF-8 cannot encode"),
    "rows_misshapen": _("the rows arrived in a form it cannot write ({shape})"),
    "rows_left": _("{format} did not read every row"),
    "transform_refused": _("the rows are changed while they are read, which {format} does not allow"),
    "document_too_large": _("the document would be larger than 4 GiB"),
    "columns_too_many": _("a sheet has at most {most} columns, the data has {columns}"),
    "value_misfit": _("row {row}, field {field}: the value does not fit the type {type}"),
    "id_field_missing": _("the field {field}, which identifies the rows, is not among the fields"),
    "id_missing": _("a row has no value in the field {field}, which identifies the rows"),
    "id_twice": _("the field {field}, which identifies the rows, has the same value in two rows"),
    "id_twice_value": _("the field {field}, which identifies the rows, has the same value in two rows ({value})"),
    # why a format or its options cannot be had
    "format_unknown": _("Unknown format {name}. Available formats: {known}"),
    "option_unknown": _("The format {format} has no option {option}"),
    "option_switch": _("The option {option} must be true or false"),
    "delimiter_unfit": _("The delimiter must be one character, and not a letter, digit or quote"),
    "dialect_unknown": _("The dialect of a Darwin Core Archive must be csv or tsv"),
    "eml_no_text": _("The EML template must be text"),
}
