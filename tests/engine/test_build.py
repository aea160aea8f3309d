import gc

import pytest

from packager.errors import FormatError, IncompleteData, SourceTimeout
from packager.streaming.formats.delimited import CSV
from packager.streaming.notes import rows
from packager.streaming.pipeline import Build, FileContent, TableContent, shapes_for
from packager.streaming.types import Member, Progress, RowsPage, Shape
from tests.engine.fakes import FIELDS, FakeFile, FakeTable, unzipped

ROWS = [[1, "a"], [2, "b"], [3, "c"], [4, "d"], [5, "e"]]
CSV_TEXT = b"_id,name\n1,a\n2,b\n3,c\n4,d\n5,e\n"


def content(table, format=CSV):
    return TableContent(table, format, format.check({}))


class Broken:
    """A format that behaves like CSV but for one thing."""

    name, label = "broken", "Broken"

    def check(self, options):
        return options

    def shapes(self, options):
        return (Shape.OBJECTS,)

    def members(self, table, options, notes):
        notes.append("A cell was cut.")
        yield Member("some.txt", [b"some"])


@pytest.mark.parametrize("shape", [Shape.ROWS, Shape.CSV])
def test_a_table_becomes_an_archive(shape):
    assert unzipped(Build(content(FakeTable(rows=ROWS, shape=shape)))) == {"resource.csv": CSV_TEXT}


def test_a_file_becomes_an_archive():
    file = FakeFile([b"%PDF", b"-1.7"], size=8)
    progress = Progress()
    build = Build(FileContent(file, "paper.pdf"), progress=progress)
    assert unzipped(build) == {"paper.pdf": b"%PDF-1.7"}
    assert build.summary.rows is None
    assert build.summary.members == (("paper.pdf", 8),)
    assert (progress.bytes_in, progress.total_bytes) == (8, 8)
    assert file.closed


def test_extras_are_told_what_was_written_and_stand_at_the_end():
    def extras(summary):
        yield Member("README.txt", [f"{summary.rows} rows, {summary.members}, {[*map(str, summary.notes)]}".encode()])

    table = FakeTable(rows=ROWS, notes=["Early."], late_notes=["Late."])
    build = Build(content(table), extras=extras)
    members = unzipped(build)
    assert list(members) == ["resource.csv", "README.txt"]
    assert members["README.txt"].decode() == f"5 rows, (('resource.csv', {len(CSV_TEXT)}),), ['Early.', 'Late.']"
    assert [name for name, _ in build.summary.members] == ["resource.csv", "README.txt"]
    assert build.summary.fields == FIELDS


def test_two_files_of_one_name_are_told_apart():
    build = Build(content(FakeTable(rows=ROWS)), extras=lambda _: [Member("resource.csv", [b"x"])])
    assert list(unzipped(build)) == [name for name, _ in build.summary.members] == ["resource.csv", "resource-2.csv"]


def test_progress_moves_while_pages_go_by():
    progress, seen = Progress(), []

    class Watcher(FakeTable):
        def pages(self):
            for page in super().pages():
                seen.append(progress.rows)
                yield page

    list(Build(content(Watcher(rows=ROWS, shape=Shape.CSV, expected=5)), progress=progress))
    assert seen == [0, 2, 4]
    assert (progress.rows, progress.total_rows) == (5, 5)
    assert progress.bytes_in == len(CSV_TEXT) - len("_id,name\n")


def test_a_transform_changes_rows_and_the_package_says_so():
    def odd(page):
        return RowsPage([[number, name.upper()] for number, name in page.rows if number % 2])

    build = Build(content(FakeTable(rows=ROWS)), transform=odd)
    assert unzipped(build) == {"resource.csv": b"_id,name\n1,A\n3,C\n5,E\n"}
    assert build.summary.rows == 3
    (note,) = build.summary.notes
    assert str(note) == "5 rows were read; rules of this service turned them into 3."


def test_rows_to_be_transformed_are_asked_for_as_values():
    assert list(shapes_for(CSV, {})) == [Shape.CSV, Shape.ROWS]
    assert list(shapes_for(CSV, {}, lambda page: page)) == [Shape.ROWS]
    with pytest.raises(FormatError):
        shapes_for(Broken(), {}, lambda page: page)


def test_text_cannot_be_transformed():
    with pytest.raises(FormatError):
        list(Build(content(FakeTable(rows=ROWS, shape=Shape.CSV)), transform=lambda page: page))


def test_a_format_that_leaves_rows_unread_fails_the_build():
    table = FakeTable(rows=ROWS)
    with pytest.raises(FormatError, match="did not read every row"):
        list(Build(content(table, Broken())))
    assert table.closed


@pytest.mark.parametrize("error", [SourceTimeout(), IncompleteData(expected=rows(6, 6), got=5)])
def test_an_error_of_the_source_passes_through_and_closes_it(error):
    table = FakeTable(rows=ROWS, error=error)
    with pytest.raises(type(error)) as caught:
        list(Build(content(table)))
    assert caught.value is error
    assert table.closed


def test_an_error_of_the_extras_closes_the_source():
    table = FakeTable(rows=ROWS)
    with pytest.raises(ZeroDivisionError):
        list(Build(content(table), extras=lambda summary: [1 // 0]))
    assert table.closed


def test_closing_before_during_and_after_closes_the_source():
    for steps in (0, 1, 99):
        table = FakeTable(rows=ROWS)
        build = Build(content(table))
        for _ in zip(range(steps), build, strict=False):
            pass
        build.close()
        build.close()
        assert table.closed


def test_a_build_that_is_dropped_half_way_closes_the_source():
    file = FakeFile(bytes(1 << 20) for _ in range(100))
    build = Build(FileContent(file, "zeros.jpg"))
    next(iter(build))
    del build
    gc.collect()
    assert file.closed


def test_pages_are_read_one_at_a_time():
    wide = [[number, "x" * 2_000_000] for number in range(20)]
    table = FakeTable(rows=wide, page_size=1)
    blocks = iter(Build(TableContent(table, Stored(), {})))
    next(blocks)
    assert table.pages_read <= 2


class Stored(Broken):
    """Writes the second column as it is, undeflated."""

    def members(self, table, options, notes):
        yield Member("all.txt", (row[1].encode() for page in table.pages() for row in page.rows), compress=False)
