"""``package`` on the command line: a whole file, or none and a sentence."""

import os
import signal
import subprocess
import sys
import time
import zipfile

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from packager.security.sites import CkanSite
from tests.processes.installation import ROOT

pytestmark = pytest.mark.django_db


def page_of(ckan, name):
    return f"{ckan.url}/dataset/any/resource/{ckan.id(name)}"


def test_a_resource_page_is_enough_for_a_package(ckan, tmp_path):
    call_command("package", page_of(ckan, "small"), "-o", str(tmp_path / "a.zip"))
    assert zipfile.ZipFile(tmp_path / "a.zip").read("resource.csv") == ckan.csv("small")


def test_a_resource_that_is_not_there_is_an_error_and_no_file(ckan, tmp_path):
    with pytest.raises(CommandError, match="The data portal has no such resource"):
        call_command("package", f"{ckan.url}/dataset/any/resource/nobody", "-o", str(tmp_path / "a.zip"))
    assert not list(tmp_path.iterdir())


def test_a_directory_that_is_not_there_is_a_sentence(ckan, tmp_path):
    with pytest.raises(CommandError, match=r"The package could not be written: .*No such file"):
        call_command("package", page_of(ckan, "small"), "-o", str(tmp_path / "nowhere" / "a.zip"))


def test_without_a_database_somebody_else_must_say_what_may_be_read(ckan, tmp_path, settings, monkeypatch):
    def away(**_):
        raise OperationalError("no such table")

    monkeypatch.setattr(CkanSite.objects, "filter", away)
    call_command("package", page_of(ckan, "small"), "-o", str(tmp_path / "a.zip"))
    settings.PACKAGER_CKAN_HOSTS = []
    with pytest.raises(CommandError, match="name their hosts in PACKAGER_CKAN_HOSTS"):
        call_command("package", page_of(ckan, "small"), "-o", str(tmp_path / "b.zip"))
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_ctrl_c_ends_in_a_sentence_and_no_file(ckan, tmp_path):
    ckan.faults.add("slow", seconds=60, after=4)
    command = [sys.executable, "manage.py", "package", page_of(ckan, "small"), "-o", str(tmp_path / "a.zip")]
    environment = {"PATH": os.environ["PATH"], "DEBUG": "true", "PACKAGER_CKAN_HOSTS": ckan.host}
    environment["DATABASE_URL"] = f"sqlite:///{tmp_path}/of-no-use.sqlite3"
    process = subprocess.Popen(command, env=environment, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    while process.poll() is None and not list(tmp_path.glob("*.part")):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    said = process.communicate()[1]
    assert process.returncode == 130
    assert said.endswith("CommandError: Stopped; no file was written\n")
    assert "Traceback" not in said
    assert not list(tmp_path.glob("a.zip*"))
