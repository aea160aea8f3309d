"""What is quoted and how, against Python's csv reader and against the rules of PostgreSQL's COPY."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from packager.streaming.formats.delimited import line_of, parsed

awkward = st.text(alphabet=st.sampled_from("a ,;\t\"\\.\r\n'=\u2028\x00é𝔘"), max_size=8)
cells = st.one_of(st.none(), awkward, st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12))
tables = st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(cells, min_size=width, max_size=width), max_size=5))
delimiters = st.sampled_from(",\t;|§")


def written(rows, delimiter):
    return "".join(map(line_of(delimiter, single=len(rows[0]) == 1 if rows else False), rows))


@given(tables, delimiters)
def test_a_csv_reader_gets_every_cell_back(rows, delimiter):
    # A line with a single null is an empty line, which Python's reader takes for a row without cells.
    back = [row or [""] for row in csv.reader(io.StringIO(written(rows, delimiter), newline=""), delimiter=delimiter)]
    assert back == [["" if cell is None else cell for cell in row] for row in rows]


@given(tables, delimiters)
def test_null_and_the_empty_string_stay_apart(rows, delimiter):
    assert list(parsed(written(rows, delimiter).encode(), delimiter)) == rows


@given(tables, delimiters)
def test_nothing_is_quoted_that_copy_leaves_bare(rows, delimiter):
    for row in rows:
        expected = delimiter.join(copy_cell(cell, delimiter, len(row) == 1) for cell in row) + "\n"
        assert line_of(delimiter, single=len(row) == 1)(row) == expected


def copy_cell(cell, delimiter, single):
    """CopyAttributeOutCSV, character by character."""
    if cell is None:
        return ""
    use_quote = cell == "" or (single and cell == "\\.")
    out = ""
    for character in cell:
        use_quote = use_quote or character in (delimiter, '"', "\n", "\r")
        out += character * 2 if character == '"' else character
    return f'"{out}"' if use_quote else out
