"""``manage.py amqp_gateway``: a process in the background that is there once, and loses nothing when it goes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import pika
import pytest

from tests.messaging.conftest import _vhost, until

__all__ = ["_vhost"]
pytestmark = [pytest.mark.rabbitmq, pytest.mark.slow]
ROOT = Path(__file__).resolve().parents[2]


class Command:
    """Runs commands of a portal of its own, and speaks to its broker."""

    def __init__(self, directory, vhost, ckan):
        own = uuid.uuid4().hex[:8]
        self.exchange, self.asked, self.answered = f"packager-{own}", f"requests-{own}", f"responses-{own}"
        self.pid_file = directory / "gateway.pid"
        self.environment = {
            "PATH": os.environ["PATH"],
            "PACKAGER_SECRET": "open sesame",
            "SECRET_KEY": "a key for this installation only",
            "DATABASE_URL": f"sqlite:///{directory}/portal.sqlite3",
            "PACKAGER_STORE_DIRECTORY": f"{directory}/packages",
            "PACKAGER_TEMP_DIRECTORY": f"{directory}/tmp",
            "PACKAGER_CKAN_HOSTS": ckan.host,
            "MESSAGING_URL": vhost,
            "MESSAGING_EXCHANGE": self.exchange,
            "MESSAGING_INPUT_QUEUE": self.asked,
            "MESSAGING_OUTPUT_QUEUE": self.answered,
            "MESSAGING_DEAD": f"dead-{own}",
            "MESSAGING_SITE_ID": f"portal-{own}",
            "MESSAGING_PID_FILE": str(self.pid_file),
        }
        self.connection = pika.BlockingConnection(pika.URLParameters(vhost))
        self.channel = self.connection.channel()

    def manage(self, *words, **more):
        command = [sys.executable, str(ROOT / "manage.py"), *words]
        return subprocess.run(
            command, env={**self.environment, **more}, cwd=ROOT, capture_output=True, text=True, check=False
        )

    def __call__(self, action):
        done = self.manage("amqp_gateway", action)
        return done.returncode, (done.stdout + done.stderr).strip()

    def log(self):
        return self.pid_file.with_suffix(".log").read_text()

    @property
    def pid(self):
        return int(self.pid_file.read_text())

    def send(self, body, *uuids):
        for name in uuids:
            properties = pika.BasicProperties(headers={"UUID": name}, delivery_mode=2)
            self.channel.basic_publish(self.exchange, "request", json.dumps(body).encode(), properties)

    def serve(self):
        """Start it and wait until it takes requests."""
        assert self("start")[0] == 0
        until(self.consumed)

    def consumed(self):
        with self.connection.channel() as channel:
            try:
                return channel.queue_declare(self.asked, passive=True).method.consumer_count
            except pika.exceptions.ChannelClosedByBroker:
                return 0

    def left(self):
        return self.channel.queue_declare(self.asked, passive=True).method.message_count

    def answers(self):
        found = []
        while (got := self.channel.basic_get(self.answered, auto_ack=True))[0]:
            found.append(json.loads(got[2]))
        return found


@pytest.fixture(scope="module")
def database(tmp_path_factory, _vhost, _ckan):
    """A database with all tables, made once."""
    directory = tmp_path_factory.mktemp("database")
    assert Command(directory, _vhost, _ckan).manage("migrate", "--verbosity", "0").returncode == 0
    return directory / "portal.sqlite3"


@pytest.fixture
def command(tmp_path, _vhost, ckan, database):
    """Commands of a portal with an empty database."""
    shutil.copy(database, tmp_path)
    found = Command(tmp_path, _vhost, ckan)
    yield found
    found("stop")
    for name in (found.asked, found.answered, found.environment["MESSAGING_DEAD"]):
        found.channel.queue_delete(name)
    for name in ("MESSAGING_EXCHANGE", "MESSAGING_DEAD", "MESSAGING_SITE_ID"):
        found.channel.exchange_delete(found.environment[name])
    found.connection.close()


def test_it_is_started_seen_and_stopped_once(command):
    assert command("status") == (1, "CommandError: The gateway is not running.")
    assert command("stop") == (0, "The gateway is not running.")
    code, said = command("start")
    assert (code, said) == (0, f"The gateway is running (process {command.pid}).")
    assert command("start") == (1, f"CommandError: The gateway is already running (process {command.pid}).")
    assert command("status")[0] == 0
    first = command.pid
    assert os.getsid(first) == first  # detached: the end of the terminal does not end it
    assert command("restart")[0] == 0
    assert command.pid != first
    assert command("stop") == (0, "The gateway has stopped.")
    assert command("status")[0] == 1


def test_the_password_is_in_no_log_and_in_no_list_of_processes(command):
    command.environment["MESSAGING_URL"] = command.environment["MESSAGING_URL"].replace(
        "guest:guest", "guest:opensesame"
    )
    assert command("start")[0] == 0
    told = until(lambda: command.log() if "refuses the user" in command.log() else "")
    told += Path(f"/proc/{command.pid}/cmdline").read_text() + command("status")[1]
    told += command.manage("status").stdout + command.manage("check", "--deploy").stderr
    assert "opensesame" not in told


def test_a_queue_of_another_kind_is_one_sentence_in_the_log_and_used_as_soon_as_it_is_mended(command, body):
    arguments = {"x-max-length": 5}
    command.channel.queue_declare(command.asked, durable=True, arguments=arguments)
    assert command("start")[0] == 0
    until(lambda: "Trying again" in command.log())
    command.channel.queue_delete(command.asked)
    until(lambda: "RabbitMQ is back." in command.log())
    sentence = f"The queue '{command.asked}' of MESSAGING_INPUT_QUEUE cannot be used: it exists with other properties."
    assert command.log().count(sentence) == 1
    assert "Traceback" not in command.log()
    assert len(command.log().splitlines()) == 2


def test_it_ends_well_when_it_is_told_to(command):
    started = [sys.executable, str(ROOT / "manage.py"), "amqp_gateway", "start", "--foreground"]
    process = subprocess.Popen(started, env=command.environment, cwd=ROOT, stderr=subprocess.DEVNULL)
    until(command.consumed)
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 0


def test_a_number_left_in_the_file_by_a_process_that_died_stops_nobody(command):
    command.pid_file.write_text(f"{os.getpid()}\n")
    assert command("stop") == (0, "The gateway is not running.")
    assert command("start")[0] == 0


def test_requests_before_and_after_a_kill_are_each_taken_once_and_answered(command, body):
    command.serve()
    command.send({**body, "limit": 1}, *(f"before-{n}" for n in range(20)))
    os.kill(command.pid, signal.SIGKILL)
    command.send({**body, "limit": 1}, *(f"after-{n}" for n in range(20)))
    command("start")
    seen = []

    def all_there():
        seen.extend(command.answers())
        return len({answer["uuid"] for answer in seen}) == 40

    until(all_there)
    assert {answer["status"] for answer in seen} == {"accepted"}
    command("stop")
    assert command.left() == 0  # acknowledged, though no cluster is there that builds
    shell = "from packager.models import PackageRequest as P; print(P.objects.count(), P.objects.leading().count())"
    assert command.manage("shell", "-v", "0", "-c", shell).stdout.split() == ["40", "1"]


def test_a_gateway_that_is_told_to_stop_finishes_and_sends_what_is_in_the_outbox(command, body):
    command.serve()
    command.send({**body, "limit": 1}, *(str(n) for n in range(30)))
    assert command("stop") == (0, "The gateway has stopped.")
    done = {answer["uuid"] for answer in command.answers()}
    until(lambda: command.left() == 30 - len(done))


def test_without_an_address_it_does_not_start(command):
    command.environment["MESSAGING_URL"] = ""
    code, said = command("start")
    assert (code, "MESSAGING_URL is not set" in said) == (1, True)


def test_without_an_address_pika_is_never_imported_and_no_thread_started(command):
    program = (
        "import sys, threading, django; django.setup(); import portal.urls, portal.wsgi; "
        "there = threading.active_count() > 1 or {'pika', 'messaging.listeners'} & set(sys.modules); "
        "sys.exit(bool(there))"
    )
    given = {**command.environment, "MESSAGING_URL": "", "DJANGO_SETTINGS_MODULE": "portal.settings"}
    done = subprocess.run([sys.executable, "-c", program], env=given, cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr[-500:]
