"""What the quick start does before and around the processes: secrets, settings, the port, the sample's mail."""

import socket
import stat
from email.message import EmailMessage

import pytest

from demo.environment import Surroundings, check_port, kept_secret, operator_settings
from demo.processes import StartFailed
from demo.sample import Sample, messages

STATUS = "http://127.0.0.1:9/requests/abc/"
LINK = "http://127.0.0.1:9/download/abc/specimens.zip"


def test_a_secret_is_made_once_and_only_its_owner_reads_it(tmp_path):
    secret = kept_secret(tmp_path / "secret_key")
    assert kept_secret(tmp_path / "secret_key") == secret
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600
    assert kept_secret(tmp_path / "other") != secret


def test_what_the_operator_has_set_stays(tmp_path):
    given = {"SECRET_KEY": "theirs", "DEBUG": "true", "PACKAGER_CACHE_TIME": "5"}
    environment = Surroundings(tmp_path, 8123).environment(given)
    assert environment.items() >= given.items()
    assert environment["PUBLIC_URL"] == "http://127.0.0.1:8123"
    assert not (tmp_path / "secret_key").exists()


def test_debug_is_off_unless_somebody_asks_for_it(tmp_path):
    assert Surroundings(tmp_path, 8123).environment({})["DEBUG"] == "false"


def test_the_environment_counts_more_than_the_env_file(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text('# a comment\nDEMO_ONE=from file\nexport DEMO_TWO="quoted=value"\n')
    monkeypatch.setenv("DEMO_ONE", "from environment")
    settings = operator_settings(tmp_path / ".env")
    assert (settings["DEMO_ONE"], settings["DEMO_TWO"]) == ("from environment", "quoted=value")


def test_a_port_in_use_is_one_clear_sentence():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartFailed) as failure:
            check_port(port)
    assert str(failure.value) == f"Port {port} is in use; choose another one: make run PORT={port + 1}"
    check_port(port)


def write_mail(path, *texts):
    """A file as Django's file mail backend leaves it."""
    out = b""
    for text in texts:
        message = EmailMessage()
        message["Subject"] = "Your data"
        message.set_content(text)
        message.add_alternative(f"<p>{text}</p>", subtype="html")
        out += message.as_bytes() + b"\n" + b"-" * 79 + b"\n"
    path.write_bytes(out)


def test_every_message_of_a_mail_file_is_read(tmp_path):
    write_mail(tmp_path / "one.log", "first é", "second")
    assert [text.strip() for text in messages(tmp_path / "one.log")] == ["first é", "second"]


def test_the_sample_has_arrived_when_its_own_mail_is_there(tmp_path):
    sample = Sample(STATUS, tmp_path)
    write_mail(tmp_path / "older.log", "Download: http://127.0.0.1:9/download/old/old.zip")
    assert not sample.arrived()
    write_mail(tmp_path / "sample.log", f"Download: {LINK}\nDetails: {STATUS}")
    assert sample.arrived()
    assert (sample.download_url, sample.mail_file) == (LINK, tmp_path / "sample.log")


def test_a_mail_without_a_link_is_a_failure_that_is_shown(tmp_path):
    write_mail(tmp_path / "sample.log", f"We are sorry.\nDetails: {STATUS}")
    with pytest.raises(StartFailed, match="We are sorry"):
        Sample(STATUS, tmp_path).arrived()
