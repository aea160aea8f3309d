"""Titles, as they are taken out of what CKAN says."""

from packager.streaming.facts import LONGEST_TITLE, Titles, titles_of


def test_titles_stand_on_one_line_and_hold_no_addresses():
    description = {
        "resource": {"name": " Birds\nof  the\u202e north, ask ada@example.org "},
        "dataset": {"name": "birds", "organization": {"name": "museum"}},
    }
    assert titles_of(description) == Titles("Birds of the north, ask", "birds", "museum", "birds")
    assert not titles_of({})


def test_a_title_without_end_is_cut():
    found = titles_of({"resource": {"name": "x" * 5000}, "dataset": {"name": "y" * 5000}})
    assert len(found.resource_title) == len(found.dataset_title) == LONGEST_TITLE
    assert found.resource_title.endswith("…")
