"""A package holds every row, or the request fails and says what was expected and what came."""

from __future__ import annotations

import pytest
from django.core import mail

from packager.errors import ChangedWhileRead
from packager.lifecycle.builds import READ_AGAIN
from packager.models import Status
from packager.storage import stores
from packager.streaming.sources.ckan import CkanTable


def test_a_hiccup_of_the_data_portal_is_ridden_out(built, ckan):
    ckan.faults.add("status", status=503)
    assert built().status == Status.SUCCEEDED


def test_missing_rows_fail_with_both_numbers(built, ckan, settings):
    settings.PACKAGER_PAGE_SIZE = 100
    ckan.faults.add("empty", times=99, after=4)
    request = built()
    assert (request.status, request.error_code) == (Status.FAILED, "incomplete_data")
    assert "1,000" in request.error_message


def test_a_stale_total_neither_truncates_nor_fails(built, ckan):
    request = built(resource_id=ckan.resources["stale_total"].id, parameters={"limit": 500})
    assert (request.status, request.package.rows) == (Status.SUCCEEDED, 1000)


def test_a_failure_is_mailed_with_a_reference_and_no_internals(built, ckan):
    ckan.faults.add("status", status=404, times=9)
    request = built()
    message = mail.outbox[0]
    assert request.error_reference in message.body
    assert "Traceback" not in message.body
    assert ckan.api_url not in message.body
    assert "404" not in message.body


def test_a_failure_keeps_its_traceback_for_staff_without_addresses_or_keys(built, ckan):
    ckan.faults.add("status", status=404, times=9)
    error = built(key="eyJsecret.key-of.somebody").errors.get()
    assert "Traceback" in error.detail
    assert "eyJsecret" not in error.detail
    assert "ada@" not in error.detail


@pytest.fixture
def changing(monkeypatch):
    """Makes the next reads end as if the table had changed; gives the list of all reads."""
    reads, reconciled = [], CkanTable._reconciled

    def order(times: int) -> list[bool]:
        def changed(*args):
            reads.append(len(reads) < times)
            if reads[-1]:
                raise ChangedWhileRead("3 rows came twice")
            return reconciled(*args)

        monkeypatch.setattr(CkanTable, "_reconciled", changed)
        return reads

    return order


def test_a_table_that_changed_while_it_was_read_is_read_again(built, changing):
    reads = changing(2)
    request = built()
    assert (request.status, request.package.rows, request.rows_done) == (Status.SUCCEEDED, 1000, 1000)
    assert reads == [True, True, False]


def test_a_table_that_never_rests_fails_and_leaves_nothing(built, changing):
    reads = changing(99)
    request = built()
    assert (request.status, request.error_code) == (Status.FAILED, "changed_while_read")
    assert "quieter time" in request.error_message
    assert len(reads) == READ_AGAIN + 1
    assert list(stores.default().listing()) == []
