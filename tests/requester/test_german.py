"""The German texts are complete, in step with the English ones, and used."""

from __future__ import annotations

import json

import pytest
from django.utils import translation

from demo.catalogue import Resource
from demo.data import Column
from demo.table import Table
from packager import errors
from packager.errors import DeliveryError, PackagerError, RequestError, SourceError
from packager.presentation.serializers import PackageSerializer
from packager.presentation.translation import READER, error_text, notes_of
from packager.sentences import Plural
from packager.streaming import notes
from packager.streaming.formats.registry import builtin
from packager.streaming.notes import CATALOGUE, Note, as_note
from tests.packager.conftest import unpacked
from tests.requester import translations
from tests.requester.conftest import page, words


def test_every_text_that_is_used_is_in_the_catalogue_and_no_other():
    known = [text for text, _, _ in translations.entries()]
    assert sorted(known) == sorted(translations.used())


def test_nothing_is_untranslated_or_doubtful():
    assert [text for text, given, fuzzy in translations.entries() if fuzzy or not all(given)] == []


def test_translations_keep_their_placeholders():
    wrong = [
        text
        for text, given, _ in translations.entries()
        if any(translations.placeholders(one) != translations.placeholders(text) for one in given)
    ]
    assert wrong == []


def test_the_compiled_catalogue_is_made_of_this_one():
    expected = {}
    for text, given, _ in translations.entries():
        expected |= {text: given[0]} if len(given) == 1 else {(text, form): one for form, one in enumerate(given)}
    compiled = {key: text for key, text in translations.compiled().items() if key}
    assert compiled == expected


def _kinds(parent=PackagerError):
    for child in parent.__subclasses__():
        if child.__module__ == errors.__name__ and not issubclass(child, RequestError | DeliveryError):
            yield child
            yield from _kinds(child)


def test_every_sentence_of_our_errors_is_translated():
    assert {kind.sentence for kind in _kinds()} - set(translations.used()) == set()


def test_every_note_is_translated():
    texts = {sentence.one if isinstance(sentence, Plural) else sentence for sentence in CATALOGUE.values()}
    assert texts - set(translations.used()) == set()


def test_every_format_is_translated():
    assert {format.label for format in builtin()} - set(translations.used()) == set()


@pytest.mark.parametrize(
    ("error", "german"),
    [
        (errors.SourceBusy(status=503), "Das Datenportal ist überlastet oder gestört (HTTP 503)."),
        (
            errors.IncompleteData(expected=notes.rows(3000, 4000), got=2),
            "Die Daten sind unvollständig: erwartet 3.000 bis 4.000 Zeilen, erhalten 2.",
        ),
        (
            errors.IncompleteData(expected=notes.rows(1, 1), got=0),
            "Die Daten sind unvollständig: erwartet 1 Zeile, erhalten 0.",
        ),
        (
            errors.QueryRejected(reason="{odd} rows."),
            "Das Datenportal hat die Abfrage zurückgewiesen: {odd} rows.",
        ),
        (
            errors.FormatError(reason=notes.row_width(1, 2)),
            "Die Daten lassen sich in diesem Format nicht schreiben: eine Zeile hat 1 Wert für 2 Spalten.",
        ),
        (errors.RequestError(Note("option_switch", {"option": "bom"})), "Die Option bom muss true oder false sein."),
        (errors.RequestError("A plugin says something."), "A plugin says something."),
    ],
)
def test_an_error_is_read_in_german_after_it_was_saved(error, german):
    saved = json.loads(json.dumps(notes.saved_params(error.params)))
    with translation.override("de"):
        assert error_text(error.code, saved, error.message) == german
    with translation.override("en"):
        assert error_text(error.code, saved, error.message) == error.message


def test_errors_of_plugins_are_shown_as_they_were_written():
    class ShopClosed(SourceError):
        code = "shop_closed"
        sentence = "The shop opens at {hour}."

    with translation.override("de"):
        assert error_text("shop_closed", {"hour": 9}, "saved") == "The shop opens at 9."
        assert error_text("shop_closed", {}, "The shop opens at 9.") == "The shop opens at 9."
        assert error_text("of_a_plugin_that_is_gone", {"x": 1}, "The shop is gone.") == "The shop is gone."


@pytest.mark.parametrize(
    ("note", "german"),
    [
        (
            Note("rows_changed", {"before": 5, "after": 7}),
            "Die Daten haben sich während des Lesens geändert: zu Beginn 5 Zeilen, am Ende 7.",
        ),
        (
            Note("limit_means_all", {"limit": 500}),
            "Die Grenze von 500 Zeilen war eine falsche Gesamtzahl des Datenportals und wurde deshalb als "
            "„alle Zeilen“ verstanden.",
        ),
        (
            Note("pages_shifted"),
            "Dieses Datenportal blättert nach Position, daher kann eine Zeile fehlen oder doppelt vorkommen.",
        ),
        (as_note("A plugin says something."), "A plugin says something."),
        (Note("shop.sold", {"text": "Sold 3 owls."}), "Sold 3 owls."),
    ],
)
def test_a_note_is_read_in_german(note, german):
    with translation.override("de"):
        assert READER.text(note) == german


@pytest.mark.parametrize("long_cells", [1, 2])
def test_every_note_of_a_format_is_read_in_german(built, ckan, long_cells):
    columns = (Column("_id", "int", "%d"), Column("text", "text"))
    rows = [(None, "=1+1"), *[(None, "x" * 40_000)] * long_cells]
    awkward = ckan.add(Resource(f"notes-{long_cells}", Table(columns, rows)))
    requests = ({"format": "xlsx"}, {"options": {"excel_safe": True}})
    found = [note for asked in requests for note in notes_of(built(resource_id=awkward.id, **asked).package)]
    assert len(found) == 2
    with translation.override("de"):
        assert not {READER.text(note) for note in found} & {str(note) for note in found}


def test_what_was_noted_stays_english_in_the_api_and_the_readme(built, portal, settings):
    settings.LANGUAGE_CODE = "de"
    with translation.override("de"):
        request = built(parameters={"filters": {"_id": -1}}, options={"excel_safe": True})
        request.package.notes = [notes.saved(Note("rows", {"rows": 1234}))]
        assert PackageSerializer(request).data["notes"] == ["1,234 rows"]
        readme = unpacked(portal, request)["README.txt"].decode()
    assert "Filters: _id: -1" in readme
    assert "No rows matched the request." in readme


def test_the_page_speaks_the_language_of_the_browser(built, portal):
    request = built()
    german = portal.get(page(request), headers={"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"})
    assert '<html lang="de">' in german.content.decode()
    assert "Ihr Paket ist fertig." in words(german)
    assert "1.000" in words(german)
    assert "Your package is ready." in words(portal.get(page(request), headers={"Accept-Language": "fr"}))
