"""A note is a code and parameters: it is saved and read again, and always has English words."""

from __future__ import annotations

import json
import string

import pytest

from packager import errors
from packager.errors import FormatError, IncompleteData, PackagerError, QueryRejected, RequestError, SourceBusy
from packager.sentences import Plural, fill
from packager.streaming import notes
from packager.streaming.notes import CATALOGUE, Note, as_note

NESTED = Note("row_width", {"values": 1, "columns": Note("columns", {"columns": 2})})


def _placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


@pytest.mark.parametrize(
    ("note", "words"),
    [
        (Note("rows", {"rows": 1}), "1 row"),
        (Note("rows", {"rows": 12345}), "12,345 rows"),
        (notes.rows(3, 4), "3 to 4 rows"),
        (NESTED, "a row has 1 value for 2 columns"),
        (Note("formulas_escaped", {"cells": 0}), None),
        (as_note("A plugin says {something}."), "A plugin says {something}."),
        (Note("shop.sold", {"text": "Sold 3 owls.", "owls": 3}), "Sold 3 owls."),
        (Note("shop.sold", {"owls": 3}), "shop.sold"),
        (Note("rows_changed", {"before": 3}), "rows_changed"),
    ],
)
def test_a_note_in_english(note, words):
    assert str(note) == words if words else str(note).startswith("0 cells")


@pytest.mark.parametrize("note", [NESTED, as_note("A plugin says {something}."), Note("size_unknown")])
def test_a_note_is_the_same_after_it_was_saved(note):
    assert notes.read(json.loads(json.dumps(notes.saved(note)))) == note


def test_what_is_saved_is_cleaned_through_and_through():
    params = {"reason": "of ada", "inner": Note("x", {"text": "ada"}), "rows": 3, "error": ValueError("ada")}
    assert notes.saved_params(params, lambda text: text.replace("ada", "-")) == {
        "reason": "of -",
        "inner": {"code": "x", "params": {"text": "-"}},
        "rows": 3,
        "error": "-",
    }


def test_both_forms_of_a_plural_have_the_same_placeholders_and_their_count_among_them():
    for plural in (sentence for sentence in CATALOGUE.values() if isinstance(sentence, Plural)):
        assert _placeholders(plural.one) == _placeholders(plural.other)
        assert plural.count in _placeholders(plural.other)


@pytest.mark.parametrize(
    ("sentence", "text", "filled"),
    [
        ("It failed: {x}.", "no reason", "It failed: no reason."),
        ("It failed: {x}.", "No reason.", "It failed: No reason."),
        ("It failed: {x}.", "Why?", "It failed: Why?"),
        ("It failed: {x}.", "and so on…", "It failed: and so on…"),
        ("It failed: {x}.", "", "It failed: ."),
        ("{x} failed", "All.", "All. failed"),
    ],
)
def test_a_sentence_ends_with_one_full_stop(sentence, text, filled):
    assert fill(sentence, {"x": text}) == filled


@pytest.mark.parametrize(
    "error",
    [
        RequestError("Parameter x is required"),
        RequestError("That is all."),
        RequestError(Note("delimiter_unfit")),
        QueryRejected(reason="unknown field."),
        FormatError(reason=NESTED),
        IncompleteData(expected=Note("bytes_more"), got=4),
        SourceBusy("detail", status=503),
    ],
)
def test_what_an_error_says_ends_with_one_full_stop(error):
    assert error.message.endswith(".")
    assert not error.message.endswith("..")


def _kinds(parent=PackagerError):
    yield parent
    for child in parent.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from _kinds(child)


@pytest.mark.parametrize("kind", list(_kinds()))
def test_every_error_has_a_sentence_that_ends(kind):
    assert kind.sentence.endswith(".")


def test_an_error_counts_in_english():
    error = IncompleteData(expected=notes.rows(1000, 1000), got=999)
    assert error.message == "The data was incomplete: expected 1,000 rows, received 999."
