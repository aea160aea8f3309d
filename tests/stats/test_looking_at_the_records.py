"""The tables of the statistics in the admin: to look at, not to change."""

from __future__ import annotations

import pytest

from stats.models import OpeningBalance
from tests.stats.happenings import built, downloaded, failed, served

TABLES = ["requestrecord", "errorrecord", "buildrecord", "downloadrecord", "dailysum", "openingbalance"]


@pytest.fixture
def records(db):
    for happen in (served, failed, built, downloaded):
        happen()
    OpeningBalance.objects.create(source="old", resource_id="birds", requests=1)


@pytest.mark.parametrize("table", TABLES)
def test_each_table_can_be_listed_searched_and_opened(records, admin_client, table):
    page = admin_client.get(f"/admin/stats/{table}/", {"q": "birds"})
    assert page.status_code == 200
    assert page.context["cl"].result_count == 1
    row = page.context["cl"].result_list[0]
    assert admin_client.get(f"/admin/stats/{table}/{row.pk}/change/").status_code == 200


@pytest.mark.parametrize("table", TABLES)
def test_nothing_can_be_added_changed_or_deleted(records, admin_client, table):
    row = admin_client.get(f"/admin/stats/{table}/").context["cl"].result_list[0]
    assert admin_client.get(f"/admin/stats/{table}/add/").status_code == 403
    assert admin_client.post(f"/admin/stats/{table}/{row.pk}/change/", {"resource_id": "x"}).status_code == 403
    assert admin_client.post(f"/admin/stats/{table}/{row.pk}/delete/", {"post": "yes"}).status_code == 403
