"""Workers: a chain to which each notification is given, and the two that come with the portal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pika
import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from messaging import Worker, config, get_publisher, pauses
from messaging.errors import MessagingError
from messaging.worker import Chain, envelope
from messaging.workers import Echo, Stale
from packager.models import ResourceChange
from tests.messaging.conftest import until

rabbitmq = pytest.mark.rabbitmq
ROOT = Path(__file__).resolve().parents[2]


class Notes(Worker):
    """Notes what comes."""

    def __init__(self, came, fails=0, seconds=0):
        super().__init__()
        self.came, self.fails, self.seconds = came, fails, seconds

    def consume(self, routing_key, operation, payload):
        time.sleep(self.seconds)
        self.seconds = 0
        if self.fails:
            self.fails -= 1
            raise ValueError("no")
        self.came.append((routing_key, operation, payload))


def test_an_envelope_is_opened_and_other_json_comes_whole():
    told = {"routing_key": "Resource", "operation": "changed", "payload": {"id": "r"}}
    assert envelope("x", json.dumps(told).encode()) == ("Resource", "changed", {"id": "r"})
    assert envelope("x", b"[1]") == ("x", "", [1])
    with pytest.raises(ValueError, match="char 0"):
        envelope("x", b"no json")


def test_echo_prints_key_operation_and_payload(capsys):
    Echo().consume("Resource", "changed", {"id": "r"})
    assert capsys.readouterr().out == 'Route Resource, op changed\n{\n  "id": "r"\n}\n'


def test_stale_tells_the_portal_of_changes_at_its_data_portal(portal):
    stale = Stale({"ckan.site_url": "https://Data.example.org:8443/"})
    stale.consume("Resource", "changed", {"id": "r"})
    stale.consume("Datastore", "deleted", {"resource_id": "s"})
    stale.consume("Package", "changed", {"id": "p", "private": False, "resources": [{"id": "t"}]})
    stale.consume("whatever", "", "text")
    assert set(ResourceChange.objects.values_list("resource_id", "ckan_host")) == {
        ("r", "data.example.org:8443"),
        ("s", "data.example.org:8443"),
    }


def test_ckan_is_asked_with_the_key(httpserver):
    httpserver.expect_request(
        "/api/3/action/package_show", headers={"Authorization": "k"}, json={"id": "p"}
    ).respond_with_json({"success": True, "result": {"title": "Birds"}})
    asked = Echo({"ckan.site_url": httpserver.url_for("/"), "ckan.api_key": "k"})
    assert asked.ckan("package_show", id="p") == {"title": "Birds"}
    with pytest.raises(MessagingError):
        asked.ckan("package_list")


def test_options_go_before_the_file_and_the_file_before_the_environment(names, tmp_path):
    file = tmp_path / "worker.ini"
    file.write_text(
        "[worker]\nckan.site_id = fromfile\nckan.site_url = http://file\nqueue.host = h\nqueue.user_id = u@\n"
        "queue.password = p/\nqueue.port = 5673\nqueue.virtual_host = v\n"
    )
    bare, filed = config.read(["a", "b"], {}), config.read(["a"], {}, str(file))
    assert (bare.queue, bare.routing_key) == (f"{names.MESSAGING_CKAN_SITE_ID}.a+b", "#")
    assert (filed.site_id, filed.urls) == ("fromfile", "amqp://u%40:p%2F@h:5673/v")
    assert "queue.password" not in filed.values
    chosen = config.read(["a"], {"ckan.site_id": "option", "url": "amqp://x/", "queue.name": "q"}, str(file))
    assert (chosen.site_id, chosen.urls, chosen.queue) == ("option", "amqp://x/", "q")
    assert chosen.values["ckan.site_url"] == "http://file"
    assert config.read(["a"], {}, "/nowhere.ini").queue == bare.queue.removesuffix("+b")


@pytest.mark.parametrize("host", ["queue.host", "queue.hostname"])
def test_each_option_of_the_command_reaches_the_chain(names, tmp_path, monkeypatch, host):
    file = tmp_path / "worker.ini"
    file.write_text(f"[museum]\n{host} = h\nours = 7\n")
    ran = []
    monkeypatch.setattr(Chain, "run", lambda chain: ran.append(chain))
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    call_command("worker", "echo", "stale", "-c", str(file), "-s", "museum", "--dead")
    options = ("-q", "q", "-r", "Package", "-a", "amqp://x/", "-i", "site", "-u", "http://ckan", "-k", "key")
    call_command("worker", "stale", *options)
    filed, chosen = ran
    assert (filed._config.urls, filed._config.values["ours"]) == ("amqp://guest:guest@h:5672/%2F", "7")
    assert (list(filed._workers), filed._dead, chosen._dead) == (["echo", "stale"], True, False)
    assert (chosen._config.queue, chosen._config.routing_key, chosen._config.urls) == ("q", "Package", "amqp://x/")
    assert dict(chosen._workers["stale"].config) == {
        "queue.name": "q",
        "queue.routing_key": "Package",
        "ckan.site_id": "site",
        "ckan.site_url": "http://ckan",
        "ckan.api_key": "key",
    }


def test_the_command_lists_the_workers_and_names_them_when_one_is_unknown(names, capsys):
    call_command("worker")
    assert "echo: Print every notification." in capsys.readouterr().out
    with pytest.raises(CommandError, match=r"There is no worker dance\. There are: echo, stale"):
        call_command("worker", "dance")


# ------------------------------------------------------------------ with a broker


@pytest.fixture
def chain(broker, names):
    """Starts a chain; gives its configuration. Publishes with ``chain.tell``."""
    started = []

    def start(workers):
        found = config.read(list(workers), {})
        stop = threading.Event()
        thread = threading.Thread(target=Chain(workers, found, stop).run)
        thread.start()
        started.append((thread, stop, found))
        until(lambda: consumers(broker, found.queue))
        return found

    yield start
    for thread, stop, found in started:
        stop.set()
        thread.join()
        for name in (found.queue, found.dead_letters):
            broker.queue_delete(name)
        broker.exchange_delete(found.dead_letters)
        broker.exchange_delete(found.site_id)


def tell(names, *messages):
    with get_publisher({"ckan.site_id": names.MESSAGING_CKAN_SITE_ID}) as publisher:
        for message in messages:
            publisher.send(message)


CHANGED = {"routing_key": "Resource", "operation": "changed", "payload": {"id": "r"}}


@rabbitmq
def test_every_worker_gets_every_message_also_one_without_a_key(chain, names):
    first, second = [], []
    chain({"a": Notes(first), "b": Notes(second)})
    tell(names, CHANGED, {"no": "envelope"})
    until(lambda: len(second) == 2)
    assert first == second == [("Resource", "changed", {"id": "r"}), ("", "", {"no": "envelope"})]


@rabbitmq
def test_the_workers_are_called_in_the_order_in_which_they_are_named(chain, names, broker):
    came = []

    class Named(Notes):
        def consume(self, *_):
            self.came.append(self.fails)

    found = chain({name: Named(came, name) for name in ("b", "c", "a")})
    assert (found.queue, found.routing_key) == (f"{names.MESSAGING_CKAN_SITE_ID}.b+c+a", "#")
    broker.queue_declare(found.queue, durable=True)
    tell(names, CHANGED, CHANGED)
    until(lambda: len(came) == 6)
    assert came == ["b", "c", "a"] * 2


@rabbitmq
def test_what_comes_while_the_database_is_away_is_put_back(chain, names, broker, monkeypatch):
    monkeypatch.setattr(pauses, "pause", lambda failures: 0)
    first, second = [], []
    away = [OperationalError("away")] * 2

    class Writes(Notes):
        def consume(self, *told):
            if away:
                raise away.pop()
            super().consume(*told)

    found = chain({"a": Notes(first), "b": Writes(second)})
    tell(names, CHANGED)
    until(lambda: second)
    assert (len(first), len(second)) == (3, 1)
    assert broker.queue_declare(found.dead_letters, passive=True).method.message_count == 0


@rabbitmq
def test_one_that_raises_stops_neither_the_others_nor_the_next_message(chain, names, broker):
    first, second = [], []
    found = chain({"a": Notes(first, fails=1), "b": Notes(second)})
    tell(names, CHANGED, CHANGED)
    until(lambda: len(second) == 2)
    until(lambda: len(first) == 1)
    _, properties, body = until(lambda: (got := broker.basic_get(found.dead_letters))[0] and got)
    assert (properties.headers["worker"], properties.headers["exception"]) == ("a", "ValueError")
    assert json.loads(body) == CHANGED


@rabbitmq
def test_dead_letters_are_given_again_to_the_worker_that_could_not(chain, names, broker):
    first, second = [], []
    workers = {"a": Notes(first, fails=1), "b": Notes(second)}
    found = chain(workers)
    tell(names, CHANGED)
    until(lambda: broker.queue_declare(found.dead_letters, passive=True).method.message_count == 1)
    stop = threading.Event()
    Chain(workers, found, stop, dead=True).run()
    assert (len(first), len(second)) == (1, 1)
    assert broker.queue_declare(found.dead_letters, passive=True).method.message_count == 0


@rabbitmq
def test_what_is_no_json_goes_to_the_dead_letters(chain, names, broker):
    found = chain({"a": Notes([])})
    broker.basic_publish(names.MESSAGING_CKAN_SITE_ID, "Resource", b"no json")
    _, properties, body = until(lambda: (got := broker.basic_get(found.dead_letters))[0] and got)
    assert (properties.headers["reason"], body) == ("no JSON", b"no json")


@rabbitmq
def test_work_that_takes_longer_than_heartbeats_loses_nothing(chain, names, settings):
    settings.MESSAGING_HEARTBEAT = 1
    came = []
    chain({"a": Notes(came, seconds=5)})
    tell(names, CHANGED, {**CHANGED, "operation": "deleted"})
    until(lambda: len(came) == 2)
    assert [operation for _, operation, _ in came] == ["changed", "deleted"]


OURS = """
import time
from messaging import Worker

class Ours(Worker):
    \"\"\"Note what comes; get stuck at the first.

    And more.\"\"\"

    def consume(self, *told):
        with open(self.config["file"], "a+") as file:
            file.write(f"{told}\\n")
            file.seek(0)
            lines = file.readlines()
        if len(lines) == 1:
            time.sleep(10_000)
"""


@pytest.fixture
def command(broker, names, tmp_path):
    """Starts ``manage.py worker`` where a distribution with a worker of its own is installed."""
    (tmp_path / "ours.py").write_text(OURS)
    (tmp_path / "ours-1.dist-info").mkdir()
    (tmp_path / "ours-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: ours\nVersion: 1\n")
    (tmp_path / "ours-1.dist-info" / "entry_points.txt").write_text("[packaging_portal.workers]\nours = ours:Ours\n")
    (tmp_path / "worker.ini").write_text(f"[worker]\nfile = {tmp_path}/came\n")
    given = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(tmp_path),
        "PACKAGER_SECRET": "open sesame",
        "SECRET_KEY": "a key for this installation only",
        "DATABASE_URL": f"sqlite:///{tmp_path}/portal.sqlite3",
        "MESSAGING_URL": names.MESSAGING_URL,
        "MESSAGING_CKAN_SITE_ID": names.MESSAGING_CKAN_SITE_ID,
    }

    def start(*words):
        started = [sys.executable, str(ROOT / "manage.py"), "worker", *words]
        return subprocess.Popen(started, env=given, cwd=ROOT, stdout=subprocess.PIPE, text=True)

    yield start
    queue = f"{names.MESSAGING_CKAN_SITE_ID}.echo+ours"
    for name in (queue, f"{queue}.dead"):
        broker.queue_delete(name)
    broker.exchange_delete(f"{queue}.dead")
    broker.exchange_delete(names.MESSAGING_CKAN_SITE_ID)


@rabbitmq
def test_what_a_worker_was_at_when_it_was_killed_comes_again(command, names, broker, tmp_path):
    assert "ours: Note what comes; get stuck at the first.\n" in command().communicate()[0]
    words = ("echo", "ours", "-c", str(tmp_path / "worker.ini"))
    stuck = command(*words)
    until(lambda: consumers(broker, f"{names.MESSAGING_CKAN_SITE_ID}.echo+ours"))
    tell(names, CHANGED)
    until((tmp_path / "came").is_file)
    stuck.kill()
    stuck.communicate()
    goes_on = command(*words)
    until(lambda: len((tmp_path / "came").read_text().splitlines()) == 2)
    goes_on.terminate()
    assert goes_on.communicate()[0].startswith('Route Resource, op changed\n{\n  "id": "r"\n}\n')
    assert goes_on.returncode == 0


def consumers(channel, queue):
    """How many consume from it; 0 if it is not there."""
    with channel.connection.channel() as looking:
        try:
            return looking.queue_declare(queue, passive=True).method.consumer_count
        except pika.exceptions.ChannelClosedByBroker:
            return 0


@rabbitmq
def test_what_is_published_goes_to_the_exchange_under_its_key(broker, names):
    came = broker.queue_declare("", exclusive=True).method.queue
    for exchange in (names.MESSAGING_SITE_ID, names.MESSAGING_CKAN_SITE_ID):
        broker.exchange_declare(exchange, "topic", durable=True)
        broker.queue_bind(came, exchange, "#")
    with get_publisher() as publisher:
        publisher.send(CHANGED)
        publisher.send(CHANGED, routing_key="another")
    tell(names, CHANGED)
    taken = [until(lambda: (got := broker.basic_get(came, auto_ack=True))[0] and got) for _ in range(3)]
    assert [(method.exchange, method.routing_key) for method, _, _ in taken] == [
        (names.MESSAGING_SITE_ID, "Resource"),
        (names.MESSAGING_SITE_ID, "another"),
        (names.MESSAGING_CKAN_SITE_ID, "Resource"),
    ]
    assert [json.loads(body) for _, _, body in taken] == [CHANGED] * 3
    assert {(properties.delivery_mode, properties.content_type) for _, properties, _ in taken} == {
        (2, "application/json")
    }
    assert publisher._connection is None
    broker.exchange_delete(names.MESSAGING_CKAN_SITE_ID)


@rabbitmq
def test_a_publisher_says_when_the_broker_is_away(names):
    with pytest.raises(MessagingError, match="RabbitMQ"):
        get_publisher().send(CHANGED)


@rabbitmq
def test_a_publisher_connects_again(broker, names):
    publisher = get_publisher()
    publisher.send(CHANGED)
    publisher._connection.close()
    publisher.send(CHANGED)
    publisher.close()
