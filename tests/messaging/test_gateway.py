"""The gateway on a real RabbitMQ: a client that only knows the wire gets its package."""

from __future__ import annotations

import json
import threading

import pika
import pytest

from messaging import consumer, incoming
from messaging.models import Gateway
from messaging.sender import Sender
from packager.models import Delivery, PackageRequest
from tests.messaging.conftest import receive, until

pytestmark = pytest.mark.rabbitmq


def publish(channel, settings, body, key="request", **properties):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    channel.basic_publish(settings.MESSAGING_EXCHANGE, key, raw, pika.BasicProperties(**properties))


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


def test_failures_have_the_headers_of_the_original(running, names, body):
    publish(running, names, {**body, "colour": "red"}, headers={"UUID": "x"})
    properties, failed = receive(running, names.MESSAGING_OUTPUT_QUEUE)
    assert failed["field"] == "colour"
    assert {"exception", "exception_name", "exception_type", "code", "UUID"} == set(properties.headers)


def test_a_key_with_a_head_of_its_own_is_answered_under_that_head(running, names, body):
    running.queue_declare("", exclusive=True)
    own = running.queue_declare("", exclusive=True).method.queue
    running.queue_bind(own, names.MESSAGING_EXCHANGE, "museum.result")
    publish(running, names, {**body, "colour": "red"}, key="museum.request", headers={"UUID": "x"})
    assert receive(running, own)[1]["uuid"] == "x"


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
    assert [progress[name] for name in ("rows_done", "rows_total", "bytes_done", "bytes_total")] == [5, 9, 7, None]
    assert Delivery.objects.filter(channel="amqp", message__body__status="progress").count() == 0


def test_direct_reply_to_is_answered_there(running, names, body):
    came = []
    running.basic_consume("amq.rabbitmq.reply-to", lambda *message: came.append(message), auto_ack=True)
    properties = pika.BasicProperties(headers={"UUID": "x"}, reply_to="amq.rabbitmq.reply-to", correlation_id="7")
    running.basic_publish(names.MESSAGING_EXCHANGE, "request", b"{", properties)
    until(lambda: running.connection.process_data_events(0.05) or came)
    assert came[0][2].correlation_id == "7"
    assert json.loads(came[0][3])["status"] == "failed"


def test_what_cannot_be_answered_goes_whole_to_the_dead_letters(running, names):
    publish(running, names, b"\x00whatever", headers={"mine": 1}, correlation_id="7")
    frame = until(lambda: (got := running.basic_get(names.MESSAGING_DEAD, auto_ack=True))[0] and got)
    _, properties, body = frame
    assert body == b"\x00whatever"
    assert (properties.headers["mine"], properties.correlation_id) == (1, "7")
    assert "UUID" in properties.headers["reason"]
    assert properties.headers["routing_key"] == "request"
    assert running.queue_declare(names.MESSAGING_INPUT_QUEUE, passive=True).method.message_count == 0


def test_everything_is_marked_as_sent_and_counted(running, names, body):
    publish(running, names, body, headers={"UUID": "x"})
    receive(running, names.MESSAGING_OUTPUT_QUEUE)
    receive(running, names.MESSAGING_OUTPUT_QUEUE)
    until(lambda: not Delivery.objects.outbox("amqp").exists())
    until(lambda: Gateway.objects.filter(received=1).exists())


def test_what_cannot_be_taken_because_of_a_fault_of_ours_stays_in_the_queue_and_others_are_served(
    running, names, body, monkeypatch
):
    answer_again = incoming._answer_again
    faults = [1, 1, 1]

    def fail(asked):
        if asked.uuid == "bad" and faults:
            faults.pop()
            raise RuntimeError("a fault of ours")
        return answer_again(asked)

    monkeypatch.setattr(incoming, "_answer_again", fail)
    monkeypatch.setattr(consumer, "pause", lambda failures: 0.3)
    publish(running, names, {**body, "limit": 1}, headers={"UUID": "bad"})
    publish(running, names, {**body, "limit": 2}, headers={"UUID": "good"})
    came = [receive(running, names.MESSAGING_OUTPUT_QUEUE)[1] for _ in range(4)]
    assert {(answer["uuid"], answer["status"]) for answer in came} == {
        (uuid, status) for uuid in ("bad", "good") for status in ("accepted", "succeeded")
    }


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
