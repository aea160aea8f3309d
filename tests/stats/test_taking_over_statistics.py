"""``import_ckanpackager --statistics``"""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Model

from stats import queries
from stats.anonymise import hash_email
from stats.models import DailySum, ErrorRecord, OpeningBalance, Requester, RequestRecord
from tests.stats.happenings import served
from tests.stats.old_installation import REQUESTS, START, add, old_database

pytestmark = pytest.mark.django_db
HASHED = hash_email("someone@example.com")
TABLES: list[type[Model]] = [RequestRecord, ErrorRecord, Requester, DailySum, OpeningBalance]


def take_over(url: str, *arguments: str) -> dict:
    out = StringIO()
    call_command("import_ckanpackager", "--statistics", url, "--json", *arguments, stdout=out)
    return json.loads(out.getvalue())["statistics"]


def everything() -> list[list[dict]]:
    return [list(model.objects.order_by("pk").values()) for model in TABLES]


def test_requests_and_errors_come_over_as_they_were(tmp_path):
    report = take_over(old_database(tmp_path / "stats.db"))
    assert (report["requests"]["new"], report["errors"]["new"]) == (3, 1)
    names = ("email", "resource_id", "count", "timestamp", "domain")
    assert [tuple(entry[name] for name in names) for entry in queries.requests()[::-1]] == [
        ("someone@example.com", "birds", 23, START, "example.com"),
        ("Someone@Example.com", "birds", None, START + 1, "example.com"),
        ("other@müller.example", "fish", None, START + 2, "müller.example"),
    ]
    assert queries.errors() == [
        {
            "email": "other@müller.example",
            "resource_id": "fish",
            "timestamp": START + 3,
            "message": "It failed: größer",
        }
    ]


def test_totals_go_on_from_the_old_ones(tmp_path):
    take_over(old_database(tmp_path / "stats.db"))
    assert queries.totals() == {
        "*": {"emails": 3, "requests": 5, "errors": 2},
        "birds": {"emails": 1, "requests": 3, "errors": 0},
        "fish": {"emails": 2, "requests": 2, "errors": 2},
    }
    served("birds", email="new@example.com")
    assert queries.totals()["birds"] == {"emails": 2, "requests": 4, "errors": 0}


def test_the_report_says_what_the_old_totals_hold_beyond_the_records(tmp_path):
    report = take_over(old_database(tmp_path / "stats.db"))
    assert report["balances"]["fish"] == {"requests": 1, "errors": 1, "emails": 1}


def test_records_that_the_old_totals_missed_are_counted_all_the_same(tmp_path):
    report = take_over(old_database(tmp_path / "stats.db", totals=[("*", 1, 0, 1), ("birds", 2, 0, 1)]))
    assert report["short"]["*"] == {"requests": 2, "errors": 1, "emails": 1}
    assert queries.totals()["*"] == {"emails": 2, "requests": 3, "errors": 1}


def test_repeating_it_changes_nothing(tmp_path):
    url = old_database(tmp_path / "stats.db")
    take_over(url)
    before = everything()
    report = take_over(url)
    assert (report["requests"]["known"], report["requests"]["new"], report["errors"]["new"]) == (3, 0, 0)
    assert everything() == before


def test_a_copy_of_the_same_database_is_known(tmp_path):
    take_over(old_database(tmp_path / "stats.db"))
    before = everything()
    shutil.copy(tmp_path / "stats.db", tmp_path / "copy.db")
    take_over(f"sqlite:///{tmp_path}/copy.db")
    assert everything() == before


def test_what_the_original_anonymised_in_the_meantime_is_known(tmp_path):
    take_over(old_database(tmp_path / "before.db"))
    report = take_over(old_database(tmp_path / "after.db", hashed=True))
    assert (report["requests"]["new"], report["errors"]["new"]) == (0, 0)


def test_what_came_in_since_the_last_time_is_added(tmp_path):
    url = old_database(tmp_path / "stats.db")
    take_over(url)
    with closing(sqlite3.connect(tmp_path / "stats.db")) as connection:
        add(connection, "requests", [("late@example.com", "birds", "1", START + 9, "example.com")], domain=True)
        connection.execute("UPDATE totals SET requests = requests + 1, emails = emails + 1 WHERE resource_id != 'fish'")
        connection.commit()
    assert take_over(url)["requests"]["new"] == 1
    assert queries.totals()["*"] == {"emails": 4, "requests": 6, "errors": 2}


def test_two_different_installations_add_up(tmp_path):
    take_over(old_database(tmp_path / "one.db"))
    others = [(email, resource, count, at + 500, domain) for email, resource, count, at, domain in REQUESTS]
    take_over(old_database(tmp_path / "two.db", requests=others, errors=[], totals=[("*", 4, 0, 2)]))
    assert queries.totals()["*"] == {"emails": 3, "requests": 9, "errors": 2}


def test_the_domain_is_found_where_the_column_is_missing(tmp_path):
    take_over(old_database(tmp_path / "stats.db", domain=False))
    assert {entry["domain"] for entry in queries.requests()} == {"example.com", "müller.example"}


def test_hashed_addresses_stay_as_they_are_and_keep_their_domain(tmp_path, settings):
    settings.PACKAGER_ANONYMIZE_EMAILS = True
    report = take_over(old_database(tmp_path / "stats.db", hashed=True))
    assert (report["plain"], report["hashed"]) == (0, 4)
    assert queries.requests(email="someone@example.com")[0]["domain"] == "example.com"
    served("birds", email="someone@example.com")
    assert queries.totals()["birds"]["emails"] == 1


def test_with_the_setting_plain_addresses_are_hashed_on_the_way(tmp_path, settings):
    settings.PACKAGER_ANONYMIZE_EMAILS = True
    take_over(old_database(tmp_path / "stats.db"))
    assert set(RequestRecord.objects.filter(resource_id="birds").values_list("email", flat=True)) == {HASHED}
    assert all("@" not in email for email in ErrorRecord.objects.values_list("email", flat=True))


def test_rows_that_cannot_be_kept_are_reported_with_the_reason(tmp_path):
    bad = [
        ("a@x.org", "birds", "1", None, "x.org"),
        ("a@x.org", None, "1", START, "x.org"),
        ("a@x.org", "fish", "1", START, ""),
    ]
    report = take_over(old_database(tmp_path / "stats.db", requests=bad))
    assert (report["requests"]["new"], report["requests"]["refused"]) == (1, 2)
    assert sum(report["requests"]["reasons"].values()) == 2


@pytest.mark.parametrize(("written", "count"), [("12", 12), (" 7 ", 7), ("many", None), ("-1", None), (None, None)])
def test_a_count_that_is_no_number_is_none(tmp_path, written, count):
    take_over(old_database(tmp_path / "stats.db", requests=[("a@x.org", "birds", written, START, "x.org")]))
    assert queries.requests()[0]["count"] == count


def test_missing_tables_are_empty_ones(tmp_path):
    url = old_database(tmp_path / "stats.db")
    with closing(sqlite3.connect(tmp_path / "stats.db")) as connection:
        connection.execute("DROP TABLE errors")
        connection.commit()
    assert take_over(url)["errors"] == {"new": 0, "known": 0, "refused": 0, "reasons": {}}


def test_a_dry_run_reports_and_changes_nothing(tmp_path):
    url = old_database(tmp_path / "stats.db")
    assert take_over(url, "--dry-run")["requests"]["new"] == 3
    assert everything() == [[]] * len(TABLES)


def test_the_old_database_is_left_as_it_is(tmp_path):
    url = old_database(tmp_path / "stats.db")
    before = (tmp_path / "stats.db").read_bytes()
    take_over(url)
    assert (tmp_path / "stats.db").read_bytes() == before


def test_taken_over_sums_can_be_rebuilt(tmp_path):
    take_over(old_database(tmp_path / "stats.db"))
    before = queries.totals(), queries.per_day()
    call_command("rebuild_statistics", stdout=StringIO())
    assert (queries.totals(), queries.per_day()) == before


@pytest.mark.parametrize("url", ["sqlite:////nowhere/stats.db", "postgresql://host/stats", "sqlite:///:memory:"])
def test_what_is_no_sqlite_file_stops_with_one_sentence(url):
    with pytest.raises(CommandError):
        take_over(url)


def test_another_kind_of_file_stops_with_one_sentence(tmp_path):
    (tmp_path / "text.db").write_text("This is no database, but it is long enough to look like one." * 20)
    sqlite3.connect(tmp_path / "other.db").execute("CREATE TABLE books (id)").connection.close()
    for name in ("text.db", "other.db"):
        with pytest.raises(CommandError, match="database"):
            take_over(f"sqlite:///{tmp_path}/{name}")


def test_the_report_in_words_shows_no_address(tmp_path):
    out = StringIO()
    call_command("import_ckanpackager", "--statistics", old_database(tmp_path / "stats.db"), stdout=out)
    assert "requests: 3 imported, 0 here already, 0 skipped" in out.getvalue()
    assert "@" not in out.getvalue()
