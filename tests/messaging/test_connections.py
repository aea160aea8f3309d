"""Connections: several brokers in turn, certificates always checked, one gateway at a time that sends."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from messaging import connection, consumer
from messaging.errors import BrokerAway, BrokerRefuses
from messaging.sender import Sender


@pytest.mark.rabbitmq
def test_brokers_are_tried_in_turn(broker, names):
    with connection.connect(f"amqp://guest:guest@127.0.0.1:1/, {names.MESSAGING_URL}") as link:
        assert link.is_open


@pytest.mark.rabbitmq
def test_a_wrong_password_is_one_sentence_without_it(broker, names):
    url = names.MESSAGING_URL.replace("guest:guest", "guest:opensesame")
    with pytest.raises(BrokerRefuses) as refused:
        connection.connect(url)
    assert "MESSAGING_URL" in refused.value.message
    assert "opensesame" not in str(refused.value)


def test_a_broker_that_is_away_is_told_without_the_password(names):
    with pytest.raises(BrokerAway) as away:
        connection.connect("amqp://u:opensesame@127.0.0.1:1/")
    assert "opensesame" not in str(away.value)


def test_a_broker_that_takes_the_connection_and_says_nothing_is_away(names, monkeypatch):
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(BrokerAway):
        connection.connect(f"amqp://u:p@127.0.0.1:{silent.getsockname()[1]}/")


def test_certificate_and_host_name_are_checked(names):
    (found,) = connection.parameters("amqps://u:p@broker.example:5671/")
    assert found.ssl_options.context.verify_mode == ssl.CERT_REQUIRED
    assert found.ssl_options.context.check_hostname
    assert found.ssl_options.server_hostname == "broker.example"


def test_a_broker_that_hangs_is_noticed(names):
    names.MESSAGING_HEARTBEAT = 7
    (found,) = connection.parameters("amqp://u:p@broker.example/")
    assert (found.heartbeat, found.blocked_connection_timeout, found.socket_timeout) == (7, 14, 10)


def test_pauses_grow_to_half_a_minute_with_jitter():
    pauses = [consumer.pause(failures) for failures in range(1, 9)]
    for found, usual in zip(pauses, [1, 2, 4, 8, 16, 30, 30, 30], strict=True):
        assert 0.8 * usual <= found <= 1.2 * usual
    assert len({consumer.pause(1) for _ in range(20)}) > 1


def test_one_line_when_the_broker_goes_and_one_when_it_is_back(caplog):
    caplog.set_level(logging.INFO)
    away = threading.Event()
    for _ in range(3):
        consumer.log_lost(away, BrokerAway("test"))
    consumer.log_connected(away)
    consumer.log_connected(away)
    assert [record.getMessage() for record in caplog.records] == [
        "RabbitMQ cannot be reached. (test) Trying again until it can.",
        "RabbitMQ is back.",
    ]


def test_one_gateway_at_a_time_sends_and_another_takes_over_when_it_falls_silent(portal):
    first, second = Sender("a", threading.Event()), Sender("b", threading.Event())
    assert [first._holds_lease(), second._holds_lease(), first._holds_lease()] == [True, False, True]
    with time_machine.travel(timezone.now() + timedelta(seconds=6)):
        assert [second._holds_lease(), first._holds_lease()] == [True, False]


def test_looking_whether_it_sends_writes_nothing_while_its_turn_is_young(portal, django_assert_num_queries):
    sender = Sender("a", threading.Event())
    assert sender._holds_lease()
    with django_assert_num_queries(0):
        assert sender._holds_lease()
    with time_machine.travel(timezone.now() + timedelta(seconds=3)), django_assert_num_queries(1):
        assert sender._holds_lease()
