"""A table that changes while it is read: what was there all the time has come once, or the reading fails."""

from __future__ import annotations

import csv
import io

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.ckan import DemoCkan
from packager.errors import AnswerMalformed, ChangedWhileRead, IncompleteData
from packager.streaming.sources.ckan_response import Answer, Batch
from packager.streaming.sources.row_ids import IdColumn, TextIds, ids_of
from packager.streaming.sources.row_watch import RowWatch
from packager.streaming.types import Query, Shape
from tests.engine.engine_ckan import ids_of as ids_in_text
from tests.engine.engine_ckan import open_table, rows_of, source, text_of

COLUMNS = [{"id": "_id", "type": "int"}, {"id": "a", "type": "text"}]


@pytest.fixture
def old():
    with DemoCkan(rows=400, profile="2.11") as running:
        yield running


@pytest.fixture
def new():
    with DemoCkan(rows=400) as running:
        yield running


def batch(*ids: int, columns=COLUMNS) -> Batch:
    return Batch(Answer(fields=columns), len(ids), 100, ids, lambda: iter(()))


def watch(direction: int = 0, top: int | None = 100) -> RowWatch:
    return RowWatch(["_id", "a"], direction, top)


def test_rows_deleted_before_the_place_of_the_next_page_are_found_out(old):
    table = open_table(old)
    old.faults.add("delete", after=3, rows=3)
    with pytest.raises(ChangedWhileRead):
        text_of(table)


def test_rows_added_at_the_end_are_no_harm_to_pages_by_position(old):
    table = open_table(old)
    old.faults.add("append", after=4, rows=5)
    assert ids_in_text(table)[:400] == list(range(1, 401))
    assert [note.code for note in table.notes] == ["rows_changed"]


def test_a_busy_table_is_whole_if_nothing_that_stayed_was_missed(new):
    table = open_table(new)
    new.faults.add("append", after=4, rows=3)
    new.faults.add("delete", after=4, rows=3)
    assert set(range(4, 401)) <= set(ids_in_text(table))
    assert [note.code for note in table.notes] == ["rows_changed"]


def test_rows_added_before_and_deleted_after_reading_are_no_fault(new):
    table = open_table(new)
    stored = new.resources["specimens"].table
    stored.rows += 5
    ids = []
    for page in table.pages():
        ids += [int(line.split(b",")[0]) for line in b"".join(page.chunks).splitlines() if line[:1].isdigit()]
        if 405 in ids:
            stored.deleted = {1, 2, 3, 4, 5}
    assert set(range(1, 406)) <= set(ids)
    assert [note.code for note in table.notes] == ["rows_changed"]


@pytest.mark.parametrize("profile", ["2.12", "2.11"])
@pytest.mark.parametrize("shape", [Shape.CSV, Shape.TSV, Shape.ROWS, Shape.OBJECTS])
@pytest.mark.parametrize("fields", [("country", "scientificName"), ("country", "_id")])
def test_ids_that_were_not_asked_for_are_left_out_again(profile, shape, fields):
    with DemoCkan(rows=400, profile=profile) as ckan:
        table = source(ckan).open(Query(ckan.id("specimens"), fields=fields), [shape])
        whole = open_table(ckan, shape=Shape.ROWS)
        at = [[field.name for field in whole.fields].index(name) for name in fields]
        expected = [tuple(row[place] for place in at) for row in rows_of(whole)]
        if shape in (Shape.CSV, Shape.TSV):
            text = io.StringIO(text_of(table).decode(), newline="")
            rows = list(csv.reader(text, delimiter="," if shape is Shape.CSV else "\t"))
            assert [tuple(row) for row in rows] == [tuple("" if v is None else str(v) for v in r) for r in expected]
        elif shape is Shape.ROWS:
            assert [tuple(row) for row in rows_of(table)] == expected
        else:
            found = [msgspec.json.decode(line) for page in table.pages() for line in page.rows]
            assert [tuple(row) for row in found] == [fields] * 400
            assert [tuple(row.values()) for row in found] == expected


def test_a_row_that_comes_twice_by_position_changed_its_place():
    looking = watch()
    looking.see(batch(5, 1, 3))
    with pytest.raises(ChangedWhileRead, match="1 rows came twice"):
        looking.see(batch(4, 3, 2))


@pytest.mark.parametrize("direction", [1, -1])
def test_a_row_that_comes_twice_in_the_order_of_ids_is_the_fault_of_the_server(direction):
    looking = watch(direction)
    looking.see(batch(1, 2) if direction > 0 else batch(5, 4))
    with pytest.raises(IncompleteData, match="expected 4 rows, received 3"):
        looking.see(batch(2, 3) if direction > 0 else batch(4, 3))


def test_rows_out_of_order_are_a_malformed_answer():
    with pytest.raises(AnswerMalformed):
        watch(1).see(batch(1, 3, 2))


@pytest.mark.parametrize(
    "columns",
    [COLUMNS[:1], [*COLUMNS, {"id": "b", "type": "text"}], [COLUMNS[0], {"id": "a", "type": "numeric"}]],
)
def test_columns_that_change_between_pages_are_found_out(columns):
    looking = watch()
    looking.see(batch(1, 2))
    with pytest.raises(ChangedWhileRead):
        looking.see(batch(3, 4, columns=columns))


def test_rows_that_were_there_all_the_time_are_told_from_new_ones():
    rising = watch(1, top=3)
    rising.see(batch(1, 3, 9))
    assert rising.old == 2
    looking = watch(top=3)
    looking.see(batch(3, 9, 1))
    assert looking.has_seen([1, 3, 7])
    assert not looking.has_seen([1, 2])


texts = st.lists(st.tuples(st.integers(1, 10**12), st.text(alphabet='ab,"\n\t1', max_size=8)), max_size=30)


@given(rows=texts, cuts=st.sets(st.integers(0, 300)), position=st.sampled_from([0, 1]), hidden=st.booleans())
def test_ids_are_read_out_of_any_text_in_any_pieces(rows, cuts, position, hidden):
    column = IdColumn(position, hidden and not position)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(row if not position else row[::-1] for row in rows)
    whole = text.getvalue().encode()
    ends = [at + 1 for at, byte in enumerate(whole) if byte == ord("\n") and at in cuts]
    pieces = [whole[a:b] for a, b in zip([0, *ends], [*ends, len(whole)], strict=True) if a < b]
    taker = TextIds(column, ",")
    out = b"".join(map(taker.take, pieces))
    assert taker.ids() == [one for one, _ in rows]
    if not column.hidden:
        assert out == whole
    else:
        assert out == b"".join(_without_first(row) for row in rows)


def _without_first(row: tuple[int, str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(row)
    return text.getvalue().partition(",")[2].encode()


@pytest.mark.parametrize("row", [b'{"a": 1}', b'["x"]', b"[]"])
def test_rows_without_an_id_are_a_malformed_answer(row):
    with pytest.raises(AnswerMalformed):
        ids_of([msgspec.Raw(row)], IdColumn(0))
