"""Workers: a chain to which each notification is given, and the two that come with the portal."""

from __future__ import annotations

import json
import threading
import time

import pika
import pytest
from django.core.management import CommandError, call_command

from messaging import Worker, config, get_publisher, workers
from messaging.errors import MessagingError
from messaging.worker import Chain, envelope
from messaging.workers import Echo, Stale
from packager.models import ResourceChange
from tests.messaging.conftest import until

rabbitmq = pytest.mark.rabbitmq


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

    def start(workers, *, dead=False, wait=True):
        found = config.read(list(workers), {})
        stop = threading.Event()
        thread = threading.Thread(target=Chain(workers, found, stop, dead=dead).run)
        thread.start()
        started.append((thread, stop, found))
        if wait:
            with_own = pika.BlockingConnection(pika.URLParameters(names.MESSAGING_URL))

            def consumed():
                try:
                    return with_own.channel().queue_declare(found.queue, passive=True).method.consumer_count
                except pika.exceptions.ChannelClosedByBroker:
                    return 0

            until(consumed)
            with_own.close()
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
    assert workers.GROUP == "packaging_portal.workers"
