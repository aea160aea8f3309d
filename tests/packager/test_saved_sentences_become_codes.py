"""What was saved as English sentences reads well after they became codes and parameters, and after the way back."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone, translation

from packager.presentation.translation import READER, error_text
from packager.streaming.notes import CATALOGUE, read

migration = import_module("packager.migrations.0006_codes_and_params")
HERE = ("packager", "0006_codes_and_params")
(BEFORE,) = migration.Migration.dependencies

NOTES = [
    "The data portal does not say how many rows there are; whether all of them came could not be checked.",
    "The data changed while it was read: there were 400 rows when reading began and 1405 when it ended.",
    "This data portal counts pages off by position, so that a row may be missing or come twice.",
    "The data portal wrongly says that there are 500 rows in all; that limit was taken to mean all rows.",
    "The data portal only estimates its number of rows; whether all of them came could not be checked.",
    "The server did not say how large the file is; whether it arrived whole could not be checked.",
    "5 rows were read; the portal's own rules made 3 of them.",
    "7 cells that a spreadsheet could take for a formula were given a leading apostrophe (').",
    "resource.xlsx: the rows go on in further sheets (3 in all), since a sheet cannot hold more.",
    "resource.xlsx: 1 cell held more text than a cell of a spreadsheet can (32,767 characters); it ends in “… [cut]”. "
    "The CSV format has the whole text.",
    "resource.xlsx: 1,234 cells held more text than a cell of a spreadsheet can (32,767 characters); they end in "
    "“… [cut]”. The CSV format has the whole text.",
    "Items of the field associatedMedia that could not be read and have no row in multimedia.csv: 2.",
]
ERRORS = [
    ("source_busy", "The data portal is overloaded or has a fault (HTTP 503).", "überlastet oder gestört (HTTP 503)."),
    ("incomplete_data", "The data did not arrive whole: 1000 rows were expected, 3 came.", "1.000 Zeilen"),
    ("incomplete_data", "The data did not arrive whole: 3 to 4 rows were expected, 2 came.", "3 bis 4 Zeilen"),
    ("incomplete_data", "The data did not arrive whole: 1 bytes were expected, 0 came.", "1 Byte"),
    ("incomplete_data", "The data did not arrive whole: more bytes were expected, 4 came.", "mehr Bytes"),
    ("query_rejected", "The data portal rejected the query: fields: no {such} column", "fields: no {such} column."),
    ("query_rejected", "The data portal rejected the query: it answered without success", "einen Fehlschlag gemeldet"),
    ("format", "The data cannot be written in this format: a row has 3 values for 2 columns", "3 Werte für 2 Spalten"),
    ("format", "The data cannot be written in this format: row 1,234, field 'a': the value does not fit the type int64",
     "Zeile 1.234"),
    ("format", "The data cannot be written in this format: the plugin says no", "the plugin says no."),
    ("bad_request", "Unknown format 'ods'. There are: csv, tsv.", "Unbekanntes Format 'ods'"),
    ("bad_request", "The option bom is either true or false.", "muss true oder false sein."),
    ("source_timeout", "The data portal did not answer in time.", "nicht rechtzeitig"),
    ("shop_closed", "The shop is closed.", "The shop is closed."),
]  # fmt: skip


@pytest.mark.parametrize("sentence", NOTES)
def test_a_note_is_recognised_translated_and_made_a_sentence_again(sentence):
    note = migration.note_of(sentence)
    assert note["code"] in CATALOGUE
    english = str(read(note)).replace(",", "")
    assert english != note["code"]
    assert all(str(value).replace(",", "") in english for value in note["params"].values())
    with translation.override("de"):
        assert READER.text(read(note)) not in (sentence, str(read(note)))
    assert migration.sentence_of(note) == sentence


def test_every_sentence_of_the_migration_was_tried():
    assert len(NOTES) == len(migration.NOTES) + 1


def test_a_note_that_a_plugin_wrote_stays_as_it_was():
    note = migration.note_of("Sold 3 owls.")
    assert str(read(note)) == migration.sentence_of(note) == "Sold 3 owls."


@pytest.mark.parametrize(("code", "message", "german"), ERRORS)
def test_an_error_reads_well_in_both_languages(code, message, german):
    known = {*migration.ERRORS, "incomplete_data"}
    params = migration.params_of(code, message) if code in known else {}
    with translation.override("de"):
        assert german in error_text(code, params, message)
    with translation.override("en"):
        assert error_text(code, params, message).endswith(".")
        assert ".." not in error_text(code, params, message)


@pytest.mark.parametrize(("code", "template"), migration.REASONS)
def test_every_reason_is_one_of_todays(code, template):
    names = dict.fromkeys(("most", "columns", "row"), 7 if ":" in template else "x")
    names |= dict.fromkeys(("shape", "format", "field", "type", "value", "name", "known", "option"), "x")
    found = migration.reason_of(template.format(**names))
    assert found["code"] == code
    assert str(read(found)) != code


@pytest.fixture
def migrate(transactional_db):
    """Takes the database to a migration and returns the models as they were then; in the end all are applied again."""

    def to(target):
        executor = MigrationExecutor(connection)
        executor.migrate([target])
        return executor.loader.project_state([target]).apps

    yield to
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def test_rows_are_changed_both_ways(migrate):
    now = timezone.now()
    apps = migrate(BEFORE)
    common = {"resource_id": "r", "format": "csv", "fingerprint": "f"}
    times = {"created_at": now, "expires_at": now + timedelta(days=1)}
    for number, notes in enumerate([NOTES, [], ["Sold 3 owls."]]):
        apps.get_model("packager", "Package").objects.create(
            **common, **times, stored_as=f"{number}.zip", file_name="a.zip", size=1, sha256="x", notes=notes
        )
    code, message, _ = ERRORS[0]
    request = apps.get_model("packager", "PackageRequest").objects.create(
        **common, kind="datastore", queue="fast", status="failed", created_at=now, queued_at=now,
        error_code=code, error_message=message,
    )  # fmt: skip
    apps.get_model("packager", "PackageError").objects.create(
        request=request, resource_id="r", attempt=1, code=code, retryable=True, message=message, at=now
    )

    apps = migrate(HERE)
    packages = apps.get_model("packager", "Package").objects.order_by("stored_as")
    assert [len(package.notes) for package in packages] == [len(NOTES), 0, 1]
    assert packages[0].notes[1] == {"code": "rows_changed", "params": {"before": 400, "after": 1405}}
    assert apps.get_model("packager", "PackageRequest").objects.get().error_params == {"status": 503}
    assert apps.get_model("packager", "PackageError").objects.get().params == {"status": 503}

    apps = migrate(BEFORE)
    packages = apps.get_model("packager", "Package").objects.order_by("stored_as")
    assert [package.notes for package in packages] == [NOTES, [], ["Sold 3 owls."]]
    assert apps.get_model("packager", "PackageError").objects.get().message == message
