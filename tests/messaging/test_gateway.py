"""The gateway on a real RabbitMQ: a client that only knows the wire gets its package."""

from __future__ import annotations

import json
import threading
from collections import Counter

import pika
import pytest
from django.core import mail
from django.db import OperationalError
from django_q.models import OrmQ

from messaging import gateway, incoming, pauses, sender
from messaging.errors import BrokerAway
from messaging.models import Gateway
from messaging.sender import Sender
from packager.models import Delivery, PackageRequest
from tests.messaging.conftest import receive, statuses, until
from tests.messaging.test_requests_over_amqp import FIELDS
from tests.packager.conftest import run_tasks

rabbitmq = pytest.mark.rabbitmq


def publish(channel, settings, body, key="request", **properties):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    channel.basic_publish(settings.MESSAGING_EXCHANGE, key, raw, pika.BasicProperties(**properties))


@rabbitmq
def test_everything_that_is_declared_is_durable_and_of_its_kind(running, names):
    exchanges = {names.MESSAGING_EXCHANGE: "topic", names.MESSAGING_SITE_ID: "topic", names.MESSAGING_DEAD: "fanout"}
    queues = [names.MESSAGING_INPUT_QUEUE, names.MESSAGING_OUTPUT_QUEUE, names.MESSAGING_DEAD]

    def declare(durable):
        for name, kind in exchanges.items():
            yield lambda channel, name=name, kind=kind: channel.exchange_declare(name, kind, durable=durable)
        for name in queues:
            yield lambda channel, name=name: channel.queue_declare(name, durable=durable)

    for same in declare(durable=True):
        same(running)
    for other in declare(durable=False):
        with running.connection.channel() as channel, pytest.raises(pika.exceptions.ChannelClosedByBroker, match="406"):
            other(channel)


@rabbitmq
def test_a_client_that_knows_uuid_and_keys_gets_its_package(running, names, body, portal):
    publish(running, names, body, headers={"UUID": "a-b-c"}, content_type="application/json", delivery_mode=2)
    first, accepted = receive(running, names.MESSAGING_OUTPUT_QUEUE)
    last, ready = receive(running, names.MESSAGING_OUTPUT_QUEUE)
    assert first.headers["UUID"] == last.headers["UUID"] == "a-b-c"
    assert (accepted["status"], ready["status"]) == ("accepted", "succeeded")
    assert (last.type, last.app_id, last.content_type, last.delivery_mode) == (
        "PackageReady",
        "packaging-portal",
        "application/json",
        2,
    )
    assert last.timestamp > 0
    assert first.message_id != last.message_id
    assert portal.get(ready["download_url"].removeprefix("http://portal.test")).status_code == 200


@rabbitmq
def test_failures_have_the_headers_of_the_original(running, names, body):
    publish(running, names, {**body, "colour": "red"}, headers={"UUID": "x"})
    properties, failed = receive(running, names.MESSAGING_OUTPUT_QUEUE)
    assert failed["field"] == "colour"
    assert {"exception", "exception_name", "exception_type", "code", "UUID"} == set(properties.headers)


@rabbitmq
def test_a_key_with_a_head_of_its_own_is_answered_under_that_head(running, names, body):
    running.queue_declare("", exclusive=True)
    own = running.queue_declare("", exclusive=True).method.queue
    running.queue_bind(own, names.MESSAGING_EXCHANGE, "museum.result")
    publish(running, names, {**body, "colour": "red"}, key="museum.request", headers={"UUID": "x"})
    assert receive(running, own)[1]["uuid"] == "x"


@rabbitmq
def test_events_are_envelopes_on_the_exchange_of_the_portal(running, names, body):
    told = running.queue_declare("", exclusive=True).method.queue
    running.queue_bind(told, names.MESSAGING_SITE_ID, "Request")
    publish(running, names, body, headers={"UUID": "x"})
    first, last = receive(running, told), receive(running, told)
    assert [set(envelope) for _, envelope in (first, last)] == [{"routing_key", "operation", "payload"}] * 2
    assert [(envelope["routing_key"], envelope["operation"]) for _, envelope in (first, last)] == [
        ("Request", "accepted"),
        ("Request", "served"),
    ]
    assert (first[0].content_type, first[0].delivery_mode, first[0].app_id) == (
        "application/json",
        2,
        "packaging-portal",
    )


@rabbitmq
def test_progress_is_told_while_it_is_built_and_not_kept(broker, names, body, ask):
    names.MESSAGING_PROGRESS_SECONDS = 1
    ask("one", body)
    running = {"status": "running", "rows_done": 5, "rows_total": 9, "bytes_done": 7}
    PackageRequest.objects.update(**running)
    stop = threading.Event()
    told = broker.queue_declare("", exclusive=True).method.queue
    broker.exchange_declare(names.MESSAGING_EXCHANGE, "topic", durable=True)
    broker.queue_bind(told, names.MESSAGING_EXCHANGE, "result")
    sender = Sender("a test", stop)
    thread = threading.Thread(target=sender.run)
    thread.start()
    assert receive(broker, told)[1]["status"] == "accepted"
    properties, progress = receive(broker, told)
    stop.set()
    thread.join()
    assert (properties.type, properties.delivery_mode) == ("PackageProgress", 1)
    assert set(progress) == {"uuid", "status", "request_id", "at", *FIELDS["progress"].split()}
    assert [progress[name] for name in ("rows_done", "rows_total", "bytes_done", "bytes_total")] == [5, 9, 7, None]
    assert Delivery.objects.filter(channel="amqp", message__body__status="progress").count() == 0


class Wire:
    """Takes what is published."""

    def __init__(self):
        self.rows = []

    def basic_publish(self, exchange, routing_key, body, properties):
        self.rows.append(json.loads(body)["rows_done"])


@pytest.mark.parametrize(("seconds", "told"), [(5, [1, 3]), (0, [])])
def test_progress_is_told_so_often_and_no_more(ask, body, names, monkeypatch, seconds, told):
    names.MESSAGING_PROGRESS_SECONDS = seconds
    ask("one", body)
    clock, wire, ours = [1000.0], Wire(), Sender("a test", threading.Event())
    monkeypatch.setattr(sender.time, "monotonic", lambda: clock[0])
    for rows in (1, 2, 3):
        PackageRequest.objects.update(status="running", rows_done=rows)
        ours._tell_progress(wire)
        clock[0] += 3
    assert wire.rows == told


@rabbitmq
def test_direct_reply_to_is_answered_there(running, names, body):
    came = []
    running.basic_consume("amq.rabbitmq.reply-to", lambda *message: came.append(message), auto_ack=True)
    properties = pika.BasicProperties(headers={"UUID": "x"}, reply_to="amq.rabbitmq.reply-to", correlation_id="7")
    running.basic_publish(names.MESSAGING_EXCHANGE, "request", b"{", properties)
    until(lambda: running.connection.process_data_events(0.05) or came)
    assert came[0][2].correlation_id == "7"
    assert json.loads(came[0][3])["status"] == "failed"


@rabbitmq
def test_what_cannot_be_answered_goes_whole_to_the_dead_letters(running, names):
    publish(running, names, b"\x00whatever", headers={"mine": 1}, correlation_id="7")
    frame = until(lambda: (got := running.basic_get(names.MESSAGING_DEAD, auto_ack=True))[0] and got)
    _, properties, body = frame
    assert body == b"\x00whatever"
    assert (properties.headers["mine"], properties.correlation_id) == (1, "7")
    assert "UUID" in properties.headers["reason"]
    assert properties.headers["routing_key"] == "request"
    assert running.queue_declare(names.MESSAGING_INPUT_QUEUE, passive=True).method.message_count == 0


@rabbitmq
def test_everything_is_marked_as_sent_and_counted(running, names, body, monkeypatch):
    monkeypatch.setattr(gateway, "INTERVAL", 0.1)
    publish(running, names, body, headers={"UUID": "x"})
    receive(running, names.MESSAGING_OUTPUT_QUEUE)
    receive(running, names.MESSAGING_OUTPUT_QUEUE)
    until(lambda: not Delivery.objects.outbox("amqp").exists())
    until(lambda: Gateway.objects.filter(received=1).exists())


@rabbitmq
def test_a_copy_of_a_message_has_the_same_id(running, names, body, monkeypatch):
    usual, lost = sender.publish, []

    def lose_the_confirm(channel, message):
        usual(channel, message)
        if not lost:
            lost.append(message)
            raise BrokerAway("a test")

    monkeypatch.setattr(sender, "publish", lose_the_confirm)
    publish(running, names, {**body, "colour": "red"}, headers={"UUID": "x"})
    first, second = (receive(running, names.MESSAGING_OUTPUT_QUEUE) for _ in range(2))
    assert first[0].message_id == second[0].message_id
    assert first[1] == second[1]


@rabbitmq
def test_no_more_are_fetched_than_the_setting_says_and_a_stop_gives_them_back(
    broker, names, body, request, monkeypatch
):
    names.MESSAGING_PREFETCH = 2
    taken, go_on, take = [], threading.Event(), incoming.take

    def slowly(asked):
        taken.append(asked)
        go_on.wait()
        take(asked)

    monkeypatch.setattr(incoming, "take", slowly)
    stop, looked = threading.Event(), []
    serving = threading.Thread(target=gateway.Running(stop).run)
    serving.start()
    until(lambda: Gateway.objects.filter(connected=True).exists())
    for number in range(5):
        publish(broker, names, {**body, "limit": 1}, headers={"UUID": str(number)})
    until(lambda: looked.append(ready(broker, names)) or (looked[-1] == 3 and taken))
    stop.set()
    go_on.set()
    serving.join()
    assert (len(taken), ready(broker, names), min(looked)) == (1, 4, 3)
    assert receive(broker, names.MESSAGING_OUTPUT_QUEUE)[1]["uuid"] == "0"


def ready(channel, names):
    """How many requests wait in the queue and were given to nobody."""
    return channel.queue_declare(names.MESSAGING_INPUT_QUEUE, passive=True).method.message_count


@rabbitmq
def test_while_the_database_is_away_a_request_is_put_back_after_pauses_that_grow(running, names, body, monkeypatch):
    waited, take = [], incoming.take

    def away(asked):
        if len(waited) < 4:
            raise OperationalError("away")
        take(asked)

    monkeypatch.setattr(pauses, "pause", lambda failures: waited.append(failures) or 0)
    monkeypatch.setattr(incoming, "take", away)
    publish(running, names, body, headers={"UUID": "x"})
    assert receive(running, names.MESSAGING_OUTPUT_QUEUE)[1]["status"] == "accepted"
    assert waited == [1, 2, 3, 4]


def test_what_a_gateway_that_died_did_not_hand_over_is_built_when_one_starts(ask, body):
    ask("one", body)
    OrmQ.objects.all().delete()
    gateway.hand_over_what_was_left()
    run_tasks()
    assert statuses("one") == ["accepted", "succeeded"]


def test_the_portal_goes_on_while_the_broker_is_away(listening, built, portal):
    request = built()
    assert request.status == "succeeded"
    assert portal.get(request.status_url.removeprefix("http://portal.test")).status_code == 200
    assert [message.to for message in mail.outbox] == [["ada@example.org"]]
    waiting = Counter(row.message["routing_key"] for row in Delivery.objects.outbox("amqp"))
    assert waiting == {"Request": 2, "Package": 1}


@rabbitmq
def test_what_cannot_be_taken_because_of_a_fault_of_ours_stays_in_the_queue_and_others_are_served(
    running, names, body, monkeypatch
):
    answer_again = incoming._answer_again
    faults = [1, 1, 1]

    def fail(asked, said):
        if asked.uuid == "bad" and faults:
            faults.pop()
            raise RuntimeError("a fault of ours")
        return answer_again(asked, said)

    monkeypatch.setattr(incoming, "_answer_again", fail)
    monkeypatch.setattr(pauses, "pause", lambda failures: 0.3)
    publish(running, names, {**body, "limit": 1}, headers={"UUID": "bad"})
    publish(running, names, {**body, "limit": 2}, headers={"UUID": "good"})
    came = [receive(running, names.MESSAGING_OUTPUT_QUEUE)[1] for _ in range(4)]
    assert {(answer["uuid"], answer["status"]) for answer in came} == {
        (uuid, status) for uuid in ("bad", "good") for status in ("accepted", "succeeded")
    }


@rabbitmq
def test_many_requests_are_each_taken_once(running, names, body):
    for number in range(20):
        publish(running, names, {**body, "limit": number % 4}, headers={"UUID": str(number)})
    ends = {}
    while len(ends) < 20:
        _, answer = receive(running, names.MESSAGING_OUTPUT_QUEUE)
        if answer["status"] == "succeeded":
            assert answer["uuid"] not in ends
            ends[answer["uuid"]] = answer["rows"]
    assert ends == {str(number): number % 4 for number in range(20)}
    assert PackageRequest.objects.count() == 20
