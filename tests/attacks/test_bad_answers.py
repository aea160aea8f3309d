"""What a data portal answers wrong is its own fault, in every format: never ours, and never written without a word."""

from __future__ import annotations

import re

import pytest

from tests.attacks.evil import BAD

pytestmark = pytest.mark.slow
FORMATS = ["csv", "jsonl", "xlsx", "dwca"]
#: From here on the answers are tables, which each format reads in a way of its own.
FIRST_TABLE = "total-is-a-text"
#: What may be said of a data portal, or of where it sends us.
CODES = {
    "address_forbidden", "answer_malformed", "answer_too_large", "changed_while_read", "format", "incomplete_data",
    "query_rejected", "resource_not_found", "row_too_large", "source", "source_busy", "source_timeout",
    "source_unreachable",
}  # fmt: skip
#: What some formats can write as it is.
SOUND = {"number-is-nan", "number-is-endless", "total-is-negative", "total-is-text", "id-is-a-text"}


def formats(mood: str) -> list[str]:
    """In which a request for it is made."""
    return FORMATS if list(BAD).index(mood) >= list(BAD).index(FIRST_TABLE) else FORMATS[:1]


@pytest.fixture(scope="module")
def ends(target):
    """How the requests ended, by mood and format. All are made first, so that the workers have enough to do."""
    caller = target.caller(with_key=True)
    asked = {}
    for mood in BAD:
        for format in formats(mood):
            sent = target.body(target.evil.api_url(mood), format=format)
            asked[mood, format] = caller.post_json("/api/v1/requests/", sent)
    wrong = {name: found.body for name, found in asked.items() if found.status != 201}
    assert wrong == {}
    return {name: target.end_of(caller, found.json["id"]) for name, found in asked.items()}


@pytest.mark.parametrize("mood", BAD)
def test_it_is_called_the_fault_of_the_data_portal(ends, mood):
    for format in formats(mood):
        end = ends[mood, format]
        if end["status"] == "succeeded":
            assert mood in SOUND, (format, "succeeded")
        else:
            assert end["failure"]["code"] in CODES, (format, end["failure"])


def test_nothing_of_it_surprised_us(ends, target):
    assert re.findall(r".*in an unexpected way.*", target.logs) == []


def test_what_a_data_portal_says_is_no_markup_on_our_page(ends, target):
    page = target.caller().get(ends["error-is-markup", "csv"]["status_url"].replace("https://packages.example.org", ""))
    assert page.status == 200
    assert b"<script>alert" not in page.body
    assert b"&lt;script&gt;alert" in page.body


def test_nobody_is_led_inside(target):
    assert not [path for path in target.evil.asked if "meta-data" in path or "passwd" in path]


@pytest.mark.parametrize("mood", BAD)
def test_estimates_say_so_too(target, estimating, mood):
    found = estimating.post_json("/api/v1/estimate/", target.body(target.evil.api_url(mood)))
    assert found.status in (200, 424), found.body


@pytest.fixture(scope="module")
def estimating(target):
    return target.caller(with_key=True)
