"""Pages are fetched ahead, but not far, and nothing runs on after close."""

import threading

import pytest

from demo.ckan import DemoCkan
from packager.errors import SourceBusy, SourceError
from packager.streaming.http import RetryPolicy
from packager.streaming.sources.prefetch import Ahead
from packager.streaming.types import Query, Shape
from tests.engine.engine_ckan import open_table, source


def fetchers():
    return [thread for thread in threading.enumerate() if thread.name == "fetch"]


def jobs_of(values, done):
    """Jobs that note in ``done`` that they ran."""
    for value in values:
        yield lambda value=value: done.append(value) or value


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_results_come_in_order(workers):
    assert list(Ahead(jobs_of(range(50), []), workers)) == list(range(50))


def test_no_more_than_there_is_room_for_is_fetched():
    done = []
    ahead = Ahead(jobs_of(range(100), done), 2)
    results = iter(ahead)
    for _ in range(5):
        next(results)
    assert len(done) <= 7
    ahead.close()


def test_an_error_comes_unchanged_after_what_precedes_it():
    problem = SourceBusy(status=500)

    def fail():
        raise problem

    results = iter(Ahead(iter([lambda: 1, lambda: 2, fail, lambda: 4]), 2))
    assert [next(results), next(results)] == [1, 2]
    with pytest.raises(SourceBusy) as caught:
        next(results)
    assert caught.value is problem


def test_an_error_in_the_plan_comes_out_too():
    def plan():
        yield lambda: 1
        raise KeyError("plan")

    results = iter(Ahead(plan(), 1))
    assert next(results) == 1
    with pytest.raises(KeyError):
        next(results)


def test_an_error_of_a_page_surfaces_in_pages():
    with DemoCkan(rows=1000) as ckan:
        table = open_table(ckan)
        ckan.faults.add("status", status=503, after=4, times=99)
        with pytest.raises(SourceBusy, match="503"):
            list(table.pages())
    assert not fetchers()


def test_closing_from_another_thread_ends_reading_and_leaves_no_thread():
    with DemoCkan(rows=1000) as ckan:
        retry_policy = RetryPolicy(read=30, attempts=1)
        table = source(ckan, retry_policy=retry_policy).open(Query(ckan.id("specimens")), [Shape.CSV])
        ckan.faults.add("hang", seconds=30, after=4, times=99)
        threading.Timer(0.2, table.close).start()
        with pytest.raises(SourceError, match="closed"):
            list(table.pages())
        assert not fetchers()


def test_leaving_the_pages_early_leaves_no_thread():
    with DemoCkan(rows=1000) as ckan:
        pages = open_table(ckan).pages()
        next(pages)
        next(pages)
        pages.close()
        assert not fetchers()


def test_a_table_that_was_never_read_can_be_closed_twice():
    with DemoCkan(rows=10) as ckan:
        table = open_table(ckan)
        table.close()
        table.close()
