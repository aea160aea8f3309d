"""``import_ckanpackager --settings``"""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from io import StringIO
from pathlib import Path

import environ
import pytest
from django.core.management import CommandError, call_command

from portal.environment import Environment

ROOT = Path(__file__).parents[2]

OLD = r'''# -*- coding: utf-8 -*-
import os
DEBUG = False
HOST = '0.0.0.0'
PORT = 8765
SECRET = 'open "sesame" \\ $now'
STATS_DB = 'sqlite:////var/lib/ckanpackager/stats.db'
CELERY_BROKER = 'redis://localhost:6379/0'
BASE = "/var/www"
STORE_DIRECTORY = os.path.join(BASE, "ckanpackager", "resources")
TEMP_DIRECTORY = os.environ.get('TMP', "/tmp")
CACHE_TIME = 60*60*24
PAGE_SIZE = 5000
SLOW_REQUEST = 10000
ZIP_COMMAND = "/usr/bin/zip -j {output} {input}"
SUCCESS_MESSAGE = u"On its way, " "größer"
EMAIL_SUBJECT = "Resource from {ckan_host}"
EMAIL_FROM = "(nobody)"
EMAIL_BODY = """Hello,

http://www.example.com/resources/{zip_file_name}

"Bye"
"""
SMTP_HOST = 'smtp.example.com'
SMTP_PORT = 2525
SMTP_LOGIN = 'me@example.com'
SMTP_PASSWORD = 'p:/@ss'
ANONYMIZE_EMAILS = True
DWC_ID_FIELD = '_id'
DWC_CORE_EXTENSION = '/etc/ckanpackager/gbif_dwca_extensions/core/dwc_occurrence.xml'
DWC_ADDITIONAL_EXTENSIONS = []
DWC_EXTENSION_FIELDS = {
    'associatedMedia': {
        'extension': '/etc/ckanpackager/gbif_dwca_extensions/extensions/multimedia.xml',
        'fields': {'type': 'StillImage', 'format': ''},
        'mappings': {'format': 'mime'},
        'formatters': {'format': lambda v: 'image/{}'.format(v) if v else v},
    }
}
MYSTERY = open('/etc/hostname').read()
'''


@pytest.fixture
def old_file(tmp_path) -> Path:
    path = tmp_path / "ckanpackager_settings.py"
    path.write_text(OLD)
    return path


@pytest.fixture
def env_file(tmp_path) -> Path:
    return tmp_path / "new.env"


def take_over(old_file: Path, env_file: Path, *arguments: str) -> dict:
    said = run(old_file, env_file, "--json", *arguments)
    return json.loads(said)["settings"]


def run(old_file: Path, env_file: Path, *arguments: str) -> str:
    out = StringIO()
    call_command(
        "import_ckanpackager", "--settings", str(old_file), "--env-file", str(env_file), *arguments, stdout=out
    )
    return out.getvalue()


def values_in(env_file: Path) -> dict[str, str]:
    """The file as django-environ puts it into the environment."""

    class Env(environ.Env):
        ENVIRON = {}

    Env.read_env(str(env_file))
    return Env.ENVIRON


def values_of(tmp_path: Path, text: str) -> dict[str, str]:
    (tmp_path / "old.py").write_text(text)
    take_over(tmp_path / "old.py", tmp_path / "of.env")
    return values_in(tmp_path / "of.env") if (tmp_path / "of.env").exists() else {}


def test_values_come_over_under_our_names(old_file, env_file):
    take_over(old_file, env_file)
    expected = {
        "DEBUG": "false",
        "PACKAGER_SECRET": 'open "sesame" \\ $now',
        "PACKAGER_BROKER_URL": "redis://localhost:6379/0",
        "PACKAGER_STORE_DIRECTORY": "/var/www/ckanpackager/resources",
        "PACKAGER_TEMP_DIRECTORY": "/tmp",
        "PACKAGER_CACHE_TIME": "86400",
        "PACKAGER_PAGE_SIZE": "5000",
        "PACKAGER_SLOW_REQUEST": "10000",
        "PACKAGER_SUCCESS_MESSAGE": "On its way, größer",
        "PACKAGER_EMAIL_SUBJECT": "Resource from {ckan_host}",
        "PACKAGER_EMAIL_BODY": 'Hello,\\n\\n{download_url}\\n\\n"Bye"\\n',
        "PACKAGER_ANONYMIZE_EMAILS": "true",
        "PACKAGER_DWC_ID_FIELD": "_id",
        "PACKAGER_DWC_CORE_EXTENSION": "Occurrence",
    }
    values = values_in(env_file)
    assert {name: values.get(name) for name in expected} == expected


def test_line_ends_come_back_when_the_portal_reads_its_settings(old_file, env_file, monkeypatch):
    take_over(old_file, env_file)
    monkeypatch.setenv("PACKAGER_EMAIL_BODY", values_in(env_file)["PACKAGER_EMAIL_BODY"])
    read = Environment(Path("no.env")).lines("PACKAGER_EMAIL_BODY")
    assert read == 'Hello,\n\n{download_url}\n\n"Bye"\n'


@pytest.mark.parametrize("form", [["--settings", "{}"], ["--settings={}"], ["--old-settings", "{}"]])
def test_the_option_reaches_the_command_and_not_django(old_file, env_file, form):
    option = [word.format(old_file) for word in form]
    command = [sys.executable, "manage.py", "import_ckanpackager", *option, "--env-file", str(env_file)]
    environment = {**os.environ, "SECRET_KEY": ""}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert values_in(env_file)["PACKAGER_CACHE_TIME"] == "86400"


def test_mail_settings_become_one_address_that_keeps_every_character(old_file, env_file):
    take_over(old_file, env_file)
    config = environ.Env.email_url_config(values_in(env_file)["EMAIL_URL"])
    assert (config["EMAIL_HOST"], config["EMAIL_PORT"]) == ("smtp.example.com", 2525)
    assert (config["EMAIL_HOST_USER"], config["EMAIL_HOST_PASSWORD"]) == ("me@example.com", "p:/@ss")


def test_extension_fields_become_json_with_the_formatter_by_name(old_file, env_file):
    take_over(old_file, env_file)
    assert json.loads(values_in(env_file)["PACKAGER_DWC_EXTENSION_FIELDS"]) == {
        "associatedMedia": {
            "extension": "Multimedia",
            "fields": {"type": "StillImage", "format": ""},
            "mappings": {"format": "mime"},
            "formatters": {"format": "image"},
        }
    }


def test_what_does_not_come_over_is_listed_with_the_reason(old_file, env_file):
    left = take_over(old_file, env_file)["left"]
    assert {
        "HOST",
        "PORT",
        "STATS_DB",
        "ZIP_COMMAND",
        "EMAIL_FROM",
        "DWC_ADDITIONAL_EXTENSIONS",
        "MYSTERY",
        "BASE",
    } == set(left)
    assert "DATABASE_URL" in left["STATS_DB"]
    assert "run" in left["MYSTERY"]


def test_the_statistics_database_is_not_ours(old_file, env_file):
    take_over(old_file, env_file)
    assert "DATABASE_URL" not in values_in(env_file)


def test_the_file_is_never_run(tmp_path, env_file):
    trace = tmp_path / "trace"
    old_file = tmp_path / "evil.py"
    old_file.write_text(
        f"import pathlib\nSECRET = 'x'\npathlib.Path({str(trace)!r}).touch()\n"
        f"HOST = pathlib.Path({str(trace)!r}).touch()\nPAGE_SIZE = [open({str(trace)!r}, 'w') for _ in '1'][0]\n"
    )
    report = take_over(old_file, env_file)
    assert not trace.exists()
    assert "line 3" in report["left"]
    assert report["added"] == ["PACKAGER_SECRET"]


@pytest.mark.parametrize(
    "text",
    [
        "PAGE_SIZE = 'a' * 10**10",
        "PAGE_SIZE = 1 << 10**10",
        "PAGE_SIZE = 9 ** 9 ** 9",
        "PAGE_SIZE = 1 // 0",
        "PAGE_SIZE = X",
    ],
)
def test_sums_that_would_hurt_are_not_done(tmp_path, text):
    assert values_of(tmp_path, text) == {}


def test_a_later_assignment_wins_also_when_it_cannot_be_read(tmp_path):
    assert values_of(tmp_path, "SECRET = 'a'\nSECRET = 'b'\nPAGE_SIZE = 1\nPAGE_SIZE = f()") == {"PACKAGER_SECRET": "b"}


@pytest.mark.parametrize("text", ["CACHE_TIME = -1", "CACHE_TIME = '60'", "CACHE_TIME = True", "PAGE_SIZE = 0"])
def test_a_number_that_the_portal_would_refuse_is_not_taken(tmp_path, text):
    assert values_of(tmp_path, text) == {}


def test_only_redis_comes_over_as_broker(tmp_path):
    assert values_of(tmp_path, "CELERY_BROKER = 'amqp://guest@localhost//'") == {}


def test_mail_without_login_or_port_goes_to_port_25(tmp_path):
    assert values_of(tmp_path, "SMTP_HOST = 'mail'") == {"EMAIL_URL": "smtp://mail:25"}


def test_secrets_are_never_printed(old_file, env_file):
    for said in (run(old_file, env_file), run(old_file, env_file, "--json")):
        assert "sesame" not in said
        assert "@ss" not in said
        assert "me@example.com" not in said


def test_a_broken_file_stops_without_showing_its_text(tmp_path, env_file):
    (tmp_path / "broken.py").write_text("SECRET = 'open sesame\n")
    with pytest.raises(CommandError, match="line 1") as stop:
        take_over(tmp_path / "broken.py", env_file)
    assert "sesame" not in str(stop.value)
    assert stop.value.__cause__.__cause__ is None


def test_the_env_file_is_readable_by_its_owner_only(old_file, env_file):
    env_file.write_text("SECRET_KEY=abc\n")
    env_file.chmod(0o644)
    take_over(old_file, env_file)
    assert stat.S_IMODE(env_file.stat().st_mode) == 0o600


def test_what_stands_in_the_env_file_stays(old_file, env_file):
    env_file.write_text("# ours\nSECRET_KEY=abc\nPACKAGER_PAGE_SIZE=9")
    report = take_over(old_file, env_file)
    assert report["kept"] == ["PACKAGER_PAGE_SIZE"]
    assert env_file.read_text().startswith("# ours\nSECRET_KEY=abc\nPACKAGER_PAGE_SIZE=9\n")
    assert "SECRET_KEY" not in report["to_set"]
    assert values_in(env_file)["PACKAGER_PAGE_SIZE"] == "9"


def test_repeating_it_changes_nothing(old_file, env_file):
    take_over(old_file, env_file)
    before = env_file.read_bytes()
    report = take_over(old_file, env_file)
    assert (report["added"], report["kept"]) == ([], [])
    assert env_file.read_bytes() == before


def test_a_dry_run_writes_nothing(old_file, env_file):
    assert "PACKAGER_SECRET" in take_over(old_file, env_file, "--dry-run")["added"]
    assert not env_file.exists()


def test_the_published_secret_is_taken_with_a_warning(tmp_path, env_file):
    (tmp_path / "old.py").write_text("SECRET = '8ba6d280d4ce9a416e9b604f3f0ebb'")
    assert "change it" in take_over(tmp_path / "old.py", env_file)["notes"]["SECRET"]


def test_a_missing_file_stops_with_one_sentence(tmp_path, env_file):
    with pytest.raises(CommandError, match="cannot be read"):
        take_over(tmp_path / "nowhere.py", env_file)


def test_nothing_to_do_is_an_error():
    with pytest.raises(CommandError, match="Nothing to do"):
        call_command("import_ckanpackager")


@pytest.mark.django_db
def test_addresses_are_hashed_at_once_when_the_old_file_says_so(old_file, env_file, tmp_path):
    from stats import queries
    from tests.stats.old_installation import old_database

    run(old_file, env_file, "--statistics", old_database(tmp_path / "stats.db"))
    assert all("@" not in entry["email"] for entry in queries.requests())
