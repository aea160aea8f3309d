"""Notes and errors that were saved as English sentences become codes and parameters; backwards, sentences again.

The sentences stand here as they were written until then, and are not to be changed. What is none of them is kept as it
is: a note as one that says just that, an error without parameters, whose saved sentence is shown.
"""

import re
from string import Formatter

from django.db import migrations, models

BATCH = 1000

# Placeholders with a format (``:d``, ``:,``) are whole numbers, the others texts.
NOTES = (
    ("total_unknown", "The data portal does not say how many rows there are; whether all of them came could not be checked."),
    ("rows_changed", "The data changed while it was read: there were {before:d} rows when reading began and {after:d} when it ended."),
    ("pages_shifted", "This data portal counts pages off by position, so that a row may be missing or come twice."),
    ("limit_means_all", "The data portal wrongly says that there are {limit:d} rows in all; that limit was taken to mean all rows."),
    ("total_estimated", "The data portal only estimates its number of rows; whether all of them came could not be checked."),
    ("size_unknown", "The server did not say how large the file is; whether it arrived whole could not be checked."),
    ("rows_transformed", "{read:d} rows were read; the portal's own rules made {written:d} of them."),
    ("formulas_escaped", "{cells:d} cells that a spreadsheet could take for a formula were given a leading apostrophe (')."),
    ("sheets_continued", "{member}: the rows go on in further sheets ({sheets:d} in all), since a sheet cannot hold more."),
    ("cells_cut", "{member}: {cells:,} cells held more text than a cell of a spreadsheet can ({limit:,} characters); they end in “{mark}”. The CSV format has the whole text."),
    ("items_unreadable", "Items of the field {field} that could not be read and have no row in {member}: {items:d}."),
)
ONE_CELL_CUT = "{member}: {cells:d} cell held more text than a cell of a spreadsheet can ({limit:,} characters); it ends in “{mark}”. The CSV format has the whole text."

# Why a query was refused, why data did not fit a format, why a format or its options could not be had.
REASONS = (
    ("no_delimited_text", "this data portal gives no delimited text"),
    ("no_success", "it answered without success"),
    ("text_malformed", "the text of the data portal is not well-formed"),
    ("surrogate", "a text holds half of a surrogate pair, which UTF-8 cannot express"),
    ("rows_misshapen", "{shape} cannot be written as delimited text"),
    ("rows_misshapen", "values were asked for, {shape} came"),
    ("rows_misshapen", "{shape} does not hold parsed values"),
    ("rows_left", "{format} did not read every row"),
    ("transform_refused", "the rows are changed on their way, which {format} does not allow"),
    ("document_too_large", "the document would be larger than 4 GiB"),
    ("columns_too_many", "a sheet has {most:,} columns at most, the data {columns:,}"),
    ("value_misfit", "row {row:,}, field {field}: the value does not fit the type {type}"),
    ("id_field_missing", "the field {field}, which identifies the rows, is not among the fields"),
    ("id_missing", "a row has no value in the field {field}, which identifies the rows"),
    ("id_twice_value", "the field {field}, which identifies the rows, has the same value in two rows ({value})"),
    ("id_twice", "the field {field}, which identifies the rows, has the same value in two rows"),
    ("format_unknown", "Unknown format {name}. There are: {known}."),
    ("option_unknown", "The format {format} has no option {option}."),
    ("option_unknown", "The {format} has no option {option}."),
    ("option_unknown", "{format} has no option {option}."),
    ("option_switch", "The option {option} is either true or false."),
    ("option_switch", "{option} is true or false."),
    ("delimiter_unfit", "The delimiter must be one character, no letter, digit or quote."),
    ("dialect_unknown", "The flavour of a Darwin Core Archive is csv or tsv."),
    ("eml_no_text", "The EML template must be a text."),
)
ROW_WIDTH = "a row has {values:d} values for {columns:d} columns"

# The codes of errors whose sentences had placeholders, and those sentences.
REFUSED = ("bad_request", "not_authorized", "forbidden", "not_found", "body_too_large", "conflict", "idempotency_mismatch")
ERRORS = {
    "source_busy": "The data portal is overloaded or has a fault (HTTP {status:d}).",
    "query_rejected": "The data portal rejected the query: {reason}",
    "format": "The data cannot be written in this format: {reason}",
    **dict.fromkeys(REFUSED, "{problem}"),
}
INCOMPLETE = (
    ("rows_between", "The data did not arrive whole: {least:d} to {most:d} rows were expected, {got:d} came."),
    ("rows", "The data did not arrive whole: {rows:d} rows were expected, {got:d} came."),
    ("bytes", "The data did not arrive whole: {bytes:d} bytes were expected, {got:d} came."),
    ("bytes_more", "The data did not arrive whole: more bytes were expected, {got:d} came."),
)


def recognised(template, text):
    """The parameters with which ``text`` was made of ``template``; None if it was not."""
    steps, numbers = [], set()
    for words, name, spec, _ in Formatter().parse(template):
        steps.append(re.escape(words))
        if name:
            steps.append(rf"(?P<{name}>[\d,]+)" if spec else f"(?P<{name}>.+)")
            numbers |= {name} if spec else set()
    found = re.fullmatch("".join(steps), text, re.DOTALL)
    if found is None:
        return None
    return {name: int(value.replace(",", "")) if name in numbers else value for name, value in found.groupdict().items()}


def first_recognised(templates, text):
    """The first of the codes whose template ``text`` was made of, with its parameters; None if there is none."""
    for code, template in templates:
        if (params := recognised(template, text)) is not None:
            return {"code": code, "params": params}
    return None


def note_of(text):
    """A saved sentence as a note."""
    if not isinstance(text, str):
        return text
    found = first_recognised((*NOTES, ("cells_cut", ONE_CELL_CUT)), text)
    return found or {"code": "as_written", "params": {"text": text}}


def sentence_of(note):
    """A note as the sentence that used to be saved."""
    if not isinstance(note, dict):
        return note
    code, params = note["code"], note["params"]
    template = dict(NOTES).get(code)
    if code == "cells_cut" and params.get("cells") == 1:
        template = ONE_CELL_CUT
    return template.format(**params) if template else str(params.get("text", code))


def reason_of(text):
    """A part of a sentence as a note; as it is, if it is none of ours."""
    if params := recognised(ROW_WIDTH, text):
        columns = {"code": "columns", "params": {"columns": params["columns"]}}
        return {"code": "row_width", "params": {**params, "columns": columns}}
    return first_recognised(REASONS, text) or text


def params_of(code, message):
    """The parameters of an error."""
    if code == "incomplete_data":
        found = first_recognised(INCOMPLETE, message)
        if found is None:
            return {}
        got = found["params"].pop("got")
        return {"expected": found, "got": got}
    params = recognised(ERRORS[code], message) or {}
    return {name: reason_of(value) if isinstance(value, str) else value for name, value in params.items()}


def in_batches(rows):
    """``rows`` in lists; read by their ids, since they are changed meanwhile."""
    ids = list(rows.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), BATCH):
        yield list(rows.model._default_manager.filter(pk__in=ids[start : start + BATCH]))


def change_notes(apps, change):
    """Let ``change`` make new notes of those of every package."""
    manager = apps.get_model("packager", "Package")._default_manager
    for batch in in_batches(manager.exclude(notes=[])):
        for package in batch:
            package.notes = [change(note) for note in package.notes]
        manager.bulk_update(batch, ["notes"])


def forwards(apps, schema_editor):
    """Sentences become codes and parameters."""
    change_notes(apps, note_of)
    for name, code, params, message in (
        ("PackageError", "code", "params", "message"),
        ("PackageRequest", "error_code", "error_params", "error_message"),
    ):
        manager = apps.get_model("packager", name)._default_manager
        for batch in in_batches(manager.filter(**{f"{code}__in": [*ERRORS, "incomplete_data"]})):
            for row in batch:
                setattr(row, params, params_of(getattr(row, code), getattr(row, message)))
            manager.bulk_update(batch, [params])


def backwards(apps, schema_editor):
    """Notes become sentences; errors have kept theirs."""
    change_notes(apps, sentence_of)


class Migration(migrations.Migration):

    dependencies = [
        ('packager', '0005_words_of_the_field'),
    ]

    operations = [
        migrations.AddField(
            model_name='packageerror',
            name='params',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name='packagerequest',
            name='error_params',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AlterField(
            model_name='package',
            name='notes',
            field=models.JSONField(default=list, help_text='completeness notes, as codes and parameters'),
        ),
        migrations.RunPython(forwards, backwards),
    ]
