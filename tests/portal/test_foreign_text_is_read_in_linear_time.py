"""What strangers write costs time in proportion to its length: a pattern that goes back and forth would hold a worker.

Measured is how the time grows, not how long it takes: a machine may be as busy as it likes.
"""

from __future__ import annotations

import ast
import importlib
import json
import logging
import pkgutil
import re
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import packager
import stats
from packager.api.bodies import field_too_deep
from packager.errors import PackagerError
from packager.intake import validation
from packager.presentation.query_summary import english_query_lines
from packager.security.redaction import RedactingFormatter, redact
from packager.storage import http_range
from packager.streaming.facts import Origin, facts_of, without_addresses
from packager.streaming.formats.delimited import parsed
from packager.streaming.formats.dwca.documents import eml_xml
from packager.submission import Submission

ROOT = Path(__file__).resolve().parents[2]
#: Ten times the text may take ten times the time, and somewhat more: squared, it would be a hundred times.
GROWTH = 40
#: Less than this (seconds) for the large text is too little to be measured, and nothing that is squared.
NOTHING = 0.05
NOW = datetime(2026, 11, 20, tzinfo=UTC)

#: Out of these texts are made that go on and on: what our patterns look for, and what stands beside it.
PIECES = st.sampled_from(
    [
        *"a1.@-_:/\\\"'%+=<>{}[]()\n\t ,;|&x\u00e9\u0301\u2028",
        "ab", "@a.b", "a@", ".ab", "mailto:", "%40", "eyJ", "key=", "key ", "Bearer ", "authorization:", "http://",
        "/requests/", "pp_", "10.1234/", "2026-", '""', '",', "\\\\", '\\"', "\n \n", "<?xml encoding=", "{package_id}",
        "bytes=", "_x0041", "$2b$12$",
    ]
)  # fmt: skip
PATTERN = st.tuples(
    st.lists(PIECES, max_size=3), st.lists(PIECES, min_size=1, max_size=4), st.lists(PIECES, max_size=3)
)


def text_of(pattern: tuple[list[str], list[str], list[str]], length: int) -> str:
    before, again, after = ("".join(part) for part in pattern)
    return before + again * (length // len(again)) + after


def seconds(work: Callable[[str], object], text: str) -> float:
    """The processor's time; the shorter of two, for the first may have had to load something."""
    taken = []
    for _ in range(2):
        started = time.thread_time()
        with suppress(PackagerError, ValueError):
            work(text)
        taken.append(time.thread_time() - started)
    return min(taken)


def check_growth(
    work: Callable[[str], object], pattern: tuple[list[str], list[str], list[str]], length: int = 100_000
) -> None:
    for _ in range(3):
        # what is squared grows too fast each time; what is not may be held up once
        large, small = (seconds(work, text_of(pattern, letters)) for letters in (length, length // 10))
        if large < max(NOTHING, GROWTH * small):
            return
    raise AssertionError(f"{small:.4f} s for a tenth of the letters, {large:.4f} s for {length}")


def patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    for room in (packager, stats):
        for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            if ".migrations" not in module.name and ".commands." not in module.name:
                for name, value in vars(importlib.import_module(module.name)).items():
                    if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
                        yield f"{module.name}.{name}", value


def facts(text: str) -> object:
    dataset = dict.fromkeys(("title", "name", "author", "license_id", "license_url", "version", "doi", "notes"), text)
    return facts_of({"resource": {"name": text}, "dataset": dataset}, Origin("https://x.test", "r", NOW, doi=text))


def query_lines(text: str) -> object:
    parameters = {"q": text, "filters": {text: [text]}, "fields": [text], "sort": text}
    return english_query_lines(Submission("datastore", "birds", "csv", parameters=parameters))


READERS: dict[str, Callable[[str], object]] = {
    "redact": redact,
    "without_addresses": without_addresses,
    "facts": facts,
    "parsed": lambda text: deque(parsed(text.encode(), ","), maxlen=0),
    "query_lines": query_lines,
    "field_too_deep": field_too_deep,
    "json_object": lambda text: validation.json_object("filters", json.dumps({"a": text})),
    "json_text": lambda text: validation.json_object("filters", text),
    "names": lambda text: validation.names("fields", text),
    "email_address": lambda text: validation.email_address("email", text),
    "eml": lambda text: eml_xml(text, UUID(int=0), NOW),
    "range": lambda text: http_range.parse(f"bytes={text}", 10),
}


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(PATTERN)
@example(([], ["a"], []))
@example((["a@"], [".a"], ["."]))
@example(([], ["@a."], []))
@example(([], ['"'], ["x"]))
@example(([], ['\\"'], []))
@example(([], ["eyJ-"], []))
@example((["\n"], [" \n"], ["x"]))
@example(([], ["["], []))
def test_reading_takes_time_in_proportion_to_the_length(name, pattern):
    check_growth(READERS[name], pattern)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(PATTERN)
@example(([], ["a"], []))
@example(([], ["eyJ-"], []))
def test_every_pattern_takes_time_in_proportion_to_the_length(pattern):
    found = list(patterns())
    assert len(found) > 20
    for _, compiled in found:
        for work in (lambda text, c=compiled: c.sub("", text), compiled.fullmatch):
            check_growth(work, pattern)


def test_every_pattern_can_be_found_by_the_test_above():
    inline = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for room in ("packager", "stats")
        for path in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("re.") and "migrations" not in path.parts
        if ast.unparse(node.func) not in ("re.compile", "re.escape")
    ]
    assert inline == []


def test_a_line_of_a_log_has_an_end():
    record = logging.LogRecord("x", logging.INFO, __file__, 1, "a" * 10**6, None, None)
    assert len(RedactingFormatter("%(message)s").format(record)) == 20_000


def test_the_check_itself_notices_what_goes_back_and_forth():
    quadratic = re.compile(r"\w+@")
    with pytest.raises(AssertionError, match="letters"):
        check_growth(quadratic.search, ([], ["a"], []), 10_000)
