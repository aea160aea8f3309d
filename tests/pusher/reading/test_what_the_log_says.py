"""Whoever publishes a file learns from the log why a column is text, which rows are odd, and what was left out."""

import gzip

import pytest

from pusher.errors import TooLarge
from pusher.reading.fit import CUT_MARK, index_bytes, shortened


def told(found, level):
    return [text for kind, text in found.log if kind == level]


def test_the_value_and_row_that_make_a_column_text(read):
    found = read("a,b\n" + "1,x\n" * 3000 + "n.k.,y\n2,z\nalso,z\n")
    assert 'Column "a" is text: row 3,002 holds "n.k.".' in told(found, "INFO")


def test_a_column_of_words_is_no_disappointment(read):
    assert not any("is text" in text for text in told(read("a\nx\n1\n"), "INFO"))


def test_dates_that_could_be_either(read):
    assert 'Column "a" is text: its dates could have the day or the month first.' in told(read("a\n1/2/2020\n"), "INFO")


def test_the_operator_decides_between_day_and_month(read):
    assert read("a\n1/2/2020\n", date_order="mdy").rows == [["2020-01-02T00:00:00"]]
    assert read("a\n1/2/2020\n", date_order="dmy").rows == [["2020-02-01T00:00:00"]]


def test_titles_are_counted(read):
    assert "Rows above the header that were left out: 1." in told(read("Title\n\na,b\n1,2\n"), "INFO")


def test_rows_with_more_cells_than_the_header_are_named(read):
    found = read("a,b\n" + "1,2,3\n" * 12)
    assert told(found, "WARNING")[0] == "12 rows have more cells than the header: 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, …."


class TestOverrides:
    def test_an_override_makes_other_cells_empty_and_says_so(self, read):
        found = read("a\n1\nx\n2\ny\n", {"a": {"type_override": "numeric"}})
        assert found.columns == {"a": "numeric"}
        assert found.rows == [["1"], [None], ["2"], [None]]
        sentence = 'Column "a": 2 cells are not numeric and left empty: row 3 holds "x"; row 5 holds "y".'
        assert told(found, "WARNING") == [sentence]

    def test_text_keeps_what_looks_like_a_number(self, read):
        assert read("a\n1\n2\n", {"a": {"type_override": "text"}}).columns == {"a": "text"}

    def test_the_day_comes_first_unless_the_operator_says_otherwise(self, read):
        override = {"a": {"type_override": "timestamp"}}
        assert read("a\n1/2/2020\n", override).rows == [["2020-02-01T00:00:00"]]
        assert read("a\n1/2/2020\n", override, date_order="mdy").rows == [["2020-01-02T00:00:00"]]

    def test_the_order_that_fits_most_dates_wins(self, read):
        rows = read("a\n1/2/2020\n2/13/2020\n", {"a": {"type_override": "timestamp"}}).rows
        assert rows == [["2020-01-02T00:00:00"], ["2020-02-13T00:00:00"]]

    def test_an_unknown_type_is_named_and_ignored(self, read):
        found = read("a\n1\n", {"a": {"type_override": "money"}})
        assert found.columns == {"a": "numeric"}
        assert told(found, "WARNING") == ['Column "a": the type override "money" is not known and ignored.']


def test_the_beginning_of_a_file_that_is_too_large(read):
    found = read('a,b\n1,x\n2,y\n3,"z', cut_off=True, excerpt_rows=2)
    assert found.rows == [["1", "x"], ["2", "y"]]
    assert found.table.excerpt
    assert "Rows loaded: 2." in told(found, "WARNING")[-1]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_the_row_through_which_the_cut_goes_is_left_out(read, encoding):
    """Whatever the byte at which it is cut: no half number, no half letter, and no other encoding for its sake."""
    whole = "n,name\n12,Füchsin\n345,Rüde\n".encode(encoding)
    rows = [["12", "Füchsin"], ["345", "Rüde"]]
    for end in range(len(whole), len("n,name\n12,Füchsin\n34".encode(encoding)), -1):
        found = read(whole[:end], cut_off=True, excerpt_rows=10)
        assert (found.rows, found.columns) == (rows[:1], {"n": "numeric", "name": "text"}), end


@pytest.mark.parametrize("content", [gzip.compress(b"a,b\n1,2\n" * 1000)[:30], b"PK\x03\x04 and no more"])
def test_the_beginning_of_an_archive_is_no_table(read, content):
    with pytest.raises(TooLarge, match="too large to process"):
        read(content, cut_off=True, excerpt_rows=2)


def test_a_row_whose_search_index_is_too_large_has_its_longest_text_cut():
    words = " ".join(f"word{n:07}" for n in range(100_000))
    assert shortened(("x", words, None)) is not None
    cut = shortened(("x", words, None))
    assert cut[0] == "x"
    assert cut[1].endswith(CUT_MARK)
    assert index_bytes(cut[1]) <= 1_000_000
    assert shortened(("x", "again " * 400_000)) is None


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("é" * 40, "é" * 31),
        ("a\u00adb\u200dc", "abc"),
        ("  a\t b ", "a b"),
        (":x (:y", "x (y"),
        ("a :b", "a b"),
        ("a:b", "a:b"),
        ("a: b", "a: b"),
        ("__a", "a"),
    ],
)
def test_names_are_made_safe_and_keep_their_header(read, header, name):
    found = read(f'"{header}"\n1\n')
    assert list(found.columns) == [name]
    assert found.table.columns[0].header == header
