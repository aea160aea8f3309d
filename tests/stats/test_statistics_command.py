"""``statistics`` and ``reset`` on the command line."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from stats import queries
from stats.models import ErrorRecord, OpeningBalance, RequestRecord
from tests.stats.happenings import failed, served

pytestmark = pytest.mark.django_db


def statistics(*arguments: str) -> object:
    out = StringIO()
    call_command("statistics", *arguments, stdout=out)
    return json.loads(out.getvalue())


def test_totals_are_the_default():
    served()
    assert statistics() == statistics("totals") == queries.totals()


def test_requests_and_errors_can_be_paged_and_filtered():
    for number in range(3):
        served(f"r{number}", email=f"p{number}@x.org")
        failed(f"r{number}")
    assert [entry["resource_id"] for entry in statistics("requests", "-o", "1", "-l", "1")] == ["r1"]
    assert [entry["resource_id"] for entry in statistics("errors", "-r", "r2")] == ["r2"]
    assert [entry["resource_id"] for entry in statistics("requests", "-e", "p0@x.org")] == ["r0"]
    assert list(statistics("-r", "r1")) == ["r1"]


def test_x_exits_with_one_if_there_are_errors():
    served()
    statistics("-x")
    failed("fish")
    statistics("-x", "-r", "birds")
    with pytest.raises(CommandError) as stop:
        statistics("-x")
    assert stop.value.returncode == 1


@pytest.mark.parametrize("option", ["-o", "-l"])
def test_numbers_that_are_none_are_refused(option):
    with pytest.raises(CommandError, match="not a whole number"):
        statistics("requests", option, "-1")


def test_reset_deletes_the_records_and_totals_of_one_kind():
    served()
    failed()
    OpeningBalance.objects.create(source="old", resource_id="*", requests=7, errors=7, emails=7)
    call_command("reset", "requests", "--no-input", stdout=StringIO())
    assert RequestRecord.objects.count() == 0
    assert queries.totals()["*"] == {"emails": 0, "requests": 0, "errors": 8}
    call_command("reset", "errors", "--no-input", stdout=StringIO())
    assert ErrorRecord.objects.count() == 0
    assert queries.totals()["*"] == {"emails": 0, "requests": 0, "errors": 0}


def test_reset_asks_first(monkeypatch):
    failed()
    monkeypatch.setattr("builtins.input", lambda question: "no")
    with pytest.raises(CommandError, match="Nothing was deleted"):
        call_command("reset", "errors")
    assert ErrorRecord.objects.count() == 1
    monkeypatch.setattr("builtins.input", lambda question: "yes")
    call_command("reset", "errors", stdout=StringIO())
    assert ErrorRecord.objects.count() == 0
