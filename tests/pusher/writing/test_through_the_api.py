"""Rows reach CKAN in order, each once, whatever happens to an answer on its way."""

import json
from contextlib import closing

import pytest
from werkzeug import Response

from packager.streaming.http import AddressRule, HttpClient, RetryPolicy
from pusher.errors import CkanAway, CkanRefused, PushFenced, RowRefused, RowsMissing
from pusher.reading.table import open_table
from pusher.writing import api
from pusher.writing.api import ApiWriter
from pusher.writing.ckan import Ckan
from pusher.writing.datastore import Datastore, fields_of
from tests.pusher.fake_ckan import TOKEN, once

HASTY = RetryPolicy(connect=2, read=2, attempts=3, base_delay=0.001, longest_delay=0.01)
FILE = "n,word\n" + "".join(f"{n},w{n}\n" for n in range(1, 26))
ROWS = [[str(n), f"w{n}"] for n in range(1, 26)]


@pytest.fixture
def load(ckan, tmp_path):
    """Loads a text into the resource ``r-1``, ten rows a call."""
    api._learned.clear()

    def loading(content=FILE, key=TOKEN, confirm=lambda: None, rows=10, size=4_000_000, log=None):
        log = [] if log is None else log
        path = tmp_path / "file"
        path.write_text(content)
        table = open_table(path, tmp_path)
        with closing(HttpClient(AddressRule(("localhost", "127.0.0.1")), retry_policy=HASTY)) as client:
            site = Ckan(client, ckan.url, key)
            dictionary = Datastore(site, "r-1").dictionary()
            writer = ApiWriter(site, "r-1", lambda level, text: log.append(text), rows=rows, size=size)
            writer.replace(table, fields_of(table.columns, dictionary), lambda done: log.append(done), confirm)
        return log

    return loading


def test_rows_arrive_in_the_order_of_the_file(ckan, load):
    log = load()
    assert ckan.rows() == ROWS
    assert log[:3] == [10, 20, 25]
    assert "was short from" in log[-1]
    assert ckan.calls.count("datastore_upsert") == 3


def test_a_chunk_is_bounded_by_bytes_too(ckan, load):
    load(size=100)
    assert ckan.rows() == ROWS
    assert ckan.calls.count("datastore_upsert") > 5


def test_the_old_table_is_replaced_and_what_is_known_of_its_columns_kept(ckan, load):
    known = {"id": "word", "type": "numeric", "info": {"label": "Word", "notes": "as found"}}
    ckan.tables["r-1"] = {"fields": [known, {"id": "gone", "type": "text"}], "records": [{"word": "1"}]}
    load('n,word,"a ""b"""\n1,x,y\n')
    fields = ckan.tables["r-1"]["fields"]
    assert fields[1] == {"id": "word", "type": "text", "info": {"label": "Word", "notes": "as found"}}
    assert fields[2] == {"id": "a b", "type": "text", "info": {"label": 'a "b"'}}


@pytest.mark.parametrize("arrived", [True, False])
def test_a_chunk_whose_answer_got_lost_is_sent_again_only_if_it_is_not_there(ckan, load, arrived):
    left = ["one fault"]

    def lose(name):
        if name == "datastore_upsert" and left:
            left.clear()
            if arrived:
                ckan.tables["r-1"]["records"] += [{"n": str(n), "word": f"w{n}"} for n in range(1, 11)]
            return Response("", 500)
        return None

    ckan.faults.append(lose)
    load()
    assert ckan.rows() == ROWS


@pytest.mark.parametrize("status", [413, 502, 504])
def test_a_site_that_takes_less_at_a_time_gets_less(ckan, load, status):
    ckan.faults.append(once("datastore_upsert", Response("", status)))
    load(rows=20)
    assert ckan.rows() == ROWS
    assert api._learned == {ckan.url.rstrip("/"): 10}


def test_a_ckan_that_stays_away_is_a_failure_that_may_pass(ckan, load):
    ckan.faults.append(lambda name: Response("", 500) if name == "datastore_upsert" else None)
    with pytest.raises(CkanAway) as away:
        load()
    assert away.value.retryable


def test_the_row_that_ckan_refuses_is_named_by_its_number_in_the_file(ckan, load):
    original = ckan._datastore_upsert
    ckan._datastore_upsert = lambda asked: original(
        {**asked, "records": [{**r, "n": "wrong" if r["n"] == "17" else r["n"]} for r in asked["records"]]}
    )
    with pytest.raises(RowRefused) as refused:
        load()
    assert refused.value.message == "CKAN refused row 18: records: invalid input for n."


def test_a_refusal_tells_from_when_on_the_table_is_short(ckan, load):
    ckan._datastore_upsert = lambda asked: Response(json.dumps({"error": {"x": "no"}}), 409)
    log = []
    with pytest.raises(RowRefused):
        load(log=log)
    assert "The table in the DataStore is short since" in log[-1]


def test_without_the_right_to_write_nothing_is_deleted(ckan, load):
    with pytest.raises(CkanRefused, match="Access denied"):
        load(key="wrong")


def test_rows_that_ckan_lost_are_noticed(ckan, load):
    original = ckan._datastore_upsert
    ckan._datastore_upsert = lambda asked: original({**asked, "records": asked["records"][:-1]})
    with pytest.raises(RowsMissing, match="CKAN holds 22 rows instead of the 25 of the file"):
        load()


def test_a_job_that_was_taken_over_writes_no_further(ckan, load):
    def fenced():
        raise PushFenced

    with pytest.raises(PushFenced):
        load(confirm=fenced)
    assert len(ckan.rows()) <= 20


def test_a_key_may_name_its_own_header(ckan, load):
    load(key=f"Authorization: {TOKEN}")
    assert ckan.rows() == ROWS
