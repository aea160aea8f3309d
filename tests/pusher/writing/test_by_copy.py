"""COPY leaves a table as CKAN itself would have made it, and readers of the old one notice nothing."""

import hashlib
import json

import pytest

from pusher.errors import DatabaseAway, PushFenced
from pusher.reading.fit import CUT_MARK
from pusher.reading.table import open_table
from pusher.writing.copy import CopyWriter
from pusher.writing.datastore import fields_of
from tests.pusher.datastore import ask, datastore_database

FILE = 'word,n,at\nWhite-tailed eagle,1.50,2020-01-02T03:04:05\n,,\n\\.,NA,\n"a, ""b""\nc",,1999-12-31\n'
pytestmark = pytest.mark.postgres


@pytest.fixture
def database():
    """The address of a database as CKAN prepares it."""
    with datastore_database() as address:
        yield address


@pytest.fixture
def load(database, tmp_path):
    def loading(content=FILE, confirm=lambda: None, url=database):
        (tmp_path / "file").write_text(content)
        table, log = open_table(tmp_path / "file", tmp_path), []
        fields = fields_of(table.columns, {"word": {"label": "Wörter: alle"}})
        writer = CopyWriter(url, "r-1", lambda level, text: log.append(text))
        writer.replace(table, fields, lambda done: None, confirm)
        return log

    return loading


def test_the_rows_are_those_of_the_file_in_its_order(database, load):
    load()
    found = ask(database, 'SELECT _id, word, n::text, at::text FROM "r-1" ORDER BY _id')
    assert found == [
        (1, "White-tailed eagle", "1.50", "2020-01-02 03:04:05"),
        (2, "\\.", None, None),
        (3, 'a, "b"\nc', None, "1999-12-31 00:00:00"),
    ]


def test_the_search_index_is_what_the_trigger_would_have_made(database, load):
    load()
    ours = ask(database, 'SELECT _full_text FROM "r-1" ORDER BY _id')
    ask(database, 'UPDATE "r-1" SET _full_text = NULL')
    assert ask(database, 'SELECT _full_text FROM "r-1" ORDER BY _id') == ours


def test_a_wide_table_is_indexed_as_well(database, load):
    header, row = (",".join(f"{sign}{n}" for n in range(150)) for sign in ("c", "word"))
    load(f"{header}\n{row}\n")
    ours = ask(database, 'SELECT _full_text FROM "r-1"')
    ask(database, 'UPDATE "r-1" SET _full_text = NULL')
    assert ask(database, 'SELECT _full_text FROM "r-1"') == ours


def test_ckan_can_go_on_with_the_table(database, load):
    load()
    assert ask(database, "INSERT INTO \"r-1\" (word) VALUES ('later') RETURNING _id, _full_text") == [(4, "'later':1")]
    assert ask(database, "SELECT count(*) FROM sightings") == [(4,)]
    assert ask(database, 'SELECT * FROM "_table_stats"') == []
    names = {name for (name,) in ask(database, "SELECT indexname FROM pg_indexes WHERE tablename = 'r-1'")}
    # CKAN's names: of the resource's id and the indexed expression
    indexed = ('r-1"_full_text"', "r-1to_tsvector('english', \"word\")")
    assert names == {"r-1_pkey", *(hashlib.sha1(text.encode()).hexdigest() for text in indexed)}
    ((comment,),) = ask(database, "SELECT col_description('\"r-1\"'::regclass, 3)")
    assert json.loads(comment) == {"_info": {"label": "Wörter: alle"}}
    assert comment.startswith(" {")


def test_nothing_else_is_left_in_the_database(database, load):
    load()
    load()
    tables = ask(database, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    assert tables == [("_table_stats",), ("r-1",)]


@pytest.mark.parametrize("call", [1, 2])
def test_a_job_that_was_taken_over_leaves_the_old_table(database, load, call):
    calls = []

    def confirm():
        calls.append(1)
        if len(calls) == call:
            raise PushFenced

    with pytest.raises(PushFenced):
        load(confirm=confirm)
    assert ask(database, 'SELECT old FROM "r-1"') == [("old row",)]
    assert len(ask(database, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")) == 2


def test_a_table_without_rows(database, load):
    load("a,b\n")
    assert ask(database, 'INSERT INTO "r-1" (a) VALUES (1) RETURNING _id') == [(1,)]


def test_a_text_too_long_for_the_index_is_cut(database, load):
    log = load("id,text\n1,x\n2," + " ".join(f"word{n:07}" for n in range(110_000)) + "\n")
    assert log == ["row 3 is too long for the search index, its longest text is cut."]
    assert ask(database, f"SELECT count(*) FROM \"r-1\" WHERE text LIKE '%%{CUT_MARK.strip()}'") == [(1,)]


def test_a_database_that_is_away_may_come_back(load):
    with pytest.raises(DatabaseAway):
        load(url="postgres://postgres@127.0.0.1:1/none")
