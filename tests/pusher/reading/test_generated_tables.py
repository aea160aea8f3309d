"""Whatever text is in a CSV file comes out again, cell for cell."""

import csv
import io
from contextlib import suppress
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pusher.errors import FileError

QUIET = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\r\t"), max_size=12)
ROWS = st.lists(st.tuples(TEXT, TEXT, TEXT), min_size=1, max_size=12)
NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, places=3).map(str).filter(lambda text: "E" not in text)


def as_csv(rows, **dialect):
    out = io.StringIO(newline="")
    csv.writer(out, **dialect).writerows(rows)
    return out.getvalue()


@QUIET
@given(ROWS, st.sampled_from([",", ";", "\t", "|"]), st.sampled_from(["\n", "\r\n", "\r"]))
def test_text_comes_out_as_it_went_in(read, rows, delimiter, end):
    # a first row of words, so that there is a header of three and no column is typed
    rows = [("alpha", "beta", "gamma"), ("word", "word", "word"), *rows]
    found = read(as_csv(rows, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL))
    assert found.rows == [[cell or None for cell in row] for row in rows[1:] if any(row)]


@QUIET
@given(st.lists(st.tuples(NUMBERS, TEXT), min_size=1, max_size=20))
def test_numbers_keep_their_value(read, rows):
    found = read(as_csv([("number", "text"), *[(n, f"x{t}") for n, t in rows]], quoting=csv.QUOTE_ALL))
    assert found.columns["number"] == "numeric"
    assert [Decimal(row[0]) for row in found.rows] == [Decimal(n) for n, _ in rows]


@QUIET
@given(st.lists(st.datetimes().map(lambda d: d.isoformat(" ")), min_size=1, max_size=20))
def test_times_keep_their_value(read, times):
    found = read(as_csv([("at",), *[(t,) for t in times]]))
    assert found.columns == {"at": "timestamp"}
    assert [row[0] for row in found.rows] == times


@QUIET
@given(st.binary(max_size=400))
def test_no_bytes_bring_the_reader_down(read, content):
    with suppress(FileError):
        found = read(content)
        assert all(len(row) == len(found.columns) for row in found.rows)
