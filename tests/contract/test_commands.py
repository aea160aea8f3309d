"""The commands: all there, with help that reads well, the options of the contract, exit codes, and JSON for scripts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command, get_commands, load_command_class
from django.utils import timezone

from packager.models import PackageRequest, Status
from packager.storage import stores
from tests.packager.conftest import run_tasks

ROOT = Path(__file__).resolve().parents[2]
#: Every command and, as far as the contract names them, its options.
OPTIONS = {
    "package": "--resource-id --format --filters --q --fields --sort --limit --offset --key -o --json",
    "queue": "--json",
    "status": "--json",
    "statistics": "-o -l -r -e -x",
    "clear_caches": "--json",
    "reset": "--no-input",
    "retry_failed": "--since --resource --all-ages --dry-run --json",
    "requeue_stale": "--json",
    "expire_packages": "--json",
    "anonymize": "--dry-run",
    "import_ckanpackager": "--statistics --settings --dry-run --json",
    "rebuild_statistics": "",
    "qcluster": "",
}
COUNTING = {
    "clear_caches": "deleted",
    "expire_packages": "deleted",
    "requeue_stale": "taken_back",
    "retry_failed": "queued",
}


def _run(name: str, *arguments: str) -> str:
    out = StringIO()
    call_command(name, *arguments, stdout=out)
    return out.getvalue()


def _parser(name: str):
    return load_command_class(get_commands()[name], name).create_parser("manage.py", name)


@pytest.mark.parametrize("name", OPTIONS)
def test_its_help_is_sentences_and_every_option_is_explained(name):
    parser = _parser(name)
    assert parser.description
    assert parser.description[0].isupper()
    assert parser.description.rstrip().endswith((".", "always."))
    for option in OPTIONS[name].split():
        (action,) = [action for action in parser._actions if option in action.option_strings]
        assert action.help


def test_help_and_exit_codes_are_those_of_a_program(tmp_path):
    environment = {
        **os.environ,
        "PACKAGER_STORE_DIRECTORY": f"{tmp_path}/p",
        "PACKAGER_TEMP_DIRECTORY": f"{tmp_path}/t",
    }

    def manage(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)

    good = manage("queue", "--help")
    assert (good.returncode, "PARAM:VALUE" in good.stdout) == (0, True)
    for bad in (["queue", "package_everything"], ["package", "file:///etc/hostname"], ["qcluster", "-n", "slow"]):
        answer = manage(*bad)
        assert answer.returncode != 0
        assert "Traceback" not in answer.stderr


@pytest.mark.parametrize(("name", "key"), COUNTING.items())
def test_what_is_done_to_many_is_counted_for_people_and_for_scripts(portal, name, key):
    assert _run(name).startswith("0 ")
    assert json.loads(_run(name, "--json")) == {key: 0}


def test_queue_submits_as_the_endpoint_would(portal, ckan):
    fields = [f"resource_id:{ckan.id('small')}", f"api_url:{ckan.api_url}", "email:ada@example.org"]
    answer = json.loads(_run("queue", "package_datastore", *fields, 'filters:{"country": "Brasil"}', "--json"))
    request = PackageRequest.objects.get(pk=answer["request_id"])
    assert answer["status_url"] == request.status_url
    assert request.parameters == {"filters": {"country": "Brasil"}}
    run_tasks()
    assert PackageRequest.objects.get().status == Status.SUCCEEDED


@pytest.mark.parametrize("task", ["package_dwc_archive", "package_url"])
def test_queue_knows_the_other_tasks(portal, ckan, task):
    address = (
        f"api_url:{ckan.api_url}" if task == "package_dwc_archive" else f"resource_url:{ckan.download_url('small')}"
    )
    printed = _run("queue", task, f"resource_id:{ckan.id('small')}", address, "email:ada@example.org")
    assert PackageRequest.objects.get().status_url in printed


@pytest.mark.parametrize("parameters", [["resource_id:x"], ["no colon"], ["email:nobody", "resource_id:x"]])
def test_queue_refuses_what_the_endpoint_refuses(portal, parameters):
    with pytest.raises(CommandError):
        _run("queue", "package_datastore", *parameters)
    assert PackageRequest.objects.count() == 0


def test_package_writes_where_it_is_told_and_says_what(db, ckan, tmp_path):
    target = tmp_path / "out.zip"
    options = ["--resource-id", ckan.id("small"), "--limit", "7", "--offset", "2", "--fields", "_id,country"]
    more = ["--format", "tsv", "--filters", '{"_id": {"gt": 10}}', "--sort", "_id desc", "-o", str(target), "--json"]
    told = json.loads(_run("package", ckan.api_url, *options, *more))
    assert told == {"file": str(target), "size": target.stat().st_size, "rows": 7, "notes": told["notes"]}
    lines = zipfile.ZipFile(target).read("resource.tsv").decode().splitlines()
    assert [line.split("\t")[0] for line in lines] == ["_id", "998", "997", "996", "995", "994", "993", "992"]


def test_package_takes_the_page_of_a_resource_and_a_key(db, ckan, tmp_path):
    page = f"{ckan.url}/dataset/demo-private/resource/{ckan.id('private')}"
    target = tmp_path / "out.zip"
    assert "1,000 rows" in _run("package", page, "--key", ckan.token, "-o", str(target))
    with pytest.raises(CommandError):
        _run("package", page, "-o", str(tmp_path / "other.zip"))
    assert list(tmp_path.iterdir()) == [target]


def test_status_tells_scripts_what_it_tells_people(post):
    post()
    facts = json.loads(_run("status", "--json"))
    assert (facts["waiting"], facts["deserted"], facts["clusters"]) == ({"fast": 1, "slow": 0, "mail": 0}, ["fast"], [])
    assert facts["requests"]["queued"] == 1
    assert "fast: 1 waiting" in _run("status")


def test_retry_failed_takes_those_since_a_time_and_of_a_resource(built, ckan):
    failing = {"parameters": {"filters": {"no such field": 1}}}
    for name, days in (("small", 0), ("small", 5), ("awkward", 0)):
        request = built(resource_id=ckan.id(name), email=f"{name}{days}@example.org", **failing)
        old = timezone.now() - timedelta(days=days)
        PackageRequest.objects.filter(pk=request.pk).update(finished_at=old)
    since = f"{timezone.now() - timedelta(days=1):%Y-%m-%d}"
    assert _run("retry_failed", "--since", since, "--resource", ckan.id("small")).startswith("1 ")
    assert json.loads(_run("retry_failed", "--json")) == {"queued": 2}
    with pytest.raises(CommandError):
        _run("retry_failed", "--since", "yesterday")


def test_clear_caches_and_expire_packages_delete(built):
    request = built()
    assert _run("expire_packages").startswith("0 ")
    assert _run("clear_caches").startswith("1 ")
    assert not stores.default().has(request.package.stored_as)


def test_requeue_stale_takes_back_what_died(post):
    post()
    long_ago = timezone.now() - timedelta(hours=1)
    PackageRequest.objects.update(status=Status.RUNNING, attempt=1, heartbeat_at=long_ago, started_at=long_ago)
    assert json.loads(_run("requeue_stale", "--json")) == {"taken_back": 1}
    assert PackageRequest.objects.get().status == Status.QUEUED
