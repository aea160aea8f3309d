"""The German texts are complete, in step with the English ones, and used."""

from __future__ import annotations

import pytest
from django.utils import translation

from demo.catalogue import Resource
from demo.data import Column
from demo.table import Table
from packager import errors
from packager.errors import DeliveryError, PackagerError, RequestError
from packager.presentation import translation as texts
from packager.streaming.sources import completeness, url
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


def _sentences(parent=PackagerError):
    for child in parent.__subclasses__():
        if child.__module__ == errors.__name__ and not issubclass(child, RequestError | DeliveryError):
            yield child.sentence
            yield from _sentences(child)


def test_every_sentence_of_our_errors_can_be_translated():
    assert set(_sentences()) - set(texts.ERRORS) == set()


def test_notes_on_wholeness_can_be_translated():
    notes = {completeness.UNKNOWN, completeness.CHANGED, completeness.ESTIMATED, url.UNCHECKED}
    assert notes - set(texts.NOTES) == set()


@pytest.mark.parametrize(
    ("english", "german"),
    [
        (errors.SourceBusy(status=503).message, "Das Datenportal ist überlastet oder gestört (HTTP 503)."),
        (
            errors.IncompleteData(expected="3 to 4", got=2).message,
            "Die Daten sind nicht vollständig angekommen: Erwartet wurden 3 bis 4 Zeilen, es kamen 2.",
        ),
        (
            errors.QueryRejected(reason="{odd} rows").message,
            "Das Datenportal hat die Abfrage zurückgewiesen: {odd} rows",
        ),
        (
            completeness.CHANGED.format(before=5, after=7),
            "Die Daten haben sich während des Lesens geändert: Zu Beginn waren es 5 Zeilen, am Ende 7.",
        ),
        (
            completeness.CLAIMED.format(limit=500),
            "Das Datenportal sagt fälschlich, dass es 500 Zeilen gibt; "
            "diese Grenze wurde als Wunsch nach allen Zeilen verstanden.",
        ),
        (
            completeness.SHIFTED,
            "Dieses Datenportal zählt Seiten nach der Position ab, so dass eine Zeile fehlen oder doppelt "
            "vorkommen kann.",
        ),
        ("A plugin says something.", "A plugin says something."),
    ],
)
def test_composed_sentences_are_recognised(english, german):
    with translation.override("de"):
        assert texts.translated(english) == german
    assert texts.translated(english) == english


@pytest.mark.parametrize("long_cells", [1, 2])
def test_every_note_of_a_format_is_recognised(built, ckan, long_cells):
    columns = (Column("_id", "int", "%d"), Column("text", "text"))
    rows = [(None, "=1+1"), *[(None, "x" * 40_000)] * long_cells]
    awkward = ckan.add(Resource(f"notes-{long_cells}", Table(columns, rows)))
    wishes = ({"format": "xlsx"}, {"options": {"excel_safe": True}})
    notes = [note for wish in wishes for note in built(resource_id=awkward.id, **wish).package.notes]
    assert len(notes) == 2
    with translation.override("de"):
        assert not {texts.translated(note) for note in notes} & set(notes)


def test_the_page_speaks_the_language_of_the_browser(built, portal):
    request = built()
    german = portal.get(page(request), headers={"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"})
    assert '<html lang="de">' in german.content.decode()
    assert "Ihr Paket ist fertig." in words(german)
    assert "1.000" in words(german)
    assert "Your package is ready." in words(portal.get(page(request), headers={"Accept-Language": "fr"}))
